using System.Text;
using System.Text.RegularExpressions;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;
using ServerVersion = KestrelFree.Server.ServerVersion;

namespace KestrelFree.Tests.Server.Config;

/// <summary>Configurations beside a real redis-server's: defaults, values as they read back, error texts, reports, rewritten files.</summary>
[NonParallelizable]
public sealed class ConfigOracleTests
{
    // What 7.0.15 does otherwise than 7.4, which is what this server is.
    private static readonly Dictionary<string, string> NewerThanOracle = new()
    {
        ["aof-disable-auto-gc"] = "hidden since 7.2",
        ["cluster-announce-human-nodename"] = "since 7.2",
        ["locale-collate"] = "since 7.2",
        ["set-max-listpack-entries"] = "since 7.2",
        ["set-max-listpack-value"] = "since 7.2",
        ["hide-user-data-from-log"] = "since 7.4",
        ["max-new-connections-per-cycle"] = "since 7.4",
        ["max-new-tls-connections-per-cycle"] = "since 7.4",
        ["aof-load-corrupt-tail-max-size"] = "later",
        ["event-backend"] = "ours",
        ["rehearsal"] = "ours",
        ["log-format"] = "ours",
        ["metrics-port"] = "ours",
    };

    private static readonly Dictionary<string, string> OtherTexts = new()
    {
        ["loglevel"] = "takes nothing since 7.2",
        ["maxmemory-samples"] = "at most 64 since 7.4",
        ["maxmemory-policy"] = "the message names the lrm policies of 8.6",
        ["notify-keyspace-events"] = "the message names n since 7.2",
        ["proc-title-template"] = "the oracle also tries to change its title",
        ["activedefrag"] = "the oracle may be built with a jemalloc that can",
        ["bind-source-addr"] = "the oracle refuses nothing either; kept apart to leave its sockets alone",
    };

    // Setting these would move the oracle away from under the test.
    private static readonly string[] Untouchable =
    [
        "dir", "port", "bind", "tls-port", "requirepass", "appendonly", "oom-score-adj", "maxclients", "maxmemory-clients",
        "io-threads",
    ];

    private static readonly string[] Values =
    [
        "", "yes", "NO", "1", "0", "-1", "007", " 5", "5 ", "5kb", "3MB", "1g", "12q", "100%", "9223372036854775807", "9223372036854775808",
        "99999999999999999999999999", "text", "no", "always", "everysec", "allkeys-lfu", "Local", "clients", "swapdb", "ip", "resetchannels",
        "save now", "nosave force", "save nosave", "default", "900 1 300 10", "900", "900 x", "60 -1", "1 2 3", "3 2 1", "50 99.9 100", "50 101",
        "1e1 inf", "nan", "normal 1mb 2kb 3", "replica 0 0 0 pubsub 1 1 1", "master 1 2 3", "normal 1 2", "normal 1 2 -3", "KEA", "gxe$K", "KQ",
        "a.host-name", "a host", "../x", "{title} x", "{none}",
    ];

    private ServerProcess _oracle = null!;
    private RawConnection _connection = null!;

    [OneTimeSetUp]
    public void StartOracle()
    {
        _oracle = RedisProcess.Start();
        _connection = _oracle.Connect();
    }

    [OneTimeTearDown]
    public void StopOracle()
    {
        _connection?.Dispose();
        _oracle?.Dispose();
    }

    [Test]
    public void Config_get_of_everything_gives_the_same_names_and_values()
    {
        var theirs = OracleGet("*");
        theirs["port"] = "6379";
        theirs["bind"] = "* -::*";
        theirs["save"] = "3600 1 300 100 60 10000";
        theirs["dir"] = Directory.GetCurrentDirectory();
        var ours = ConfigGet.Collect(new ServerConfig(), ["*"]).ToDictionary();
        foreach (var name in NewerThanOracle.Keys)
        {
            theirs.Remove(name);
            ours.Remove(name);
        }

        Assert.That(ours.OrderBy(row => row.Key), Is.EqualTo(theirs.OrderBy(row => row.Key)));
    }

