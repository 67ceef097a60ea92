using System.Text;
using KestrelFree.Protocol;

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
        foreach (var name in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
            paths = [.. paths.SelectMany(path => Step(path, name))];
        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    private static List<string> Step(string directory, string name)
    {
        if (!IsPattern(name))
        {
            var path = Path.Combine(directory, name);
            return Path.Exists(path) ? [path] : [];
        }

        try
        {
            var entries = Directory.EnumerateFileSystemEntries(directory.Length > 0 ? directory : ".")
                .Select(entry => Path.GetFileName(entry));
            return [.. entries.Where(entry => IsVisible(entry, name) && Matches(name, entry)).Select(entry => Path.Combine(directory, entry))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsVisible(string entry, string pattern) => entry[0] != '.' || pattern[0] == '.';

    // The shell negates a bracket by ! as well as by ^.
    private static bool Matches(string pattern, string name) =>
        Glob.IsMatch(Encoding.UTF8.GetBytes(pattern.Replace("[!", "[^")), Encoding.UTF8.GetBytes(name), CaseSensitivity.Sensitive);
}
