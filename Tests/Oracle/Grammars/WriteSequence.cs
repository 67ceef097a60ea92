using System.Globalization;

namespace KestrelFree.Tests.Oracle;

/// <summary>An endless, seeded sequence of deterministic writes (and a few reads) over keys of every type.</summary>
internal sealed class WriteSequence(int seed)
{
    private const int KeysPerType = 6;
    private static readonly string[] Types = ["string", "list", "hash", "set", "numbers", "zset", "stream", "hll", "geo", "lex"];

    private readonly Random _random = new(seed);
    private long _streamMs = 1;

    /// <summary>Every key that requests name.</summary>
    public static HashSet<string> Keys { get; } =
        [.. Types.SelectMany(type => Enumerable.Range(0, KeysPerType).Select(number => $"{type}:{number}"))];

    /// <summary>The next request.</summary>
    public string[] Next() => Below(9) switch
    {
        0 => Text(),
        1 => List(),
        2 => Hash(),
        3 => Set(),
        4 or 5 => Zset(),
        6 => Stream(),
        7 => Below(3) == 0 ? HyperLogLog() : Geo(),
        _ => AnyKey(),
    };

    private string[] Text()
    {
        var key = Key("string");
        return Below(20) switch
        {
            0 => ["APPEND", key, Element()],
            1 => ["SETRANGE", key, $"{Below(300)}", Element()],
            2 => ["SETBIT", key, $"{Below(4000)}", $"{Below(2)}"],
            3 => ["BITOP", Pick("AND", "OR", "XOR"), key, Key("string"), Key("string")],
            4 => ["BITFIELD", key, "INCRBY", Pick("u8", "i16", "u3", "i64"), $"{Below(500)}", $"{Below(99) - 50}", "SET", "u4", "#3", $"{Below(16)}"],
            5 => ["GETDEL", key],
            6 => ["GETSET", key, Element()],
            7 => ["SET", key, Element(), "XX", "GET"],
            8 => ["SETNX", key, Element()],
            9 => ["MSET", key, Element(), Key("string"), $"{Below(1000)}"],
            10 or 11 => ["INCRBY", key, $"{Below(1000) - 500}"],
            12 => ["INCRBYFLOAT", key, Quarter()],
            13 => ["GETRANGE", key, $"{Below(50) - 25}", $"{Below(300) - 150}"],
            14 => ["BITCOUNT", key],
            _ => ["SET", key, Below(2) == 0 ? Element() : $"{Below(100_000)}"],
        };
    }

    private string[] List()
    {
        var key = Key("list");
        return Below(22) switch
        {
            0 or 1 or 2 => ["LPUSH", key, .. Elements(12)],
            3 or 4 or 5 => ["RPUSH", key, .. Elements(12)],
            6 => ["LPUSHX", key, .. Elements(3)],
            7 => ["LPOP", key, $"{Below(6)}"],
            8 => ["RPOP", key, $"{Below(6)}"],
            9 => ["LINSERT", key, Pick("BEFORE", "AFTER"), Element(), Element()],
            10 => ["LREM", key, $"{Below(5) - 2}", Element()],
            11 => ["LSET", key, $"{Below(200) - 100}", Element()],
            12 => Below(4) == 0 ? ["LTRIM", key, $"{Below(20) - 5}", $"{-Below(20)}"] : ["LTRIM", key, $"{Below(3)}", "-1"],
            13 => ["LMOVE", key, Key("list"), Pick("LEFT", "RIGHT"), Pick("LEFT", "RIGHT")],
            14 => ["RPOPLPUSH", key, Key("list")],
            15 => ["LMPOP", "2", key, Key("list"), Pick("LEFT", "RIGHT"), "COUNT", $"{1 + Below(5)}"],
            16 => ["LPOS", key, Element(), "RANK", Pick("1", "-1", "2"), "COUNT", $"{Below(4)}"],
            17 => ["LRANGE", key, $"{Below(60) - 30}", $"{Below(60) - 30}"],
            18 => ["LINDEX", key, $"{Below(200) - 100}"],
            19 => ["SORT", key, "ALPHA", "STORE", Key("list")],
            20 => ["LLEN", key],
            _ => ["DEL", key],
        };
    }

    private string[] Hash()
    {
        var key = Key("hash");
        return Below(16) switch
        {
            0 => ["HDEL", key, .. Elements(4)],
            1 => ["HSETNX", key, Element(), Element()],
            2 => ["HINCRBY", key, $"n{Below(20)}", $"{Below(100) - 50}"],
            3 => ["HINCRBYFLOAT", key, $"n{Below(20)}", Quarter()],
            4 => ["HMGET", key, .. Elements(4)],
            5 => ["HSTRLEN", key, Element()],
            6 => ["HLEN", key],
            7 => Below(6) == 0 ? ["DEL", key] : ["HEXISTS", key, Element()],
            _ => ["HSET", key, .. Enumerable.Range(0, 1 + Below(4)).SelectMany(_ => (string[])[Element(), Element()])],
        };
    }

