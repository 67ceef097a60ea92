namespace KestrelFree.Tests.Oracle;

// Times never decide: entries count as idle for hours (IDLE, TIME) or are asked about regardless of it, and Normalisations leaves the
// milliseconds out.

/// <summary>The grammars of consumer groups: two groups and three consumers of two streams, so that scripts meet what they have made.</summary>
internal static class StreamGroupGrammars
{
    private static readonly string[] Writers =
        ["XADD", "XADD", "XGROUP CREATE", "XGROUP CREATE", "XGROUP CREATE", "XREADGROUP", "XREADGROUP", "XACK", "XCLAIM", "XDEL", "XTRIM", "XPENDING", "XGROUP DELCONSUMER", "XGROUP SETID", "XGROUP DESTROY"];

    public static readonly CommandGrammar[] All =
    [
        Row("XGROUP CREATE", d => [Key(d), Group(d), GroupId(d), .. d.Options(() => [d.Word("MKSTREAM")], () => [d.Word("ENTRIESREAD"), d.Pick("0", "1", "3", "-1", "-2", "abc")], () => ["junk"])]),
        Row("XGROUP SETID", d => [Key(d), Group(d), GroupId(d), .. d.Options(() => [d.Word("ENTRIESREAD"), d.Pick("0", "1", "3", "-1", "-2", "abc")], () => d.Pick<string[]>(["junk"], ["MKSTREAM"]))]),
        Row("XGROUP DESTROY", d => [Key(d), Group(d)]),
        Row("XGROUP CREATECONSUMER", d => [Key(d), Group(d), Consumer(d)]),
        Row("XGROUP DELCONSUMER", d => [Key(d), Group(d), Consumer(d)]),
        Row("XREADGROUP", d =>
        [
            d.Word("GROUP"), Group(d), Consumer(d),
            .. d.Options(() => [d.Word("COUNT"), d.Pick("1", "2", "0", "-1", "abc")], () => [d.Word("NOACK")]),
            .. d.Chance(8) ? (string[])[d.Word("BLOCK"), d.Pick("1", "2", "-1", "abc", "1.5")] : [],
            .. StreamGrammars.Streams(d, () => d.Chance(70) ? d.Pick(">", ">", ">", "0", "0") : d.Pick("1-1", "2", "$", "-", "+", "abc")),
        ]),
        Row("XACK", d => [Key(d), Group(d), .. d.Many(1, 4, () => StreamGrammars.Id(d))]),
        Row("XPENDING", d =>
        [
            Key(d), Group(d),
            .. d.Chance(30) ? [] : (string[])
            [
                .. d.Chance(25) ? (string[])[d.Word("IDLE"), d.Pick("0", "3000000", "abc")] : [],
                StreamGrammars.Bound(d), StreamGrammars.Bound(d), d.Pick("10", "10", "1", "0", "-1", "abc"), .. d.Many(0, 1, () => Consumer(d)),
            ],
        ]),
        Row("XCLAIM", d =>
        [
            Key(d), Group(d), Consumer(d), d.Pick("0", "0", "0", "3000000", "-1", "abc"), .. d.Many(1, 4, () => StreamGrammars.Id(d)),
            .. d.Options(
                () => [d.Word("IDLE"), d.Pick("0", "10000000", "abc", "99999999999999")],
                () => [d.Word("TIME"), d.Pick("1", "0", "-1", "99999999999999", "abc")],
                () => [d.Word("RETRYCOUNT"), d.Pick("0", "7", "-1", "abc")],
                () => [d.Word("FORCE")],
                () => [d.Word("JUSTID")],
                () => [d.Word("LASTID"), StreamGrammars.Id(d)],
                () => d.Pick<string[]>(["junk"], [d.Word("IDLE")])),
        ]),
        Row("XAUTOCLAIM", d =>
        [
            Key(d), Group(d), Consumer(d), d.Pick("0", "0", "0", "3000000", "-1", "abc"), StreamGrammars.Bound(d),
            .. d.Options(() => [d.Word("COUNT"), d.Pick("1", "2", "10", "0", "-1", "abc")], () => [d.Word("JUSTID")], () => ["junk"]),
        ]),
        Row("XINFO STREAM", d => [Key(d), .. d.Chance(40) ? [] : (string[])[d.Word("FULL"), .. d.Options(() => [d.Word("COUNT"), d.Pick("1", "2", "0", "-1", "abc")], () => ["junk"])]]),
        Row("XINFO GROUPS", d => [Key(d)]),
        Row("XINFO CONSUMERS", d => [Key(d), Group(d)]),
    ];

    private static CommandGrammar Row(string name, Func<Draw, string[]> arguments) => new(name, arguments) { Beside = Writers };

    private static string Key(Draw d) => d.Chance(93) ? d.Pick("stream", "stream", "stream", "st2", "missing") : d.Key();

    private static string Group(Draw d) => d.Chance(95) ? d.Pick("g1", "g1", "g2") : d.Pick("nosuch", "", "two words");

    private static string Consumer(Draw d) => d.Chance(95) ? d.Pick("c1", "c2", "c3") : d.Pick("", "two words", "$");

    private static string GroupId(Draw d) => d.Chance(80) ? d.Pick("0", "0", "$", "1-1") : StreamGrammars.Id(d);
}
