namespace KestrelFree.Tests.Oracle;

// One row per command. A row draws what a client might send: keys of every kind, numbers in and out of range, options in
// any case, order and number. Wrong arity, doubled, dropped and misplaced words come from ScriptGenerator for all rows alike.
//
// Expiries are either long past or far ahead, so that no key runs out between the two servers' turns.

/// <summary>The grammar of every command that is compared with the oracle.</summary>
internal static class CommandGrammars
{
    private static readonly string[] ConfigNames =
    [
        "maxmemory", "MAXMEMORY", "timeout", "time*", "maxmemory-p*", "save", "nosuch", "", "[", "hz", "list-max-*-size", "appendonly", "?z",
        "client-output-buffer-limit", "lfu-*", "databases", "notify-keyspace-events", "slowlog-*", "zset-max-ziplist-entries",
    ];

    private static readonly string[] ExpiryWriters = ["SET", "SETEX", "EXPIRE", "PEXPIREAT", "PERSIST", "APPEND", "GETEX", "TTL", "GET"];

    // Writers that leave no key past its time: DEBUG sees such a key until the server happens to delete it.
    private static readonly string[] Lasting = ["SELECT", "MSET", "INCR", "APPEND", "FLUSHDB", "DEL", "SETNX"];

    /// <summary>The rows, one per command or subcommand.</summary>
    public static readonly CommandGrammar[] All =
    [
        new("SET", d => [d.Key(), d.Value(), .. SetOptions(d)]),
        new("GET", d => [d.Key()]),
        new("DEL", d => d.Many(1, 4, d.Key)),
        new("EXISTS", d => d.Many(1, 4, d.Key)),
        new("INCR", d => [d.Key()]),
        new("DECR", d => [d.Key()]),
        new("INCRBY", d => [d.Key(), d.Integer()]),
        new("DECRBY", d => [d.Key(), d.Integer()]),
        new("MSET", d => [.. d.Many(1, 4, d.Key).SelectMany(key => new[] { key, d.Value() })]),
        new("MGET", d => d.Many(1, 5, d.Key)),
        new("APPEND", d => [d.Key(), d.Value()]),
        new("MSETNX", d => [.. d.Many(1, 3, d.Key).SelectMany(key => new[] { key, d.Value() })]),
        new("SETNX", d => [d.Key(), d.Value()]),
        new("SETEX", d => [d.Key(), d.Pick(d.FarSeconds(), "0", "-1", "abc", "9223372036854775807"), d.Value()]),
        new("PSETEX", d => [d.Key(), d.Pick(d.FarMilliseconds(), "0", "-1", "abc", "9223372036854775807"), d.Value()]),
        new("GETSET", d => [d.Key(), d.Value()]),
        new("GETDEL", d => [d.Key()]),
        new("GETEX", d => [d.Key(), .. GetExOptions(d)]),
        new("GETRANGE", d => [d.Key(), Index(d), Index(d)]),
        new("SUBSTR", d => [d.Key(), Index(d), Index(d)]),
        new("SETRANGE", d => [d.Key(), d.Pick("0", "1", "5", "44", "300", "536870912", "-1", "abc", "9223372036854775807"), d.Value()]),
        new("INCRBYFLOAT", d => [d.Key(), d.Chance(30) ? d.Integer() : d.Pick("0.1", "-0.1", "3.0e3", "1e-3", "0.5", "1.25", "nan", "inf", "-inf", "0x1p3", "1e400", " 1", "1 ", "")]),
        new("STRLEN", d => [d.Key()]),
        new("SETBIT", d => [d.Key(), BitmapGrammar.Offset(d), d.Pick("0", "1", "1", "2", "-1", "abc", "")]) { Beside = BitmapGrammar.Neighbours },
        new("GETBIT", d => [d.Key(), BitmapGrammar.Offset(d)]) { Beside = BitmapGrammar.Neighbours },
        new("BITCOUNT", d => [d.Key(), .. BitmapGrammar.Range(d)]) { Beside = BitmapGrammar.Neighbours },
        new("BITPOS", d => [d.Key(), d.Pick("0", "1", "1", "2", "abc"), .. BitmapGrammar.Range(d)]) { Beside = BitmapGrammar.Neighbours },
        new("BITOP", d => [d.Pick(d.Word("AND"), d.Word("OR"), d.Word("XOR"), d.Word("NOT"), "nosuch"), d.Key(), .. d.Many(1, 4, d.Key)]) { Beside = BitmapGrammar.Neighbours },
        new("BITFIELD", d => [d.Key(), .. BitmapGrammar.FieldOperations(d)]) { Beside = BitmapGrammar.Neighbours },
        new("BITFIELD_RO", d => [d.Key(), .. BitmapGrammar.FieldOperations(d)]) { Beside = BitmapGrammar.Neighbours },
        new("LCS", d => [d.Key(), d.Key(), .. LcsOptions(d)]),
        new("DUMP", d => [d.Key()]),
        new("RESTORE", d => [d.Key(), .. RestoreArguments(d)]),
        new("PFADD", d => [d.Key(), .. d.Many(0, 4, () => HyperLogLogGrammar.Element(d))]) { Beside = HyperLogLogGrammar.Neighbours },
        new("PFCOUNT", d => d.Many(1, 3, d.Key)) { Beside = HyperLogLogGrammar.Neighbours },
        new("PFMERGE", d => d.Many(1, 4, d.Key)) { Beside = HyperLogLogGrammar.Neighbours },
        new("PFDEBUG", d => [d.Pick(d.Word("ENCODING"), d.Word("DECODE"), d.Word("TODENSE"), d.Word("GETREG"), "junk"), d.Key()]) { Beside = HyperLogLogGrammar.Neighbours },
        new("TYPE", d => [d.Key()]),
        .. KeyGrammars.Rows,
        new("EXPIRE", d => [d.Key(), Seconds(d), .. ExpireConditions(d)]) { Beside = ExpiryWriters },
        new("PEXPIRE", d => [d.Key(), Milliseconds(d), .. ExpireConditions(d)]) { Beside = ExpiryWriters },
        new("EXPIREAT", d => [d.Key(), UnixSeconds(d), .. ExpireConditions(d)]) { Beside = ExpiryWriters },
        new("PEXPIREAT", d => [d.Key(), UnixMilliseconds(d), .. ExpireConditions(d)]) { Beside = ExpiryWriters },
        new("TTL", d => [d.Key()]) { Beside = ExpiryWriters },
        new("PTTL", d => [d.Key()]) { Beside = ExpiryWriters },
        new("EXPIRETIME", d => [d.Key()]) { Beside = ExpiryWriters },
        new("PEXPIRETIME", d => [d.Key()]) { Beside = ExpiryWriters },
        new("PERSIST", d => [d.Key()]) { Beside = ExpiryWriters },
        new("DBSIZE", _ => []) { Beside = ["DEL", "MSET", "SELECT"] },
        new("FLUSHALL", d => d.Options(() => [d.Word("ASYNC")], () => [d.Word("SYNC")])) { Beside = ["MSET", "DBSIZE", "SELECT"] },
        new("FLUSHDB", d => d.Options(() => [d.Word("ASYNC")], () => [d.Word("SYNC")])) { Beside = ["MSET", "DBSIZE", "SELECT"] },
        new("SELECT", d => [d.Chance(60) ? $"{d.Below(18)}" : d.Integer()]) { Beside = ["MSET", "DBSIZE", "GET"] },
        new("PING", d => d.Many(0, 2, d.Value)),
        new("ECHO", d => [d.Value()]),
        new("TIME", _ => []),
        new("ROLE", d => d.Chance(20) ? ["junk"] : []),
        new("LASTSAVE", d => d.Chance(20) ? ["junk"] : []),
        new("HELLO", HelloArguments) { Beside = ["GET", "MGET", "CONFIG GET"] },
        new("AUTH", d => d.Pick<string[]>([d.Value()], [d.Pick("default", "nobody", ""), d.Value()])),
        new("RESET", _ => []) { Beside = ["SELECT", "CLIENT SETNAME", "CLIENT GETNAME", "GET", "DBSIZE"] },
        new("QUIT", d => d.Many(0, 1, d.Value)) { Beside = ["GET", "PING"], ClosesConnection = true },
        new("WAIT", d => [d.Pick("0", "0", "1", "-1", "abc", "99999999999999999999"), d.Pick("1", "2", "-1", "abc", "")]),
        new("DEBUG DIGEST", _ => []) { Beside = Lasting },
        new("DEBUG DIGEST-VALUE", d => d.Many(0, 4, d.Key)) { Beside = Lasting },
        new("DEBUG POPULATE", d => [d.Pick("0", "3", "20", "-1", "abc", ""), .. d.Many(0, 2, () => d.Pick("p", "", "5", "0", "300", "abc", new('p', 200)))]) { Beside = ["DEBUG DIGEST", "DBSIZE", "GET"] },
        new("DEBUG ERROR", d => [d.Pick("ERR text", "", "WRONGTYPE", "two\nlines", "CODE a b\r\n")]),
        new("DEBUG PROTOCOL", d => [d.Pick("string", "INTEGER", "double", "bignum", "null", "array", "set", "map", "verbatim", "true", "false", "nosuch", "")]),
        new("DEBUG HTSTATS", d => [d.Pick("15", "16", "-1", "abc", "14")]) { Beside = ["PING"] },
        new("DEBUG HTSTATS-KEY", d => [d.Key()]) { Beside = Lasting },
        new("DEBUG REPLYBUFFER", d => [d.Pick(d.Word("PEAK-RESET-TIME"), d.Word("RESIZING"), "junk"), d.Pick("1", "0", d.Word("NEVER"), d.Word("RESET"), "abc", "")]),
        new("DEBUG LOG", d => [d.Value()]),
        new("DEBUG LEAK", d => [d.Value()]),
        new("DEBUG OBJECT", d => [d.Key()]) { Beside = Lasting },
        new("DEBUG CHANGE-REPL-ID", _ => []),
        new("DEBUG SLEEP", d => [d.Pick("0", "0.001", "0.0")]),
        new("CLIENT ID", _ => []),
        new("CLIENT SETNAME", d => [d.Pick("", "name", "a-b_c", "two words", "line\n", "caf\xc3\xa9", "!~", "tab\t")]) { Beside = ["CLIENT GETNAME", "CLIENT INFO"] },
        new("CLIENT GETNAME", _ => []) { Beside = ["CLIENT SETNAME", "RESET"] },
        new("CLIENT LIST", ClientListArguments) { Beside = ["CLIENT SETNAME", "SELECT"] },
        new("CLIENT INFO", _ => []) { Beside = ["CLIENT SETNAME", "SELECT"] },
        new("CLIENT SETINFO", d => [d.Pick(d.Word("LIB-NAME"), d.Word("LIB-VER"), "other"), d.Pick("lib", "1.2.3", "", "two words", "line\n")]),
        new("CLIENT KILL", ClientKillArguments) { Beside = ["PING", "CLIENT GETNAME"], ClosesConnection = true },
        new("CLIENT NO-EVICT", d => [d.Pick(d.Word("ON"), d.Word("OFF"), "maybe")]) { Beside = ["CLIENT GETNAME", "RESET"] },
        new("CLIENT UNBLOCK", d => [d.Pick("999999", "0", "-1", "abc", ""), .. d.Options(() => [d.Word("TIMEOUT")], () => [d.Word("ERROR")])]),
        new("INFO", InfoArguments) { Beside = ["SET", "GET"] },
        .. WatchingGrammars.Rows,
        new("COMMAND COUNT", _ => []),
        new("COMMAND INFO", d => d.Many(0, 4, () => d.Pick("get", "INCR", "nosuch", "", "client|nosuch", "get|x", "mget"))),
        new("COMMAND LIST", CommandListArguments),
        new("COMMAND GETKEYS", CommandWithKeys),
        new("COMMAND GETKEYSANDFLAGS", CommandWithKeys),
        new("CONFIG GET", d => d.Many(1, 3, () => d.Pick(ConfigNames))),
        new("CONFIG SET", ConfigSetArguments) { Beside = ["CONFIG GET"] },
        new("CONFIG RESETSTAT", _ => []) { Beside = ["GET", "CONFIG GET"] },
        new("CONFIG REWRITE", _ => []) { Beside = ["CONFIG GET"] },
        .. AclGrammars.Rows,
        .. HashGrammars.All,
        .. SetGrammars.All,
        .. StreamGrammars.All,
        .. StreamGroupGrammars.All,
        .. ListGrammars.All,
        .. ZsetGrammars.All,
        .. GeoGrammars.All,
        .. SortGrammars.All,
    ];