    [TestCase("save*|*of|MAXMEMORY|maxmemory*|nonsense")]
    [TestCase("[ab]ind|b?nd|Bind|bind")]
    [TestCase("key-load-delay|key-load*|*ziplist*|[")]
    public void Config_get_of_several_patterns_gives_the_same_names(string patterns)
    {
        var asked = patterns.Split('|');
        var ours = ConfigGet.Collect(new ServerConfig(), asked).Select(row => row.Key).Except(NewerThanOracle.Keys);

        Assert.That(ours, Is.EquivalentTo(OracleGet(asked).Keys.Except(NewerThanOracle.Keys)));
    }

    private static IEnumerable<string> Settable() =>
        DirectiveTable.Rows.ToArray().Where(IsComparable).Select(directive => directive.Name);

    private static bool IsComparable(Directive directive) =>
        !directive.Has(DirectiveFlags.Hidden) && !directive.Name.StartsWith("tls-") && !NewerThanOracle.ContainsKey(directive.Name) &&
        !OtherTexts.ContainsKey(directive.Name) && !Untouchable.Contains(directive.Name);

    [TestCaseSource(nameof(Settable))]
    public void Config_set_answers_and_reads_back_alike(string name)
    {
        var config = new ServerConfig();
        var original = OracleGet(name)[name];
        config.Set(name, DirectiveTable.Find(name)!.Has(DirectiveFlags.MultiArgument) ? original.Split(' ') : [original]);
        try
        {
            using (Assert.EnterMultipleScope())
            {
                foreach (var value in Values)
                {
                    // Ours takes a share of the memory there is.
                    if (name == "maxmemory" && value == "100%") continue;
                    var error = ConfigSet.Execute(config, ServerLog.Silent, [name, value], ServerPhase.Running, ClientOrigin.Remote).Error;
                    var theirs = _connection.Ask("CONFIG", "SET", name, value);

                    Assert.That(error is null ? "+OK" : "-" + error, Is.EqualTo(theirs), $"CONFIG SET {name} '{value}'");
                    Assert.That(config.Format(name), Is.EqualTo(OracleGet(name)[name]), $"CONFIG GET {name} after '{value}'");
                }
            }
        }
        finally
        {
            _connection.Ask("CONFIG", "SET", name, original);
        }
    }

    [TestCase("maxmemory", "10mb", "nonsense", "1")]
    [TestCase("maxmemory", "10mb", "maxmemory", "1")]
    [TestCase("slave-priority", "10", "replica-priority", "1")]
    [TestCase("maxmemory", "10mb", "maxmemory-clients", "200%", "client-query-buffer-limit", "invalid")]
    [TestCase("Daemonize", "yes")]
    [TestCase("dir", "/")]
    [TestCase("maxmemory", "1", "dbfilename", "x", "nonsense", "y")]
    [TestCase("maxmemory", "1", "hz")]
    [TestCase("hz", "15", "TIMEOUT", "7")]
    public void Config_set_of_several_answers_alike_and_is_all_or_nothing(params string[] arguments)
    {
        var config = new ServerConfig();
        var error = ConfigSet.Execute(config, ServerLog.Silent, arguments, ServerPhase.Running, ClientOrigin.Remote).Error;

        Assert.That(error is null ? "+OK" : "-" + error, Is.EqualTo(_connection.Ask(["CONFIG", "SET", .. arguments])));
        foreach (var name in new[] { "maxmemory", "hz", "timeout" })
        {
            Assert.That(config.Format(name), Is.EqualTo(OracleGet(name)[name]), name);
            _connection.Ask("CONFIG", "SET", name, new ServerConfig().Format(name));
        }
    }

