using System.Net;
using System.Net.Sockets;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>CONFIG as a client sees it, on the real executable.</summary>
public sealed class ConfigCommandsTests
{
    [TestCase(2, "*2\n  $\"maxmemory\"\n  $\"0\"")]
    [TestCase(3, "%1\n  $\"maxmemory\"\n  $\"0\"")]
    public void Config_get_replies_a_map(int protocolVersion, string expected)
    {
        using var server = KestrelFreeProcess.Start();
        using var connection = server.Connect(protocolVersion);

        Assert.That(connection.Ask("CONFIG", "GET", "maxmemory"), Is.EqualTo(expected));
    }

    [Test]
    public void Config_set_takes_several_directives_and_any_bytes()
    {
        using var server = KestrelFreeProcess.Start();
        using var connection = server.Connect();

        Assert.That(connection.AskLine(@"config set maxmemory 1mb ignore-warnings ""caf\xc3\xa9 \x00\xff"""), Is.EqualTo("+OK"));
        Assert.That(connection.AskLine("config get ignore-warnings"), Does.EndWith(@"caf\xc3\xa9 \x00\xff"""));
        Assert.That(connection.AskLine("config set maxmemory 1"), Is.EqualTo("+OK"));
        Assert.That(connection.AskLine("config set maxmemory"), Is.EqualTo("-ERR wrong number of arguments for 'config|set' command"));
        Assert.That(connection.AskLine("config set maxmemory 1 hz"), Is.EqualTo("-ERR syntax error"));
        Assert.That(connection.AskLine("config set dir /"), Does.Contain("can't set protected config"));
        Assert.That(connection.AskLine("config nonsense"), Is.EqualTo("-ERR unknown subcommand 'nonsense'. Try CONFIG HELP."));
        Assert.That(connection.AskLine("config help"), Does.StartWith("*11\n  +CONFIG <subcommand>"));
    }

    [Test]
    public void Protected_directives_open_up_to_local_clients()
    {
        using var server = KestrelFreeProcess.Start("--enable-protected-configs", "local");
        using var connection = server.Connect();

        Assert.That(connection.AskLine("config set dbfilename other.rdb"), Is.EqualTo("+OK"));
    }

    [Test]
    public void A_port_in_use_puts_everything_back()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var usedPort = ((IPEndPoint)other.LocalEndpoint).Port;
        using var server = KestrelFreeProcess.Start();
        using var connection = server.Connect();
        var scoreBefore = OomScoreOf(server);

        var reply = connection.Ask(
            "CONFIG", "SET", "oom-score-adj", "yes", "oom-score-adj-values", "1 1 1", "maxmemory", "10000001", "port", $"{usedPort}");

        Assert.That(reply, Is.EqualTo(
            "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs."));
        Assert.That(connection.AskLine("config get maxmemory"), Does.EndWith("$\"0\""));
        Assert.That(connection.AskLine("config get oom-score-adj"), Does.EndWith("$\"no\""));
        Assert.That(OomScoreOf(server), Is.EqualTo(scoreBefore));
        using var again = server.Connect();
        Assert.That(again.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void The_port_can_be_moved_and_maxclients_be_lowered()
    {
        using var server = KestrelFreeProcess.Start();
        using var connection = server.Connect();
        var port = FreePort.Next();

        Assert.That(connection.AskLine($"config set port {port} maxclients 20"), Is.EqualTo("+OK"));

        using var moved = new RawConnection(new IPEndPoint(IPAddress.Loopback, port));
        Assert.That(moved.AskLine("config get maxclients"), Does.EndWith("$\"20\""));
    }

    [Test]
    public void More_clients_than_the_system_can_open_files_are_refused()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("the limit is the system's own");
        using var server = KestrelFreeProcess.Start("--maxclients", "100");
        using var connection = server.Connect();

        Assert.That(connection.AskLine("config set maxclients 5000000"), Does.Match(
            @"^-ERR CONFIG SET failed \(possibly related to argument 'maxclients'\) - " +
            @"The operating system is not able to handle the specified number of clients, try with \d+$"));
        Assert.That(connection.AskLine("config get maxclients"), Does.EndWith("$\"100\""));
    }

