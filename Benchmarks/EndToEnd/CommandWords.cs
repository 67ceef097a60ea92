using System.Text.RegularExpressions;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>Splits a command line into words, as a shell does for spaces and quotes.</summary>
internal static partial class CommandWords
{
    /// <summary>The words; single and double quotes keep spaces and empty words.</summary>
    public static string[] Split(string line) => [.. Word().Matches(line).Select(match => match.Value.Trim('\'', '"'))];

    [GeneratedRegex("""'[^']*'|"[^"]*"|[^ ]+""")]
    private static partial Regex Word();
}