    private string[] Set()
    {
        var key = Below(3) == 0 ? Key("numbers") : Key("set");
        var other = Below(3) == 0 ? Key("numbers") : Key("set");
        return Below(20) switch
        {
            0 or 1 => ["SREM", key, .. Members(key, 6)],
            2 => ["SMOVE", key, other, Member(key)],
            3 => [Pick("SINTERSTORE", "SDIFFSTORE"), Key("set"), key, other],
            4 => ["SUNIONSTORE", Key("set"), key, other],
            5 => ["SMISMEMBER", key, .. Members(key, 4)],
            6 => ["SINTERCARD", "2", key, other, "LIMIT", $"{Below(5)}"],
            7 => ["SCARD", key],
            8 => Below(3) == 0 ? ["DEL", key] : ["SISMEMBER", key, Member(key)],
            _ => ["SADD", key, .. Members(key, 8)],
        };
    }

    private string[] Zset()
    {
        var key = Key("zset");
        return Below(30) switch
        {
            0 => ["ZINCRBY", key, Quarter(), Element()],
            1 or 2 => ["ZREM", key, .. Elements(5)],
            3 => ["ZPOPMIN", key, $"{Below(4)}"],
            4 => ["ZPOPMAX", key, $"{Below(4)}"],
            5 => ["ZREMRANGEBYRANK", key, $"{Below(40) - 20}", $"{Below(10) - 5}"],
            6 => ["ZREMRANGEBYSCORE", key, $"({Quarter()}", Quarter()],
            7 => ["ZMPOP", "2", key, Key("zset"), Pick("MIN", "MAX"), "COUNT", $"{1 + Below(4)}"],
            8 => ["ZUNIONSTORE", Key("zset"), "2", key, Key("set"), "WEIGHTS", "2", "0.5", "AGGREGATE", Pick("SUM", "MIN", "MAX")],
            9 => ["ZINTERSTORE", Key("zset"), "2", key, Key("zset"), "AGGREGATE", Pick("SUM", "MIN", "MAX")],
            10 => ["ZDIFFSTORE", Key("zset"), "2", key, Key("zset")],
            11 => ["ZRANGESTORE", Key("zset"), key, Quarter(), Quarter(), "BYSCORE", "LIMIT", $"{Below(5)}", $"{Below(60) - 5}"],
            12 => ["ZRANGE", key, $"{Below(60) - 30}", $"{Below(60) - 30}", "WITHSCORES"],
            13 => ["ZRANGE", key, Quarter(), $"({Quarter()}", "BYSCORE", "LIMIT", $"{Below(3)}", $"{Below(9)}"],
            14 => ["ZREVRANGEBYSCORE", key, "+inf", Quarter(), "LIMIT", "0", "5"],
            15 => [Pick("ZRANK", "ZREVRANK", "ZSCORE"), key, Element()],
            16 => ["ZCOUNT", key, Quarter(), "+inf"],
            17 => ["ZADD", key, Pick("GT", "LT", "NX", "XX"), "CH", .. ScoredElements(6)],
            18 => ["ZADD", key, "INCR", Quarter(), Element()],
            19 => ["ZMSCORE", key, .. Elements(4)],
            20 => Below(4) == 0 ? ["DEL", key] : ["ZCARD", key],
            21 or 22 => Lexical(),
            _ => ["ZADD", key, .. ScoredElements(8)],
        };
    }

    // Ranges by member are only defined where all scores are equal.
    private string[] Lexical()
    {
        var key = Key("lex");
        return Below(5) switch
        {
            0 => ["ZLEXCOUNT", key, $"[{Element()}", "+"],
            1 => ["ZRANGE", key, $"({Element()}", "+", "BYLEX", "LIMIT", $"{Below(3)}", "5"],
            2 => ["ZREMRANGEBYLEX", key, $"[element 1{Below(9)}", $"(element 1{Below(9)}"],
            _ => ["ZADD", key, .. Elements(6).SelectMany(member => (string[])["0", member])],
        };
    }

