using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- expired-events [--keys 5000] [--rounds 1] [--server "NAME=COMMAND --port {port}"]...
//
// How long after its moment a key's expired event reaches a subscriber. A million keys with a day to live are there already. So many more fall due
// evenly over five seconds, each named after its moment, while one connection sends pipelines of 20 SETs and STRLENs, 10,000 requests a second. What
// is told is the time from the moment to when the subscriber reads the event, a whole millisecond's worth of rounding included.

/// <summary>Measures how late expired events are, beside redis-server.</summary>
internal sealed class ExpiredEventsMeasurement
{
    private const int DistantKeys = 1_000_000;
    private const int OverMs = 5000;
    private const int GiveUpMs = 30_000;
    private const int RequestsPerTurn = 20;
    private const int TurnMs = 2;

    private readonly CommandOptions _options;
    private readonly int _keys;

    private ExpiredEventsMeasurement(CommandOptions options)
    {
        _options = options;
        _keys = options.Has("keys") ? options.Keys : 5000;
    }

    /// <summary>Runs with the arguments after "expired-events".</summary>
    public static int Run(string[] args) => new ExpiredEventsMeasurement(new CommandOptions(args)).Run();

    private int Run()
    {
        Console.WriteLine("| server | events of | median ms | p99 ms | longest ms | later than 100 ms |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var (name, command) in _options.Servers)
        {
            var late = new List<long>();
            for (var round = 0; round < _options.Rounds; round++)
                late.AddRange(Measure(name, command));
            late.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {late.Count} of {_keys * _options.Rounds} | {At(0.5)} | {At(0.99)} | {At(1)} | {late.Count(ms => ms > 100)} |"));

            string At(double share) => late.Count == 0 ? "-" : $"{late[(int)((late.Count - 1) * share)]}";
        }

        return 0;
    }

    private List<long> Measure(string name, string command)
    {
        using var server = PeerServer.Start(name, command);
        using var client = new PipelinedClient(server.Port);
        client.Ask("CONFIG", "SET", "notify-keyspace-events", "Ex");
        for (var i = 0; i < DistantKeys; i++)
            client.Send("SET", $"distant:{i:D12}", "value", "EX", "86400");
        client.Drain();

        using var subscriber = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        subscriber.Connect(IPAddress.Loopback, server.Port);
        subscriber.Send("SUBSCRIBE __keyevent@0__:expired\r\n"u8);
        var begin = NowMs() + 2000;
        for (var i = 0; i < _keys; i++)
        {
            var due = begin + ((long)i * OverMs / _keys);
            client.Send("SET", $"due:{due}:{i}", "value", "PXAT", $"{due}");
        }

        client.Drain();
        if (NowMs() > begin)
            Console.WriteLine($"{name}: keys fell due before all were set; run again on a quieter machine");
        var load = new Thread(() => Load(client, begin + OverMs)) { IsBackground = true };
        load.Start();
        var late = Listen(subscriber, begin + OverMs + GiveUpMs);
        load.Join();
        return late;
    }

    // Sleeping until the next turn is due, so that a slow turn is made up for.
    private static void Load(PipelinedClient client, long until)
    {
        var dice = new Random(1);
        for (var next = NowMs(); next < until; next += TurnMs)
        {
            for (var i = 0; i < RequestsPerTurn / 2; i++)
            {
                client.Send("SET", $"busy:{dice.Next(10_000)}", "value");
                client.Send("STRLEN", $"busy:{dice.Next(10_000)}");
            }

            client.Drain();
            var early = next + TurnMs - NowMs();
            if (early > 0) Thread.Sleep((int)early);
        }
    }

    private List<long> Listen(Socket subscriber, long until)
    {
        var late = new List<long>();
        var buffer = new byte[1 << 16];
        var length = 0;
        while (late.Count < _keys && NowMs() < until)
        {
            if (!subscriber.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead)) continue;
            length += subscriber.Receive(buffer.AsSpan(length));
            var now = NowMs();
            var rest = buffer.AsSpan(0, length);
            for (var at = rest.IndexOf("due:"u8); at >= 0 && rest[at..].IndexOf((byte)'\n') >= 0; at = rest.IndexOf("due:"u8))
            {
                if (!Utf8Parser.TryParse(rest[(at + 4)..], out long due, out _))
                    throw new UnreachableException("a key is named otherwise");
                late.Add(now - due);
                rest = rest[(at + rest[at..].IndexOf((byte)'\n'))..];
            }

            rest.CopyTo(buffer);
            length = rest.Length;
        }

        return late;
    }

    private static long NowMs() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
