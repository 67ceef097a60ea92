namespace KestrelFree.Server.Config.Sources;

/// <summary>Paths with wildcards, as the shell expands them: * ? and [...] within one name; a leading dot is matched by a dot only.</summary>
internal static class FileGlob
{
    /// <summary>Whether a path contains a wildcard.</summary>
    public static bool IsPattern(string path) => path.AsSpan().ContainsAny("*?[");

    /// <summary>The existing paths that match, in byte order.</summary>
    public static List<string> Expand(string pattern)
    {
        List<string> paths = [Path.IsPathRooted(pattern) ? Path.GetPathRoot(pattern)! : ""];
        foreach (string name in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
            paths = [.. paths.SelectMany(path => Step(path, name))];
        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    /// <summary>Whether a name matches a pattern. O(pattern x name) at worst.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        while (pattern.Length > 0)
        {
            if (pattern[0] == '*')
                return MatchesStar(pattern.TrimStart('*'), name);
            if (name.Length == 0 || !MatchesOne(ref pattern, name[0]))
                return false;
            name = name[1..];
        }

        return name.Length == 0;
    }

    private static List<string> Step(string directory, string name)
    {
        if (!IsPattern(name))
        {
            string path = Path.Combine(directory, name);
            return Path.Exists(path) ? [path] : [];
        }

        try
        {
            IEnumerable<string> entries = Directory.EnumerateFileSystemEntries(directory.Length > 0 ? directory : ".")
                .Select(entry => Path.GetFileName(entry));
            return [.. entries.Where(entry => IsVisible(entry, name) && Matches(name, entry)).Select(entry => Path.Combine(directory, entry))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsVisible(string entry, string pattern) => entry[0] != '.' || pattern[0] == '.';

    private static bool MatchesStar(ReadOnlySpan<char> rest, ReadOnlySpan<char> name)
    {
        for (int skip = 0; skip <= name.Length; skip++)
        {
            if (Matches(rest, name[skip..]))
                return true;
        }

        return false;
    }

    private static bool MatchesOne(ref ReadOnlySpan<char> pattern, char c)
    {
        int close = pattern.Length > 2 && pattern[0] == '[' ? pattern[2..].IndexOf(']') + 2 : 1;
        if (close < 2)
        {
            bool same = pattern[0] == '?' || pattern[0] == c;
            pattern = pattern[1..];
            return same;
        }

        ReadOnlySpan<char> set = pattern[1..close];
        pattern = pattern[(close + 1)..];
        bool negated = set[0] is '!' or '^';
        return Contains(negated ? set[1..] : set, c) != negated;
    }

    private static bool Contains(ReadOnlySpan<char> set, char c)
    {
        for (int i = 0; i < set.Length; i++)
        {
            bool isRange = i + 2 < set.Length && set[i + 1] == '-';
            if (isRange ? c >= set[i] && c <= set[i + 2] : c == set[i])
                return true;
            i += isRange ? 2 : 0;
        }

        return false;
    }
}
