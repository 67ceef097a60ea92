using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- usage [--executable PATH] [--only NAME] [--what SHAPE,SHAPE,...] [--growth 64]
//
// What MEMORY USAGE says of keys of every type and encoding, against what these keys cost: by how much their making lets used_memory and the
// resident memory grow. A server is started for each shape. Half of the keys are made before, so that what the process itself grows by (code, room for
// the collector) is not counted; then as many as should take `--growth` MiB. A ratio below 1 says that MEMORY USAGE says too little.

/// <summary>Measures MEMORY USAGE beside the growth of used and of resident memory, one line a shape.</summary>
internal static class UsageMeasurement
{
    private const int ProbeKeys = 100;
    private const int MiB = 1 << 20;

    // Name, the encoding that it must have, and how a key is made.
    private static readonly Shape[] Shapes =
    [
        new("integer", "int", (client, key) => client.SendUnheard("SET", key, "123456789")),
        new("string of 20", "embstr", (client, key) => client.SendUnheard("SET", key, Text(20))),
        new("string of 20 that expires", "embstr", (client, key) => client.SendUnheard("SET", key, Text(20), "EX", "100000")),
        new("string of 150", "raw", (client, key) => client.SendUnheard("SET", key, Text(150))),
        new("string of 1000", "raw", (client, key) => client.SendUnheard("SET", key, Text(1000))),
        new("string of 10000", "raw", (client, key) => client.SendUnheard("SET", key, Text(10_000))),
        new("string of 300000", "raw", (client, key) => client.SendUnheard("SET", key, Text(300_000))),
        new("key of 300", "embstr", (client, key) => client.SendUnheard("SET", key + Text(290), "value")),
        new("appended to 400", "raw", (client, key) => Repeat(4, _ => client.SendUnheard("APPEND", key, Text(100)))),
        new("appended to 6000", "raw", (client, key) => Repeat(6, _ => client.SendUnheard("APPEND", key, Text(1000)))),
        new("list of 4", "listpack", (client, key) => Add(client, "RPUSH", key, 4, Element)),
        new("list of 2000", "quicklist", (client, key) => Add(client, "RPUSH", key, 2000, Element)),
        new("list of 2000, compressed", "quicklist", (client, key) => Add(client, "RPUSH", key, 2000, Element), "list-compress-depth 1"),
        new("list of large", "quicklist", (client, key) => Add(client, "RPUSH", key, 10, _ => [Text(9000)])),
        new("set of 4 integers", "intset", (client, key) => Add(client, "SADD", key, 4, Number)),
        new("set of 400 integers", "intset", (client, key) => Add(client, "SADD", key, 400, Number)),
        new("set of 4", "listpack", (client, key) => Add(client, "SADD", key, 4, Element)),
        new("set of 300", "hashtable", (client, key) => Add(client, "SADD", key, 300, Element)),
        new("set of 5000", "hashtable", (client, key) => Add(client, "SADD", key, 5000, Element)),
        new("set of 5000 integers", "hashtable", (client, key) => Add(client, "SADD", key, 5000, Number)),
        new("hash of 4", "listpack", (client, key) => Add(client, "HSET", key, 4, Field)),
        new("hash of 4, 1 expires", "listpackex", (client, key) => Expire(client, key, 4, 1)),
        new("hash of 100, 25 expire", "listpackex", (client, key) => Expire(client, key, 100, 25)),
        new("hash of 600", "hashtable", (client, key) => Add(client, "HSET", key, 600, Field)),
        new("hash of 600, 60 expire", "hashtable", (client, key) => Expire(client, key, 600, 60)),
        new("hash of 600, all expire", "hashtable", (client, key) => Expire(client, key, 600, 600)),
        new("hash of 5000, 500 expire", "hashtable", (client, key) => Expire(client, key, 5000, 500)),
        new("hash of 600 large", "hashtable", (client, key) => Add(client, "HSET", key, 600, i => [$"field:{i}", Text(300)])),
        new("sorted set of 4", "listpack", (client, key) => Add(client, "ZADD", key, 4, Scored)),
        new("sorted set of 300", "skiplist", (client, key) => Add(client, "ZADD", key, 300, Scored)),
        new("sorted set of 5000", "skiplist", (client, key) => Add(client, "ZADD", key, 5000, Scored)),
        new("stream of 1", "stream", (client, key) => AddEntries(client, key, 1)),
        new("stream of 500", "stream", (client, key) => AddEntries(client, key, 500)),
        new("stream of 500, 200 pending", "stream", (client, key) => AddPending(client, key, 500, 200)),
        new("HyperLogLog of 10000", "raw", (client, key) => Add(client, "PFADD", key, 10_000, Element)),
        new("bitmap of 2000", "raw", (client, key) => client.SendUnheard("SETBIT", key, "15999", "1")),
    ];

