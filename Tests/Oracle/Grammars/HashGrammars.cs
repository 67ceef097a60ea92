namespace KestrelFree.Tests.Oracle;

/// <summary>The grammars of the hash commands: few fields of few hashes, so that scripts meet what they have made; small and large ones.</summary>
internal static class HashGrammars
{
    private static readonly string[] Writers = ["HSET", "HSET", "HDEL", "HINCRBY", "HMSET", "DEL", "HGETALL"];

    public static readonly CommandGrammar[] All =
    [
        Row("HSET", d => [Key(d), .. Pairs(d, 5)]),
        Row("HMSET", d => [Key(d), .. Pairs(d, 5)]),
        Row("HSETNX", d => [Key(d), Field(d), Value(d)]),
        Row("HGET", d => [Key(d), Field(d)]),
        Row("HMGET", d => [Key(d), .. d.Many(1, 5, () => Field(d))]),
        Row("HGETALL", d => [Key(d)]),
        Row("HKEYS", d => [Key(d)]),
        Row("HVALS", d => [Key(d)]),
        Row("HLEN", d => [Key(d)]),
        Row("HEXISTS", d => [Key(d), Field(d)]),
        Row("HDEL", d => [Key(d), .. d.Many(1, 5, () => Field(d))]),
        Row("HSTRLEN", d => [Key(d), Field(d)]),
        Row("HINCRBY", d => [Key(d), Field(d), d.Integer()]),
        Row("HINCRBYFLOAT", d => [Key(d), Field(d), d.Chance(40) ? d.Integer() : d.Pick("0.1", "-0.1", "3.0e3", "1e-3", "0.5", "1.25", "nan", "inf", "-inf", "0x1p3", " 1", "1 ", "")]),
        Row("HSCAN", d => [Key(d), d.Pick("0", "0", "0", "abc", ""), .. ScanOptions(d)]),
        Row("HRANDFIELD", d =>
        [
            Key(d),
            .. d.Chance(80) ? (string[])[d.Chance(60) ? d.Pick("0", "1", "2", "-1", "-3", "100", "1000000") : d.Pick("-9223372036854775808", "9223372036854775807", "abc", "", "1.5")] : [],
            .. d.Chance(40) ? (string[])[d.Word("WITHVALUES")] : [],
        ]),
    ];

    /// <summary>COUNT covers every table that a script makes; smaller ones would end at places of each server's own.</summary>
    internal static string[] ScanOptions(Draw d) =>
    [
        .. (string[])[d.Word("COUNT"), d.Chance(85) ? "100000" : d.Pick("0", "-1", "abc", "")],
        .. d.Options(() => [d.Word("MATCH"), d.Pick("*", "f*", "?", "[0-9]*", "nosuch", "", "1")], () => d.Pick<string[]>([d.Word("MATCH")], ["junk"])),
    ];

    private static CommandGrammar Row(string name, Func<Draw, string[]> arguments) => new(name, arguments) { Beside = Writers };

    private static string Key(Draw d) => d.Chance(85) ? d.Pick("hash", "hash", "hash2", "bighash", "bighash", "missing") : d.Key();

    private static string Field(Draw d) => d.Chance(80) ? d.Pick("f", "g", "h", "1", "-5", "10000", "f6", "f7") : d.Value();

    private static string Value(Draw d) => d.Chance(30) ? d.Pick("v", new('s', 64), new('t', 65), "12", "3.5") : d.Value();

    // Once in a while more than a listpack takes.
    private static string[] Pairs(Draw d, int most)
    {
        if (d.Chance(2)) return [.. Enumerable.Range(0, 513).SelectMany(number => new[] { $"f{number}", $"{number}" })];
        return [.. d.Many(1, most, () => Field(d)).SelectMany(field => new[] { field, Value(d) })];
    }
}
