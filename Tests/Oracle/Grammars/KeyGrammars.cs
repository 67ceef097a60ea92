namespace KestrelFree.Tests.Oracle;

/// <summary>The rows of commands on keys whatever they hold.</summary>
internal static class KeyGrammars
{
    // Fields, keys and values of scripts never come near it: a portion of that size is the whole database.
    private const string Everything = "1000";

    private static readonly string[] Neighbours = ["SET", "DEL", "MSET", "APPEND", "EXPIRE", "GET", "SELECT", "RENAME", "COPY"];

    /// <summary>The rows, one per command or subcommand.</summary>
    public static readonly CommandGrammar[] Rows =
    [
        new("UNLINK", d => d.Many(1, 4, d.Key)),
        new("TOUCH", d => d.Many(1, 4, d.Key)),
        new("RENAME", d => [d.Key(), d.Key()]) { Beside = Neighbours },
        new("RENAMENX", d => [d.Key(), d.Key()]) { Beside = Neighbours },
        new("MOVE", d => [d.Key(), Index(d)]) { Beside = Neighbours },
        new("COPY", d => [d.Key(), d.Key(), .. d.Options(() => [d.Word("REPLACE")], () => [d.Word("DB"), Index(d)], () => [d.Word("DB")])]) { Beside = Neighbours },
        new("SWAPDB", d => [Index(d), Index(d)]) { Beside = Neighbours },
        new("RANDOMKEY", _ => []) { Beside = ["FLUSHALL", "SET", "DEL", "SELECT"] },
        new("KEYS", d => [Pattern(d)]) { Beside = Neighbours },
        new("SCAN", d => [Cursor(d), .. Count(d), .. ScanFilters(d)]) { Beside = Neighbours },
        new("OBJECT ENCODING", d => [d.Key()]) { Beside = Neighbours },
        new("OBJECT FREQ", d => [d.Key()]) { Beside = Neighbours },
        new("OBJECT IDLETIME", d => [d.Key()]) { Beside = Neighbours },
        new("OBJECT REFCOUNT", d => [d.Key()]) { Beside = ["SET", "INCR", "DECRBY", "APPEND", "COPY", "RENAME", "CONFIG SET"] },
    ];

    /// <summary>Whether a request of SCAN asks for the whole database, so that both servers reply the same keys.</summary>
    public static bool ScansEverything(IReadOnlyList<string> request)
    {
        int[] counts = [.. Enumerable.Range(0, request.Count).Where(at => request[at].Equals("COUNT", StringComparison.OrdinalIgnoreCase))];
        return request.Count > 3 && request[1] is "0" or "" or "+0" or "00" && counts is [var only] && only + 1 < request.Count && request[only + 1] == Everything;
    }

    private static string Index(Draw d) => d.Chance(75) ? d.Pick("0", "1", "15") : d.Chance(50) ? d.Pick("16", "-1", "abc", "", "2147483648", "-2147483649") : d.Integer();

    private static string Pattern(Draw d) => d.Pick("*", "**", "*o*", "s*", "?", "[a-m]*", "[^a-m]*", "short", "m?n", "missing", "", "\\s*", "[", "vol\\atile", "*\0*", "[z-a]*", "hash");

    private static string Cursor(Draw d) => d.Chance(75) ? "0" : d.Pick("", "+0", "00", "-1", "abc", " 0", "0 ", "-", "1.5", "18446744073709551615", "18446744073709551616", "0\0x", "281474976710656", "7");

    private static string[] Count(Draw d) => d.Chance(85) ? [d.Word("COUNT"), Everything] : [d.Word("COUNT"), d.Pick("0", "-1", "abc", "", "1", "10", "9223372036854775807", "9223372036854775808")];

    private static string[] ScanFilters(Draw d) => d.Options(
        () => [d.Word("MATCH"), Pattern(d)],
        () => [d.Word("TYPE"), d.Pick(d.Word("string"), "list", "set", "zset", "hash", "stream", "nosuch", "")],
        () => d.Pick<string[]>([d.Word("MATCH")], [d.Word("TYPE")], ["NOVALUES"], ["junk"]));
}
