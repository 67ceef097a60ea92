namespace KestrelFree.Tests.Oracle;

/// <summary>The grammars of the set commands: few members of few sets, so that scripts meet what they have made; every encoding.</summary>
internal static class SetGrammars
{
    private static readonly string[] Writers = ["SADD", "SADD", "SREM", "SUNIONSTORE", "SDIFFSTORE", "SINTERSTORE", "DEL", "SMEMBERS", "SMOVE"];

    public static readonly CommandGrammar[] All =
    [
        Row("SADD", d => [Key(d), .. Members(d)]),
        Row("SREM", d => [Key(d), .. Members(d)]),
        Row("SCARD", d => [Key(d)]),
        Row("SISMEMBER", d => [Key(d), Member(d)]),
        Row("SMISMEMBER", d => [Key(d), .. d.Many(1, 5, () => Member(d))]),
        Row("SMEMBERS", d => [Key(d)]),
        Row("SMOVE", d => [Key(d), Key(d), Member(d)]),
        // Of a set of one member, so that both servers pop the same.
        new("SPOP", d => [d.Pick("lone", "lone", "missing", "int", "list", "hash"), .. d.Chance(60) ? (string[])[d.Pick("0", "1", "2", "1000000", "-1", "abc", "9223372036854775808", "")] : []])
            { Beside = ["SET", "GET"] },
        Row("SSCAN", d => [Key(d), d.Pick("0", "0", "0", "abc", ""), .. HashGrammars.ScanOptions(d)]),
        Row("SRANDMEMBER", d =>
            [Key(d), .. d.Chance(70) ? (string[])[d.Pick("0", "1", "2", "-1", "-3", "100", "1000000", "-9223372036854775808", "9223372036854775807", "abc", "")] : []]),
        Row("SINTER", d => d.Many(1, 4, () => Key(d))),
        Row("SUNION", d => d.Many(1, 4, () => Key(d))),
        Row("SDIFF", d => d.Many(1, 4, () => Key(d))),
        Row("SINTERSTORE", d => d.Many(2, 5, () => Key(d))),
        Row("SUNIONSTORE", d => d.Many(2, 5, () => Key(d))),
        Row("SDIFFSTORE", d => d.Many(2, 5, () => Key(d))),
        Row("SINTERCARD", d =>
        [
            .. d.Many(1, 4, () => Key(d)) is var keys && d.Chance(85) ? (string[])[$"{keys.Length}", .. keys] : [d.Pick("0", "-1", "abc", "7", "1"), .. keys],
            .. d.Options(() => [d.Word("LIMIT"), d.Pick("0", "1", "2", "100", "-1", "abc", "")]),
        ]),
    ];

    private static CommandGrammar Row(string name, Func<Draw, string[]> arguments) => new(name, arguments) { Beside = Writers };

    private static string Key(Draw d) => d.Chance(90) ? d.Pick("set", "set", "intset", "intset", "bigset", "bigset", "missing") : d.Key();

    private static string Member(Draw d) => d.Chance(80) ? d.Pick("1", "2", "3", "-70000", "x", "y", "z", "12x", "5", "6", "100") : d.Value();

    // Once in a while more than an intset or a listpack takes.
    private static string[] Members(Draw d)
    {
        if (d.Chance(2)) return [.. Enumerable.Range(0, 513).Select(number => $"{number}")];
        if (d.Chance(2)) return [.. Enumerable.Range(0, 129).Select(number => $"m{number}")];
        return d.Many(1, 5, () => Member(d));
    }
}
