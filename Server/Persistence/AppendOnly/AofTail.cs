namespace KestrelFree.Server.Persistence;

/// <summary>What is behind the last whole request of a file.</summary>
internal static class AofTail
{
    /// <summary>
    /// Cuts a file at an offset, once what is behind it is safe in another, whose path it returns. Throws IOException and
    /// UnauthorizedAccessException.
    /// </summary>
    internal static string Cut(string path, long offset)
    {
        var kept = KeptPath(path, offset);
        using var file = new FileStream(path, new FileStreamOptions { Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 });
        using (var copy = new FileStream(kept, FileMode.CreateNew, FileAccess.Write))
        {
            file.Position = offset;
            file.CopyTo(copy);
            copy.Flush(flushToDisk: true);
        }

        file.SetLength(offset);
        file.Flush(flushToDisk: true);
        return kept;
    }

    // What was cut there before stays as well.
    private static string KeptPath(string path, long offset)
    {
        var kept = $"{path}.cut-at-{offset}";
        for (var again = 2; File.Exists(kept); again++) kept = $"{path}.cut-at-{offset}.{again}";
        return kept;
    }
}
