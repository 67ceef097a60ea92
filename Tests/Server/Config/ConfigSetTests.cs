using KestrelFree.Server.Config;
using KestrelFree.Tests.Server.Logging;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Config;

/// <summary>CONFIG SET: all or nothing, in Redis's words.</summary>
[NonParallelizable]
public sealed class ConfigSetTests
{
    private ServerConfig _config = null!;
    private CapturedLog _log = null!;

    [SetUp]
    public void SetUp()
    {
        _config = new ServerConfig();
        _log = new CapturedLog();
    }

    [TearDown]
    public void TearDown() => _log.Dispose();

    private string? Set(params string[] namesAndValues) =>
        ConfigSet.Execute(_config, _log.Log, namesAndValues, ServerPhase.Running, ClientOrigin.Remote).Error;

    [Test]
    public void Several_directives_are_set_at_once()
    {
        Assert.That(Set("maxmemory", "10mb", "HZ", "50", "save", "3000 5"), Is.Null);

        Assert.That((_config.MaxMemory, _config.Hz, _config.Format("save")), Is.EqualTo((10485760UL, 50, "3000 5")));
    }

    [TestCase("nonsense|1", "ERR Unknown option or number of arguments for CONFIG SET - 'nonsense'")]
    [TestCase("daemonize|yes", "ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable config")]
    [TestCase("dir|/", "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config")]
    [TestCase("hz|1|HZ|2", "ERR CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter")]
    [TestCase("hz|x", "ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer")]
    [TestCase("SLAVE-priority|x", "ERR CONFIG SET failed (possibly related to argument 'slave-priority') - argument couldn't be parsed into an integer")]
    [TestCase("hz", "ERR syntax error")]
    [TestCase("maxmemory-clients|101%", "ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - percentage argument must be less or equal to 100")]
    [TestCase("shutdown-on-sigterm|save nosave", "ERR CONFIG SET failed (possibly related to argument 'shutdown-on-sigterm') - shutdown options SAVE and NOSAVE can't be used simultaneously")]
    [TestCase("oom-score-adj-values|1 2", "ERR CONFIG SET failed (possibly related to argument 'oom-score-adj-values') - wrong number of arguments")]
    [TestCase("notify-keyspace-events|KQ", "ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")]
    public void A_refusal_names_the_argument(string arguments, string expected) => Assert.That(Set(arguments.Split('|')), Is.EqualTo(expected));

    [Test]
    public void A_directive_and_its_alias_are_two_parameters() =>
        Assert.That(Set("replica-priority", "1", "slave-priority", "2"), Is.Null);

    [Test]
    public void A_refused_value_puts_all_back()
    {
        Set("maxmemory", "10000002");

        var error = Set("maxmemory", "10000001", "maxmemory-clients", "200%", "client-query-buffer-limit", "invalid");

        Assert.That(error, Does.Contain("'maxmemory-clients') - percentage argument must be less or equal to 100"));
        Assert.That(_config.MaxMemory, Is.EqualTo(10000002));
    }

    [Test]
    public void A_failed_apply_puts_all_back_and_applies_the_old_values()
    {
        var applied = new List<string>();
        _config.OnApply(
            config =>
            {
                applied.Add($"oom {config.OomScoreAdj} {config.OomScoreAdjValues[0]}");
                return null;
            },
            "oom-score-adj", "oom-score-adj-values");
        _config.OnApply(
            config =>
            {
                applied.Add($"port {config.Port}");
                return config.Port == 7 ? "Unable to listen on this port. Check server logs." : null;
            },
            "port");

        var error = Set("oom-score-adj", "yes", "oom-score-adj-values", "1 1 1", "maxmemory", "1", "port", "7");

        Assert.That(error, Is.EqualTo(
            "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs."));
        Assert.That(applied, Is.EqualTo(new[] { "oom Relative 1", "port 7", "oom No 0", "port 6379" }));
        Assert.That((_config.Port, _config.MaxMemory, _config.OomScoreAdj), Is.EqualTo((6379, 0UL, OomScoreAdj.No)));
        Assert.That(_log.Lines, Does.Contain(
            "# Failed applying new configuration. Possibly related to new port setting. Restoring previous settings."));
    }

    [Test]
    public void An_unchanged_value_is_not_applied_unless_it_names_a_file()
    {
        var applied = 0;
        _config.OnApply(_ => { applied++; return null; }, "port", "tls-cert-file");

        Set("port", "6379");
        Assert.That(applied, Is.Zero);

        Set("tls-cert-file", "");
        Assert.That(applied, Is.EqualTo(1));
    }

    [Test]
    public void Protected_directives_open_up_for_local_clients_if_configured()
    {
        _config.Set("enable-protected-configs", "local");

        Assert.That(Set("dbfilename", "x.rdb"), Does.EndWith("can't set protected config"));
        Assert.That(
            ConfigSet.Execute(_config, _log.Log, ["dbfilename", "x.rdb"], ServerPhase.Running, ClientOrigin.Local).IsOk, Is.True);
    }

    [Test]
    public void Some_directives_wait_for_loading_to_end()
    {
        var reply = ConfigSet.Execute(_config, _log.Log, ["appendonly", "yes"], ServerPhase.Loading, ClientOrigin.Local);

        Assert.That(reply.Error, Is.EqualTo("LOADING Redis is loading the dataset in memory"));
    }

    [Test]
    public void Dir_returns_when_another_directive_is_refused()
    {
        var before = Directory.GetCurrentDirectory();
        _config.Set("enable-protected-configs", "yes");

        Assert.That(Set("dir", Path.GetTempPath(), "hz", "x"), Is.Not.Null);
        Assert.That((Directory.GetCurrentDirectory(), _config.Dir), Is.EqualTo((before, before)));

        Assert.That(Set("dir", "/no/such/place"), Does.EndWith(" - No such file or directory"));
    }

    [Test]
    public void Hz_is_kept_in_its_range()
    {
        Set("hz", "100000");
        Assert.That(_config.Hz, Is.EqualTo(500));

        Set("hz", "0");
        Assert.That(_config.Hz, Is.EqualTo(1));
    }

    [TestCase("notify-keyspace-events", "KEA", "AKE")]
    [TestCase("notify-keyspace-events", "mKE$lshzxeg", "g$lshzxeKEm")]
    [TestCase("maxmemory-clients", "5%", "5%")]
    [TestCase("maxmemory-clients", "5kb", "5120")]
    [TestCase("oom-score-adj", "relative", "yes")]
    [TestCase("client-output-buffer-limit", "replica 1mb 2kb 3", "normal 0 0 0 slave 1048576 2048 3 pubsub 33554432 8388608 60")]
    [TestCase("bind", "", "")]
    [TestCase("save", "", "")]
    [TestCase("latency-tracking-info-percentiles", "50 99.90 1e1", "50 99.9 10")]
    [TestCase("latency-tracking-info-percentiles", "", "")]
    [TestCase("list-max-ziplist-size", "-5", "-5")]
    [TestCase("requirepass", "se cret", "se cret")]
    public void A_value_reads_back_normalised(string name, string value, string expected)
    {
        Assert.That(Set(name, value), Is.Null);
        Assert.That(_config.Format(name), Is.EqualTo(expected));
    }

    [Test]
    public void Secrets_are_known_by_name() =>
        Assert.That((ConfigSet.IsSensitive("requirepass"), ConfigSet.IsSensitive("MasterAuth"), ConfigSet.IsSensitive("port")),
            Is.EqualTo((true, true, false)));
}
