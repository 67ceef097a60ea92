using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

// dotnet run -c Release --project Benchmarks -- usage [--executable PATH] [--only NAME] [--what SHAPE,SHAPE,...] [--growth 64] [--settle 0]
// dotnet run -c Release --project Benchmarks -- usage --random RECIPES --seed SEED [--executable PATH] [--only NAME] [--growth 64] [--settle 0]
//
// What MEMORY USAGE says of keys of every type and encoding, against what these keys cost: by how much their making lets used_memory and the
// resident memory grow. A server is started for each shape. Half of the keys are made before, so that what the process itself grows by (code, room for
// the collector) is not counted; then as many as should take `--growth` MiB. Before each reading `--settle` seconds go by: within 12 the server gives
// back what its compiler held in reserve. A ratio below 1 says that MEMORY USAGE says too little.
//
// With --random the keys are made by random recipes (UsageRecipes) instead, and the furthest from 1 are told once more at the end.

/// <summary>Measures MEMORY USAGE beside the growth of used and of resident memory, one line a shape.</summary>
internal static class UsageMeasurement
{
    private const int MiB = 1 << 20;
    private const int FurthestTold = 20;

    // Name, the encoding that it must have, and how a key is made.
    private static readonly UsageShape[] Shapes =
    [
        new("integer", "int", (client, key) => client.SendUnheard("SET", key, "123456789")),
        new("string of 20", "embstr", (client, key) => client.SendUnheard("SET", key, Text(20))),
        new("string of 20 that expires", "embstr", (client, key) => client.SendUnheard("SET", key, Text(20), "EX", "100000")),
        new("string of 150", "raw", (client, key) => client.SendUnheard("SET", key, Text(150))),
        new("string of 1000", "raw", (client, key) => client.SendUnheard("SET", key, Text(1000))),
        new("string of 10000", "raw", (client, key) => client.SendUnheard("SET", key, Text(10_000))),
        new("string of 300000", "raw", (client, key) => client.SendUnheard("SET", key, Text(300_000))),
        new("key of 300", "embstr", (client, key) => client.SendUnheard("SET", key, "value"), KeyTail: Text(290)),
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
        var name = options.Only ?? "kestrel-free";
        var gauge = new UsageGauge(name, name == "redis-server" ? "redis-server" : ours, (long)options.GrowthMiB * MiB, options.SettleSeconds);
        Console.WriteLine(UsageFigures.Heading);
        var told = new List<UsageFigures>();
        var names = options.What("");
        foreach (var shape in options.Random > 0 ? UsageRecipes.Draw(options.Random, options.Seed) : Shapes)
        {
            if (names is not [""] && !names.Any(name => shape.Name.StartsWith(name, StringComparison.Ordinal))) continue;
            told.Add(gauge.Measure(shape));
            Console.WriteLine(told[^1]);
        }

        if (options.Random > 0) TellFurthest(told);
        return 0;
    }

    private static void TellFurthest(List<UsageFigures> told)
    {
        Console.WriteLine($"furthest from 1:\n{UsageFigures.Heading}");
        foreach (var figures in told.OrderByDescending(figures => figures.Distance).Take(FurthestTold)) Console.WriteLine(figures);
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

    private static string Text(int length) => new('x', length);
}
