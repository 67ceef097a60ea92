namespace KestrelFree.Tests.Oracle;

/// <summary>Where the server is right to differ from the oracle, which is redis-server 7.0: we answer as 7.4.</summary>
/// <param name="Name">The name that the tally prints.</param>
/// <param name="Reason">What changed, and since when.</param>
/// <param name="Matches">Whether an exchange differs for this reason and no other.</param>
internal sealed record KnownDifference(string Name, string Reason, Func<Exchange, bool> Matches);

/// <summary>The rows.</summary>
internal static class KnownDifferences
{
    private const int MaxSkewSeconds = 60;

    // What the replies of commands that tell the time may differ by, in their own unit.
    private static readonly Dictionary<string, long> ClockSkews = new()
    {
        ["ttl"] = MaxSkewSeconds, ["expiretime"] = MaxSkewSeconds, ["pttl"] = MaxSkewSeconds * 1000, ["pexpiretime"] = MaxSkewSeconds * 1000,
    };

    public static readonly KnownDifference[] All =
    [
        new("CLIENT SETINFO", "new in 7.2: the oracle lacks it (a transcript covers it)", e => e.Command == "client setinfo"),
        new("HELLO tells strangers the whole syntax", "7.2 added <proto> to the text", e =>
            e.Command == "hello" && e.Ours == e.Theirs.Replace("HELLO AUTH <user>", "HELLO <proto> AUTH <user>", StringComparison.Ordinal)),
        new("HELLO reads all its options before it authenticates", "since 7.2; 7.0 authenticates at the word AUTH, whatever follows", e =>
            e.Command == "hello" && (IsError(e, "-WRONGPASS ", "-ERR Syntax error in HELLO option ") || IsError(e, "-WRONGPASS ", "-ERR Client names cannot contain "))),
        new("COMMAND GETKEYS of a single word", "7.2 says what is wrong with it; 7.0 wants arguments behind it", e =>
            e.Command is "command getkeys" or "command getkeysandflags" && e.Request.Count == 3 && e.Theirs.StartsWith("-ERR wrong number of arguments for 'command|getkeys", StringComparison.Ordinal)),
        new("DEBUG HTSTATS-KEY of a table", "slots and chains are each server's own; sets have listpacks since 7.2", e => e.Command == "debug htstats-key" && e.Theirs.Contains("table size", StringComparison.Ordinal)
            && (e.Ours.Contains("table size", StringComparison.Ordinal) || e.Ours.StartsWith("-ERR The value stored at the specified key is not represented", StringComparison.Ordinal))),
        new("DEBUG OBJECT of small lists and sets", "listpacks since 7.2; 7.0 says quicklist and hashtable", e =>
            e.Command == "debug object" && e.Ours.Contains(" encoding:listpack ", StringComparison.Ordinal) && (e.Theirs.Contains(" encoding:hashtable ", StringComparison.Ordinal) || e.Theirs.Contains(" encoding:quicklist ", StringComparison.Ordinal))),
        new("DEBUG HTSTATS with more words", "7.2 takes the word full", e =>
            e.Command is "debug htstats" or "debug htstats-key" && e.Request.Count > 3 && e.Theirs.StartsWith("-ERR unknown subcommand or wrong", StringComparison.Ordinal)),
        new("maxmemory-policy names the lrm policies", "they are of 8.6", e =>
            e.Command == "config set" && e.Ours.Replace(", volatile-lrm, allkeys-lrm", "", StringComparison.Ordinal) == e.Theirs),
        new("maxmemory-samples is at most 64", "since 7.4; 7.0 knows no bound but that of a C int", e =>
            e.Command == "config set" && e.Ours == e.Theirs.Replace("between 1 and 2147483647 inclusive", "between 1 and 64 inclusive", StringComparison.Ordinal)),
        new("an error quotes an argument whole", "Redis prints it as a C string, up to its first NUL", IsCutAtNul),
        new("time goes on", "the two servers are asked one after the other", e => ClockSkews.TryGetValue(e.Command, out var allowed) && AreWithin(allowed, e)),
        new("EXPIRETIME at the end of time is rounded up", "Redis adds 500 ms first, which overflows into the past", e =>
            e.Command == "expiretime" && e.Theirs == ":-9223372036854775\r\n" && e.Ours == ":9223372036854776\r\n"),
        new("BITCOUNT and BITPOS look at their arguments first", "since 7.4; 7.0 replies 0 or -1 for a missing key, 0 for a reversed range, and WRONGTYPE, whatever follows", e =>
            e.Command is "bitcount" or "bitpos" && e.Ours.StartsWith("-ERR ", StringComparison.Ordinal)
            && (e.Theirs is ":0\r\n" or ":-1\r\n" || e.Theirs.StartsWith("-WRONGTYPE ", StringComparison.Ordinal))),
        new("portions of SCAN", "cursors are each server's own, and portions end where buckets or hashes do (tests of their own cover both)", e =>
            e.Command == "scan" && e.Ours[0] == '*' && e.Theirs[0] == '*' && !KeyGrammars.ScansEverything(e.Request)),
        new("OBJECT REFCOUNT of a small integer", "a copy has an object of its own there; here it is as if all small integers were shared", e =>
            e.Command == "object refcount" && e.Theirs == ":1\r\n" && e.Ours == ":2147483647\r\n"),
        new("an unbalanced XREAD", "since 7.2 the error quotes the command, and XREADGROUP names its own sign", e =>
            e.Command is "xread" or "xreadgroup" && e.Theirs.StartsWith("-ERR Unbalanced XREAD ", StringComparison.Ordinal) && e.Ours.StartsWith($"-ERR Unbalanced '{e.Command}' ", StringComparison.Ordinal)),
        new("a consumer that found nothing", "7.2 makes it too when it reads", e => e.Command == "xgroup createconsumer" && e.Theirs == ":1\r\n" && e.Ours == ":0\r\n"),
        new("XREAD of the newest entry", "since 7.4 + stands for the id before it", e =>
            e.Command is "xread" or "xreadgroup" && e.Request.Skip(3).Any(word => word is "+") && e.Theirs == "-ERR Invalid stream ID specified as stream command argument\r\n"),
        new("XSETID below what was deleted last", "since 7.2 the stream itself remembers; 7.0 looks at the option alone", e =>
            e.Command == "xsetid" && e.Theirs == "+OK\r\n" && e.Ours == "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n"),
        new("a timeout beyond the end of time", "since 7.2 it is out of range; 7.0 computes a negative one", e =>
            IsError(e, "-ERR timeout is negative", "-ERR timeout is out of range")),
        new("LPOS of a rank without an opposite", "since 7.2 it is an error; 7.0 overflows", e =>
            e.Command == "lpos" && e.Ours.StartsWith("-ERR value is out of range, value must between", StringComparison.Ordinal)),
        new("doubles in the fewest digits that read back", "since 7.2; 7.0 prints 17 digits", e => DoublesDiffer(e, (theirs, ours) => theirs.Length > ours.Length)),
        new("-0 is 0 in a listpack", "since 7.2 a score without a fraction is stored as an integer there", e => DoublesDiffer(e, (theirs, ours) => ours == "0" || theirs.Length > ours.Length)),
        new("ZRANK WITHSCORE", "new in 7.2: the oracle takes no fourth argument", e => e.Command is "zrank" or "zrevrank" && e.Request.Count > 3),
        new("many members at once make a tree of a sorted set, even if few come of them", "since 7.2", e =>
            e.Command == "object encoding" && e.Theirs == "$8\r\nlistpack\r\n" && e.Ours == "$8\r\nskiplist\r\n"),
        new("SORT leaves what is equal in its order", "sets have other orders there, and a sort of a part does not keep any", e =>
            e.Command is "sort" or "sort_ro" && SortGrammars.DifferInOpenOrder(e)),
        new("small lists and sets are listpacks", "since 7.2; 7.0 says quicklist and hashtable", e => e.Command == "object encoding" && e.Ours == "$8\r\nlistpack\r\n"),
    ];

