using Microsoft.Extensions.Configuration;

namespace KestrelFree.Server.Config.Sources;

/// <summary>Text in redis.conf's syntax as a configuration source; the number of its first line is what error reports count from.</summary>
internal sealed class ConfTextSource(string text, int firstLine) : IConfigurationSource
{
    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new ConfTextProvider(text, firstLine);
}

/// <summary>Reads redis.conf's syntax: a directive and its arguments a line, # for comments, "include" in place.</summary>
internal sealed class ConfTextProvider(string text, int firstLine) : StatementProvider
{
    private const int DeepestInclude = 64;

    // Where a relative "include" is looked up: "dir" moves it, as it moves the process.
    private string _directory = Directory.GetCurrentDirectory();

    /// <inheritdoc/>
    public override void Load()
    {
        Clear();
        Read(text, firstLine, 0);
    }

    private void Read(string content, int firstNumber, int depth)
    {
        var number = firstNumber;
        foreach (var raw in content.Split('\n'))
        {
            var line = raw.Trim(' ', '\t', '\r', '\n');
            if (line.Length > 0 && line[0] != '#') ReadLine(line, number, depth);
            number++;
        }
    }

    private void ReadLine(string line, int number, int depth)
    {
        var tokens = ConfTokens.Split(line);
        if (tokens is { Length: 0 }) return;
        var name = tokens is null ? "" : tokens[0].ToLowerInvariant();
        var statement = new ConfStatement(name, tokens?[1..] ?? [], StatementOrigin.Line, number, line);
        if (tokens is null) Add(statement with { Malformed = "Unbalanced quotes in configuration line" });
        else if (name == "include" && tokens.Length == 2) Include(statement, depth);
        else Add(statement);
        if (name == "dir" && tokens is { Length: 2 })
            _directory = Path.Combine(_directory, ByteText.ToUnicode(tokens[1]));
    }

    private void Include(ConfStatement statement, int depth)
    {
        if (depth == DeepestInclude)
        {
            Add(statement with { Malformed = "include nested too deeply" });
            return;
        }

        var content = ConfFiles.Read(ByteText.ToUnicode(statement.Arguments[0]), _directory, out var failure);
        if (content is null) Add(statement with { Unreadable = failure });
        else Read(content, 1, depth + 1);
    }
}
