using System.Globalization;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Oracle;

/// <summary>A key of one type in one encoding, and the requests that make it on either server.</summary>
internal sealed record SampleKey(string Name, string Type, IReadOnlyList<IReadOnlyList<string>> Requests)
{
    public override string ToString() => Name;
}

// Elements are drawn so that all forms of integers and strings occur, text that compresses and bytes that do not. The seed is fixed: it is the sizes
// around the thresholds and the mixture that matter, and a failing name can be run again.

/// <summary>Keys of every type in every encoding, for tests that carry them from one server to another.</summary>
internal static class SampleKeys
{
    private const int Seed = 20_260_115;

    /// <summary>The keys.</summary>
    public static IReadOnlyList<SampleKey> All { get; } =
    [
        .. Strings(), .. Lists(), .. Sets(), .. SortedSets(), .. Hashes(), .. Streams(),
    ];

    /// <summary>Makes all keys on a server, in the databases 0 and 9, every fifth with an expiry.</summary>
    public static void Fill(RawConnection client)
    {
        for (var at = 0; at < All.Count; at++)
        {
            client.Ask("SELECT", at % 3 == 2 ? "9" : "0");
            foreach (var request in All[at].Requests)
                client.Ask(request);
            if (at % 5 == 4) client.Ask("PEXPIREAT", All[at].Name, "33177117420000");
        }

        client.Ask("SELECT", "0");
    }

    private static IEnumerable<SampleKey> Strings()
    {
        foreach (var value in new[] { "", "0", "-1", "127", "-129", "70000", "2147483648", "-9223372036854775808", "007", "hello", new string('y', 3000) })
            yield return new SampleKey($"string:{value.Length}:{value[..Math.Min(value.Length, 20)]}", "string", [["SET", $"string:{value.Length}:{value[..Math.Min(value.Length, 20)]}", value]]);
        yield return new SampleKey("string:noise", "string", [["SET", "string:noise", Noise(new Random(Seed), 100_000)]]);
        yield return new SampleKey("string:raw", "string", [["APPEND", "string:raw", "12"], ["APPEND", "string:raw", "3"]]);
    }

    private static IEnumerable<SampleKey> Sets() =>
    [
        Made("set:integers:16", "set", "SADD", Integers(5, short.MaxValue)),
        Made("set:integers:32", "set", "SADD", Integers(400, int.MaxValue)),
        Made("set:integers:64", "set", "SADD", Integers(512, long.MaxValue)),
        Made("set:integers:many", "set", "SADD", Integers(513, long.MaxValue)),
        Made("set:one", "set", "SADD", ["m"]),
        Made("set:small", "set", "SADD", Elements(128, 20)),
        Made("set:many", "set", "SADD", Elements(3000, 20)),
        Made("set:long", "set", "SADD", Elements(10, 500)),
        Made("set:huge", "set", "SADD", ["", new string('h', 200_000), "5"]),
    ];

    private static IEnumerable<SampleKey> Lists() =>
    [
        Made("list:one", "list", "RPUSH", ["e"]),
        Made("list:small", "list", "RPUSH", Elements(100, 20)),
        Made("list:many", "list", "RPUSH", Elements(3000, 20)),
        Made("list:long", "list", "LPUSH", Elements(60, 500)),
        Made("list:huge", "list", "RPUSH", ["", new string('h', 200_000), "5", "small", Noise(new Random(Seed), 20_000), "-70000"]),
        Made("list:one huge", "list", "RPUSH", [new string('h', 20_000)]),
    ];

    private static IEnumerable<SampleKey> SortedSets() =>
    [
        Made("zset:one", "zset", "ZADD", ["1.5", "m"]),
        Made("zset:small", "zset", "ZADD", Scored(100, 20)),
        Made("zset:ties", "zset", "ZADD", Elements(90, 20).SelectMany((member, at) => new[] { $"{at / 30}", member })),
        Made("zset:many", "zset", "ZADD", Scored(3000, 20)),
        Made("zset:long", "zset", "ZADD", Scored(10, 500)),
        Made("zset:huge", "zset", "ZADD", ["1", "", "2", new string('h', 200_000), "-0.1", "5"]),
        Made("zset:extremes", "zset", "ZADD", ["inf", "a", "-inf", "b", "1e300", "c", "-1e-300", "d", "3.0000000000000004", "e", "9007199254740993", "f", "123456789012345678", "g", "0.1", "h", "1e17", "i"]),
    ];

