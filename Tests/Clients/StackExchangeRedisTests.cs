using KestrelFree.Tests.Support;
using NUnit.Framework;
using StackExchange.Redis;

namespace KestrelFree.Tests.Clients;

/// <summary>StackExchange.Redis against the executable: it sniffs INFO, CONFIG and CLIENT on connecting, and pipelines everything.</summary>
internal sealed class StackExchangeRedisTests
{
    private ServerProcess _server = null!;
    private ConnectionMultiplexer _multiplexer = null!;

    [OneTimeSetUp]
    public void Connect()
    {
        _server = KestrelFreeProcess.Start();
        _multiplexer = ConnectionMultiplexer.Connect(Options(_server));
    }

    [OneTimeTearDown]
    public void Disconnect()
    {
        _multiplexer?.Dispose();
        _server?.Dispose();
    }

    [Test]
    public void It_connects_and_knows_the_version()
    {
        var server = _multiplexer.GetServer("127.0.0.1", _server.Port);

        Assert.That(server.IsConnected, Is.True);
        Assert.That(server.IsSlave, Is.False);
        Assert.That(server.ServerType, Is.EqualTo(ServerType.Standalone));
        Assert.That(server.Version, Is.GreaterThanOrEqualTo(new Version(7, 0)));
    }

    [Test]
    public void Strings_are_set_and_read()
    {
        var database = _multiplexer.GetDatabase();

        Assert.That(database.StringSet("string", "value"), Is.True);
        Assert.That((string)database.StringGet("string"), Is.EqualTo("value"));
        Assert.That(database.StringSet("string", "other", when: When.NotExists), Is.False);
        Assert.That(database.StringSet("string", "other", when: When.Exists), Is.True);
        Assert.That(database.StringAppend("string", "!"), Is.EqualTo(6));
        Assert.That(database.StringLength("string"), Is.EqualTo(6));
        Assert.That(database.KeyType("string"), Is.EqualTo(RedisType.String));
        Assert.That(database.KeyExists("string"), Is.True);
        Assert.That(database.KeyDelete("string"), Is.True);
        Assert.That(database.StringGet("string").IsNull, Is.True);
    }

    [Test]
    public void Bytes_come_back_as_they_went()
    {
        var value = new byte[300_000];
        new Random(7).NextBytes(value);
        var database = _multiplexer.GetDatabase();

        database.StringSet("bytes", value);

        Assert.That((byte[])database.StringGet("bytes"), Is.EqualTo(value));
    }

    [Test]
    public void Several_keys_are_set_and_read_at_once()
    {
        var database = _multiplexer.GetDatabase(3);
        KeyValuePair<RedisKey, RedisValue>[] pairs = [new("a", 1), new("b", "two")];

        Assert.That(database.StringSet(pairs), Is.True);
        Assert.That(database.StringGet(["a", "b", "nosuch"]).Select(value => (string)value), Is.EqualTo(new string?[] { "1", "two", null }));
    }

    [Test]
    public async Task Ten_thousand_increments_in_flight_are_all_counted()
    {
        var database = _multiplexer.GetDatabase();
        database.KeyDelete("counter");

        var results = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(_ => database.StringIncrementAsync("counter")));

        Assert.That(results, Is.Unique.And.All.InRange(1L, 10_000L));
        Assert.That((long)database.StringGet("counter"), Is.EqualTo(10_000));
    }

    [Test]
    public void An_error_is_an_exception_and_the_connection_goes_on()
    {
        var database = _multiplexer.GetDatabase();
        database.StringSet("text", "abc");

        Assert.That(() => database.StringIncrement("text"), Throws.TypeOf<RedisServerException>().With.Message.Contains("not an integer"));
        Assert.That((string)database.StringGet("text"), Is.EqualTo("abc"));
    }

    [Test]
    public void Server_commands_answer()
    {
        var server = _multiplexer.GetServer("127.0.0.1", _server.Port);

        Assert.That(server.Time(), Is.EqualTo(DateTime.UtcNow).Within(TimeSpan.FromMinutes(1)));
        Assert.That(server.ClientList(), Has.Some.Matches<ClientInfo>(client => client?.Database == 0));
        Assert.That(server.ConfigGet("maxmemory")[0].Value, Is.EqualTo("0"));
        Assert.That(server.Info("server")![0].Single(pair => pair.Key == "tcp_port").Value, Is.EqualTo($"{_server.Port}"));
        server.FlushDatabase(9);
        Assert.That(server.DatabaseSize(9), Is.Zero);
    }

    [Test]
    public void A_password_is_given_on_connecting()
    {
        using var server = KestrelFreeProcess.Start("--requirepass", "secret");
        var options = Options(server);
        options.Password = "secret";

        using var multiplexer = ConnectionMultiplexer.Connect(options);

        Assert.That(multiplexer.GetDatabase().Ping(), Is.GreaterThan(TimeSpan.Zero));
    }

    private static ConfigurationOptions Options(ServerProcess server)
    {
        // The limits are CI's: its machine may stall for seconds.
        var options = new ConfigurationOptions { AllowAdmin = true, ConnectTimeout = 20_000, SyncTimeout = 20_000, ResponseTimeout = 20_000 };
        options.EndPoints.Add("127.0.0.1", server.Port);
        return options;
    }
}
