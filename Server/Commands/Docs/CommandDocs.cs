using System.Collections.Frozen;

namespace KestrelFree.Server.Commands.Docs;

// The syntax of commands as data: command-docs.txt, embedded in the assembly, holds a line for every command of the protocol, so a command that
// is added to the table is documented by having its line there. Nothing but COMMAND DOCS reads it: what a handler accepts is decided by the handler,
// and a test compares the two through the oracle. The file is parsed as a whole when it is first asked for, in some 10 ms.

/// <summary>The documentation of all commands.</summary>
internal static class CommandDocs
{
    private const string Resource = "command-docs.txt";

    private static readonly Lazy<FrozenDictionary<string, CommandDoc>> Parsed = new(Load);

    /// <summary>The documentation of a command by its full name; one without arguments and history when there is none.</summary>
    internal static CommandDoc Of(string fullName) => Parsed.Value.GetValueOrDefault(fullName) ?? new CommandDoc(fullName, []);

    /// <summary>True when the file has a line for a command.</summary>
    internal static bool Has(string fullName) => Parsed.Value.ContainsKey(fullName);

    /// <summary>Reads the file's text; throws <see cref="FormatException"/> when it breaks its own rules.</summary>
    internal static IEnumerable<CommandDoc> Parse(TextReader text)
    {
        CommandDoc? doc = null;
        while (text.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (line[0] == ' ')
            {
                doc = WithDetail(doc ?? throw new FormatException($"belongs to no command: {line}"), line.Trim());
                continue;
            }

            if (doc is not null) yield return doc;
            var (name, syntax) = Split(line);
            doc = new CommandDoc(name, ArgumentSyntax.Parse(syntax));
        }

        if (doc is not null) yield return doc;
    }

    private static FrozenDictionary<string, CommandDoc> Load()
    {
        using var stream = typeof(CommandDocs).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"{Resource} is not embedded");
        using var text = new StreamReader(stream);
        return Parse(text).ToFrozenDictionary(doc => doc.Name, StringComparer.Ordinal);
    }

    private static CommandDoc WithDetail(CommandDoc doc, string line)
    {
        var (word, rest) = Split(line);
        if (word == "syscmd") return doc with { IsSystemCommand = true };
        if (char.IsAsciiDigit(word[0])) return doc with { History = [.. doc.History, (word, rest)] };
        if (word != "deprecated") throw new FormatException($"{doc.Name}: neither a version nor a known word: {line}");
        var (version, replacement) = Split(rest);
        return doc with { DeprecatedSince = version, ReplacedBy = replacement };
    }

    private static (string First, string Others) Split(string line)
    {
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        return blank < 0 ? (line, "") : (line[..blank], line[(blank + 1)..]);
    }
}
