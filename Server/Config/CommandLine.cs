using System.Text;

namespace KestrelFree.Server.Config;

// The command line is a configuration file in disguise: each "--name" starts a line, what follows is its arguments, quoted, and the text
// is read after the file and stdin. Redis's subtleties are kept, since scripts lean on them:
//
// - a first argument that does not start with '-' is the configuration file;
// - "-" alone, first or last, reads more configuration from stdin;
// - right after a name, an argument is a value even if it starts with "--" ("--proc-title-template --x"), once;
// - "--save" followed by another option, or last, means --save "";
// - "--port 6380" as one argument is a name with its value.

/// <summary>The server's arguments, taken apart.</summary>
internal sealed class CommandLine
{
    private readonly StringBuilder _options = new();

    // False right after a name that has no value yet.
    private bool _lastNameHasValue = true;

    private CommandLine()
    {
    }

    /// <summary>The configuration file's absolute path, or null.</summary>
    public string? ConfigFile { get; private set; }

    /// <summary>Whether stdin is to be read as configuration.</summary>
    public bool ReadsStdin { get; private set; }

    /// <summary>The options as configuration text.</summary>
    public string Options => _options.ToString();

    /// <summary>Takes the arguments apart. Never fails: faults show when the text is read.</summary>
    public static CommandLine Parse(ReadOnlySpan<string> arguments)
    {
        var line = new CommandLine();
        var first = 0;
        if (arguments.Length > 0 && !arguments[0].StartsWith('-'))
        {
            line.ConfigFile = Path.GetFullPath(arguments[0]);
            first = 1;
        }

        for (var i = first; i < arguments.Length; i++)
        {
            var argument = ByteText.FromUnicode(arguments[i]);
            var next = i + 1 < arguments.Length ? arguments[i + 1] : null;
            if (argument == "-" && (i == 0 || next is null))
                line.ReadsStdin = true;
            else if (line._lastNameHasValue && argument.StartsWith("--", StringComparison.Ordinal))
                line.TakeName(argument, next);
            else
                line.TakeValue(argument);
        }

        return line;
    }

    private void TakeName(string argument, string? next)
    {
        if (_options.Length > 0) _options.Append('\n');
        _options.Append(argument, 2, argument.Length - 2).Append(' ');
        _lastNameHasValue = ConfTokens.Split(argument) is not { Length: 1 };
        var isBareSave = argument.Equals("--save", StringComparison.OrdinalIgnoreCase);
        var optionFollows = next?.StartsWith("--", StringComparison.Ordinal) ?? false;
        if (!isBareSave || (next is not null && !optionFollows)) return;
        _options.Append("\"\"");
        _lastNameHasValue = optionFollows;
    }

    private void TakeValue(string argument)
    {
        _options.Append(ByteText.Quote(argument)).Append(' ');
        _lastNameHasValue = true;
    }
}
