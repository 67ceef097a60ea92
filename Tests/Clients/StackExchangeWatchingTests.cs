using KestrelFree.Tests.Support;
using NUnit.Framework;
using StackExchange.Redis;

namespace KestrelFree.Tests.Clients;

/// <summary>StackExchange.Redis's transactions, subscriptions and notifications against the executable.</summary>
internal sealed class StackExchangeWatchingTests
{
    private ServerProcess _server = null!;
    private ConnectionMultiplexer _multiplexer = null!;

    [OneTimeSetUp]
    public void Connect()
    {
        _server = KestrelFreeProcess.Start("--notify-keyspace-events", "KEA");
        _multiplexer = ConnectionMultiplexer.Connect(Options(_server));
    }

    [OneTimeTearDown]
    public void Disconnect()
    {
        _multiplexer?.Dispose();
        _server?.Dispose();
    }

    [Test]
    public async Task A_transaction_runs_when_its_conditions_hold()
    {
        var database = _multiplexer.GetDatabase();
        database.StringSet("balance", 10);
        var transaction = database.CreateTransaction();
        transaction.AddCondition(Condition.StringEqual("balance", 10));
        var increased = transaction.StringIncrementAsync("balance", 5);

        Assert.That(await transaction.ExecuteAsync(), Is.True);
        Assert.That(await increased, Is.EqualTo(15));
    }

    [Test]
    public void A_transaction_does_nothing_when_a_condition_fails()
    {
        var database = _multiplexer.GetDatabase();
        database.StringSet("stock", 1);
        var transaction = database.CreateTransaction();
        transaction.AddCondition(Condition.StringEqual("stock", 2));
        _ = transaction.StringSetAsync("stock", 100);

        Assert.That(transaction.Execute(), Is.False);
        Assert.That((long)database.StringGet("stock"), Is.EqualTo(1));
    }

    // Each increment reads, and writes on the condition that nobody has written since, which the client has WATCH see to.
    [Test]
    public async Task Of_two_who_write_what_they_have_read_one_tries_again()
    {
        using var second = ConnectionMultiplexer.Connect(Options(_server));
        _multiplexer.GetDatabase().StringSet("contended", 0);

        var successes = await Task.WhenAll(Increment(_multiplexer.GetDatabase(), 100), Increment(second.GetDatabase(), 100));

        Assert.That((long)_multiplexer.GetDatabase().StringGet("contended"), Is.EqualTo(200));
        Assert.That(successes, Is.All.EqualTo(100));
    }

    [Test]
    public void Events_reach_patterns_in_their_order()
    {
        var heard = new List<string>();
        _multiplexer.GetSubscriber().Subscribe(new RedisChannel("__key*@3__:*", RedisChannel.PatternMode.Pattern), (channel, message) => Add(heard, $"{channel} {message}"));

        _multiplexer.GetDatabase(3).ListLeftPush("list", "a");
        _multiplexer.GetDatabase(3).KeyDelete("list");

        Eventually.True(() => Count(heard) == 4, () => $"heard {Count(heard)}");
        Assert.That(heard, Is.EquivalentTo(new[] { "__keyspace@3__:list lpush", "__keyevent@3__:lpush list", "__keyspace@3__:list del", "__keyevent@3__:del list" }));
    }

    [Test]
    public void Shard_channels_are_published_to_with_a_raw_command()
    {
        using var subscriber = _server.Connect();
        subscriber.Ask("SSUBSCRIBE", "shard");

        Assert.That((long)_multiplexer.GetDatabase().Execute("SPUBLISH", "shard", "hello"), Is.EqualTo(1));
        Assert.That(subscriber.ReadText(), Does.Contain("smessage").And.Contain("hello"));
    }

    // The client reads messages of one text only, so that another connection is told of what it may have cached.
    [Test]
    public void What_it_has_read_is_tracked_and_another_connection_told()
    {
        using var receiver = _server.Connect();
        var id = receiver.Ask("CLIENT", "ID")[1..];
        receiver.Ask("SUBSCRIBE", "__redis__:invalidate");
        var database = _multiplexer.GetDatabase();
        database.Execute("CLIENT", "TRACKING", "ON", "REDIRECT", id);
        database.StringGet("tracked");

        database.StringSet("tracked", "v");

        Assert.That(receiver.ReadText(), Does.Contain("__redis__:invalidate").And.Contain("tracked"));
        database.Execute("CLIENT", "TRACKING", "OFF");
    }

    [Test]
    public void Messages_reach_channels_and_patterns()
    {
        var heard = new List<string>();
        var subscriber = _multiplexer.GetSubscriber();
        subscriber.Subscribe("orders.new", (channel, message) => Add(heard, $"channel {message}"));
        subscriber.Subscribe(new RedisChannel("orders.*", RedisChannel.PatternMode.Pattern), (channel, message) => Add(heard, $"{channel} {message}"));

        Assert.That(subscriber.Publish("orders.new", "1"), Is.EqualTo(2));
        Eventually.True(() => Count(heard) == 2, () => $"heard {Count(heard)}");
        subscriber.UnsubscribeAll();
        Assert.That(subscriber.Publish("orders.new", "2"), Is.Zero);

        Assert.That(heard.Order(StringComparer.Ordinal), Is.EqualTo(new[] { "channel 1", "orders.new 1" }));
    }

    [Test]
    public void Keys_that_expire_are_told()
    {
        var heard = new List<string>();
        _multiplexer.GetSubscriber().Subscribe("__keyevent@0__:expired", (channel, message) => Add(heard, message!));

        _multiplexer.GetDatabase().StringSet("due", "v", TimeSpan.FromMilliseconds(20));

        Eventually.True(() => Count(heard) == 1, () => "nothing expired");
        Assert.That(heard, Is.EqualTo(new[] { "due" }));
    }

    [Test]
    public void Slow_commands_are_parsed()
    {
        var server = _multiplexer.GetServer("127.0.0.1", _server.Port);
        server.ConfigSet("slowlog-log-slower-than", "0");
        _multiplexer.GetDatabase().StringSet("slow", "v");
        server.ConfigSet("slowlog-log-slower-than", "-1");

        var entries = server.SlowlogGet(100);

        Assert.That(entries, Has.Some.Matches<CommandTrace>(entry => entry is { Arguments.Length: > 1 } && (string?)entry.Arguments[1] == "slow"));
    }

    private static async Task<int> Increment(IDatabase database, int times)
    {
        var done = 0;
        while (done < times)
        {
            var read = (long)await database.StringGetAsync("contended");
            var transaction = database.CreateTransaction();
            transaction.AddCondition(Condition.StringEqual("contended", read));
            _ = transaction.StringSetAsync("contended", read + 1);
            if (await transaction.ExecuteAsync()) done++;
        }

        return done;
    }

    private static ConfigurationOptions Options(ServerProcess server)
    {
        // The limits are CI's: its machine may stall for seconds.
        var options = new ConfigurationOptions { AllowAdmin = true, ConnectTimeout = 20_000, SyncTimeout = 20_000, ResponseTimeout = 20_000 };
        options.EndPoints.Add("127.0.0.1", server.Port);
        return options;
    }

    private static void Add(List<string> heard, string what)
    {
        lock (heard) heard.Add(what);
    }

    private static int Count(List<string> heard)
    {
        lock (heard) return heard.Count;
    }
}
