namespace KestrelFree.Tests.Oracle;

/// <summary>
/// The grammars of the list commands: few lists of few different elements, so that scripts meet what they have made; small and large ones.
/// </summary>
internal static class ListGrammars
{
    private static readonly string[] Writers = ["RPUSH", "RPUSH", "LPUSH", "LPUSH", "LPOP", "LINSERT", "LRANGE", "DEL"];

    public static readonly CommandGrammar[] All =
    [
        Row("LPUSH", d => [Key(d), .. Elements(d)]),
        Row("RPUSH", d => [Key(d), .. Elements(d)]),
        Row("LPUSHX", d => [Key(d), .. Elements(d)]),
        Row("RPUSHX", d => [Key(d), .. Elements(d)]),
        Row("LPOP", d => [Key(d), .. PopCount(d)]),
        Row("RPOP", d => [Key(d), .. PopCount(d)]),
        Row("LLEN", d => [Key(d)]),
        Row("LRANGE", d => [Key(d), Index(d), Index(d)]),
        Row("LINDEX", d => [Key(d), Index(d)]),
        Row("LSET", d => [Key(d), Position(d), Element(d)]),
        Row("LINSERT", d => [Key(d), d.Pick(d.Word("BEFORE"), d.Word("AFTER"), d.Odd()), Element(d), Element(d)]),
        Row("LREM", d => [Key(d), d.Chance(80) ? d.Pick("0", "1", "-1", "2", "-2") : d.Integer(), Element(d)]),
        Row("LTRIM", d => [Key(d), Index(d), Index(d)]),
        Row("LPOS", d => [Key(d), Element(d), .. SearchOptions(d)]),
        Row("LMOVE", d => [Key(d), Key(d), End(d), End(d)]),
        Row("RPOPLPUSH", d => [Key(d), Key(d)]),
        Row("LMPOP", d => [.. Keys(d), End(d), .. MultiPopCount(d)]),
        Row("BLPOP", d => [.. d.Many(1, 3, () => Key(d)), Timeout(d)]) with { Waits = true },
        Row("BRPOP", d => [.. d.Many(1, 3, () => Key(d)), Timeout(d)]) with { Waits = true },
        Row("BLMOVE", d => [Key(d), Key(d), End(d), End(d), Timeout(d)]) with { Waits = true },
        Row("BRPOPLPUSH", d => [Key(d), Key(d), Timeout(d)]) with { Waits = true },
        Row("BLMPOP", d => [Timeout(d), .. Keys(d), End(d), .. MultiPopCount(d)]) with { Waits = true },
    ];

    private static CommandGrammar Row(string name, Func<Draw, string[]> arguments) => new(name, arguments) { Beside = Writers };

    internal static string Key(Draw d) => d.Chance(85) ? d.Pick("list", "list", "list2", "biglist", "missing") : d.Key();

    private static string Element(Draw d) => d.Chance(80) ? d.Pick("a", "b", "c", "1", "2", "-5", "x") : d.Value();

    // Once in a while more than a listpack takes.
    private static string[] Elements(Draw d)
    {
        if (d.Chance(3)) return [.. Enumerable.Range(0, 1200).Select(number => number % 3 == 0 ? $"{number}" : $"element{number % 7}")];
        return d.Many(1, 5, () => Element(d));
    }

    private static string Index(Draw d) => d.Chance(80) ? d.Pick("0", "1", "-1", "2", "-2", "-3", "5", "-5", "100", "-100", "700", "1199") : d.Integer();

    // Redis takes an index beyond 32 bits for another one, LSET's alone.
    private static string Position(Draw d) => d.Chance(80) ? d.Pick("0", "1", "-1", "2", "-2", "5", "-100", "700", "1199", "1000000") : d.Pick("", "abc", "1.0", " 1", "99999999999999999999");

    private static string End(Draw d) => d.Chance(95) ? d.Pick(d.Word("LEFT"), d.Word("RIGHT")) : d.Odd();

    // Never long enough to wait for.
    private static string Timeout(Draw d) => d.Chance(90) ? d.Pick("0.001", "0.002", "0.0005") : d.Pick("-1", "abc", "", "nan", "-0.1", "1e300", "inf", "1 ");

    private static string[] PopCount(Draw d) =>
        d.Pick<string[]>([], [], [d.Pick("0", "1", "2", "3", "100")], [d.Integer()], ["-1"], ["1", "2"]);

    private static string[] Keys(Draw d)
    {
        var keys = d.Many(1, 3, () => Key(d));
        return [d.Chance(90) ? $"{keys.Length}" : d.Integer(), .. keys];
    }

    private static string[] MultiPopCount(Draw d) =>
        d.Pick<string[]>([], [], [d.Word("COUNT"), d.Pick("1", "2", "10")], [d.Word("COUNT"), d.Integer()], [d.Word("COUNT")], ["junk"]);

    private static string[] SearchOptions(Draw d) => d.Options(
        () => [d.Word("RANK"), d.Chance(80) ? d.Pick("1", "2", "-1", "-2", "0") : d.Integer()],
        () => [d.Word("COUNT"), d.Chance(80) ? d.Pick("0", "1", "2", "-1") : d.Integer()],
        () => [d.Word("MAXLEN"), d.Chance(80) ? d.Pick("0", "1", "2", "1000", "-1") : d.Integer()],
        () => d.Pick<string[]>([d.Word("RANK")], ["junk"]));
}
