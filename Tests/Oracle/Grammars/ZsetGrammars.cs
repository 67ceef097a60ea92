namespace KestrelFree.Tests.Oracle;

/// <summary>The grammars of the sorted set commands: few members of few sets, so that scripts meet what they have made; both encodings.</summary>
internal static class ZsetGrammars
{
    private static readonly string[] Writers = ["ZADD", "ZADD", "ZADD", "ZREM", "ZINCRBY", "DEL", "ZRANGE", "ZRANGEBYSCORE"];
    private static readonly string[] LexWriters = ["ZREMRANGEBYLEX", "ZRANGEBYLEX", "ZLEXCOUNT", "ZREVRANGEBYLEX"];

    public static readonly CommandGrammar[] All =
    [
        Row("ZADD", d => [Key(d), .. d.Chance(50) ? [] : d.Options(() => [d.Word(d.Pick("NX", "XX", "GT", "LT", "CH", "INCR"))]), .. Pairs(d)]),
        Row("ZINCRBY", d => [Key(d), Score(d), Member(d)]),
        Row("ZREM", d => [Key(d), .. d.Many(1, 4, () => Member(d))]),
        Row("ZSCORE", d => [Key(d), Member(d)]),
        Row("ZMSCORE", d => [Key(d), .. d.Many(1, 4, () => Member(d))]),
        Row("ZCARD", d => [Key(d)]),
        Row("ZRANK", d => [Key(d), Member(d)]),
        Row("ZREVRANK", d => [Key(d), Member(d)]),
        Row("ZCOUNT", d => [Key(d), ScoreEnd(d), ScoreEnd(d)]),
        Row("ZRANGE", d => [Key(d), .. RangeArguments(d)]),
        Row("ZRANGESTORE", d => [Key(d), Key(d), .. RangeArguments(d)]),
        Row("ZREVRANGE", d => [Key(d), Index(d), Index(d), .. WithScores(d)]),
        Row("ZRANGEBYSCORE", d => [Key(d), ScoreEnd(d), ScoreEnd(d), .. WithScores(d), .. Limit(d)]),
        Row("ZREVRANGEBYSCORE", d => [Key(d), ScoreEnd(d), ScoreEnd(d), .. Limit(d), .. WithScores(d)]),
        Row("ZREMRANGEBYRANK", d => [Key(d), Index(d), Index(d)]),
        Row("ZREMRANGEBYSCORE", d => [Key(d), ScoreEnd(d), ScoreEnd(d)]),
        LexRow("ZLEXCOUNT", d => [LexKey(d), LexEnd(d), LexEnd(d)]),
        LexRow("ZRANGEBYLEX", d => [LexKey(d), LexEnd(d), LexEnd(d), .. Limit(d)]),
        LexRow("ZREVRANGEBYLEX", d => [LexKey(d), LexEnd(d), LexEnd(d), .. Limit(d)]),
        LexRow("ZREMRANGEBYLEX", d => [LexKey(d), LexEnd(d), LexEnd(d)]),
        Row("ZPOPMIN", d => [Key(d), .. PopCount(d)]),
        Row("ZPOPMAX", d => [Key(d), .. PopCount(d)]),
        Row("ZMPOP", d => MultiPop(d)),
        Row("BZPOPMIN", d => [.. d.Chance(20) ? d.Many(0, 2, () => Key(d)) : [], Existing(d), Timeout(d)]) with { Waits = true },
        Row("BZPOPMAX", d => [.. d.Chance(20) ? d.Many(0, 2, () => Key(d)) : [], Existing(d), Timeout(d)]) with { Waits = true },
        Row("BZMPOP", d => [Timeout(d), .. MultiPop(d)]) with { Waits = true },
        Row("ZRANDMEMBER", d => [Key(d), .. d.Chance(75) ? (string[])[RandomCount(d), .. WithScores(d)] : []]),
        Row("ZSCAN", d => [Key(d), d.Pick("0", "0", "0", "abc", ""), .. HashGrammars.ScanOptions(d)]),
        Row("ZUNION", d => [.. Inputs(d), .. d.Options(() => Weights(d), () => Aggregate(d), () => [d.Word("WITHSCORES")])]),
        Row("ZINTER", d => [.. Inputs(d), .. d.Options(() => Weights(d), () => Aggregate(d), () => [d.Word("WITHSCORES")])]),
        Row("ZDIFF", d => [.. Inputs(d), .. d.Options(() => [d.Word("WITHSCORES")])]),
        Row("ZUNIONSTORE", d => [Key(d), .. Inputs(d), .. d.Options(() => Weights(d), () => Aggregate(d))]),
        Row("ZINTERSTORE", d => [Key(d), .. Inputs(d), .. d.Options(() => Weights(d), () => Aggregate(d))]),
        Row("ZDIFFSTORE", d => [Key(d), .. Inputs(d)]),
        Row("ZINTERCARD", d => [.. Inputs(d), .. d.Options(() => [d.Word("LIMIT"), d.Pick("0", "1", "2", "100", "-1", "abc")])]),
    ];

    private static CommandGrammar Row(string name, Func<Draw, string[]> arguments) => new(name, arguments) { Beside = Writers };

