namespace KestrelFree.Tests.Oracle;

/// <summary>How the arguments of one command are made up, right ones mostly; <see cref="ScriptGenerator"/> spoils some.</summary>
/// <param name="Name">The command, with its subcommand after a space.</param>
/// <param name="Arguments">What follows the name.</param>
internal sealed record CommandGrammar(string Name, Func<Draw, string[]> Arguments)
{
    /// <summary>The words of the name.</summary>
    public IReadOnlyList<string> Words { get; } = Name.Split(' ');

    /// <summary>The commands that make up the rest of this command's scripts; null takes the writers of strings.</summary>
    public IReadOnlyList<string>? Beside { get; init; }

    /// <summary>
    /// Whether the command may end the connection: what is pipelined behind it then decides, by luck, whether replies get lost in a reset.
    /// </summary>
    public bool ClosesConnection { get; init; }

    /// <summary>Whether the command waits for what may not come, so that a script takes longer and fewer are run.</summary>
    public bool Waits { get; init; }

    public override string ToString() => Name;
}