    // No name continues after a NUL: Redis compares names up to it, but hashes all of them, so that "get\0" is GET once in 256 starts.

    /// <summary>Not a row: names that are no command, with arguments that the error quotes.</summary>
    public static readonly CommandGrammar Unknown = new("", d =>
        [d.Pick("nosuch", "", "GETT", "client", "\0get", "two words", new('u', 200)), .. d.Many(0, 12, d.Value)]);

    /// <summary>The row of a command.</summary>
    public static CommandGrammar Of(string name) => All.Single(row => row.Name == name);

    private static string[] SetOptions(Draw d) => d.Options(
        () => [d.Word("NX")],
        () => [d.Word("XX")],
        () => [d.Word("GET")],
        () => [d.Word("KEEPTTL")],
        () => [d.Word("EX"), d.Pick(d.FarSeconds(), "0", "-1", "9223372036854775807", "9223372036854776", "abc", "", "1.5")],
        () => [d.Word("PX"), d.Pick(d.FarMilliseconds(), "0", "-1", "9223372036854775807", "9223372036854775808", "abc")],
        () => [d.Word("EXAT"), d.Pick("1", "33177117420", "0", "-1", "9223372036854775807", "abc")],
        () => [d.Word("PXAT"), d.Pick("1", "33177117420000", "0", "-1", "9223372036854775807", "abc")],
        () => d.Pick<string[]>([d.Word("EX")], ["junk"], [d.Word("NXX")]));

