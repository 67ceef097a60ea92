using KestrelFree.Protocol;

namespace KestrelFree.Server.Config;

/// <summary>CONFIG GET without a client.</summary>
internal static class ConfigGet
{
    /// <summary>
    /// The names and values that the patterns ask for, each name once. A name without wildcards is answered as it was written, hidden
    /// or not; a pattern finds visible names and aliases. O(patterns x directives).
    /// </summary>
    public static List<KeyValuePair<string, string>> Collect(ServerConfig config, ReadOnlySpan<string> patterns)
    {
        var rows = new List<KeyValuePair<string, string>>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pattern in patterns)
        {
            if (!pattern.AsSpan().ContainsAny("[*?"))
            {
                if (DirectiveTable.Find(pattern) is { } exact && seen.Add(pattern))
                    rows.Add(new(pattern, exact.Format(config.Values)));
                continue;
            }

            foreach (var directive in DirectiveTable.Rows)
            {
                if (directive.Has(DirectiveFlags.Hidden)) continue;
                AddIfMatching(directive, directive.Name, pattern);
                if (directive.Alias is { } alias && !directive.Has(DirectiveFlags.HiddenAlias))
                    AddIfMatching(directive, alias, pattern);
            }
        }

        return rows;

        void AddIfMatching(Directive directive, string name, string pattern)
        {
            if (Matches(pattern, name) && seen.Add(name)) rows.Add(new(name, directive.Format(config.Values)));
        }
    }

    private static bool Matches(string pattern, string name) =>
        Glob.IsMatch(ByteText.ToBytes(pattern), ByteText.ToBytes(name), CaseSensitivity.Insensitive);
}
