namespace KestrelFree.Storage;

/// <summary>What kind of damage data has.</summary>
public enum RdbFault
{
    /// <summary>A part of it cannot be what it should be.</summary>
    Format,

    /// <summary>It ends too early.</summary>
    Short,

    /// <summary>Its parts are sound, but its checksum is another.</summary>
    Checksum,
}

/// <summary>Data in the RDB format that cannot be what a server has written.</summary>
public sealed class RdbException : Exception
{
    /// <summary>Tells what is wrong where.</summary>
    /// <param name="source">The file, or what else the data is.</param>
    /// <param name="offset">The byte at which the reader stood.</param>
    /// <param name="field">What was being read.</param>
    /// <param name="problem">Why it cannot be right.</param>
    public RdbException(string source, long offset, string field, string problem)
        : base($"{source}: corrupt at offset {offset}, reading {field}: {problem}")
    {
        File = source;
        Offset = offset;
        Field = field;
    }

    /// <summary>What kind of damage it is.</summary>
    public RdbFault Kind { get; init; }

    /// <summary>The file, or what else the data is.</summary>
    public string File { get; }

    /// <summary>The byte at which the reader stood.</summary>
    public long Offset { get; }

    /// <summary>What was being read.</summary>
    public string Field { get; }
}