    /// <summary>Runs with the arguments after "usage".</summary>
    public static int Run(string[] args)
    {
        var options = new CommandOptions(args);
        var ours = options.Executable ?? Peers.SolutionFile("Server", "bin", "Release", "net10.0", "kestrel-free");
        (string Name, string Executable)[] servers = [("kestrel-free", ours), ("redis-server", "redis-server")];
        var wanted = options.What("");
        Console.WriteLine("| shape | server | keys | said a key | said / used | said / resident |\n|---|---|---|---|---|---|");
        foreach (var shape in Shapes.Where(shape => wanted is [""] || wanted.Any(name => shape.Name.StartsWith(name, StringComparison.Ordinal))))
        {
            foreach (var (name, executable) in servers.Where(server => server.Name == (options.Only ?? "kestrel-free"))) Measure(shape, name, executable, options.GrowthMiB * MiB);
        }

        return 0;
    }

    private static void Measure(Shape shape, string name, string executable, long bytes)
    {
        var settings = shape.Settings.Length == 0 ? "" : "--" + shape.Settings;
        using var server = PeerServer.Start(name, $"{executable} --port {{port}} --bind 127.0.0.1 --save '' --loglevel warning {settings}");
        using var client = new PipelinedClient(server.Port);
        var probe = Make(client, shape, 0, ProbeKeys);
        if (client.Ask("OBJECT", "ENCODING", Key(0)) is var encoding && encoding.Length > 0 && encoding != shape.Encoding)
            throw new InvalidOperationException($"{shape.Name} is {encoding}");
        var keys = (int)Math.Max(ProbeKeys, bytes / Math.Max(1, Said(client, shape, 0, probe) / ProbeKeys));
        var measured = ProbeKeys + keys / 2;
        Make(client, shape, ProbeKeys, measured);
        var (used, resident) = Taken(server, client);
        Make(client, shape, measured, measured + keys);
        var (usedAfter, residentAfter) = Taken(server, client);
        if (!client.Ask("INFO", "stats").Contains("total_error_replies:0", StringComparison.Ordinal))
            throw new InvalidOperationException($"{shape.Name} meets errors: {client.Ask("INFO", "errorstats")}");
        var said = (double)Said(client, shape, measured, measured + keys);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {shape.Name} | {name} | {keys} | {said / keys:F1} | {said / (usedAfter - used):F3} | {said / (residentAfter - resident):F3} |"));
    }

    private static int Make(PipelinedClient client, Shape shape, int from, int until)
    {
        client.BeUnheard();
        for (var number = from; number < until; number++) shape.Make(client, Key(number));
        client.BeHeard();
        return until;
    }

    private static (long Used, long Resident) Taken(PeerServer server, PipelinedClient client)
    {
        // Upkeep that follows a load, such as the release of what a table has outgrown, comes to its end.
        Thread.Sleep(500);
        var used = client.Ask("INFO", "memory").Split("\r\n").Single(line => line.StartsWith("used_memory:", StringComparison.Ordinal));
        return (long.Parse(used.Split(':')[1], CultureInfo.InvariantCulture), server.ResidentBytes);
    }

    private static long Said(PipelinedClient client, Shape shape, int from, int until)
    {
        var tail = shape.Name.StartsWith("key of", StringComparison.Ordinal) ? Text(290) : "";
        var said = new List<long>();
        long sum = 0;
        for (var number = from; number < until;)
        {
            for (var batch = 0; batch < ProbeKeys && number < until; batch++) client.SendForInteger("MEMORY", "USAGE", Key(number++) + tail);
            client.DrainIntegers(said);
            sum += said.Sum();
        }

        return sum;
    }

    private static void Add(PipelinedClient client, string command, string key, int elements, Func<int, string[]> element)
    {
        const int AtOnce = 100;
        for (var first = 0; first < elements; first += AtOnce)
        {
            var many = Enumerable.Range(first, Math.Min(AtOnce, elements - first)).SelectMany(element);
            client.SendUnheard([command, key, .. many]);
        }
    }

    private static void Expire(PipelinedClient client, string key, int fields, int expiring)
    {
        Add(client, "HSET", key, fields, Field);
        client.SendUnheard(["HPEXPIRE", key, "100000000", "FIELDS", $"{expiring}", .. Enumerable.Range(0, expiring).Select(number => Field(number)[0])]);
    }

    private static void AddEntries(PipelinedClient client, string key, int entries) =>
        Repeat(entries, i => client.SendUnheard("XADD", key, "*", "sensor", $"{i % 10}", "temperature", $"{i}"));

    private static void AddPending(PipelinedClient client, string key, int entries, int pending)
    {
        AddEntries(client, key, entries);
        client.SendUnheard("XGROUP", "CREATE", key, "group", "0");
        Repeat(4, i => client.SendUnheard("XREADGROUP", "GROUP", "group", $"consumer-{i}", "COUNT", $"{pending / 4}", "STREAMS", key, ">"));
    }

    private static void Repeat(int times, Action<int> action)
    {
        for (var i = 0; i < times; i++) action(i);
    }

    private static string[] Element(int number) => [$"element:{number:D8}"];

    private static string[] Number(int number) => [$"{number * 1000}"];

    private static string[] Field(int number) => [$"field:{number:D6}", $"value:{number}"];

    private static string[] Scored(int number) => [$"{number}", $"member:{number:D8}"];

    private static string Key(int number) => $"key:{number:D12}";

    private static string Text(int length) => new('x', length);

    private sealed record Shape(string Name, string Encoding, Action<PipelinedClient, string> Make, string Settings = "");
}
