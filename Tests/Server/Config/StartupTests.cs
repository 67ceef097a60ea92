using KestrelFree.Server.Config;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Tests.Server.Logging;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Config;

/// <summary>From arguments, files, stdin and environment to a configuration, or to Redis's report.</summary>
[NonParallelizable]
public sealed class StartupTests
{
    private ConfigFixture _fixture = null!;

    [SetUp]
    public void SetUp() => _fixture = new ConfigFixture();

    [TearDown]
    public void TearDown() => _fixture.Dispose();

    [Test]
    public void No_arguments_give_the_defaults()
    {
        var config = _fixture.Start();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(config.Port, Is.EqualTo(6379));
            Assert.That(config.Bind, Is.EqualTo(new[] { "*", "-::*" }));
            Assert.That(config.ConfigFile, Is.Null);
            Assert.That(config.Save, Is.EqualTo(new SavePoint[] { new(3600, 1), new(300, 100), new(60, 10000) }));
            Assert.That(config.ClientOutputBufferLimitFor(LimitedClient.PubSub), Is.EqualTo(new OutputBufferLimit(32 << 20, 8 << 20, 60)));
        }
    }

    [Test]
    public void The_command_line_beats_the_environment_which_beats_stdin_which_beats_the_file()
    {
        var conf = _fixture.File("redis.conf", "timeout 1\nport 1\nhz 11\ntcp-backlog 1\n");
        Environment.SetEnvironmentVariable("KESTREL_FREE__PORT", "3");
        Environment.SetEnvironmentVariable("KESTREL_FREE__HZ", "33");
        try
        {
            var config = _fixture.StartWithStdin("timeout 2\nport 2\nhz 22\n", conf, "--port", "4", "-");

            Assert.That((config.Port, config.Hz, config.TimeoutSeconds, config.TcpBacklog), Is.EqualTo((4, 33, 2, 1)));
            Assert.That(config.ConfigFile, Is.EqualTo(conf));
        }
        finally
        {
            Environment.SetEnvironmentVariable("KESTREL_FREE__PORT", null);
            Environment.SetEnvironmentVariable("KESTREL_FREE__HZ", null);
        }
    }

    [TestCase("KESTREL_FREE__NO_SUCH_THING", "no-such-thing \"3\"")]
    [TestCase("KESTREL_FREE__PORT__X", "port-- \"\"")]
    [TestCase("KESTREL_FREE__PORT", "port \"x\"")]
    public void A_faulty_variable_stops_the_start_by_name(string variable, string text)
    {
        Environment.SetEnvironmentVariable(variable, variable.EndsWith("PORT") ? "x" : "3");
        try
        {
            Assert.That(_fixture.Read("").Config, Is.Null);
            Assert.That(_fixture.Reported, Does.Contain($"Reading the environment variable {variable.Replace("__X", "__")}\n>>> '{text}'\n"));
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    [Test]
    public void A_variable_is_the_whole_value_of_a_list()
    {
        Environment.SetEnvironmentVariable("KESTREL_FREE__SERVER_CPULIST", "0-1");
        Environment.SetEnvironmentVariable("KESTREL_FREE__SAVE", "900 1 60 5");
        try
        {
            var config = _fixture.StartWithStdin("save 1 1\n", "--save", "2", "2", "-");

            Assert.That(config.Format("server-cpulist"), Is.EqualTo("0-1"));
            Assert.That(config.Format("save"), Is.EqualTo("900 1 60 5 2 2"), "replaces the file's, and the command line adds to it");
        }
        finally
        {
            Environment.SetEnvironmentVariable("KESTREL_FREE__SERVER_CPULIST", null);
            Environment.SetEnvironmentVariable("KESTREL_FREE__SAVE", null);
        }
    }

    [TestCase("--loglevel verbose --maxmemory 700mb", "loglevel=verbose maxmemory=734003200")]
    [TestCase("--proc-title-template|--my--title--template|--loglevel|verbose", "proc-title-template=--my--title--template loglevel=verbose")]
    [TestCase("--proc-title-template --my--title--template|--loglevel verbose", "proc-title-template=--my--title--template loglevel=verbose")]
    [TestCase("--maxmemory '700mb'|--maxmemory-policy 'volatile-lru'", "maxmemory=734003200 maxmemory-policy=volatile-lru")]
    [TestCase("--save|--loglevel|verbose", "save= loglevel=verbose")]
    [TestCase("--loglevel|verbose|--save", "save= loglevel=verbose")]
    [TestCase("--save||--loglevel|verbose", "save= loglevel=verbose")]
    [TestCase("--save|60|1000|--appendonly|yes", "save=60_1000 appendonly=yes")]
    [TestCase("--proc-title-template|--save|--save||--loglevel|verbose", "proc-title-template=--save save= loglevel=verbose")]
    [TestCase("--shutdown-on-sigint|nosave|force|now|--shutdown-on-sigterm|nosave force", "shutdown-on-sigint=nosave_now_force shutdown-on-sigterm=nosave_force")]
    [TestCase("--PORT|7000", "port=7000")]
    [TestCase("--bind|127.0.0.1|-::1", "bind=127.0.0.1_-::1")]
    public void The_command_line_is_taken_as_redis_takes_it(string arguments, string expected)
    {
        var split = arguments.Contains('|') ? arguments.Split('|') : arguments.Split(' ');

        var config = _fixture.Start(split);

        foreach (var pair in expected.Split(' '))
        {
            var parts = pair.Split('=');
            Assert.That(config.Format(parts[0]), Is.EqualTo(parts[1].Replace('_', ' ')), parts[0]);
        }
    }

    [TestCase("--invalid", 2, "invalid", "Bad directive or wrong number of arguments")]
    [TestCase("--port", 2, "port", "wrong number of arguments")]
    [TestCase("--port|6380|--loglevel", 3, "loglevel", "wrong number of arguments")]
    [TestCase("--port|6379|6380", 2, "port \"6379\" \"6380\"", "wrong number of arguments")]
    [TestCase("--port|--loglevel|verbose", 2, "port \"--loglevel\" \"verbose\"", "wrong number of arguments")]
    [TestCase("--port|--bla|--loglevel|verbose", 2, "port \"--bla\"", "argument couldn't be parsed into an integer")]
    [TestCase("--logfile|--my--log--file|--loglevel|--bla", 3, "loglevel \"--bla\"", "argument(s) must be one of the following: debug, verbose, notice, warning, nothing")]
    [TestCase("--shutdown-on-sigint", 2, "shutdown-on-sigint", "argument(s) must be one of the following: default, save, nosave, now, force")]
    [TestCase("--replicaof|127.0.0.1|abc", 2, "replicaof \"127.0.0.1\" \"abc\"", "Invalid master port")]
    [TestCase("--replicaof|--127.0.0.1|--abc", 2, "replicaof \"--127.0.0.1\"", "wrong number of arguments")]
    [TestCase("-x", 2, "\"-x\"", "Bad directive or wrong number of arguments")]
    [TestCase("--port|65536", 2, "port \"65536\"", "argument must be between 0 and 65535 inclusive")]
    [TestCase("--unixsocketperm|1000", 2, "unixsocketperm \"1000\"", "argument must be between 0 and 777 inclusive")]
    [TestCase("--sentinel-x|1", 2, "sentinel-x \"1\"", "Bad directive or wrong number of arguments")]
    public void A_faulty_option_is_reported_as_redis_reports_it(string arguments, int line, string text, string reason)
    {
        var startup = _fixture.Read("", arguments.Split('|'));

        Assert.That((startup.Config, startup.ExitCode), Is.EqualTo(((ServerConfig?)null, 1)));
        Assert.That(_fixture.Reported, Is.EqualTo(
            $"\n*** FATAL CONFIG FILE ERROR (Redis 7.4.1) ***\nReading the configuration file, at line {line}\n>>> '{text}'\n{reason}\n"));
    }

    [TestCase("port 1\n# x\nport \"2\n", 3, "port \"2", "Unbalanced quotes in configuration line")]
    [TestCase("\n\n  maxmemory  12q \n", 3, "maxmemory  12q", "argument must be a memory value")]
    [TestCase("sentinel monitor x", 1, "sentinel monitor x", "sentinel directive while not in sentinel mode")]
    [TestCase("mod.x", 1, "mod.x", "Module config specified without value")]
    [TestCase("rename-command nonsense x", 1, "rename-command nonsense x", "No such command in rename-command")]
    [TestCase("rename-command get SET", 1, "rename-command get SET", "Target command name already exists")]
    [TestCase("rename-command get \"\"\nrename-command get x", 2, "rename-command get x", "No such command in rename-command")]
    [TestCase("save 1", 1, "save 1", "Invalid save parameters")]
    [TestCase("appenddirname a/b", 1, "appenddirname a/b", "appenddirname can't be a path, just a dirname")]
    [TestCase("client-output-buffer-limit normal 1 2", 1, "client-output-buffer-limit normal 1 2", "Wrong number of arguments in buffer limit configuration.")]
    [TestCase("latency-tracking-info-percentiles 101", 1, "latency-tracking-info-percentiles 101", "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")]
    public void A_faulty_line_is_reported_with_its_number(string content, int line, string text, string reason)
    {
        _fixture.Read("", _fixture.File("redis.conf", content));

        Assert.That(_fixture.Reported, Does.EndWith($"at line {line}\n>>> '{text}'\n{reason}\n"));
    }

    [Test]
    public void The_first_fault_is_the_one_reported()
    {
        _fixture.Read("", _fixture.File("redis.conf", "nonsense\ninclude /no/such/file\n"));

        Assert.That(_fixture.Reported, Does.Contain("at line 1\n>>> 'nonsense'"));
        Assert.That(_fixture.Printed, Is.Empty);
    }

    [Test]
    public void Options_count_their_lines_on_from_the_file()
    {
        _fixture.Read("", _fixture.File("redis.conf", "port 1\nhz 10\n"), "--nonsense");

        Assert.That(_fixture.Reported, Does.Contain("at line 4\n"));
    }

    [Test]
    public void A_missing_file_is_told_in_a_log_line()
    {
        var missing = Path.Combine(_fixture.Directory, "missing.conf");

        var startup = _fixture.Read("", missing);

        Assert.That(startup.ExitCode, Is.EqualTo(1));
        Assert.That(_fixture.Printed, Does.Match($@"^\d+:C .* # Fatal error, can't open config file '{missing}': No such file or directory\n$"));
    }

    [Test]
    public void Includes_are_read_in_place_with_wildcards_in_order()
    {
        _fixture.File("b.inc", "port 2\nhz 22\n");
        _fixture.File("a.inc", "port 1\ntimeout 11\n");
        var conf = _fixture.File("redis.conf", $"hz 5\ninclude {_fixture.Directory}/[ab].i*\ninclude {_fixture.Directory}/none-*\ntcp-backlog 7\n");

        var config = _fixture.Start(conf);

        Assert.That((config.Port, config.Hz, config.TimeoutSeconds, config.TcpBacklog), Is.EqualTo((2, 22, 11, 7)));
    }

    [Test]
    public void A_relative_include_follows_dir()
    {
        _fixture.File("more.conf", "port 1234\n");

        Assert.That(_fixture.StartWithStdin($"dir {_fixture.Directory}\ninclude more.conf\n", "-").Port, Is.EqualTo(1234));
    }

    [Test]
    public void A_file_that_includes_itself_is_refused()
    {
        var conf = _fixture.File("redis.conf", $"include {_fixture.Directory}/redis.conf\n");

        Assert.That(_fixture.Read("", conf).Config, Is.Null);
        Assert.That(_fixture.Reported, Does.Contain("include nested too deeply"));
    }

    [Test]
    public void Save_lines_add_up_over_file_and_command_line_and_replace_the_defaults()
    {
        var conf = _fixture.File("redis.conf", "save 900 1\n");

        Assert.That(_fixture.Start(conf, "--save", "100", "100").Format("save"), Is.EqualTo("900 1 100 100"));
        Assert.That(_fixture.Start(conf, "--save", "").Format("save"), Is.Empty);
    }

    [Test]
    public void Older_names_are_the_same_directives()
    {
        var config = _fixture.StartWithStdin("slave-read-only no\nlist-max-ziplist-size 7\nserver_cpulist 0-1\nlua-time-limit 9\n", "-");

        Assert.That(config.Format("replica-read-only"), Is.EqualTo("no"));
        Assert.That(config.ListMaxListpackSize, Is.EqualTo(7));
        Assert.That(config.Format("server-cpulist"), Is.EqualTo("0-1"));
        Assert.That(config.Format("busy-reply-threshold"), Is.EqualTo("9"));
    }

    [Test]
    public void What_has_no_effect_yet_is_named_once_in_the_log()
    {
        var startup = _fixture.Read("lua-replicate-commands yes\nport 7\nactivedefrag no\nactivedefrag no\nslave-priority 3\n", "-");
        using var log = new CapturedLog();

        startup.LogNotes(log.Log);

        Assert.That(log.Lines, Is.EqualTo(new[]
        {
            "* Reading config from stdin",
            "* Configuration loaded",
            "* Accepted, but without effect yet: lua-replicate-commands, activedefrag, replica-priority",
        }));
    }

    [Test]
    public void Special_lines_are_kept_for_who_needs_them()
    {
        var config = _fixture.StartWithStdin("rename-command config \"\"\nuser bob on\nloadmodule /x.so a b\n", "-");

        Assert.That(config.RenamedCommands.Select(r => (r.Command, r.NewName)), Is.EqualTo(new[] { ("config", "") }));
        Assert.That(config.AclUsers, Is.EqualTo(new[] { new[] { "bob", "on" } }));
        Assert.That(config.Modules, Is.EqualTo(new[] { new[] { "/x.so", "a", "b" } }));
    }

    [Test]
    public void Debians_configuration_is_accepted_unchanged()
    {
        const string Conf = "/etc/redis/redis.conf";
        if (!File.Exists(Conf) || !Directory.Exists("/var/lib/redis") || Environment.UserName != "root")
            Assert.Inconclusive("Debian's redis-server is not installed, or its configuration is not readable");

        var config = _fixture.Start(Conf);

        Assert.That(config.Supervised, Is.EqualTo(SupervisedMode.Systemd).Or.EqualTo(SupervisedMode.Auto).Or.EqualTo(SupervisedMode.None));
        Assert.That(config.LogFile, Is.EqualTo("/var/log/redis/redis-server.log"));
        Assert.That(config.Bind, Is.EqualTo(new[] { "127.0.0.1", "-::1" }));
    }

    [Test]
    public void A_log_file_that_cannot_be_opened_stops_the_start()
    {
        _fixture.Read("", "--logfile", "/no/such/directory/log");

        Assert.That(_fixture.Reported, Is.EqualTo(
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.4.1) ***\nCan't open the log file: No such file or directory\n"));
    }

    [Test]
    public void A_cluster_has_one_database_and_no_replicaof()
    {
        Assert.That(_fixture.Start("--cluster-enabled", "yes").Databases, Is.EqualTo(1));

        _fixture.Read("", "--cluster-enabled", "yes", "--replicaof", "h", "1");
        Assert.That(_fixture.Reported, Does.Contain("replicaof directive not allowed in cluster mode"));
    }

    [TestCase("--version", 0, "Redis server v=7.4.1 ")]
    [TestCase("-v", 0, "Redis server v=7.4.1 ")]
    [TestCase("--help", 1, "Usage: kestrel-free ")]
    [TestCase("--test-memory", 1, "This server has no memory test.")]
    [TestCase("--sentinel", 1, "Sentinel mode is not part of this server.")]
    public void Some_options_print_and_end(string option, int exitCode, string start)
    {
        var startup = _fixture.Read("", option);

        Assert.That((startup.Config, startup.ExitCode), Is.EqualTo(((ServerConfig?)null, exitCode)));
        Assert.That(_fixture.Printed + _fixture.Reported, Does.StartWith(start));
    }
}