    // Ranges of members mean something only where all scores are the same.
    private static CommandGrammar LexRow(string name, Func<Draw, string[]> arguments) => new(name, arguments) { Beside = LexWriters };

    private static string Key(Draw d) => d.Chance(92) ? d.Pick("zset", "zset", "zset2", "bigzset", "bigzset", "missing") : d.Key();

    private static string LexKey(Draw d) => d.Chance(92) ? d.Pick("lexzset", "lexzset", "biglexzset", "missing") : d.Pick("int", "list", "set");

    private static string Member(Draw d) => d.Chance(85) ? d.Pick("a", "b", "c", "d", "e", "1", "-5", "10000", "f6") : d.Value();

    private static string Score(Draw d) => d.Chance(80)
        ? d.Pick("0", "1", "2", "-1", "1", "2", "3", "1.5", "0.1", "-2.25", "inf", "-inf", "1e3", "1e-7", "123456789012345680", "3.0", "1e20", "0.30000000000000004")
        : d.Pick("nan", "", "abc", " 1", "1 ", "1e400", "0x10", "+inf", "Infinity", "+1", ".5", "5.");

    private static string ScoreEnd(Draw d) => d.Chance(70)
        ? (d.Chance(30) ? "(" : "") + d.Pick("0", "1", "2", "-1", "1.5", "-inf", "+inf", "inf", "0.1", "3", "100")
        : d.Pick("", "(", "nan", "(nan", "abc", " 1", "( 1", "1 ", "1e400", "-1e400", "1e-400", "((1", "[1", "1\0", "1\0x", "0x1p1", "-", "+");

    private static string LexEnd(Draw d) => d.Chance(88)
        ? d.Pick("-", "+", "[a", "(a", "[b", "(b", "[c", "(d", "[e", "[", "(", "[alpha", "(member50", "[member7")
        : d.Pick("", "a", "-x", "+x", "-\0", "+\0x", "1", "-1", "{a");

    private static string Index(Draw d) => d.Chance(85) ? d.Pick("0", "1", "-1", "2", "-2", "3", "-3", "100", "-100") : d.Integer();

    private static string[] WithScores(Draw d) => d.Chance(40) ? [d.Word("WITHSCORES")] : [];

    private static string[] Limit(Draw d) => d.Chance(40) ? [d.Word("LIMIT"), Index(d), Index(d)] : [];

    private static string[] RangeArguments(Draw d)
    {
        string[] ends = d.Chance(50) ? [Index(d), Index(d)] : [ScoreEnd(d), ScoreEnd(d)];
        string[] form = ends[0].StartsWith('(') || d.Chance(40) ? [d.Word("BYSCORE")] : [];
        return [.. ends, .. form, .. d.Chance(30) ? (string[])[d.Word("REV")] : [], .. Limit(d), .. WithScores(d), .. d.Chance(3) ? (string[])[d.Word("BYLEX")] : []];
    }

    private static string[] PopCount(Draw d) => d.Chance(50) ? [d.Pick("0", "1", "2", "3", "100", "-1", "abc", "9223372036854775808")] : [];

    private static string[] MultiPop(Draw d) =>
    [
        .. d.Chance(85) ? (string[])["1", Existing(d)] : [d.Pick("0", "-1", "abc", "2", "3", "1"), .. d.Many(1, 3, () => Key(d))],
        d.Chance(90) ? d.Word(d.Pick("MIN", "MAX")) : d.Odd(),
        .. d.Options(() => [d.Word("COUNT"), d.Pick("1", "2", "100", "0", "-1", "abc")]),
    ];

    // One that is refilled more often than it is emptied, so that few wait in vain; and those that do, not for long.
    private static string Existing(Draw d) => d.Chance(85) ? d.Pick("lexzset", "biglexzset") : d.Key();

    private static string Timeout(Draw d) => d.Chance(90) ? d.Pick("0.001", "0.002") : d.Pick("-1", "abc", "", "1e300", "inf", "nan");

    private static string RandomCount(Draw d) => d.Pick("0", "1", "2", "-1", "-3", "100", "1000000", "-9223372036854775808", "9223372036854775807", "abc", "");

    private static string[] Inputs(Draw d)
    {
        var keys = d.Many(1, 4, () => d.Chance(75) ? Key(d) : d.Pick("set", "intset", "bigset", "lexzset"));
        return [d.Chance(90) ? $"{keys.Length}" : d.Pick("0", "-1", "abc", "1", "7", "9223372036854775808"), .. keys];
    }

    private static string[] Weights(Draw d) => [d.Word("WEIGHTS"), .. d.Many(1, 4, () => d.Pick("1", "2", "0", "-1", "0.5", "inf", "-inf", "1", "3", d.Chance(10) ? "abc" : "10"))];

    private static string[] Aggregate(Draw d) => [d.Word("AGGREGATE"), d.Chance(90) ? d.Word(d.Pick("SUM", "MIN", "MAX")) : d.Pick("AVG", "", "NONE")];

    // Once in a while more than a listpack takes.
    private static string[] Pairs(Draw d)
    {
        if (d.Chance(2))
            return [.. Enumerable.Range(0, 129).SelectMany(number => new[] { $"{number % 7}", $"m{number}" })];
        return [.. d.Many(1, 4, () => Member(d)).SelectMany(member => new[] { Score(d), member })];
    }
}
