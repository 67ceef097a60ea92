namespace KestrelFree.Tests.Oracle;

// Few names, so that rules meet what they are about: three prefixes of keys, two of channels, commands with subcommands, with channels, with
// keys that are read, written or both. Rules of every form stand among them, wrong ones too. The categories leave out what the oracle's version
// sorts otherwise.

/// <summary>Seeded rules for users, and requests to judge by them.</summary>
internal sealed class AclRuleDraw(int seed)
{
    private static readonly string[] Categories =
        ["keyspace", "read", "write", "set", "sortedset", "list", "hash", "STRING", "bitmap", "geo", "pubsub", "admin", "fast", "slow", "dangerous", "connection", "transaction"];

    private static readonly string[] Commands =
    [
        "get", "SET", "del", "mget", "sort", "copy", "subscribe", "psubscribe", "publish", "ssubscribe", "config", "config|get", "config|set", "Client|List", "client", "object|freq",
        "select", "exists", "zunionstore", "bitfield", "xread", "georadius", "ping", "eXpire", "acl|whoami", "acl", "multi", "nosuch", "config|nosuch", "config|get|x", "get|", "config|",
    ];

    private static readonly string[] Patterns = ["a:*", "b:*", "a:1", "*:2", "*", "[ab]:?", "a b", ""];

    private static readonly string[] Keys = ["a:1", "a:2", "b:1", "b:2", "c:1"];

    private static readonly string[] Channels = ["news", "news:1", "other", "n*"];

    private static readonly string[] Words =
        ["on", "off", "ON", "nopass", "resetpass", "reset", "sanitize-payload", "skip-sanitize-payload", "clearselectors", "allkeys", "resetkeys", "allchannels", "resetchannels", "allcommands", "nocommands", "+@all", "-@all", "", "junk", "+", "-", "~"];

    private static readonly string[] Passwords =
    [
        ">one", ">two", ">", "<one", "<two", "<three", "#0123", "!0123",
        "#7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed", "!7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
        "#7692C3AD3540BB803C020B3AEE66CD8887123234EA0C6E7143C0ADD73FF431ED",
    ];

    private readonly Draw _draw = new(seed);

    /// <summary>The words of one ACL SETUSER.</summary>
    public string[] Rules()
    {
        var rules = new List<string>();
        for (var more = 1 + _draw.Below(5); more > 0; more--)
        {
            if (_draw.Chance(12)) rules.AddRange(Selector());
            else if (_draw.Chance(1)) return [.. rules, "(+get", "~a:*"];
            else rules.Add(_draw.Chance(20) ? _draw.Pick(Words) : _draw.Chance(12) ? _draw.Pick(Passwords) : SelectorRule());
        }

        return [.. rules];
    }

    /// <summary>A request to judge.</summary>
    public string[] Request() => _draw.Below(26) switch
    {
        0 => ["GET", Key()],
        1 => ["SET", Key(), "v"],
        2 => ["SET", Key(), "v", "GET"],
        3 => ["MGET", Key(), Key()],
        4 => ["SORT", Key(), "STORE", Key()],
        5 => ["SORT", Key(), "BY", "x_*", "LIMIT", "0", "1"],
        6 => ["COPY", Key(), Key()],
        7 => [_draw.Pick("SUBSCRIBE", "SSUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE"), Channel(), Channel()],
        8 => [_draw.Pick("PUBLISH", "SPUBLISH"), Channel(), "m"],
        9 => ["CONFIG", "GET", "port"],
        10 => ["CONFIG", "SET", "port", "1"],
        11 => ["CLIENT", _draw.Pick("LIST", "ID", "INFO")],
        12 => ["SELECT", _draw.Pick("0", "1", "x")],
        13 => ["EXISTS", Key(), Key()],
        14 => ["ZUNIONSTORE", Key(), "2", Key(), Key()],
        15 => ["ZUNIONSTORE", Key(), "9", Key()],
        16 => _draw.Chance(50) ? ["BITFIELD", Key(), "GET", "u4", "0"] : ["BITFIELD", Key(), "SET", "u4", "0", "1"],
        17 => ["XREAD", "COUNT", "1", "STREAMS", Key(), Key(), "0", "0"],
        18 => ["GEORADIUS", Key(), "1", "1", "1", "m", _draw.Pick("STORE", "STOREDIST"), Key()],
        19 => ["PING"],
        20 => ["AUTH", "x"],
        21 => ["ACL", "WHOAMI"],
        22 => ["OBJECT", "FREQ", Key()],
        23 => [_draw.Pick("LMPOP", "ZMPOP"), "2", Key(), Key(), _draw.Pick("LEFT", "MIN")],
        24 => ["RENAME", Key(), Key()],
        _ => [_draw.Pick("FLUSHALL", "MULTI", "DBSIZE", "RESET", "LASTSAVE")],
    };

    private string Key() => _draw.Pick(Keys);

    private string Channel() => _draw.Pick(Channels);

    private string SelectorRule() => _draw.Below(10) switch
    {
        < 3 => _draw.Pick("+", "-") + _draw.Pick(Commands),
        < 5 => _draw.Pick("+@", "-@") + (_draw.Chance(4) ? "nosuch" : _draw.Pick(Categories)),
        5 => _draw.Pick("+select|0", "+SELECT|1", "+get|a:1", "-select|0", "+client|list", "-client|list", "+client|nosuch"),
        < 8 => _draw.Pick("~", "~", "%R~", "%W~", "%rw~", "%WR~", "%RR~", "%X~") + _draw.Pick(Patterns),
        8 => "&" + _draw.Pick(Channels),
        _ => _draw.Pick("allkeys", "resetkeys", "resetchannels", "+@all", "-@all", "&*", "~*"),
    };

    // In one word or in several. One that is not closed comes last: the oracle begins anew with the next that opens.
    private string[] Selector()
    {
        var rules = _draw.Many(0, 3, SelectorRule).Where(rule => rule.Length > 1 && !rule.Contains(' ', StringComparison.Ordinal)).ToArray();
        var text = $"({string.Join(' ', rules)})";
        return _draw.Chance(50) ? [text] : text.Split(' ');
    }
}