    [Test]
    public void A_rewritten_file_starts_the_same_server()
    {
        using var folder = new TempFolder();
        var port = FreePort.Next();
        var conf = folder.Write("redis.conf", $"# mine\nport {port}\nbind 127.0.0.1\nenable-debug-command yes\ndir {Path.GetTempPath()}\n");
        using (var server = Launch(conf, port))
        using (var connection = server.Connect())
        {
            Assert.That(connection.AskLine("config set hz 33 save \"900 1\" proc-title-template \"x\\\"\\n {title}\""), Is.EqualTo("+OK"));
            Assert.That(connection.AskLine("config rewrite"), Is.EqualTo("+OK"));
            Assert.That(File.ReadAllText(conf), Does.StartWith("# mine\n").And.Contain("\nhz 33\n").And.Contain("\nsave 900 1\n"));
            Assert.That(connection.AskLine("debug config-rewrite-force-all"), Is.EqualTo("+OK"));
            Assert.That(File.ReadAllText(conf), Does.Contain("\ntimeout 0\n"));
        }

        using var again = Launch(conf, port);
        using var second = again.Connect();
        Assert.That(second.AskLine("config get hz"), Does.EndWith("$\"33\""));
        Assert.That(second.AskLine("config get proc-title-template"), Does.EndWith(@"$""x\""\n {title}"""));
    }

    [Test]
    public void Renamed_commands_answer_to_their_new_names_only()
    {
        using var server = KestrelFreeProcess.Start("--rename-command", "flushdb", "badger", "--rename-command", "flushall", "");
        using var connection = server.Connect();

        Assert.That(connection.Ask("FLUSHDB"), Does.StartWith("-ERR unknown command 'FLUSHDB'"));
        Assert.That(connection.Ask("FLUSHALL"), Does.StartWith("-ERR unknown command 'FLUSHALL'"));
        Assert.That(connection.Ask("BADGER"), Is.EqualTo("+OK"));
        Assert.That(connection.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void The_event_loops_back_end_can_be_changed_while_it_runs()
    {
        using var server = KestrelFreeProcess.Start();
        using var connection = server.Connect();
        foreach (var backend in OperatingSystem.IsLinux() ? new[] { "epoll", "select", "epoll", "auto" } : ["select", "auto"])
        {
            Assert.That(connection.AskLine($"config set event-backend {backend}"), Is.EqualTo("+OK"));
            connection.Ask("PING");
            if (backend != "auto")
                Assert.That(connection.AskPayload("INFO", "server"), Does.Contain($"multiplexing_api:{backend}\r"));
        }
    }

    [Test]
    public void Without_a_file_there_is_nothing_to_rewrite()
    {
        using var server = KestrelFreeProcess.Start();
        using var connection = server.Connect();

        Assert.That(connection.AskLine("config rewrite"), Is.EqualTo("-ERR The server is running without a config file"));
    }

    [Test]
    public void Config_resetstat_sets_the_statistics_back()
    {
        using var server = KestrelFreeProcess.Start();
        using var connection = server.Connect();
        for (var i = 0; i < 20; i++)
            connection.Ask("PING");
        connection.Ask("GET", "missing");

        Assert.That(connection.AskPayload("INFO", "stats"), Does.Contain("keyspace_misses:1\r"));
        Assert.That(connection.AskLine("config resetstat"), Is.EqualTo("+OK"));
        Assert.That(connection.AskPayload("INFO", "stats"), Does.Match(@"total_commands_processed:[0-3]\r").And.Contain("keyspace_misses:0\r"));
    }

    [Test]
    public void A_log_level_takes_effect_at_once()
    {
        using var server = KestrelFreeProcess.Start("--loglevel", "warning");
        using var connection = server.Connect();

        Assert.That(server.Log, Does.Not.Contain(" * "));
        Assert.That(connection.AskLine("config set loglevel debug"), Is.EqualTo("+OK"));
        using var another = server.Connect();
        another.Ask("PING");

        server.WaitForLog("Accepted ");
    }

    private static ServerProcess Launch(string conf, int port) =>
        ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = [conf], Port = port }).WaitReady();

    private static string OomScoreOf(ServerProcess server) =>
        OperatingSystem.IsLinux() ? File.ReadAllText($"/proc/{server.Pid}/oom_score_adj") : "";
}
