namespace KestrelFree.Tests.Oracle;

/// <summary>The arguments of the HyperLogLog commands.</summary>
internal static class HyperLogLogGrammar
{
    /// <summary>What HyperLogLogs are made and seen with.</summary>
    public static readonly string[] Neighbours = ["PFADD", "PFMERGE", "DEL", "GET", "PFADD", "APPEND"];

    /// <summary>An element: few different ones, so that registers meet, and many.</summary>
    public static string Element(Draw d) => d.Chance(60) ? $"{d.Below(50)}" : d.Chance(70) ? $"e{d.Below(100000)}" : d.Value();
}
