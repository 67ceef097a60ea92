using KestrelFree.Server.Hosting;
using KestrelFree.Tests.Server.Config;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

/// <summary>The title that ps shows for the server.</summary>
[NonParallelizable]
internal sealed class ProcessTitleTests
{
    [TestCase("{title} {listen-addr} {server-mode}", "server *:7001")]
    [TestCase(" {{{port}} {unixsocket} ", "{7001}")]
    [TestCase("{config-file}x{tls-port}", "x0")]
    public void Variables_are_filled_in(string template, string title)
    {
        using var fixture = new ConfigFixture();
        var config = fixture.Start("--port", "7001", "--bind", "*", "--proc-title-template", template);

        Assert.That(ProcessTitle.Expand(config, "server"), Is.EqualTo(title));
    }

    [Test]
    public void Without_a_port_the_socket_is_where_it_listens()
    {
        using var fixture = new ConfigFixture();
        var config = fixture.Start("--port", "0", "--unixsocket", "/tmp/a.sock", "--proc-title-template", "{listen-addr}");

        Assert.That(ProcessTitle.Expand(config, "server"), Is.EqualTo("/tmp/a.sock"));
    }

    [Test]
    [Platform("Linux")]
    public void The_system_shows_it_and_what_it_is_changed_to()
    {
        using var server = KestrelFreeProcess.Start("--bind", "127.0.0.1");
        using var client = server.Connect();
        Assert.That(Shown(), Is.EqualTo($"{KestrelFreeProcess.Executable} 127.0.0.1:{server.Port}"));

        client.Ask("CONFIG", "SET", "proc-title-template", "mine {port}");

        Assert.That(Shown(), Is.EqualTo($"mine {server.Port}"));

        string Shown() => File.ReadAllText($"/proc/{server.Pid}/cmdline").TrimEnd('\0');
    }

    [Test]
    [Platform("Linux")]
    public void Without_set_proc_title_the_command_line_stays()
    {
        using var server = KestrelFreeProcess.Start("--set-proc-title", "no");

        Assert.That(File.ReadAllText($"/proc/{server.Pid}/cmdline"), Does.Contain("--set-proc-title\0no\0"));
    }
}
