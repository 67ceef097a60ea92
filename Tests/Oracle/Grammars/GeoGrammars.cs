namespace KestrelFree.Tests.Oracle;

/// <summary>
/// The grammars of the geo commands: places all over the world, many of them close together, so that every size of area finds some.
/// </summary>
internal static class GeoGrammars
{
    private static readonly string[] Writers = ["GEOADD", "GEOADD", "GEOADD", "ZREM", "GEOPOS", "GEOSEARCHSTORE", "ZRANGE"];

    public static readonly CommandGrammar[] All =
    [
        Row("GEOADD", d => [Key(d), .. d.Chance(25) ? d.Options(() => [d.Word(d.Pick("NX", "XX", "CH"))]) : [], .. d.Many(1, 4, () => "").SelectMany(_ => (string[])[.. Position(d), Member(d)])]),
        Row("GEOPOS", d => [Key(d), .. d.Many(0, 3, () => Member(d))]),
        Row("GEOHASH", d => [Key(d), .. d.Many(0, 3, () => Member(d))]),
        Row("GEODIST", d => [Key(d), Member(d), Member(d), .. d.Chance(60) ? (string[])[Unit(d)] : []]),
        Row("GEORADIUS", d => [Key(d), .. Position(d), .. Radius(d), .. Options(d), .. Stores(d)]),
        Row("GEORADIUS_RO", d => [Key(d), .. Position(d), .. Radius(d), .. Options(d)]),
        Row("GEORADIUSBYMEMBER", d => [Key(d), Member(d), .. Radius(d), .. Options(d), .. Stores(d)]),
        Row("GEORADIUSBYMEMBER_RO", d => [Key(d), Member(d), .. Radius(d), .. Options(d)]),
        Row("GEOSEARCH", d => [Key(d), .. Area(d), .. Options(d)]),
        Row("GEOSEARCHSTORE", d => [Key(d), Key(d), .. Area(d), .. d.Chance(20) ? Options(d) : [], .. d.Chance(40) ? (string[])[d.Word("STOREDIST")] : []]),
    ];

    private static CommandGrammar Row(string name, Func<Draw, string[]> arguments) => new(name, arguments) { Beside = Writers };

    private static string Key(Draw d) => d.Chance(92) ? d.Pick("geo", "geo", "geo2", "biggeo") : d.Pick("missing", "int", "list", "zset");

    private static string Member(Draw d) => d.Chance(92) ? d.Pick("Palermo", "Catania", "Rome", "a", "b", "c", "d", "12", "north", "south", "east", "west") : d.Value();

    private static string[] Position(Draw d)
    {
        if (d.Chance(60)) return [$"1{d.Below(6)}.{d.Below(100000)}", $"3{d.Below(10)}.{d.Below(100000)}"];
        if (d.Chance(80)) return [$"{d.Below(361) - 180}", $"{d.Below(171) - 85}"];
        return
        [
            d.Pick("180", "-180", "179.9999", "0", "200", "abc", "nan", "inf", "-0"),
            d.Pick("85.05112878", "-85.05112878", "85.06", "90", "0", "abc", "1e300", "84.9999"),
        ];
    }

    private static string Unit(Draw d) => d.Chance(92) ? d.Word(d.Pick("m", "km", "km", "km", "ft", "mi")) : d.Odd();

    private static string Length(Draw d) => d.Chance(92) ? d.Pick("0", "1", "50", "100", "200", "500.5", "1000", "3000", "7000", "15000", "100000") : d.Pick("-1", "abc", "nan", "", "1e10");

    private static string[] Radius(Draw d) => [Length(d), Unit(d)];

    private static string[] Area(Draw d)
    {
        string[] center = d.Chance(40) ? [d.Word("FROMMEMBER"), Member(d)] : [d.Word("FROMLONLAT"), .. Position(d)];
        string[] shape = d.Chance(50) ? [d.Word("BYRADIUS"), .. Radius(d)] : [d.Word("BYBOX"), Length(d), Length(d), Unit(d)];
        string[] area = d.Chance(85) ? [.. center, .. shape] : [.. shape, .. center];
        return d.Chance(92) ? area : d.Pick(center, shape, [.. area, .. shape], [.. area, "FROMMEMBER", "a"], [.. area, "BYBOX", "1", "2", "km"]);
    }

    private static string[] Options(Draw d) => d.Options(
        () => [d.Word("WITHDIST")],
        () => [d.Word("WITHCOORD")],
        () => [d.Word("WITHHASH")],
        () => [d.Word(d.Pick("ASC", "DESC"))],
        () => [d.Word("COUNT"), d.Pick("1", "2", "3", "100", "0", "-1", "abc"), .. d.Chance(40) ? (string[])[d.Word("ANY")] : []],
        () => d.Chance(80) ? [] : [d.Word("ANY")]);

    private static string[] Stores(Draw d) => d.Chance(20) ? [d.Word(d.Pick("STORE", "STOREDIST")), Key(d)] : [];
}
