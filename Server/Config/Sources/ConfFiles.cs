namespace KestrelFree.Server.Config.Sources;

/// <summary>Reads configuration files whole.</summary>
internal static class ConfFiles
{
    /// <summary>
    /// The content of a file or, if the path has wildcards, of all that match, one after another; none matching is empty. Gives null and the
    /// reason, in Redis's words, if one cannot be read.
    /// </summary>
    public static string? Read(string path, string directory, out string failure)
    {
        failure = "";
        var absolute = Path.Combine(directory, path);
        IEnumerable<string> files = FileGlob.IsPattern(path) ? FileGlob.Expand(absolute) : [absolute];
        var content = "";
        foreach (var file in files)
        {
            try
            {
                content += ByteText.From(File.ReadAllBytes(file));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                var shown = FileGlob.IsPattern(path) ? file : path;
                failure = $"Fatal error, can't open config file '{shown}': {SystemErrorText.Of(e)}";
                return null;
            }
        }

        return content;
    }
}