    private static IEnumerable<TestCaseData> Faults()
    {
        string[][] commandLines =
        [
            ["--invalid"], ["--port"], ["--port", "6379", "6380"], ["--port", "--loglevel", "verbose"], ["--port", "--bla", "--loglevel", "verbose"],
            ["--port", "70000"], ["--port 1 2"], ["--port", "1", "--port", "x"], ["--logfile", "--my", "--loglevel", "--bla"],
            ["--shutdown-on-sigint"], ["--shutdown-on-sigint", "now force", "--shutdown-on-sigterm"], ["--replicaof", "127.0.0.1", "abc"],
            ["--replicaof", "--127.0.0.1", "abc"], ["--replicaof", "--127.0.0.1", "--abc"], ["-x"], ["-", "x"], ["--save", "1"], ["--save", "a b"],
            ["--save 1 2 3"], ["--bind", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"],
            ["--maxmemory", "1tb"], ["--unixsocketperm", "999"], ["--unixsocketperm", "1000"], ["--client-output-buffer-limit", "x", "1", "2", "3"],
            ["--client-output-buffer-limit", "normal 1 2"], ["--oom-score-adj-values", "1", "2", "3000"], ["--user"], ["--include"], ["--rename-command", "a"],
            ["--loadmodule"], ["--a.b"], ["--sentinel-x"], ["--hz", "\"x"], ["--hz 'x"], ["--list-max-ziplist-entries"], ["--appendfilename", ""],
            ["--appenddirname", "a/b"], ["--cluster-enabled", "yes", "--replicaof", "h", "1"], ["--logfile", "/no/such/dir/log"], ["--", "x"], ["--PORT", "x"],
            ["--notify-keyspace-events", "K", "E"], ["--cluster-announce-hostname", "a b"], ["--latency-tracking-info-percentiles", "x"],
            ["--maxmemory-clients", "101%"], ["--syslog-facility", "mail"], ["--proc-title-template", "{x}"],
        ];
        return commandLines.Select(line => new TestCaseData([line]).SetArgDisplayNames(string.Join(' ', line)));
    }

    [TestCaseSource(nameof(Faults))]
    public void A_faulty_command_line_is_reported_alike(string[] arguments)
    {
        using var fixture = new ConfigFixture();
        string[] all = ["--port", "0", .. arguments];
        using var oracle = ServerProcess.Launch(new ServerLaunch(RedisProcess.Executable) { Arguments = all });
        var exitCode = oracle.WaitForExit();

        var startup = fixture.Read("", all);

        Assert.That(startup.Config, Is.Null);
        // loglevel takes "nothing" since 7.2.
        var expected = oracle.Log.Replace("7.0.15", ServerVersion.Redis).Replace("notice, warning\n", "notice, warning, nothing\n");
        Assert.That(fixture.Reported, Is.EqualTo(expected));
        Assert.That(startup.ExitCode, Is.EqualTo(exitCode));
    }

    [TestCase("port 1\n# c\nnonsense 1\n")]
    [TestCase("port 0\nport \"1\n")]
    [TestCase("port 0\n\n\n  hz   x  \n")]
    [TestCase("port 0\nsave 1 2\nsave 3\n")]
    [TestCase("port 0\nslave-read-only maybe")]
    public void A_faulty_file_is_reported_alike(string content)
    {
        using var fixture = new ConfigFixture();
        var conf = fixture.File("redis.conf", content);
        using var oracle = ServerProcess.Launch(new ServerLaunch(RedisProcess.Executable) { Arguments = [conf, "--hz", "7"] });
        oracle.WaitForExit();

        fixture.Read("", conf, "--hz", "7");

        Assert.That(fixture.Reported, Is.EqualTo(oracle.Log.Replace("7.0.15", ServerVersion.Redis)));
    }

    [TestCase("# Top\n\n\n# more\nmaxmemory 1mb\nslave-priority 7\n\nsave 900 1\nsave 100 5\nsave 1 1\n", "hz=20 maxmemory=3mb save=900_1")]
    [TestCase("", "hz=20 requirepass=a\"b")]
    [TestCase("port 0\nclient-output-buffer-limit normal 1 2 3\nclient-output-buffer-limit pubsub 1mb 0 0\n", "client-output-buffer-limit=replica_1gb_1_1")]
    [TestCase("# Generated by CONFIG REWRITE\nhz 30\nloglevel verbose", "hz=10 timeout=9")]
    [TestCase("rename-command FOO \"\"\n", "save=")]
    [TestCase("notify-keyspace-events \"\"\nlatency-tracking-info-percentiles 1 2\n", "notify-keyspace-events=KEA latency-tracking-info-percentiles=")]
    [TestCase("include /dev/null\nhash-max-ziplist-entries 5\nunixsocketperm 700\nmaxmemory-clients 5%\n", "shutdown-on-sigterm=save_now oom-score-adj-values=1_2_3")]
    public void A_file_is_rewritten_alike(string content, string settings)
    {
        content = content.Replace("rename-command FOO", "rename-command DECR");
        using var folder = new TempFolder();
        var theirFile = folder.Write("theirs.conf", content);
        using var fixture = new ConfigFixture();
        var ours = fixture.Start(fixture.File("ours.conf", content));
        var port = FreePort.Next();
        string[] arguments = [theirFile, "--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder.Path];
        using var oracle = ServerProcess.Launch(
            new ServerLaunch(RedisProcess.Executable) { Arguments = arguments, Port = port }).WaitReady();
        using var connection = oracle.Connect();
        foreach (var setting in settings.Split(' ').Select(pair => pair.Split('=')))
        {
            var value = setting[1].Replace('_', ' ');
            Assert.That(connection.Ask("CONFIG", "SET", setting[0], value), Is.EqualTo("+OK"));
            if (setting[0] == "requirepass") connection.Ask("AUTH", value);
            Assert.That(ConfigSet.Execute(ours, ServerLog.Silent, [setting[0], value], ServerPhase.Running, ClientOrigin.Local).Error, Is.Null);
        }

        Assert.That(connection.Ask("CONFIG", "REWRITE"), Is.EqualTo("+OK"));
        var reply = ConfigRewrite.Execute(ours, ServerLog.Silent, RewriteScope.Changed);

        Assert.That(reply.Error, Is.Null);
        Assert.That(Normalised(File.ReadAllText(ours.ConfigFile!)), Is.EqualTo(Normalised(File.ReadAllText(theirFile))));
    }

    // Appended lines come in the order of a hash table there and of our table here; users are not written here yet; and the oracle was
    // started with a port, address and directory of its own.
    private static string Normalised(string content)
    {
        string[] lines = [.. content.Split('\n').Where(line => !Regex.IsMatch(line, "^(user|dir|port|bind) "))];
        var appended = Array.IndexOf(lines, RewriteLines.Signature) + 1;
        string[] tail = [.. lines[appended..].Where(line => line.Length > 0).Order(StringComparer.Ordinal)];
        return string.Join('\n', lines[..appended].Concat(tail));
    }

    private Dictionary<string, string> OracleGet(params string[] patterns)
    {
        _connection.SendRequest(["CONFIG", "GET", .. patterns]);
        var reply = Encoding.Latin1.GetString(_connection.ReadReply());
        var strings = new List<string>();
        for (var at = reply.IndexOf('$'); at >= 0 && at < reply.Length;)
        {
            var end = reply.IndexOf("\r\n", at, StringComparison.Ordinal);
            var length = int.Parse(reply.AsSpan((at + 1)..end));
            strings.Add(reply.Substring(end + 2, length));
            at = end + 2 + length + 2;
        }

        return Enumerable.Range(0, strings.Count / 2).ToDictionary(i => strings[2 * i], i => strings[(2 * i) + 1]);
    }
}
