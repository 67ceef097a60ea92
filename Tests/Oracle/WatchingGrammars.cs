namespace KestrelFree.Tests.Oracle;

/// <summary>The rows of what lets an operator watch a server.</summary>
internal static class WatchingGrammars
{
    public static readonly CommandGrammar[] Rows =
    [
        new("SLOWLOG GET", d => d.Many(0, 1, () => d.Pick("0", "1", "-1", "-2", "abc", "", "9223372036854775808"))) { Beside = ["PING", "SLOWLOG RESET"] },
        new("SLOWLOG LEN", _ => []) { Beside = ["PING"] },
        new("SLOWLOG RESET", _ => []) { Beside = ["PING"] },
        new("LATENCY LATEST", _ => []) { Beside = ["PING"] },
        new("LATENCY HISTORY", d => [d.Pick("command", "nosuch", "")]) { Beside = ["PING"] },
        new("LATENCY GRAPH", d => [d.Pick("nosuch", "", "Command")]) { Beside = ["PING"] },
        new("LATENCY RESET", d => d.Many(0, 2, () => d.Pick("command", "nosuch", ""))) { Beside = ["PING"] },
        new("LATENCY DOCTOR", _ => []) { Beside = ["PING"] },
        new("LATENCY HISTOGRAM", d => d.Many(1, 3, () => d.Pick("nosuch", "get|nosuch", "", "lcs"))) { Beside = ["PING"] },
        new("LOLWUT", d => d.Chance(50) ? [] : d.Many(0, 2, () => d.Pick("7", "abc", d.Word("VERSION")))) { Beside = ["PING"] },
    ];
}
