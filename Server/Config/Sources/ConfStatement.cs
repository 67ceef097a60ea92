namespace KestrelFree.Server.Config.Sources;

/// <summary>Where a statement stands.</summary>
internal enum StatementOrigin
{
    /// <summary>A line of the configuration file, of stdin or made of the command line.</summary>
    Line,

    /// <summary>A variable of the environment: its value is the whole value.</summary>
    Variable,
}

/// <summary>One directive as it was written: its name in lower case, its arguments as <see cref="ByteText"/>, and where it stands.</summary>
internal sealed record ConfStatement(string Name, string[] Arguments, StatementOrigin Origin, int LineNumber, string LineText)
{
    /// <summary>Why the line is no statement at all, in Redis's words; null when it is one.</summary>
    public string? Malformed { get; init; }

    /// <summary>Why the file that the line includes cannot be read; null when there is nothing of that.</summary>
    public string? Unreadable { get; init; }

    /// <summary>The name of the variable, where it is one.</summary>
    public string Variable { get; init; } = "";
}
