using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>What the executable logs, and where to.</summary>
internal sealed class LogTests
{
    // Redis logs from its signal handler without a date.
    private const string Line = @"^\d+:([XCSM] \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#]|signal-handler \(\d+\)) \S";

    [Test]
    public void Every_line_has_the_shape_of_Redis()
    {
        using var server = KestrelFreeProcess.Start("--loglevel", "debug").WaitForLog("Ready to accept connections");

        server.Signal(PosixSignal.Terminate);
        server.WaitForExit();

        Assert.That(server.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => char.IsAsciiDigit(line[0])), Is.All.Match(Line).And.All.StartsWith($"{server.Pid}:"));
        Assert.That(server.Log, Does.Contain("oO0OoO0OoO0Oo").And.Contain("Server initialized").And.Contain("Ready to accept connections"));
    }

    [Test]
    public void Connections_are_logged_when_asked_for()
    {
        using var server = KestrelFreeProcess.Start("--loglevel", "verbose");
        using var client = server.Connect();
        client.Ask("PING");

        server.WaitForLog($"Accepted {client.LocalAddress}");
        client.Dispose();
        server.WaitForLog("Client closed connection");
    }

    [TestCase("no", "name=me ", "Query buffer during protocol error: '*1..+PING....'")]
    [TestCase("yes", "name=*redacted* ", "Query buffer during protocol error: *redacted*")]
    public void A_broken_request_is_logged_with_a_sample_of_it(string hidden, string name, string sample)
    {
        using var server = KestrelFreeProcess.Start("--loglevel", "verbose", "--hide-user-data-from-log", hidden);
        using var client = server.Connect();
        client.Ask("CLIENT", "SETNAME", "me");

        client.Send("*1\r\n+PING\r\n\r\n"u8);

        server.WaitForLog(sample);
        Assert.That(server.Log.Split('\n').Single(line => line.Contains("Protocol error (", StringComparison.Ordinal)), Does.Contain(name));
    }

    [Test]
    public void Of_a_long_broken_request_the_two_ends_are_logged()
    {
        using var server = KestrelFreeProcess.Start("--loglevel", "verbose");
        using var client = server.Connect();

        client.Send([.. "*1\r\n+"u8, .. Enumerable.Repeat((byte)'x', 994), .. "y\r\n"u8]);

        server.WaitForLog($"Query buffer during protocol error: '*1..+{new string('x', 59)}' (... more 874 bytes ...) '{new string('x', 61)}y..'");
    }

    [Test]
    public void The_level_can_be_changed_while_running()
    {
        using var server = KestrelFreeProcess.Start("--loglevel", "warning");
        using var client = server.Connect();

        client.Ask("CONFIG", "SET", "loglevel", "verbose");
        using var newcomer = server.Connect();

        server.WaitForLog($"Accepted {newcomer.LocalAddress}");
        Assert.That(server.Log, Does.Not.Contain($"Accepted {client.LocalAddress}"));
    }

    [TestCase("no", "name=mine ")]
    [TestCase("yes", "name=*redacted* ")]
    public void What_clients_call_themselves_can_be_kept_out_of_it(string hide, string shown)
    {
        using var server = KestrelFreeProcess.Start("--loglevel", "verbose", "--hide-user-data-from-log", hide);
        using (var client = server.Connect())
            Assert.That(client.Ask("CLIENT", "SETNAME", "mine"), Is.EqualTo("+OK"));

        server.WaitForLog(shown);
        Assert.That(server.Log.Contains("name=mine", StringComparison.Ordinal), Is.EqualTo(hide == "no"));
    }

    [Test]
    public void A_log_file_that_is_moved_away_is_begun_anew()
    {
        using var folder = new TempFolder();
        var path = folder.File("server.log");
        using var server = KestrelFreeProcess.Start("--logfile", path, "--loglevel", "verbose");
        Assert.That(File.ReadAllText(path), Does.Contain("Ready to accept connections"));

        File.Move(path, path + ".1");

        Eventually.True(() => IsLogged(server, path), () => "no new log file");
    }

    private static bool IsLogged(ServerProcess server, string path)
    {
        using var client = server.Connect();
        client.Ask("PING");
        return File.Exists(path) && File.ReadAllText(path).Contains("Accepted", StringComparison.Ordinal);
    }
}
