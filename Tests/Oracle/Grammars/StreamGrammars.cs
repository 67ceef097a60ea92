namespace KestrelFree.Tests.Oracle;

/// <summary>The grammars of the stream commands: few streams with few, small ids, so that scripts meet the entries that they have made.</summary>
internal static class StreamGrammars
{
    private static readonly string[] Writers = ["XADD", "XADD", "XADD", "XADD", "XDEL", "XTRIM", "XRANGE", "XLEN", "XREAD", "DEL"];

    public static readonly CommandGrammar[] All =
    [
        Row("XADD", d => [Key(d), .. AddOptions(d), NewId(d), .. d.Many(1, 3, () => "").SelectMany(_ => new[] { Field(d), d.Chance(80) ? d.Pick("v", "17", "-1", "") : d.Value() })]),
        Row("XLEN", d => [Key(d)]),
        Row("XRANGE", d => [Key(d), Bound(d), Bound(d), .. Count(d)]),
        Row("XREVRANGE", d => [Key(d), Bound(d), Bound(d), .. Count(d)]),
        Row("XDEL", d => [Key(d), .. d.Many(1, 4, () => Id(d))]),
        Row("XTRIM", d => [Key(d), .. TrimOptions(d)]),
        Row("XSETID", d =>
        [
            Key(d), Id(d),
            .. d.Options(() => [d.Word("ENTRIESADDED"), d.Pick("0", "1", "5", "100", "-1", "abc")], () => [d.Word("MAXDELETEDID"), d.Pick("0-0", "0", "99-99", "abc")], () => d.Pick<string[]>(["junk"], [d.Word("ENTRIESADDED")])),
            // 7.0 lets the last id fall behind a deleted entry's, so nothing is deleted here.
        ]) with { Beside = ["XADD", "XADD", "XADD", "XRANGE", "XLEN", "XREAD", "DEL"] },
        Row("XREAD", d => [.. Count(d), .. d.Chance(8) ? (string[])[d.Word("BLOCK"), d.Pick("1", "2", "-1", "abc", "1.5")] : [], .. d.Chance(10) ? (string[])[d.Pick(d.Word("NOACK"), "junk", d.Word("GROUP"))] : [], .. Streams(d, () => d.Pick(Id(d), "0", "0", "$"))]),
    ];

    private static CommandGrammar Row(string name, Func<Draw, string[]> arguments) => new(name, arguments) { Beside = Writers };

    private static string Key(Draw d) => d.Chance(90) ? d.Pick("stream", "stream", "stream", "st2", "st2", "missing") : d.Key();

    private static string Field(Draw d) => d.Pick("f", "f", "f", "g", "5", "");

    private static string NewId(Draw d) => d.Chance(80)
        ? d.Pick("1-*", "1-*", "2-*", "3-*", "5-5", "5-*", "7-*", "9-*", "9-9", "1-7")
        : d.Pick("0-0", "0-*", "0", "7", "*-1", "5-*-", "-", "+", "", "abc", "1-1-1", "18446744073709551615-*", "18446744073709551615-18446744073709551615", "18446744073709551616-1", "-1-*");

    internal static string Id(Draw d) => d.Chance(85)
        ? d.Pick("1-1", "1-2", "1-3", "2-0", "2-1", "3-0", "5-5", "5-6", "7-0", "9-9", "0-1", "3", "5")
        : d.Pick("0", "0-0", "-", "+", "abc", "", "1-", "-1", "18446744073709551615-18446744073709551615", "18446744073709551615", "99999999999999999999-1", "1\0-2", "01-1", " 1-1");

    internal static string Bound(Draw d) => d.Chance(50) ? d.Pick("-", "+", "0", "9") : d.Chance(50) ? Id(d) : "(" + Id(d);

    private static string[] Count(Draw d) => d.Options(() => [d.Word("COUNT"), d.Pick("1", "2", "2", "10", "0", "-1", "abc")]);

    private static string[] AddOptions(Draw d) => d.Chance(60) ? [] : d.Options(() => [d.Word("NOMKSTREAM")], () => Trim(d), () => [d.Word("LIMIT"), d.Pick("0", "1", "100", "-1", "abc")]);

    private static string[] TrimOptions(Draw d) => [.. d.Chance(95) ? Trim(d) : [], .. d.Options(() => [d.Word("LIMIT"), d.Pick("0", "1", "100", "-1", "abc")], () => Trim(d), () => ["junk"])];

    private static string[] Trim(Draw d) =>
    [
        .. d.Chance(50) ? (string[])[d.Word("MAXLEN")] : [d.Word("MINID")],
        .. d.Chance(60) ? (string[])[d.Pick("=", "~", "~")] : [],
        d.Chance(80) ? d.Pick("0", "1", "2", "3", "5") : d.Chance(50) ? Id(d) : d.Pick("-1", "abc", "", "9223372036854775808", "~"),
    ];

    internal static string[] Streams(Draw d, Func<string> id)
    {
        var keys = d.Many(1, 3, () => Key(d));
        return [d.Word("STREAMS"), .. keys, .. keys.Select(_ => id())];
    }
}
