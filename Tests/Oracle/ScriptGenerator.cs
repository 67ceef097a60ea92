namespace KestrelFree.Tests.Oracle;

// A script is what one client sends: a head that puts both servers into the same state, a prelude that makes a key of
// each kind, some twenty commands, and questions about the state they left. Two thirds of the commands are the one under test, the
// rest its neighbours, so that it meets every kind of key in many states. One command in six is spoilt: a word dropped,
// doubled, added, or replaced, which yields wrong arity and syntax errors without a row of the grammar spelling them out.

/// <summary>Makes up scripts from a seed.</summary>
internal sealed class ScriptGenerator(KeyKinds kinds)
{
    private static readonly string[] StringWriters = ["SET", "DEL", "INCR", "DECRBY", "APPEND", "MSET", "GET"];

    /// <summary>A script for one command.</summary>
    public Script Generate(CommandGrammar command, int seed)
    {
        var draw = new Draw(seed);
        var beside = command.Beside ?? StringWriters;
        var body = new List<IReadOnlyList<string>>();
        for (var count = 5 + draw.Below(25); count > 0; count--)
            body.Add(draw.Chance(67) ? Request(command, draw) : Request(CommandGrammars.Of(draw.Pick(beside)), draw));

        if (draw.Chance(20)) body.Add(CommandGrammars.Unknown.Arguments(draw));

        return new Script(kinds.Prelude, body, kinds.Questions);
    }

    private static string[] Request(CommandGrammar command, Draw draw)
    {
        List<string> arguments = [.. command.Words.Select(draw.Word), .. command.Arguments(draw)];
        if (draw.Chance(16)) Spoil(arguments, command.Words.Count, draw);

        // C reads a configuration value up to its first NUL; nothing is gained by doing the same.
        if (command.Words[0] == "CONFIG")
            arguments.RemoveAll(argument => argument.Contains('\0', StringComparison.Ordinal));

        if (command.Name == AclGrammars.SetUser) AclGrammars.RemoveInnerParentheses(arguments);

        return [.. arguments];
    }

    private static void Spoil(List<string> arguments, int words, Draw draw)
    {
        var at = words + draw.Below(Math.Max(1, arguments.Count - words));
        switch (draw.Below(5))
        {
            case 0 when at < arguments.Count:
                arguments.RemoveAt(at);
                break;
            case 1 when at < arguments.Count:
                arguments.Insert(at, arguments[at]);
                break;
            case 2 when at < arguments.Count:
                arguments[at] = draw.Odd();
                break;
            case 3:
                arguments.RemoveRange(words, arguments.Count - words);
                break;
            default:
                arguments.Insert(at, draw.Odd());
                break;
        }
    }
}