    private static IEnumerable<SampleKey> Hashes() =>
    [
        Made("hash:one", "hash", "HSET", ["f", "v"]),
        Made("hash:small", "hash", "HSET", Pairs(128, 20)),
        Made("hash:many", "hash", "HSET", Pairs(1500, 20)),
        Made("hash:long", "hash", "HSET", Pairs(10, 500)),
        Made("hash:huge", "hash", "HSET", ["", "", "large", new string('h', 200_000), "5", "-5"]),
    ];

    private static IEnumerable<SampleKey> Streams()
    {
        yield return new SampleKey("stream:one", "stream", [["XADD", "stream:one", "1-1", "f", "v"]]);
        yield return new SampleKey("stream:emptied", "stream", [["XADD", "stream:emptied", "5-5", "f", "v"], ["XDEL", "stream:emptied", "5-5"]]);
        yield return new SampleKey("stream:many", "stream", [.. Enumerable.Range(1, 1000).Select(i => Entry("stream:many", i))]);
        yield return new SampleKey("stream:trimmed", "stream", [.. Enumerable.Range(1, 300).Select(i => Entry("stream:trimmed", i)), ["XDEL", "stream:trimmed", "250-5", "300-5"], ["XTRIM", "stream:trimmed", "MAXLEN", "150"]]);
        yield return new SampleKey("stream:groups", "stream",
        [
            .. Enumerable.Range(1, 50).Select(i => Entry("stream:groups", i)),
            ["XGROUP", "CREATE", "stream:groups", "idle", "$"],
            ["XGROUP", "CREATE", "stream:groups", "busy", "0"],
            ["XGROUP", "CREATECONSUMER", "stream:groups", "busy", "lazy"],
            ["XREADGROUP", "GROUP", "busy", "alice", "COUNT", "20", "STREAMS", "stream:groups", ">"],
            ["XREADGROUP", "GROUP", "busy", "bob", "COUNT", "10", "STREAMS", "stream:groups", ">"],
            ["XACK", "stream:groups", "busy", "3-5", "25-5"],
            ["XDEL", "stream:groups", "4-5"],
        ]);
    }

    private static string[] Entry(string key, int i) => i % 7 == 0
        ? ["XADD", key, $"{i}-5", "other", $"{i}", "field", new string('v', i % 90), "", ""]
        : ["XADD", key, $"{i}-5", "temperature", $"{i * 37 % 100}", "humidity", "70"];

    // Elements arrive in portions, as they do in life.
    private static SampleKey Made(string name, string type, string command, IEnumerable<string> arguments) =>
        new(name, type, [.. arguments.Chunk(100).Select(portion => (string[])[command, name, .. portion])]);

    private static IEnumerable<string> Integers(int count, long limit)
    {
        var random = new Random(Seed);
        var drawn = new HashSet<long>();
        while (drawn.Count < count)
            drawn.Add(random.NextInt64(-limit, limit) >> random.Next(drawn.Count == 0 ? 1 : 16));
        return drawn.Select(value => $"{value}");
    }

    private static HashSet<string> Elements(int count, int length)
    {
        var random = new Random(Seed + length);
        var drawn = new HashSet<string> { "text" };
        while (drawn.Count < count)
            drawn.Add(Element(random, length));
        return drawn;
    }

    private static IEnumerable<string> Scored(int count, int length)
    {
        var random = new Random(Seed);
        return Elements(count, length).SelectMany(member => new[]
        {
            random.Next(2) == 0 ? $"{random.Next(-50, 50)}" : ((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20))).ToString("R", CultureInfo.InvariantCulture),
            member,
        });
    }

    private static IEnumerable<string> Pairs(int count, int length)
    {
        var random = new Random(Seed);
        return Elements(count, length).SelectMany(field => new[] { field, Element(random, length) });
    }

    private static string Element(Random random, int length) => random.Next(4) switch
    {
        0 => $"{random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)}",
        1 => $"element:{random.Next(1_000_000)}",
        2 => new string((char)('a' + random.Next(26)), random.Next(length + 1)),
        _ => Noise(random, random.Next(length + 1)),
    };

    private static string Noise(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return ByteText.Text(bytes);
    }
}