    private static string[] GetExOptions(Draw d) => d.Options(
        () => [d.Word("PERSIST")],
        () => [d.Word("EX"), d.Pick(d.FarSeconds(), "0", "-1", "9223372036854775807", "abc")],
        () => [d.Word("PX"), d.Pick(d.FarMilliseconds(), "0", "9223372036854775807", "abc")],
        () => [d.Word("EXAT"), d.Pick("1", "33177117420", "0", "abc")],
        () => [d.Word("PXAT"), d.Pick("1", "33177117420000", "-1")],
        () => d.Pick<string[]>([d.Word("KEEPTTL")], [d.Word("NX")], ["junk"]));

    private static string[] ExpireConditions(Draw d) => d.Options(
        () => [d.Word("NX")],
        () => [d.Word("XX")],
        () => [d.Word("GT")],
        () => [d.Word("LT")],
        () => d.Chance(30) ? [d.Pick("junk", "", "N\0X", "KEEPTTL")] : [d.Word("XX"), d.Word("LT")]);

    private static string Seconds(Draw d) => d.Chance(80)
        ? d.Pick(d.FarSeconds(), d.FarSeconds(), d.FarSeconds(), "0", "-1", "-100000", "9223372036854775", "-9223372036854775")
        : d.Pick("9223372036854776", "-9223372036854776", "9223370" + d.FarSeconds(), "abc", "", "1.5", "9223372036854775807", "-9223372036854775808", "9223372036854775808");

