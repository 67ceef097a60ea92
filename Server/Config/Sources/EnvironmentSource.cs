using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace KestrelFree.Server.Config.Sources;

/// <summary>
/// Variables such as KESTREL_FREE__MAXMEMORY_POLICY as a configuration source: stronger than the file, weaker than the command line.
/// </summary>
internal sealed class EnvironmentSource : IConfigurationSource
{
    /// <summary>What the names of the variables start with; all others are somebody else's.</summary>
    public const string Prefix = "KESTREL_FREE__";

    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new EnvironmentProvider();
}

/// <summary>Reads each variable as one directive whose value is the variable's, unquoted: the first argument, or all of a list's.</summary>
internal sealed class EnvironmentProvider : StatementProvider
{
    /// <inheritdoc/>
    public override void Load()
    {
        Clear();
        var variables = new EnvironmentVariablesConfigurationProvider(EnvironmentSource.Prefix);
        variables.Load();
        foreach (var key in variables.GetChildKeys([], null).Distinct().Order(StringComparer.Ordinal))
        {
            // A name with another double underscore is a section to the library, and no directive here.
            Add(variables.TryGet(key, out var value) ? StatementOf(key, value ?? "") : Nested(key));
        }
    }

    private static ConfStatement Nested(string key) =>
        StatementOf(key + "__", "") with { Malformed = "Bad directive or wrong number of arguments" };

    private static ConfStatement StatementOf(string key, string value)
    {
        var name = key.ToLowerInvariant().Replace('_', '-');
        var argument = ByteText.FromUnicode(value);
        return new ConfStatement(name, [argument], StatementOrigin.Variable, 0, $"{name} {ByteText.Quote(argument)}")
        {
            Variable = EnvironmentSource.Prefix + key,
        };
    }
}
