using KestrelFree.Server;
using KestrelFree.Server.Hosting;
using KestrelFree.Server.Networking;
using KestrelFree.Tests.Server.Commands;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server;

/// <summary>maxmemory: what is evicted, what is refused, and who is told.</summary>
internal sealed class MemoryLimitTests : InProcessFixture
{
    private const int Room = 200_000;

    [SetUp]
    public void Connect_the_settings()
    {
        Server.OnLoop(() =>
        {
            LiveSettings.Connect(Server.Server, new ListenSettings());
            return 0;
        });
    }

    [TestCase("allkeys-lru")]
    [TestCase("allkeys-lrm")]
    [TestCase("allkeys-lfu")]
    [TestCase("allkeys-random")]
    [TestCase("volatile-lru")]
    [TestCase("volatile-lrm")]
    [TestCase("volatile-lfu")]
    [TestCase("volatile-random")]
    [TestCase("volatile-ttl")]
    public void The_data_set_stays_within_the_limit(string policy)
    {
        Limit(policy, Room);
        for (var i = 0; i < 10_000; i++)
            Assert.That(Client.Ask("SETEX", $"key:{i}", "10000", $"value-{i}"), Is.EqualTo("+OK"));

        Assert.That(Client.InfoNumber("used_memory"), Is.LessThan(Client.InfoNumber("maxmemory") + 4096));
        var kept = Number(Client.Ask("DBSIZE"));
        Assert.That(kept, Is.GreaterThan(1500), "far fewer keys than fit");
        Assert.That(Client.InfoNumber("evicted_keys"), Is.EqualTo(10_000 - kept));
        Server.OnLoop(() =>
        {
            Server.Server.Keyspace.Validate();
            return 0;
        });
    }

    [TestCase("volatile-lru")]
    [TestCase("volatile-lfu")]
    [TestCase("volatile-random")]
    [TestCase("volatile-ttl")]
    public void Volatile_policies_spare_keys_that_do_not_expire(string policy)
    {
        for (var i = 0; i < 1000; i++)
            Client.Ask("SET", $"kept:{i}", "value");
        Limit(policy, Room / 4);
        for (var i = 0; i < 3000; i++)
            Assert.That(Client.Ask("SETEX", $"key:{i}", "10000", "value"), Is.EqualTo("+OK"));

        Assert.That(Client.InfoNumber("evicted_keys"), Is.GreaterThan(500));
        for (var i = 0; i < 1000; i += 10)
            Assert.That(Client.Ask("EXISTS", $"kept:{i}"), Is.EqualTo(":1"));
    }

    [Test]
    public void Without_anything_to_evict_commands_that_need_memory_are_refused([Values("noeviction", "volatile-ttl")] string policy)
    {
        Client.Ask("SET", "k", "v");
        Limit(policy, -1);
        const string Refusal = "-OOM command not allowed when used memory > 'maxmemory'.";

        Assert.That(Client.Ask("SET", "k", "w"), Is.EqualTo(Refusal));
        Assert.That(Client.Ask("LPUSH", "l", "w"), Is.EqualTo(Refusal));
        Assert.That(Client.Ask("GET", "k"), Is.EqualTo("$\"v\""));
        Assert.That(Client.Ask("MULTI"), Is.EqualTo("+OK"));
        Assert.That(Client.Ask("GET", "k"), Is.EqualTo(Refusal), "nothing is queued");
        Assert.That(Client.Ask("EXEC"), Is.EqualTo("-EXECABORT Transaction discarded because of previous errors."));
        Assert.That(Client.Ask("DEL", "k"), Is.EqualTo(":1"));
        Assert.That(Client.InfoNumber("current_eviction_exceeded_time"), Is.GreaterThanOrEqualTo(0));
    }

    [Test]
    public void Exec_is_refused_for_what_it_has_queued()
    {
        Client.Ask("SET", "k", "v");
        Client.Ask("MULTI");
        Client.Ask("SET", "k", "w");
        using var other = Server.Connect();
        Assert.That(other.Ask("CONFIG", "SET", "maxmemory", "1"), Is.EqualTo("+OK"));

        Assert.That(Client.Ask("EXEC"), Does.StartWith("-EXECABORT Transaction discarded because of: OOM command not allowed"));
        Assert.That(Client.Ask("GET", "k"), Is.EqualTo("$\"v\""));
    }