    private static string Milliseconds(Draw d) => d.Chance(80)
        ? d.Pick(d.FarMilliseconds(), d.FarMilliseconds(), d.FarMilliseconds(), "0", "-1", "-9223372036854775808", "461168" + d.FarMilliseconds())
        : d.Pick("9223372036854775807", "9223372036854775808", "abc", "", "1e9");

    private static string UnixSeconds(Draw d) => d.Chance(80)
        ? d.Pick("33177117420", "33177117421", "33177117419", "1", "0", "-1", "9223372036854775", "-9223372036854775")
        : d.Pick("9223372036854776", "-9223372036854776", "abc", "", "9223372036854775807");

    private static string UnixMilliseconds(Draw d) => d.Chance(80)
        ? d.Pick("33177117420000", "33177117420001", "33177117420499", "33177117420500", "1", "0", "-1", "-9223372036854775808", "4611686018427387904")
        : d.Pick("9223372036854775808", "abc", "", "9223372036854775807");

    private static string[] LcsOptions(Draw d) => d.Options(
        () => [d.Word("IDX")],
        () => [d.Word("LEN")],
        () => [d.Word("WITHMATCHLEN")],
        () => [d.Word("MINMATCHLEN"), d.Pick("0", "1", "2", "4", "-1", "abc", "9223372036854775807")],
        () => d.Pick<string[]>([d.Word("MINMATCHLEN")], ["junk"]));

