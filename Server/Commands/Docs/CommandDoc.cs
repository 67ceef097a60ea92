namespace KestrelFree.Server.Commands.Docs;

/// <summary>What is documented of one command beyond its <see cref="CommandSpec"/>.</summary>
/// <param name="Name">The command, or container|subcommand.</param>
/// <param name="Arguments">The syntax of what follows the name.</param>
internal sealed record CommandDoc(string Name, IReadOnlyList<CommandArgument> Arguments)
{
    /// <summary>Of no use to clients.</summary>
    internal bool IsSystemCommand { get; init; }

    /// <summary>The version that deprecated it; null for none.</summary>
    internal string? DeprecatedSince { get; init; }

    /// <summary>What to use in its place, once it is deprecated.</summary>
    internal string? ReplacedBy { get; init; }

    /// <summary>What has changed, and in which version.</summary>
    internal IReadOnlyList<(string Since, string Change)> History { get; init; } = [];
}