    /// <summary>The row that explains an exchange, or null.</summary>
    public static KnownDifference? Find(Exchange exchange) => All.FirstOrDefault(row => row.Matches(exchange));

    // They differ in nothing but how some numbers, which are the same, are spelt.
    private static bool DoublesDiffer(Exchange exchange, Func<string, string, bool> isExpected)
    {
        string[] theirs = exchange.Theirs.Split("\r\n"), ours = exchange.Ours.Split("\r\n");
        if (theirs.Length != ours.Length || exchange.Command[0] is not ('z' or 'b' or 'g')) return false;
        foreach (var (their, our) in theirs.Zip(ours))
        {
            if (their == our || (their.StartsWith('$') && our.StartsWith('$'))) continue;
            if (!double.TryParse(their.TrimStart(','), out var first) || !double.TryParse(our.TrimStart(','), out var second))
                return false;
            if (first != second || !isExpected(their.TrimStart(','), our.TrimStart(','))) return false;
        }

        return true;
    }

    // Both expire, and nearly at the same time.
    private static bool AreWithin(long allowed, Exchange exchange) =>
        TryInteger(exchange.Theirs, out var theirs) && TryInteger(exchange.Ours, out var ours) && theirs > allowed && ours > allowed && Math.Abs(theirs - ours) <= allowed;

    private static bool TryInteger(string reply, out long value)
    {
        value = 0;
        return reply.StartsWith(':') && long.TryParse(reply.AsSpan(1).TrimEnd("\r\n"), out value);
    }

    private static bool IsCutAtNul(Exchange exchange)
    {
        var nul = exchange.Ours.IndexOf('\0', StringComparison.Ordinal);
        return nul > 0 && exchange.Ours[0] == '-' && exchange.Theirs.StartsWith(exchange.Ours[..nul], StringComparison.Ordinal);
    }

    private static bool IsError(Exchange exchange, string theirs, string ours) =>
        exchange.Theirs.StartsWith(theirs, StringComparison.Ordinal) && exchange.Ours.StartsWith(ours, StringComparison.Ordinal);
}