    private static string[] RestoreArguments(Draw d) =>
    [
        d.Pick("0", "0", "0", d.FarMilliseconds(), "33177117420000", "-1", "abc", "9223372036854775807"),
        d.Pick(DumpPayloads.All),
        .. d.Chance(60) ? (string[])[d.Word("REPLACE")] : [],
        .. d.Options(
            () => [d.Word("ABSTTL")],
            () => [d.Word("IDLETIME"), d.Pick("0", "1000", "-1", "abc")],
            () => [d.Word("FREQ"), d.Pick("0", "255", "256", "-1", "abc")],
            () => d.Pick<string[]>([d.Word("FREQ")], [d.Word("IDLETIME")], ["junk"])),
    ];

    private static string Index(Draw d) => d.Chance(80) ? d.Pick("0", "1", "-1", "3", "-3", "43", "100", "-500", "100000") : d.Integer();

    private static string[] HelloArguments(Draw d) =>
    [
        .. d.Many(0, 1, () => d.Pick("2", "3", "3", "1", "4", "-1", "abc", "9223372036854775808", " 3")),
        // Once at most: 7.0 tries each AUTH as it reads it, later versions the last one only.
        .. d.Chance(33) ? (string[])[d.Word("AUTH"), d.Pick("default", "nobody"), d.Value()] : [],
        .. d.Options(
            () => [d.Word("SETNAME"), d.Pick("name", "", "two words", "line\n")],
            () => d.Pick<string[]>([d.Word("AUTH"), "x"], [d.Word("SETNAME")], ["junk"])),
    ];

    // One or the other: 7.0 takes no second filter.
    private static string[] ClientListArguments(Draw d) => d.Pick<string[]>(
        [],
        [d.Word("TYPE"), d.Pick(d.Word("normal"), "master", "replica", "slave", "pubsub", "bad", "")],
        [d.Word("TYPE"), "normal", "junk"],
        [d.Word("ID"), .. d.Many(0, 3, () => d.Pick("999999", "0", "-1", "abc", "9223372036854775807"))]);

    private static string[] ClientKillArguments(Draw d) => d.Chance(20)
        ? [d.Pick("1.2.3.4:5", "nowhere", "", "127.0.0.1:0")]
        : d.Options(
            () => [d.Word("ID"), d.Pick("999999", "0", "-1", "abc")],
            () => [d.Word("ADDR"), d.Pick("1.2.3.4:5", "")],
            () => [d.Word("LADDR"), d.Pick("1.2.3.4:5", "")],
            () => [d.Word("TYPE"), d.Pick("master", "replica", "slave", "pubsub", "bad")],
            () => [d.Word("USER"), d.Pick("nobody", "")],
            () => [d.Word("SKIPME"), d.Pick(d.Word("yes"), d.Word("no"), "maybe")],
            () => d.Pick<string[]>([d.Word("ID")], ["junk", "x"]));

