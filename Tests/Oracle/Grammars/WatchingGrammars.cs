namespace KestrelFree.Tests.Oracle;

/// <summary>The rows of what lets an operator watch a server.</summary>
internal static class WatchingGrammars
{
    public static readonly CommandGrammar[] Rows =
    [
        new("SLOWLOG GET", d => d.Many(0, 1, () => d.Pick("0", "1", "-1", "-2", "abc", "", "9223372036854775808"))) { Beside = ["PING", "SLOWLOG RESET"] },
        new("SLOWLOG LEN", _ => []) { Beside = ["PING"] },
        new("SLOWLOG RESET", _ => []) { Beside = ["PING"] },
        new("MEMORY USAGE", d => [d.Key(), .. d.Chance(60) ? [] : new[] { d.Pick("SAMPLES", "samples", "x"), d.Pick("0", "5", "1000000", "-1", "abc", "") }]) { Beside = ["SELECT", "MSET", "INCR", "APPEND", "FLUSHDB", "DEL", "SETNX"] },
        new("MEMORY STATS", _ => []) { Beside = ["SET", "SELECT"] },
        new("MEMORY DOCTOR", _ => []) { Beside = ["PING"] },
        new("MEMORY PURGE", _ => []) { Beside = ["SET", "GET", "DEL"] },
        new("MEMORY MALLOC-STATS", _ => []) { Beside = ["PING"] },
        new("LATENCY LATEST", _ => []) { Beside = ["PING"] },
        new("LATENCY HISTORY", d => [d.Pick("command", "nosuch", "")]) { Beside = ["PING"] },
        new("LATENCY GRAPH", d => [d.Pick("nosuch", "", "Command")]) { Beside = ["PING"] },
        new("LATENCY RESET", d => d.Many(0, 2, () => d.Pick("command", "nosuch", ""))) { Beside = ["PING"] },
        new("LATENCY DOCTOR", _ => []) { Beside = ["PING"] },
        new("LATENCY HISTOGRAM", d => d.Many(1, 3, () => d.Pick("nosuch", "get|nosuch", "", "lcs"))) { Beside = ["PING"] },
        new("CLIENT PAUSE", d => [d.Pick("0", "0", "1", "-1", "abc", ""), .. d.Options(() => [d.Pick(d.Word("WRITE"), d.Word("ALL"), "junk")])]) { Beside = ["PING", "CLIENT UNPAUSE"] },
        new("CLIENT UNPAUSE", _ => []) { Beside = ["PING"] },
        new("CLIENT TRACKING", TrackingArguments) { Beside = ["CLIENT TRACKINGINFO", "CLIENT CACHING", "CLIENT GETREDIR", "RESET", "PING"] },
        new("CLIENT CACHING", d => [d.Pick(d.Word("YES"), d.Word("NO"), "junk")]) { Beside = ["CLIENT TRACKING", "CLIENT TRACKINGINFO", "PING"] },
        new("CLIENT TRACKINGINFO", _ => []) { Beside = ["CLIENT TRACKING", "CLIENT CACHING"] },
        new("CLIENT GETREDIR", _ => []) { Beside = ["CLIENT TRACKING"] },
        new("LOLWUT", d => d.Chance(50) ? [] : d.Many(0, 2, () => d.Pick("7", "abc", d.Word("VERSION")))) { Beside = ["PING"] },
    ];

    // Overlapping prefixes of one request are left out: the first of them apart, Redis replies the error and then goes on.
    private static string[] TrackingArguments(Draw d) =>
    [
        d.Pick(d.Word("ON"), d.Word("ON"), d.Word("OFF"), "junk"),
        .. d.Options(
            () => [d.Word("BCAST")],
            () => [d.Word("OPTIN")],
            () => [d.Word("OPTOUT")],
            () => [d.Word("NOLOOP")],
            () => [d.Word("PREFIX"), d.Pick("zz:", "zzz", "yy")],
            () => [d.Word("REDIRECT"), d.Pick("999999", "0", "abc", "-1")],
            () => d.Pick<string[]>([d.Word("PREFIX")], [d.Word("REDIRECT")], ["junk"])),
    ];
}
