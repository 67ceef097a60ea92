using System.Globalization;

namespace KestrelFree.Server.Persistence;

/// <summary>What --check-aof is told to do.</summary>
/// <param name="FilePath">A manifest, or a single file.</param>
internal sealed record AofCheckOptions(string FilePath)
{
    /// <summary>How the option is used.</summary>
    internal const string Usage = "Usage: kestrel-free --check-aof [--fix] [--truncate-to-timestamp timestamp] <file.manifest|file.aof>";

    /// <summary>Whether what is not sound is cut off the last file.</summary>
    internal bool Fixes { get; init; }

    /// <summary>What is later than this, in Unix seconds, is cut off the last file; null for nothing.</summary>
    internal long? Timestamp { get; init; }

    /// <summary>Reads the words behind --check-aof; null, and why, if they are not understood.</summary>
    internal static AofCheckOptions? Parse(ReadOnlySpan<string> words, out string fault)
    {
        fault = Usage;
        var options = new AofCheckOptions("");
        for (; words.Length > 1; words = words[1..])
        {
            if (words[0] == "--fix")
            {
                options = options with { Fixes = true };
                continue;
            }

            if (words[0] != "--truncate-to-timestamp") return null;
            if (!long.TryParse(words[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var timestamp))
            {
                fault = "Invalid timestamp, aborting...";
                return null;
            }

            options = options with { Timestamp = timestamp };
            words = words[1..];
        }

        return words.Length == 1 && !words[0].StartsWith("--", StringComparison.Ordinal) ? options with { FilePath = words[0] } : null;
    }
}