    private static string[] InfoArguments(Draw d) => d.Many(0, 3, () => d.Pick(
        d.Word("server"), "clients", "memory", "persistence", "stats", "replication", "cpu", d.Word("keyspace"), "cluster", "errorstats", "modules",
        "nosuch", "", d.Word("all"), "default", "everything"));

    private static string[] CommandListArguments(Draw d) => d.Options(
        () => [d.Word("FILTERBY"), d.Word("ACLCAT"), d.Pick("string", "fast", "nosuch", "READ")],
        () => [d.Word("FILTERBY"), d.Word("PATTERN"), d.Pick("get", "*get", "client|*", "[gs]et", "nosuch", "")],
        () => [d.Word("FILTERBY"), d.Word("MODULE"), "nosuch"],
        () => d.Pick<string[]>([d.Word("FILTERBY")], [d.Word("FILTERBY"), "junk", "x"], ["junk"]));

    private static string[] CommandWithKeys(Draw d) => d.Pick<string[]>(
        ["get", d.Key()],
        [d.Word("SET"), d.Key(), d.Value(), .. SetOptions(d)],
        ["mset", .. d.Many(1, 5, d.Key)],
        ["msetnx", .. d.Many(1, 4, d.Key)],
        ["del", .. d.Many(0, 4, d.Key)],
        ["getex", d.Key(), "PERSIST"],
        ["append", d.Key(), d.Value()],
        ["mget", .. d.Many(1, 3, d.Key)],
        ["ping", d.Value()],
        ["config", d.Pick("get", "nosuch", "set"), "x"],
        ["dbsize"],
        [d.Pick("nosuch", "", "client|list"), .. d.Many(0, 2, d.Key)]);

    /// <summary>Settings that harm nothing, each set back by the next script's head (see ScriptGenerator).</summary>
    private static string[] ConfigSetArguments(Draw d) => [.. d.Many(1, 2, () => "").SelectMany(_ => d.Pick<string[]>(
        [d.Word("maxmemory"), d.Pick("0", "100mb", "1GB", "1g", "-1", "abc", "", "110%", "1kk", "100Mb ")],
        ["maxmemory-policy", d.Pick("noeviction", "AllKeys-LRU", "bad", "", "volatile-ttl")],
        ["maxmemory-samples", d.Pick("5", "0", "64", "abc", "-1")],
        ["timeout", d.Pick("0", "10000", "-1", "abc", "2147483648")],
        ["hz", d.Pick("10", "1000", "-1", "abc")],
        ["slowlog-log-slower-than", d.Pick("10000", "-1", "-2", "abc", "9223372036854775807", "9223372036854775808")],
        ["notify-keyspace-events", d.Pick("", "KEA", "Kx", "Eg$", "bad!", "AKE")],
        ["client-output-buffer-limit", d.Pick("normal 0 0 0", "normal 1mb 2mb 60 replica 1 2 3", "normal 1", "bad 0 0 0", "normal -1 0 0", "master 0 0 0", "pubsub 32mb 8mb x")],
        ["save", d.Pick("", "60 1000", "60 1000 1 1", "60", "0 1", "a b", "-1 1")],
        ["lazyfree-lazy-user-del", d.Pick("yes", "no", "YES", "maybe", "", "1")],
        ["databases", "17"],
        ["dir", "/nosuch/folder"],
        ["nosuch", "x"],
        ["proto-max-bulk-len", d.Pick("512mb", "1mb", "1mb1", "-1", "abc")],
        ["appendfsync", d.Pick("everysec", "always", "no", "sometimes")],
        ["latency-tracking-info-percentiles", d.Pick("50 99 99.9", "", "101", "a", "-1 50")],
        ["list-max-ziplist-size", d.Pick("-2", "128", "abc")],
        ["oom-score-adj-values", d.Pick("0 200 800", "1 2", "-3000 0 0", "a b c")],
        ["port", d.Pick("70000", "-1", "abc")]))];
}
