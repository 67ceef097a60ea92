using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Notifications;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server;

/// <summary>Keys go without being asked for, and what clients see of time stands still within a command.</summary>
[TestFixture]
internal sealed class ActiveExpireCycleTests
{
    private InProcessServer _server = null!;
    private RawConnection _client = null!;

    [SetUp]
    public void Start()
    {
        _server = new InProcessServer(("enable-debug-command", "yes"));
        _client = _server.Connect();
    }

    [TearDown]
    public void Stop()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Test]
    public void Keys_go_from_every_database_though_nobody_reads_them()
    {
        foreach (var database in new[] { "0", "7", "15" })
        {
            _client.Ask("SELECT", database);
            _client.Ask("SET", "stays", "v", "EX", "1000");
            for (var i = 0; i < 100; i++) _client.Ask("SET", $"k{i}", "v", "PX", $"{1 + i}");
        }

        Eventually.True(() => Figure("expired_keys") == 300, () => _client.AskPayload("INFO", "stats", "keyspace"));

        Assert.That(_client.AskPayload("INFO", "keyspace"), Does.Contain("db0:keys=1,expires=1,").And.Contain("db7:keys=1,expires=1,").And.Contain("db15:keys=1,expires=1,"));
    }

    [Test]
    public void A_loop_without_work_wakes_up_for_a_key_that_comes_before_others()
    {
        var expired = new ExpiredKeys();
        _server.OnLoop(() =>
        {
            _server.Server.Observer.Notifications.Receiver = expired;
            _server.Server.Observer.Notifications.Enable(NotifyClasses.Keyevent | NotifyClasses.Expired);
            return true;
        });
        _client.Ask("SET", "late", "v", "EX", "1000");
        _client.Ask("SET", "later", "v", "EX", "2000");
        _client.Ask("SET", "soon", "v", "PX", "20");

        Assert.That(expired.First.Wait(Eventually.Patience), Is.True);
        Assert.That(expired.First.Result, Is.EqualTo("expired soon"));
    }

    [Test]
    public void It_can_be_turned_off_and_on_again()
    {
        _client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        _client.Ask("SET", "read", "v", "PX", "1");
        _client.Ask("SET", "unread", "v", "PX", "1");
        AwaitTime(300);
        Assert.That(_client.Ask("DBSIZE"), Is.EqualTo(":2"));
        Assert.That(_client.Ask("GET", "read"), Is.EqualTo("$nil"));
        Assert.That(_client.Ask("DBSIZE"), Is.EqualTo(":1"));

        _client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "1");

        Eventually.True(() => _client.Ask("DBSIZE") == ":0", () => _client.Ask("DBSIZE"));
    }

    [Test]
    public void Figures_tell_what_it_did()
    {
        const int keys = 30_000;
        _client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        _client.Send(RequestBytes.Pipeline(Enumerable.Range(0, keys).Select(i => new[] { "SET", $"k{i}", "v", "PX", "1" })));
        for (var i = 0; i < keys; i++) _client.ReadReply();
        AwaitTime(20);
        Assert.That(Figure("expire_backlog_milliseconds"), Is.GreaterThan(0));

        _client.Ask("DEBUG", "SET-ACTIVE-EXPIRE", "1");

        Eventually.True(() => Figure("expired_keys") == keys, () => _client.AskPayload("INFO", "stats"));
        Assert.That(Figure("expire_backlog_milliseconds") + Figure("expire_backlog_keys"), Is.Zero);
        Assert.That(Figure("expired_time_cap_reached_count"), Is.GreaterThan(0));
        Assert.That(Figure("expire_cycle_cpu_milliseconds"), Is.GreaterThan(0));

        _client.Ask("CONFIG", "RESETSTAT");
        Assert.That(Figure("expired_keys") + Figure("expired_time_cap_reached_count") + Figure("expire_cycle_cpu_milliseconds"), Is.Zero);
    }

    [Test]
    public void A_key_does_not_expire_in_the_middle_of_a_command()
    {
        for (var round = 0; round < 50; round++)
        {
            _client.Ask("SET", "k", "v", "PX", "2");
            var replies = _client.Ask(["MGET", .. Enumerable.Repeat("k", 5000)]).Split('\n').Skip(1).Distinct().ToArray();
            Assert.That(replies, Has.Length.EqualTo(1), $"round {round}");
        }
    }

    [Test]
    public void A_key_that_has_expired_in_a_pipeline_stays_expired()
    {
        for (var round = 0; round < 50; round++)
        {
            _client.Send(RequestBytes.Pipeline(Enumerable.Range(0, 3000).Select(i => i == 0 ? ["SET", "k", "v", "PX", "1"] : new[] { "GET", "k" })));
            _client.ReadReply();
            var replies = Enumerable.Range(1, 2999).Select(_ => ByteText.Text(_client.ReadReply())).ToArray();
            Assert.That(replies, Is.Ordered.Using<string>((a, b) => b.Length.CompareTo(a.Length)), $"round {round}");
        }
    }

    // A client that asks for the time keeps the loop turning meanwhile.
    private void AwaitTime(long milliseconds)
    {
        var until = NowMicros() + milliseconds * 1000;
        Eventually.True(() => NowMicros() > until, () => "time stands still");
    }

    private long NowMicros()
    {
        var parts = _client.Ask("TIME").Split('\n').Skip(1).Select(line => long.Parse(line.Trim(' ', '$', '"'))).ToArray();
        return parts[0] * 1_000_000 + parts[1];
    }

    private long Figure(string name)
    {
        var line = _client.AskPayload("INFO", "stats").Split("\r\n").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line[(name.Length + 1)..]);
    }

    private sealed class ExpiredKeys : INotificationReceiver
    {
        private readonly TaskCompletionSource<string> _first = new();

        public Task<string> First => _first.Task;

        public void Publish(NotifyClasses channels, ReadOnlySpan<byte> what, int databaseIndex, ReadOnlySpan<byte> key) =>
            _first.TrySetResult($"{ByteText.Text(what)} {ByteText.Text(key)}");
    }
}
