namespace KestrelFree.Tests.Oracle;

/// <summary>What the environment says of generated scripts.</summary>
internal static class OracleSettings
{
    private const int UsualSeed = 20240701;

    /// <summary>ORACLE_SEED: other scripts.</summary>
    public static readonly int Seed = Setting("ORACLE_SEED", UsualSeed);

    /// <summary>The seed of a case that has one of its own: that one, unless ORACLE_SEED asks for others.</summary>
    public static int SeedOf(int own) => unchecked(own + ((Seed - UsualSeed) * 1000));

    /// <summary>ORACLE_SCRIPTS: how many.</summary>
    public static int Scripts(int otherwise) => Setting("ORACLE_SCRIPTS", otherwise);

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