    [Test]
    public void The_keys_used_least_recently_go_first()
    {
        for (var i = 0; i < 2000; i++)
            Client.Ask("SET", $"key:{i}", "some value");
        Client.Ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        Server.OnLoop(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                var entry = Server.Server.Keyspace[0].Peek(System.Text.Encoding.ASCII.GetBytes($"key:{i}"));
                entry.SetIdle(1000);
            }

            return 0;
        });
        Limit("allkeys-lru", -14_000);
        Eventually.True(() => Client.InfoNumber("used_memory") <= Client.InfoNumber("maxmemory"), () => Client.InfoField("used_memory"));

        var evicted = Client.InfoNumber("evicted_keys");
        var old = Enumerable.Range(0, 1000).Count(i => Client.Ask("EXISTS", $"key:{i}") == ":1");
        Assert.That(evicted, Is.InRange(100, 900));
        Assert.That(1000 - old, Is.EqualTo(evicted), "a key in use went before an old one");
    }

    [Test]
    public void The_keys_used_least_often_go_first()
    {
        Client.Ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
        for (var i = 0; i < 2000; i++)
            Client.Ask("SET", $"key:{i}", "some value");
        Server.OnLoop(() =>
        {
            for (var i = 0; i < 1000; i++)
                Server.Server.Keyspace[0].Peek(System.Text.Encoding.ASCII.GetBytes($"key:{i}")).SetFrequency(200);
            return 0;
        });
        Limit("allkeys-lfu", -14_000);
        Eventually.True(() => Client.InfoNumber("used_memory") <= Client.InfoNumber("maxmemory"), () => Client.InfoField("used_memory"));

        Assert.That(Client.InfoNumber("evicted_keys"), Is.InRange(100, 900));
        for (var i = 0; i < 1000; i++)
            Assert.That(Client.Ask("EXISTS", $"key:{i}"), Is.EqualTo(":1"), $"key:{i}, which is used often");
    }

    [Test]
    public void Reading_keeps_a_key_from_eviction_under_lru_but_not_under_lrm([Values("allkeys-lru", "allkeys-lrm")] string policy)
    {
        Client.Ask("CONFIG", "SET", "maxmemory-policy", policy);
        Client.Ask("SET", "k", "v");
        Server.OnLoop(() =>
        {
            Server.Server.Keyspace[0].Peek("k"u8).SetIdle(1000);
            return 0;
        });
        Client.Ask("GET", "k");
        Assert.That(Number(Client.Ask("OBJECT", "IDLETIME", "k")), policy == "allkeys-lru" ? Is.LessThan(500) : Is.AtLeast(1000));
        Client.Ask("SET", "k", "w");
        Assert.That(Number(Client.Ask("OBJECT", "IDLETIME", "k")), Is.LessThan(500));
    }

    [Test]
    public void Evictions_are_told_of()
    {
        Client.Ask("CONFIG", "SET", "notify-keyspace-events", "Ee");
        using var listener = Server.Connect();
        listener.Ask("SUBSCRIBE", "__keyevent@0__:evicted");
        Client.Ask("SET", "k", "v");
        Limit("allkeys-random", -1);

        Eventually.True(() => Client.Ask("DBSIZE") == ":0", () => Client.Ask("DBSIZE"));
        Assert.That(listener.ReadText(), Does.Contain("evicted").And.Contain("\"k\""));
        Assert.That(Client.InfoNumber("evicted_keys"), Is.EqualTo(1));
    }

    [TestCase("no", "DEL")]
    [TestCase("yes", "UNLINK")]
    public void Evictions_are_propagated_as_deletions(string lazily, string command)
    {
        var fed = new FedEffects();
        Client.Ask("CONFIG", "SET", "lazyfree-lazy-eviction", lazily);
        Client.Ask("SET", "k", "v");
        Server.OnLoop(() =>
        {
            Server.Server.Propagation.Attach(fed);
            return 0;
        });
        Limit("allkeys-lru", -1);

        Eventually.True(() => Client.Ask("DBSIZE") == ":0", () => Client.Ask("DBSIZE"));
        Assert.That(Server.OnLoop(fed.Take), Is.EqualTo(new[] { $"0 {command} k" }));
    }

    [Test]
    public void A_limit_far_below_is_reached_without_requests_and_in_slices()
    {
        for (var i = 0; i < 20_000; i += 100)
            Client.Ask(["MSET", .. Enumerable.Range(i, 100).SelectMany(n => new[] { $"key:{n}", $"value-{n}" })]);
        Limit("allkeys-lru", -500_000);

        Eventually.True(() => Server.OnLoop(() => Server.Server.Keyspace.DataBytes <= Server.Server.Memory.LimitBytes), () => Client.InfoField("used_memory"));
        Server.OnLoop(() =>
        {
            Server.Server.Keyspace.Validate();
            return 0;
        });
    }

    [Test]
    public void All_keys_go_when_there_is_no_room_for_any()
    {
        foreach (var database in new[] { "0", "5" })
        {
            Client.Ask("SELECT", database);
            for (var i = 0; i < 300; i++)
                Client.Ask("SADD", $"key:{i}", "a", "b", $"{i}");
        }

        Limit("allkeys-lfu", 0, "1");
        Eventually.True(() => Client.InfoField("evicted_keys") == "600", () => Client.InfoField("evicted_keys"));
        Assert.That(Client.Ask("DBSIZE"), Is.EqualTo(":0"));
    }

    [Test]
    public void A_limit_may_be_a_share_of_the_memory_there_is()
    {
        Assert.That(Client.Ask("CONFIG", "SET", "maxmemory", "50%"), Is.EqualTo("+OK"));
        Assert.That(Client.Ask("CONFIG", "GET", "maxmemory"), Does.Contain("50%"));
        var available = MachineMemory.Read().AvailableBytes;
        Assert.That(Client.InfoNumber("maxmemory"), Is.EqualTo(available / 2).Within(1));
        Assert.That(Client.Ask("CONFIG", "SET", "maxmemory", "101%"), Does.Contain("argument must be a memory value"));
    }

    // Room above (or below) what is used now.
    private void Limit(string policy, long room, string? limit = null)
    {
        limit ??= $"{Client.InfoNumber("used_memory") + room}";
        Assert.That(Client.Ask("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", limit), Is.EqualTo("+OK"));
    }

    private static long Number(string reply) => long.Parse(reply[1..], System.Globalization.CultureInfo.InvariantCulture);
}
