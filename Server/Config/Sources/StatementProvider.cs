using Microsoft.Extensions.Configuration;

namespace KestrelFree.Server.Config.Sources;

// Microsoft.Extensions.Configuration maps keys to values and lets a later provider's key hide an earlier one's. redis.conf is a sequence:
// "save" adds up over lines, the first faulty line is the one reported, and an error names the line. So a provider here offers both:
//
//   Data["maxmemory"]           the arguments of the last statement, quoted where need be: what configuration["maxmemory"] gives
//   Data["save:0"], ["save:1"]  each statement of a repeated directive
//   Statements                  the sequence itself with lines and places, from which ServerConfig is filled

/// <summary>A configuration provider whose content is a sequence of statements.</summary>
internal abstract class StatementProvider : ConfigurationProvider
{
    private readonly List<ConfStatement> _statements = [];

    /// <summary>The statements in order.</summary>
    public IReadOnlyList<ConfStatement> Statements => _statements;

    /// <summary>Forgets everything, before loading again.</summary>
    protected void Clear()
    {
        _statements.Clear();
        Data.Clear();
    }

    /// <summary>Appends a statement.</summary>
    protected void Add(ConfStatement statement)
    {
        _statements.Add(statement);
        if (statement.Malformed is not null || statement.Unreadable is not null) return;
        var name = DirectiveTable.Find(statement.Name)?.Name ?? statement.Name;
        var repeats = 0;
        while (Data.ContainsKey($"{name}:{repeats}"))
            repeats++;
        var arguments = string.Join(' ', statement.Arguments.Select(ShowArgument));
        Data[$"{name}:{repeats}"] = arguments;
        Data[name] = arguments;
    }

    private static string ShowArgument(string argument) =>
        argument.Length == 0 || argument.AsSpan().ContainsAny(" \t\"'\\") ? ByteText.Quote(argument) : argument;
}
