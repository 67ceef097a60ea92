namespace KestrelFree.Tests.Oracle.Conversations;

// A conversation is a script whose requests begin with the name of the client that makes them: "a SET k 1". {b} stands for the number of client b, {@b}
// for its address. Few keys and channels, so that the clients meet. Nothing in it depends on time or on the order of a hash: keys expire far away, or are
// set with a time that is over and expire when somebody looks at them, and pauses are of writes and end by a request. A client waits for one key: with
// several, 7.0 serves it from the one that was filled, and 7.2 from the first that holds anything by then.

/// <summary>Makes up conversations from a seed.</summary>
internal static class ConversationDraw
{
    /// <summary>The clients, by name.</summary>
    public static readonly string[] Clients = ["a", "b", "c", "d"];

    private const int Requests = 60;

    private static readonly string[] Keys = ["k1", "k2", "c", "h", "l", "l2", "z", "x"];
    private static readonly string[] Waits = ["BLPOP", "BRPOP", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZMPOP", "BLOCK"];
    private static readonly string[] Channels = ["x", "y", "__keyevent@0__:set", "__keyspace@0__:k1"];

    /// <summary>The conversation of a seed.</summary>
    public static Script Script(int seed)
    {
        var draw = new Draw(seed);
        var requests = new List<IReadOnlyList<string>>();
        foreach (var client in Clients)
        {
            if (draw.Chance(50)) requests.Add([client, "HELLO", "3"]);
        }

        // 7.0 serves waiting clients in a pause too, ends with a failed assertion when one that a pause holds is unblocked, and does not count what they
        // take as their change: nobody is told of it behind SWAPDB or where broadcasting has just begun, and the one that takes it is, with NOLOOP. So a conversation has
        // waits or these.
        // Since 7.2 one who is woken in vain has read the key once more, so that who waits by XREAD does not track, and RESET lets a client be evicted. A key
        // past its time that a pause keeps ends 7.0 with a failed assertion when it is written.
        string[] excluded = draw.Chance(50) ? ["SWAPDB", "BCAST", "NOLOOP", "PAUSE", draw.Pick("XREAD", "TRACKING")] : [.. Waits, "UNBLOCK", draw.Pick("PAUSE", "PXAT")];
        string[] absent = [.. excluded, draw.Chance(70) ? "NO-EVICT" : "RESET"];
        while (requests.Count < Requests)
        {
            var request = Request(draw);
            if (!request.Any(absent.Contains)) requests.Add([draw.Pick(Clients), .. request]);
        }

        return new Script([], requests, []);
    }

    private static string[] Request(Draw d) => d.Below(24) switch
    {
        < 6 => Data(d),
        < 8 => Collection(d),
        < 12 => Transaction(d),
        < 15 => PubSub(d),
        < 18 => Tracking(d),
        < 20 => Waiting(d),
        < 23 => Client(d),
        _ => Watching(d),
    };

    private static string[] Data(Draw d) => d.Below(26) switch
    {
        0 => ["SET", Key(d), "v"],
        1 or 2 => ["SET", Key(d), $"{d.Below(3)}"],
        3 => ["SET", Key(d), "1", "PX", "100000000"],
        4 or 5 or 6 => ["GET", Key(d)],
        7 => ["MGET", Key(d), Key(d)],
        8 => ["DEL", Key(d), Key(d)],
        9 => ["INCR", Key(d)],
        10 => ["LPUSH", "l", "e", "f"],
        11 => ["LPOP", "l"],
        12 => ["HSET", "h", "f", "v"],
        13 => ["HDEL", "h", "f"],
        14 => ["RENAME", Key(d), Key(d)],
        15 => ["COPY", Key(d), Key(d), "REPLACE"],
        16 => ["EXPIRE", Key(d), d.Pick("100000", "0", "-1")],
        17 => ["PERSIST", Key(d)],
        18 => ["MOVE", Key(d), "1"],
        19 => ["GETDEL", Key(d)],
        20 => ["SORT", "l", "ALPHA", "STORE", "l2"],
        21 => ["SWAPDB", "0", "1"],
        22 => [d.Pick("FLUSHALL", "FLUSHDB", "DBSIZE")],
        23 => ["SET", Key(d), "v", "PXAT", "1"],
        24 => ["COPY", Key(d), Key(d), "DB", "1", .. d.Chance(50) ? ["REPLACE"] : Array.Empty<string>()],
        _ => ["EXISTS", Key(d), Key(d)],
    };

    private static string[] Collection(Draw d) => d.Below(16) switch
    {
        0 or 1 => ["ZADD", "z", $"{d.Below(3)}", "m"],
        2 => ["ZADD", "z", "1", "m", "2", "n"],
        3 => [d.Pick("ZPOPMIN", "ZPOPMAX"), "z"],
        4 => ["ZREM", "z", "m"],
        5 or 6 => ["XADD", "x", $"{1 + d.Below(9)}-*", "f", "v"],
        7 => ["XGROUP", "CREATE", "x", "g", d.Pick("$", "0"), .. d.Chance(50) ? ["MKSTREAM"] : Array.Empty<string>()],
        8 => ["XREADGROUP", "GROUP", "g", "consumer", "STREAMS", "x", ">"],
        9 => ["XTRIM", "x", "MAXLEN", "1"],
        10 => ["RPUSH", d.Pick("l", "l2"), "e"],
        11 => ["LMOVE", "l", "l2", "LEFT", "LEFT"],
        12 => ["LTRIM", "l", "1", "-1"],
        13 => ["RPOP", d.Pick("l", "l2"), "2"],
        14 => ["XGROUP", "DESTROY", "x", "g"],
        _ => ["TOUCH", Key(d)],
    };

    private static string[] Transaction(Draw d) => d.Below(12) switch
    {
        < 3 => ["MULTI"],
        < 6 => ["EXEC"],
        6 => ["DISCARD"],
        7 => ["WATCH", Key(d)],
        8 => ["WATCH", Key(d), Key(d)],
        9 => ["UNWATCH"],
        10 => ["SELECT", $"{d.Below(2)}"],
        _ => d.Pick<string[]>(["NOSUCH", "a"], ["GET"], ["SELECT", $"{d.Below(2)}"], ["SELECT", "no"]),
    };

    private static string[] PubSub(Draw d) => d.Below(13) switch
    {
        0 or 1 => ["SUBSCRIBE", d.Pick(Channels)],
        2 => ["SUBSCRIBE", d.Pick(Channels), d.Pick(Channels)],
        3 => d.Chance(30) ? ["UNSUBSCRIBE"] : ["UNSUBSCRIBE", d.Pick(Channels)],
        4 => ["PSUBSCRIBE", d.Pick("*", "__key*", "x*")],
        5 => d.Chance(30) ? ["PUNSUBSCRIBE"] : ["PUNSUBSCRIBE", d.Pick("*", "__key*", "x*")],
        6 => ["SSUBSCRIBE", d.Pick("x", "s")],
        7 => d.Chance(30) ? ["SUNSUBSCRIBE"] : ["SUNSUBSCRIBE", d.Pick("x", "s")],
        8 or 9 => ["PUBLISH", d.Pick("x", "y"), "m"],
        10 => ["SPUBLISH", d.Pick("x", "s"), "m"],
        11 => ["PUBSUB", d.Pick("NUMSUB", "SHARDNUMSUB"), "x", "y", "s"],
        _ => d.Pick<string[]>(["PUBSUB", "CHANNELS", "x"], ["PUBSUB", "NUMPAT"], ["PUBSUB", "SHARDCHANNELS", "s"]),
    };

    private static string[] Tracking(Draw d) => d.Below(14) switch
    {
        0 or 1 => ["CLIENT", "TRACKING", "ON"],
        2 or 3 => ["CLIENT", "TRACKING", "ON", "REDIRECT", $"{{{d.Pick(Clients)}}}"],
        4 => ["CLIENT", "TRACKING", "ON", d.Pick("OPTIN", "OPTOUT", "NOLOOP")],
        5 or 6 => ["CLIENT", "TRACKING", "ON", "BCAST", .. Prefixes(d), .. d.Chance(40) ? ["NOLOOP"] : Array.Empty<string>()],
        7 => ["CLIENT", "TRACKING", "ON", "REDIRECT", $"{{{d.Pick(Clients)}}}", .. d.Chance(50) ? ["BCAST", .. Prefixes(d)] : new[] { d.Pick("OPTIN", "OPTOUT", "NOLOOP") }],
        8 => ["CLIENT", "TRACKING", "OFF"],
        9 or 10 => ["CLIENT", "CACHING", d.Pick("YES", "NO")],
        11 => ["CLIENT", "TRACKINGINFO"],
        12 => ["CLIENT", "GETREDIR"],
        _ => ["SUBSCRIBE", "__redis__:invalidate"],
    };

    private static string[] Prefixes(Draw d) => d.Below(4) switch { 0 => ["PREFIX", "k"], 1 => ["PREFIX", "k1", "PREFIX", "l"], 2 => ["PREFIX", "h", "PREFIX", "h"], _ => [] };

    private static string[] Waiting(Draw d) => d.Below(12) switch
    {
        0 or 1 => [d.Pick("BLPOP", "BRPOP"), "l", "0"],
        2 => ["BLMOVE", "l", "l2", "LEFT", "RIGHT", "0"],
        3 => ["BLMPOP", "0", "1", "l", "LEFT", "COUNT", "2"],
        4 => ["CLIENT", "UNBLOCK", $"{{{d.Pick(Clients)}}}", .. d.Chance(50) ? ["ERROR"] : Array.Empty<string>()],
        5 => ["CLIENT", "PAUSE", "100000000", "WRITE"],
        6 => ["BZPOPMIN", "z", "0"],
        7 => ["BZMPOP", "0", "1", "z", "MAX", "COUNT", "2"],
        8 => ["XREADGROUP", "GROUP", "g", "consumer", "BLOCK", "0", "STREAMS", "x", ">"],
        9 => ["XREAD", "BLOCK", "0", "STREAMS", "x", "$"],
        _ => ["CLIENT", "UNPAUSE"],
    };

    private static string[] Client(Draw d) => d.Below(14) switch
    {
        0 => ["HELLO", d.Pick("2", "3")],
        1 => ["RESET"],
        2 or 3 => ["CLIENT", "REPLY", d.Pick("ON", "SKIP", "OFF")],
        4 => ["CLIENT", "REPLY", "ON"],
        5 => d.Chance(30) ? ["CLIENT", "KILL", .. Filters(d)] : ["PING"],
        6 => d.Chance(20) ? ["QUIT"] : ["PING", "p"],
        7 => d.Chance(30) ? ["MONITOR"] : ["ECHO", "e"],
        8 => ["CLIENT", "INFO"],
        9 => ["INFO", "clients"],
        10 => ["CONFIG", "SET", "notify-keyspace-events", d.Pick("KEA", "KEAnm", "Eg$", "Kl", "", "KEA")],
        11 => ["CLIENT", "SETNAME", "n"],
        12 => ["CLIENT", "NO-EVICT", d.Pick("ON", "OFF")],
        _ => ["CLIENT", d.Pick("ID", "GETNAME")],
    };

    private static string[] Filters(Draw d) => d.Below(5) switch
    {
        0 => [$"{{@{d.Pick(Clients)}}}"],
        1 => ["ADDR", $"{{@{d.Pick(Clients)}}}", "SKIPME", "no"],
        2 => ["TYPE", "pubsub", "SKIPME", d.Pick("yes", "no")],
        3 => ["TYPE", "normal", "ID", $"{{{d.Pick(Clients)}}}"],
        _ => ["ID", $"{{{d.Pick(Clients)}}}", "SKIPME", d.Pick("yes", "no")],
    };

    // What operators look at.
    private static string[] Watching(Draw d) => d.Below(7) switch
    {
        0 => ["SLOWLOG", "GET", d.Pick("-1", "0")],
        1 => ["SLOWLOG", "RESET"],
        2 => ["INFO", "commandstats"],
        3 => ["INFO", "errorstats"],
        4 => ["CLIENT", "LIST", "ID", $"{{{d.Pick(Clients)}}}", $"{{{d.Pick(Clients)}}}"],
        5 => ["CLIENT", "LIST", "TYPE", "pubsub"],
        _ => ["MONITOR"],
    };

    private static string Key(Draw d) => d.Pick(Keys);
}
