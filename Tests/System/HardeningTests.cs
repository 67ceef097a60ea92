using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>What the executable keeps to itself, and what it does not let everybody do.</summary>
internal sealed class HardeningTests
{
    private const string Secret = "s3cr3t";

    [TestCase("no", false)]
    [TestCase("local", true)]
    [TestCase("yes", true)]
    public void Modules_can_be_asked_for_where_they_are_enabled_and_are_never_loaded(string enabled, bool isAdmitted)
    {
        using var server = KestrelFreeProcess.Start("--enable-module-command", enabled);
        using var client = server.Connect();
        const string refused = "-ERR MODULE command not allowed. If the enable-module-command option is set to \\\"local\\\", you can run it from a local connection, " +
            "otherwise you need to set this option in the configuration file, and then restart the server.";
        const string failed = "-ERR Error loading the extension. Please check the server logs. This server cannot load modules.";

        Assert.That(client.Ask("MODULE", "LIST"), Is.EqualTo("*0"));
        Assert.That(client.Ask("MODULE", "LOAD", "/x.so", "a"), Is.EqualTo(isAdmitted ? failed : refused));
        Assert.That(client.Ask("MODULE", "LOADEX", "/x.so", "CONFIG", "a", "b"), Is.EqualTo(isAdmitted ? failed : refused));
        Assert.That(client.Ask("MODULE", "UNLOAD", "x"), Is.EqualTo(isAdmitted ? "-ERR Error unloading module: no such module with that name" : refused));
        Assert.That(client.Ask("CONFIG", "SET", "enable-module-command", "yes"), Does.Contain("can't set immutable config"));
        if (isAdmitted) server.WaitForLog("Module /x.so failed to load: this server cannot load native modules");
    }

    [Test]
    public void A_password_is_nowhere_to_be_read()
    {
        using var server = KestrelFreeProcess.Start(
            "--loglevel", "debug", "--slowlog-log-slower-than", "0", "--latency-monitor-threshold", "1", "--enable-debug-command", "yes", "--requirepass", Secret + "0");
        using var client = server.Connect();
        using var monitor = server.Connect();
        Assert.That(client.Ask("AUTH", Secret + "0"), Is.EqualTo("+OK"));
        monitor.Ask("AUTH", Secret + "0");
        monitor.Ask("MONITOR");

        client.Ask("ACL", "SETUSER", "alice", "on", ">" + Secret + "1", "+@all", "~*");
        client.Ask("ACL", "SETUSER", "alice", "<" + Secret + "2");
        client.Ask("ACL", "SETUSER", "alice", ">" + Secret + "3", "+nosuch");
        client.Ask("AUTH", "alice", Secret + "4");
        client.Ask("HELLO", "3", "AUTH", "alice", Secret + "5", "SETNAME", "me");
        client.Ask("HELLO", "2", "SETNAME", "me", "AUTH", "alice", Secret + "6");
        client.Ask("CONFIG", "SET", "maxmemory", "0", "masterauth", Secret + "7", "requirepass", Secret + "0");
        client.Ask("CONFIG", "SET", "tls-key-file-pass", Secret + "8");
        client.Ask("CONFIG", "SET", "nosuch", "1", "requirepass", Secret + "9");
        client.Ask("MULTI");
        client.Ask("CONFIG", "SET", "masterauth", Secret + "10");
        client.Ask("EXEC");
        foreach (var name in new[] { "AUTH", "HELLO 3 AUTH alice", "CONFIG SET requirepass", "ACL SETUSER alice on" })
            SendBroken(server, $"{name} {Secret}11 \"");
        client.Ask("DEBUG", "SLEEP", "0.01");

        var told = client.Ask("SLOWLOG", "GET", "-1") + client.Ask("ACL", "LOG") + client.Ask("INFO", "everything") + client.Ask("CLIENT", "LIST") + client.Ask("LATENCY", "LATEST");
        client.Ask("ECHO", "the end");
        Assert.That(told, Does.Contain("(redacted)").And.Not.Contain(Secret));
        Assert.That(MonitoredUpTo(monitor, "the end"), Does.Contain("(redacted)").And.Not.Contain(Secret));
        server.WaitForLog("Query buffer during protocol error: *redacted*");
        Assert.That(server.Log, Does.Not.Contain(Secret));
    }

    [TestCase("requirepass s3cr3t extra", "requirepass (redacted)")]
    [TestCase("requirepass \"s3cr3t", "requirepass (redacted)")]
    [TestCase("user alice on >s3cr3t +nosuch", "user alice on >(redacted) +nosuch")]
    public void A_line_that_is_refused_at_the_start_is_shown_without_its_password(string line, string shown)
    {
        using var folder = new TempFolder();
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = [folder.Write("bad.conf", line + "\n")] });

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(server.Log, Does.Contain($">>> '{shown}'").And.Not.Contain(Secret));
    }

    private static void SendBroken(ServerProcess server, string line)
    {
        using var client = server.Connect();
        client.Send(System.Text.Encoding.ASCII.GetBytes(line + "\r\n"));
        Assert.That(ReplyText.RenderAll(client.ReadToEnd()), Does.Contain("unbalanced quotes"));
    }

    private static string MonitoredUpTo(RawConnection monitor, string last)
    {
        var seen = new List<string>();
        do
            seen.Add(monitor.ReadText());
        while (!seen[^1].Contains(last, StringComparison.Ordinal));
        return string.Join('\n', seen);
    }
}
