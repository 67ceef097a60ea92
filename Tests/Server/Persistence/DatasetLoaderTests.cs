using System.Net;
using KestrelFree.Server;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Persistence;
using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

/// <summary>Values so large that others are served while one is loaded; the test turns the loop.</summary>
internal sealed class DatasetLoaderTests
{
    private const int Members = 50_000;

    private TempFolder _folder = null!;
    private RedisServer _server = null!;
    private bool _isLoaded;
    private string? _fault;

    [SetUp]
    public void Start()
    {
        _folder = new TempFolder();
        var config = new ServerConfig();
        config.Set("enable-debug-command", ["yes"]);
        config.Set("loading-process-events-interval-bytes", ["1024"]);
        _server = new RedisServer(config, ServerLog.Silent);
        Assert.That(_server.Listen(new ListenSettings { Ports = new ListenPorts(ListenSettings.AnyPort, 0, 0), Bind = ["127.0.0.1"] }));
    }

    [TearDown]
    public void Stop()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [TestCase("SADD", "")]
    [TestCase("ZADD", "1")]
    [TestCase("HSET", "value")]
    [TestCase("RPUSH", "")]
    [TestCase("XADD", "*")]
    public void Others_are_served_while_a_large_value_is_loaded(string command, string between)
    {
        var (path, digest) = Saved(command, between);
        using var client = Connect();
        client.Send("PING\r\nDEBUG DIGEST\r\nSUBSCRIBE news\r\n"u8);
        Begin(path);

        _server.Loop.RunTurn(0);

        Assert.That(client.ReadText(), Does.StartWith("-LOADING "));
        Assert.That(client.ReadText(), Is.EqualTo($"+{new string('0', 40)}"), "what is half loaded was seen");
        Assert.That(client.ReadText(), Does.Contain("subscribe"));
        TurnUntil(() => _isLoaded);
        Assert.That(_fault, Is.Null);
        Assert.That(Ask("DEBUG", "DIGEST"), Is.EqualTo(digest));
    }

    [Test]
    public void A_shutdown_does_not_wait_for_the_end_of_the_value()
    {
        var (path, _) = Saved("ZADD", "1");
        using var client = Connect();
        client.SendRequest("SHUTDOWN");
        Begin(path);

        _server.Loop.RunTurn(0);

        Assert.That((_server.Shutdown.InProgress, _isLoaded), Is.EqualTo((true, false)));
        Assert.That(_server.Keyspace[0].Count, Is.Zero);
        _server.Keyspace.AssertValid();
    }

    private void Begin(string path) => _server.Loader.Begin([new RdbLoad(_server, path, KnownKeys.Refuse)], fault => (_isLoaded, _fault) = (true, fault));

    private RawConnection Connect() => new(new IPEndPoint(IPAddress.Loopback, _server.Listeners!.BoundPort));

    private string Ask(params string[] request)
    {
        using var client = Connect();
        client.SendRequest(request);
        TurnUntil(() => client.Socket.Available > 0);
        return client.ReadText();
    }

    private void TurnUntil(Func<bool> condition) => Eventually.True(
        () =>
        {
            _server.Loop.RunTurn(1);
            return condition();
        },
        () => "the loop turns in vain");

    // Another server makes the value, and the file.
    private (string Path, string Digest) Saved(string command, string between)
    {
        using var source = new InProcessServer(("enable-debug-command", "yes"));
        using var client = source.Connect();
        var perRequest = command == "XADD" ? 1 : 1000;
        for (var member = 0; member < Members; member += perRequest)
        {
            List<string> request = [command, "large"];
            for (var i = member; i < member + perRequest; i++)
            {
                if (command == "XADD") request.AddRange([between, "field", $"value {i}"]);
                else if (command == "ZADD") request.AddRange([between, $"member {i}"]);
                else if (command == "HSET") request.AddRange([$"field {i}", between]);
                else request.Add($"member {i}");
            }

            client.SendRequest(request);
        }

        for (var reply = 0; reply < Members / perRequest; reply++) client.ReadReply();
        using var file = File.Create(_folder.File("large.rdb"));
        using var snapshot = source.OnLoop(source.Server.Keyspace.Fork);
        new RdbFileWriter(file, new RdbFileOptions { RedisVersion = "7.4.0", CreatedMs = 0 }).Write(snapshot);
        return (file.Name, client.Ask("DEBUG", "DIGEST"));
    }
}
