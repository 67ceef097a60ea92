using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>The executable's configuration: file, command line, standard input, environment, and what is refused.</summary>
internal sealed class ConfigurationTests
{
    [Test]
    public void A_file_is_read_and_the_command_line_has_the_last_word()
    {
        using var folder = new TempFolder();
        var port = FreePort.Next();
        var file = folder.Write("test.conf", $"# a comment\nport {port}\nbind 127.0.0.1\nmaxmemory 100mb\nmaxmemory-policy allkeys-lru\nsave \"\"\ntimeout 7\n");
        using var server = Start(port, file, "--timeout", "9");

        Assert.That(Setting(server, "maxmemory"), Is.EqualTo("104857600"));
        Assert.That(Setting(server, "maxmemory-policy"), Is.EqualTo("allkeys-lru"));
        Assert.That(Setting(server, "timeout"), Is.EqualTo("9"));
    }

    [Test]
    public void Standard_input_is_read_where_a_dash_says_so()
    {
        var port = FreePort.Next();
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable)
        {
            Arguments = ["--port", $"{port}", "--bind", "127.0.0.1", "-"],
            StandardInput = "maxmemory 1gb\nsave \"\"\n",
            Port = port,
        }).WaitReady();

        Assert.That(Setting(server, "maxmemory"), Is.EqualTo("1073741824"));
    }

    [Test]
    public void A_directive_may_take_several_words_and_an_empty_one()
    {
        using var server = KestrelFreeProcess.Start("--save", "900", "1", "300", "10", "--appendonly", "no", "--notify-keyspace-events", "");

        Assert.That(Setting(server, "save"), Is.EqualTo("900 1 300 10"));
    }

    [TestCase("nosuch-directive yes", "Bad directive or wrong number of arguments")]
    [TestCase("port abc", "argument couldn't be parsed into an integer")]
    [TestCase("port 70000", "argument must be between 0 and 65535 inclusive")]
    [TestCase("appendonly perhaps", "argument must be 'yes' or 'no'")]
    [TestCase("bind \"127.0.0.1", "Unbalanced quotes in configuration line")]
    [TestCase("maxmemory", "wrong number of arguments")]
    public void A_line_that_is_wrong_stops_the_start_and_is_shown(string line, string reason)
    {
        using var folder = new TempFolder();
        var file = folder.Write("test.conf", $"timeout 1\n{line}\n");

        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = [file] });

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(server.Log, Does.Contain("*** FATAL CONFIG FILE ERROR (Redis ").And.Contain($"Reading the configuration file, at line 2\n>>> '{line}'\n").And.Contain(reason));
    }

    [Test]
    public void A_file_that_is_not_there_stops_the_start()
    {
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = ["/nosuch/file.conf"] });

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(server.Log, Does.Contain("Fatal error, can't open config file '/nosuch/file.conf'"));
    }

    [Test]
    public void Debians_own_file_is_accepted_unchanged()
    {
        const string Debian = "/etc/redis/redis.conf";
        if (!File.Exists(Debian)) throw Requirement.Missing($"{Debian} belongs to the package redis-server.");

        using var folder = new TempFolder();
        var port = FreePort.Next();
        using var server = Start(port, Debian, "--port", $"{port}", "--daemonize", "no", "--logfile", "", "--pidfile", folder.File("pid"), "--dir", folder.Path, "--save", "", "--unixsocket", "");

        Assert.That(Setting(server, "databases"), Is.EqualTo("16"));
        server.WaitForLog("Ready to accept connections");
    }

    [Test]
    public void Our_own_file_is_accepted_unchanged()
    {
        var own = KestrelFreeProcess.IsOurs ? Repository.PathTo("redis.conf") : "/etc/redis/redis.conf";
        var port = FreePort.Next();

        using var server = Start(port, own, "--port", $"{port}", "--daemonize", "no", "--logfile", "", "--pidfile", "", "--dir", "/tmp", "--save", "", "--unixsocket", "");

        using var client = server.Connect();
        Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void A_rewrite_keeps_comments_and_adds_what_was_set()
    {
        using var folder = new TempFolder();
        var port = FreePort.Next();
        var file = folder.Write("test.conf", $"# keep me\nport {port}\nbind 127.0.0.1\nsave \"\"\nmaxmemory 1mb\n");
        using var server = Start(port, file);
        using var client = server.Connect();

        client.Ask("CONFIG", "SET", "maxmemory", "2mb", "timeout", "33");

        Assert.That(client.Ask("CONFIG", "REWRITE"), Is.EqualTo("+OK"));
        Assert.That(File.ReadAllText(file), Does.Contain("# keep me\n").And.Contain("maxmemory 2mb\n").And.Contain("timeout 33\n"));
    }

    [TestCase("-v")]
    [TestCase("--version")]
    public void The_version_is_printed_and_that_is_all(string argument)
    {
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = [argument] });

        Assert.That(server.WaitForExit(), Is.Zero);
        Assert.That(server.Log, Does.Contain("v="));
    }

    [TestCase("-h")]
    [TestCase("--help")]
    public void The_usage_is_printed_and_that_is_all(string argument)
    {
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = [argument] });

        server.WaitForExit();
        Assert.That(server.Log, Does.Contain("Usage:"));
    }

    [Test]
    public void The_environment_sets_what_the_command_line_leaves()
    {
        if (!KestrelFreeProcess.IsOurs) Assert.Ignore("Redis reads no environment");

        var port = FreePort.Next();
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable)
        {
            Arguments = ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--timeout", "5"],
            Environment = new Dictionary<string, string> { ["KESTREL_FREE__MAXMEMORY_POLICY"] = "allkeys-lfu", ["KESTREL_FREE__TIMEOUT"] = "6" },
            Port = port,
        }).WaitReady();

        Assert.That(Setting(server, "maxmemory-policy"), Is.EqualTo("allkeys-lfu"));
        Assert.That(Setting(server, "timeout"), Is.EqualTo("5"));
    }

    private static ServerProcess Start(int port, params string[] arguments) =>
        ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = arguments, Port = port }).WaitReady();

    private static string Setting(ServerProcess server, string name)
    {
        using var client = server.Connect();
        return client.Ask("CONFIG", "GET", name).Split('\n')[^1].Trim(' ', '$').Trim('"');
    }
}