    private string[] Stream()
    {
        var key = Key("stream");
        return Below(16) switch
        {
            0 => ["XTRIM", key, "MAXLEN", $"{Below(60)}"],
            1 => ["XTRIM", key, "MAXLEN", "~", $"{Below(60)}"],
            2 => ["XDEL", key, $"{1 + _random.NextInt64(_streamMs)}-{Below(3)}", $"{1 + _random.NextInt64(_streamMs)}-1"],
            3 => ["XTRIM", key, "MINID", $"{Math.Max(1, _streamMs - Below(3000))}"],
            4 => ["XGROUP", "CREATE", key, $"g{Below(3)}", Pick("0", "$", $"{_streamMs / 2}"), "MKSTREAM"],
            5 => ["XREADGROUP", "GROUP", $"g{Below(3)}", Pick("ann", "bob"), "COUNT", $"{1 + Below(5)}", "STREAMS", key, Pick(">", ">", "0")],
            6 => ["XACK", key, $"g{Below(3)}", $"{1 + _random.NextInt64(_streamMs)}-1", $"{1 + _random.NextInt64(_streamMs)}-1"],
            7 => ["XRANGE", key, $"{Math.Max(1, _streamMs - Below(3000))}", "+", "COUNT", "5"],
            8 => ["XREVRANGE", key, "+", "-", "COUNT", $"{1 + Below(4)}"],
            9 => ["XLEN", key],
            10 => ["XPENDING", key, $"g{Below(3)}"],
            11 => Below(8) == 0 ? ["DEL", key] : ["XADD", key, "MAXLEN", "~", "100", NextId(), "f", Element()],
            12 => ["XADD", key, "NOMKSTREAM", NextId(), Element(), Element(), "f", Element()],
            _ => ["XADD", key, NextId(), "f", Element(), "g", $"{Below(1000)}"],
        };
    }

    private string[] HyperLogLog() => Below(4) == 0 ? ["PFMERGE", Key("hll"), Key("hll"), Key("hll")] : ["PFADD", Key("hll"), .. Elements(10)];

    private string[] Geo() => Below(6) switch
    {
        0 => ["GEOSEARCHSTORE", Key("zset"), Key("geo"), "FROMLONLAT", Longitude(), Latitude(), "BYRADIUS", "900", "km", "ASC"],
        1 => ["ZREM", Key("geo"), .. Elements(5)],
        2 => ["GEOHASH", Key("geo"), .. Elements(2)],
        _ => ["GEOADD", Key("geo"), Longitude(), Latitude(), Element()],
    };

    // Commands on keys of any type but the last, type errors among them.
    private string[] AnyKey()
    {
        var (key, other) = (Key(Pick(Types.AsSpan()[..^1])), Key(Pick(Types.AsSpan()[..^1])));
        return Below(40) switch
        {
            0 => ["RENAME", key, KeyLike(key)],
            1 => ["RENAMENX", key, KeyLike(key)],
            2 => ["COPY", key, KeyLike(key), "REPLACE"],
            3 => ["DEL", key],
            4 => ["UNLINK", key, other],
            5 or 6 => ["EXPIRE", key, $"{100_000 + Below(1000)}"],
            7 or 8 => ["PERSIST", key],
            9 => ["MOVE", key, "1"],
            10 => ["SELECT", Pick("0", "0", "1")],
            11 => ["TYPE", key],
            12 => ["SADD", key, Element()],
            13 => ["LPUSH", key, Element()],
            14 => ["HSET", key, Element(), Element()],
            15 => ["ZADD", key, Quarter(), Element()],
            16 => ["APPEND", key, "x"],
            17 => ["SUNIONSTORE", key, Key("set"), other],
            18 => ["EXISTS", key, other],
            19 => Below(40) == 0 ? ["FLUSHDB"] : ["DBSIZE"],
            _ => ["OBJECT", "REFCOUNT", "missing"],
        };
    }

    private string Key(string type) => $"{type}:{Below(KeysPerType)}";

    private string KeyLike(string key) => Key(key[..key.IndexOf(':')]);

    private string[] Elements(int most) => [.. Enumerable.Range(0, 1 + Below(most)).Select(_ => Element())];

    private string[] ScoredElements(int most) => [.. Enumerable.Range(0, 1 + Below(most)).SelectMany(_ => (string[])[Quarter(), Element()])];

    private string Element() => Below(30) switch
    {
        0 => new string((char)('a' + Below(26)), Below(120)),
        1 => $"{_random.NextInt64() >> Below(60)}",
        < 12 => $"e{Below(40)}",
        _ => $"element {Below(2000)}",
    };

    private string[] Members(string key, int most) => [.. Enumerable.Range(0, 1 + Below(most)).Select(_ => Member(key))];

    private string Member(string key) => key[0] == 'n' ? (Below(3) == 0 ? $"{_random.NextInt64() >> Below(60)}" : $"{Below(300) - 150}") : Element();

    private string Quarter() => (Math.Round((_random.NextDouble() - 0.5) * 400) / 4).ToString(CultureInfo.InvariantCulture);

    private string Longitude() => (Below(3600) / 10.0 - 180).ToString(CultureInfo.InvariantCulture);

    private string Latitude() => (Below(1600) / 10.0 - 80).ToString(CultureInfo.InvariantCulture);

    private string NextId() => $"{_streamMs += Below(3)}-{1 + Below(3)}";

    private string Pick(params ReadOnlySpan<string> choices) => choices[Below(choices.Length)];

    private int Below(int bound) => _random.Next(bound);
}
