namespace KestrelFree.Server.Commands.Docs;

/// <summary>What a documented argument is.</summary>
internal enum ArgumentType
{
    /// <summary>Any bytes.</summary>
    String,

    /// <summary>An integer.</summary>
    Integer,

    /// <summary>A floating-point number.</summary>
    Double,

    /// <summary>A key.</summary>
    Key,

    /// <summary>A glob.</summary>
    Pattern,

    /// <summary>A point in time.</summary>
    UnixTime,

    /// <summary>A word and nothing else.</summary>
    PureToken,

    /// <summary>One of several arguments.</summary>
    OneOf,

    /// <summary>Several arguments together.</summary>
    Block,
}

/// <summary>How often a documented argument may stand.</summary>
[Flags]
internal enum ArgumentFlags
{
    /// <summary>Exactly once.</summary>
    None = 0,

    /// <summary>May be left out.</summary>
    Optional = 1 << 0,

    /// <summary>May be repeated.</summary>
    Multiple = 1 << 1,

    /// <summary>Is repeated together with its token.</summary>
    MultipleToken = 1 << 2,
}

/// <summary>One argument of a command's syntax, in the form in which COMMAND DOCS publishes it.</summary>
internal sealed record CommandArgument(string Name)
{
    /// <summary>What it is.</summary>
    internal ArgumentType Type { get; init; }

    /// <summary>How often it may stand.</summary>
    internal ArgumentFlags Flags { get; init; }

    /// <summary>The word before it, or that it is; null for none.</summary>
    internal string? Token { get; init; }

    /// <summary>What to show for it; null where there is nothing to show.</summary>
    internal string? DisplayText { get; init; }

    /// <summary>Which of the command's key specifications finds it; null for none.</summary>
    internal int? KeySpecIndex { get; init; }

    /// <summary>The version that brought it; null for the command's own.</summary>
    internal string? Since { get; init; }

    /// <summary>The version that deprecated it; null for none.</summary>
    internal string? DeprecatedSince { get; init; }

    /// <summary>What a choice or a block consists of.</summary>
    internal IReadOnlyList<CommandArgument> Arguments { get; init; } = [];
}
