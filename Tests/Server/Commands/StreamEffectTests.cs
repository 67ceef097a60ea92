using System.Text.RegularExpressions;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Notifications;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

/// <summary>What the stream commands tell of their effects: to subscribers, and to those who keep a copy.</summary>
internal sealed partial class StreamEffectTests
{
    private readonly Recorder _recorder = new();
    private readonly Copying _copying = new();
    private InProcessServer _server = null!;
    private InProcessServer _copy = null!;
    private RawConnection _client = null!;
    private RawConnection _copyClient = null!;

    [OneTimeSetUp]
    public void Start()
    {
        _server = new InProcessServer();
        _copy = new InProcessServer();
        _client = _server.Connect();
        _copyClient = _copy.Connect();
        _server.OnLoop(() =>
        {
            _server.Server.Observer.Notifications.Enable(NotifyClasses.Keyspace | NotifyClasses.Stream | NotifyClasses.Generic);
            _server.Server.Observer.Notifications.Receiver = _recorder;
            _server.Server.Propagation.Attach(_copying);
            return 0;
        });
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _client?.Dispose();
        _copyClient?.Dispose();
        _server?.Dispose();
        _copy?.Dispose();
    }

    [SetUp]
    public void Fill()
    {
        foreach (var line in new[] { "FLUSHALL", "XADD s 1-0 f a", "XADD s 2-0 f b", "XADD s 3-0 f c", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c COUNT 2 STREAMS s >" })
            _client.AskLine(line);
        _server.OnLoop(_recorder.Take);
    }

    [TestCase("XADD s 4-0 f d", "xadd s")]
    [TestCase("XADD s MAXLEN 1 4-0 f d", "xadd s, xtrim s")]
    [TestCase("XADD s MAXLEN ~ 1 4-0 f d", "xadd s")]
    [TestCase("XADD s 1-0 f d", "")]
    [TestCase("XADD none NOMKSTREAM 1-0 f d", "")]
    [TestCase("XTRIM s MAXLEN 1", "xtrim s")]
    [TestCase("XTRIM s MAXLEN 9", "")]
    [TestCase("XDEL s 1-0 2-0", "xdel s")]
    [TestCase("XDEL s 9-0", "")]
    [TestCase("XDELEX s IDS 1 1-0", "xdel s")]
    [TestCase("XDELEX s ACKED IDS 1 1-0", "")]
    [TestCase("XACKDEL s g IDS 1 1-0", "xdel s")]
    [TestCase("XSETID s 9-0", "xsetid s")]
    [TestCase("XGROUP CREATE s h 0", "xgroup-create s")]
    [TestCase("XGROUP CREATE new h 0 MKSTREAM", "xgroup-create new")]
    [TestCase("XGROUP SETID s g 0", "xgroup-setid s")]
    [TestCase("XGROUP DESTROY s g", "xgroup-destroy s")]
    [TestCase("XGROUP DESTROY s none", "")]
    [TestCase("XGROUP CREATECONSUMER s g d", "xgroup-createconsumer s")]
    [TestCase("XGROUP CREATECONSUMER s g c", "")]
    [TestCase("XGROUP DELCONSUMER s g c", "xgroup-delconsumer s")]
    [TestCase("XGROUP DELCONSUMER s g none", "")]
    [TestCase("XREADGROUP GROUP g c STREAMS s >", "")]
    [TestCase("XREADGROUP GROUP g d STREAMS s >", "xgroup-createconsumer s")]
    [TestCase("XREADGROUP GROUP g d CLAIM 0 STREAMS s >", "xgroup-createconsumer s")]
    [TestCase("XCLAIM s g d 0 1-0", "xgroup-createconsumer s")]
    [TestCase("XAUTOCLAIM s g d 0 0", "xgroup-createconsumer s")]
    [TestCase("XACK s g 1-0", "")]
    public void A_command_tells_of_its_effects(string line, string events)
    {
        _client.AskLine(line);

        Assert.That(_server.OnLoop(_recorder.Take), Is.EqualTo(events));
    }

    [TestCase("XACK s g 1-0", false)]
    [TestCase("XREADGROUP GROUP g c STREAMS s >", false)]
    [TestCase("XREADGROUP GROUP g d CLAIM 0 STREAMS s >", false)]
    [TestCase("XGROUP SETID s g 0", false)]
    [TestCase("XADD s 9-0 f v", true)]
    [TestCase("XDEL s 1-0", true)]
    public void Only_a_change_of_entries_aborts_transactions(string line, bool isAborted)
    {
        using var watcher = _server.Connect();
        watcher.Ask("WATCH", "s");
        _client.AskLine(line);
        watcher.Ask("MULTI");

        Assert.That(watcher.Ask("EXEC"), Is.EqualTo(isAborted ? "*nil" : "*0"));
    }

    [Test]
    public void A_copy_that_is_fed_the_effects_has_the_same_streams([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        _client.Ask("FLUSHALL");
        for (var step = 0; step < 600; step++)
            _client.AskLine(Request(random));

        foreach (var request in _server.OnLoop(_copying.Take))
        {
            _copyClient.Send(request);
            Assert.That(_copyClient.ReadText(), Does.Not.StartWith("-"), $"seed {seed}: {ByteText.Text(request)}");
        }

        foreach (var key in new[] { "s", "t" })
            Assert.That(Description(_copyClient, key), Is.EqualTo(Description(_client, key)), $"seed {seed}");
    }

    private static string Request(Random random)
    {
        string key = random.Next(3) == 0 ? "t" : "s", group = $"g{random.Next(2)}", consumer = $"c{random.Next(3)}", id = $"{random.Next(60)}-{random.Next(2)}";
        return random.Next(20) switch
        {
            0 => $"XGROUP CREATE {key} {group} {(random.Next(2) == 0 ? "$" : "0")} MKSTREAM",
            1 or 2 or 3 or 4 => $"XREADGROUP GROUP {group} {consumer} COUNT {random.Next(1, 4)} STREAMS {key} >",
            5 => $"XREADGROUP GROUP {group} {consumer} NOACK COUNT 2 STREAMS {key} >",
            6 => $"XREADGROUP GROUP {group} {consumer} STREAMS {key} 0",
            7 => $"XACK {key} {group} {id}",
            8 => $"XCLAIM {key} {group} {consumer} 0 {id} FORCE",
            9 => $"XCLAIM {key} {group} {consumer} {random.Next(2) * 5} {id} JUSTID LASTID {id}",
            10 => random.Next(2) == 0 ? $"XAUTOCLAIM {key} {group} {consumer} 0 0 COUNT 2" : $"XREADGROUP GROUP {group} {consumer} CLAIM 0 COUNT 2 STREAMS {key} >",
            11 => $"XDEL {key} {id}",
            12 => $"XTRIM {key} MAXLEN ~ {random.Next(30)}",
            13 => $"XDELEX {key} {(random.Next(2) == 0 ? "DELREF" : "ACKED")} IDS 1 {id}",
            14 => random.Next(5) == 0 ? $"XGROUP DELCONSUMER {key} {group} {consumer}" : $"XACKDEL {key} {group} IDS 1 {id}",
            _ => $"XADD {key} MAXLEN 40 {random.Next(60)}-* f {random.Next(100)}",
        };
    }

    // When consumers were last seen is nobody else's business.
    private static string Description(RawConnection client, string key) => Seen().Replace(client.Ask("XINFO", "STREAM", key, "FULL", "COUNT", "0"), "");

    [GeneratedRegex("""\$"(?:seen|active)-time"\n *:-?\d+""")]
    private static partial Regex Seen();

    private sealed class Recorder : INotificationReceiver
    {
        private readonly List<string> _events = [];

        public void Publish(NotifyClasses channels, ReadOnlySpan<byte> what, int databaseIndex, ReadOnlySpan<byte> key) =>
            _events.Add($"{ByteText.Text(what)} {ByteText.Text(key)}");

        public string Take()
        {
            var text = string.Join(", ", _events);
            _events.Clear();
            return text;
        }
    }

    private sealed class Copying : IPropagationTarget
    {
        private readonly List<byte[]> _requests = [];

        public void Feed(int database, ReadOnlySpan<byte> request) => _requests.Add(request.ToArray());

        public byte[][] Take()
        {
            var all = _requests.ToArray();
            _requests.Clear();
            return all;
        }
    }
}
