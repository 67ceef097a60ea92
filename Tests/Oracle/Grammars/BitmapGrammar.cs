namespace KestrelFree.Tests.Oracle;

// The last bit that a string may have, 4294967295, is left out: what it makes would be asked for, 512 MB at a time.

/// <summary>The arguments of the bitmap commands.</summary>
internal static class BitmapGrammar
{
    /// <summary>What bitmaps are made with.</summary>
    public static readonly string[] Neighbours = ["SET", "SETBIT", "SETRANGE", "BITFIELD", "BITOP", "DEL", "GET"];

    /// <summary>The position of a bit.</summary>
    public static string Offset(Draw d) => d.Chance(85)
        ? d.Pick("0", "1", "7", "8", "100", "1599", "1600", "4099", "20000")
        : d.Pick("4294967296", "-1", "abc", "", "9223372036854775807", "#1", "01");

    /// <summary>A range, none, or half of one, in bytes or bits.</summary>
    public static string[] Range(Draw d) => d.Below(6) switch
    {
        0 => [],
        1 => [Index(d)],
        2 or 3 => [Index(d), Index(d)],
        _ => [Index(d), Index(d), d.Chance(85) ? d.Word(d.Pick("BIT", "BYTE")) : "junk"],
    };

    /// <summary>Any number of operations on fields.</summary>
    public static string[] FieldOperations(Draw d) => [.. d.Many(0, 5, () => "").SelectMany(_ => d.Below(9) switch
    {
        0 or 1 => [d.Word("GET"), Field(d), FieldOffset(d)],
        2 or 3 => [d.Word("SET"), Field(d), FieldOffset(d), d.Integer()],
        4 or 5 => [d.Word("INCRBY"), Field(d), FieldOffset(d), d.Chance(50) ? d.Pick("1", "-1", "100", "-200", "3") : d.Integer()],
        6 or 7 => [d.Word("OVERFLOW"), d.Pick(d.Word("WRAP"), d.Word("SAT"), d.Word("FAIL"), d.Word("SAT"), "junk")],
        _ => d.Pick<string[]>([d.Word("GET"), Field(d)], ["junk"], [d.Word("OVERFLOW")], [d.Word("SET"), Field(d), "0"]),
    })];

    private static string Index(Draw d) => d.Chance(88) ? d.Pick("0", "1", "-1", "2", "-2", "7", "9", "-10", "40", "100", "-500", "100000") : d.Integer();

    private static string Field(Draw d) => d.Chance(92)
        ? $"{d.Pick("u", "i")}{d.Pick("1", "2", "5", "7", "8", "9", "16", "31", "32", "33", "62", "63")}"
        : d.Pick("i64", "u64", "i65", "u0", "i0", "x8", "", "u", "i-1", "U8", "i08");

    private static string FieldOffset(Draw d) => d.Chance(90)
        ? d.Pick("0", "1", "3", "7", "8", "100", "#0", "#1", "#3", "#20", "1600")
        : d.Pick("-1", "#-1", "#", "", "abc", "4294967296", "#4294967296", "9223372036854775807");
}
