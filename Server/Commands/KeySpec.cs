namespace KestrelFree.Server.Commands;

/// <summary>What a command does to the keys that a <see cref="KeySpec"/> finds.</summary>
[Flags]
internal enum KeySpecFlags
{
    /// <summary>Nothing is known.</summary>
    None = 0,

    /// <summary>Only reads the value.</summary>
    ReadOnly = 1 << 0,

    /// <summary>Reads and writes the value.</summary>
    ReadWrite = 1 << 1,

    /// <summary>Replaces the value without reading it.</summary>
    Overwrite = 1 << 2,

    /// <summary>Deletes the key.</summary>
    Remove = 1 << 3,

    /// <summary>Hands user data out.</summary>
    Access = 1 << 4,

    /// <summary>Changes user data.</summary>
    Update = 1 << 5,

    /// <summary>Adds user data without changing what is there.</summary>
    Insert = 1 << 6,

    /// <summary>Deletes user data.</summary>
    Delete = 1 << 7,

    /// <summary>Is routed like a key but is none.</summary>
    NotKey = 1 << 8,

    /// <summary>Does not find every key.</summary>
    Incomplete = 1 << 9,

    /// <summary>The flags depend on the arguments.</summary>
    VariableFlags = 1 << 10,
}

/// <summary>The wire names of <see cref="KeySpecFlags"/>, in reporting order.</summary>
internal static class KeySpecFlagNames
{
    /// <summary>Name of the flag whose bit is the index.</summary>
    internal static readonly string[] All =
        ["RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", "variable_flags"];
}

/// <summary>How a <see cref="KeySpec"/> finds the argument at which its search begins.</summary>
internal enum BeginSearch
{
    /// <summary>Nothing can be said; only the command itself knows.</summary>
    Unknown,

    /// <summary>At a fixed argument.</summary>
    Index,

    /// <summary>After a keyword.</summary>
    Keyword,
}

/// <summary>How a <see cref="KeySpec"/> finds the keys from there.</summary>
internal enum FindKeys
{
    /// <summary>Nothing can be said; only the command itself knows.</summary>
    Unknown,

    /// <summary>A range with a step.</summary>
    Range,

    /// <summary>A count followed by as many keys.</summary>
    KeyCount,
}

/// <summary>Where a command's keys stand among its arguments, in the form in which COMMAND publishes it.</summary>
/// <remarks>Source: redis.io, "Command key specifications".</remarks>
internal sealed record KeySpec
{
    /// <summary>What happens to the keys.</summary>
    internal KeySpecFlags Flags { get; init; }

    /// <summary>How the search begins.</summary>
    internal BeginSearch Begin { get; init; } = BeginSearch.Index;

    /// <summary>The argument to begin at (<see cref="BeginSearch.Index"/>) or to look for the keyword from; negative counts from the end.</summary>
    internal int Index { get; init; }

    /// <summary>The keyword to begin after.</summary>
    internal string Keyword { get; init; } = "";

    /// <summary>How the keys are found from there.</summary>
    internal FindKeys Find { get; init; } = FindKeys.Range;

    /// <summary>The last key relative to the first (negative: counted from the end of the arguments).</summary>
    internal int LastKey { get; init; }

    /// <summary>The distance between two keys.</summary>
    internal int Step { get; init; } = 1;

    /// <summary>With a last key of -1: the fraction of the remaining arguments that are keys (0 and 1: all).</summary>
    internal int Limit { get; init; }

    /// <summary>With <see cref="FindKeys.KeyCount"/>: where the count stands, relative to the beginning.</summary>
    internal int KeyCountIndex { get; init; }

    /// <summary>With <see cref="FindKeys.KeyCount"/>: where the first key stands, relative to the beginning.</summary>
    internal int FirstKey { get; init; }

    /// <summary>Exactly one key, at argument <paramref name="index"/>.</summary>
    internal static KeySpec One(int index, KeySpecFlags flags) => new() { Index = index, Flags = flags };

    /// <summary>Every argument from <paramref name="index"/> to the end is a key.</summary>
    internal static KeySpec AllFrom(int index, KeySpecFlags flags) => new() { Index = index, LastKey = -1, Flags = flags };

    /// <summary>Every <paramref name="step"/>th argument from <paramref name="index"/> to the end is a key.</summary>
    internal static KeySpec EveryFrom(int index, int step, KeySpecFlags flags) =>
        new() { Index = index, LastKey = -1, Step = step, Flags = flags };
}
