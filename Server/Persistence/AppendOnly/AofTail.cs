namespace KestrelFree.Server.Persistence;

/// <summary>What is behind the last whole request of a file.</summary>
internal static class AofTail
{
    /// <summary>Where the bytes go that are cut off at an offset.</summary>
    internal static string KeptPath(string path, long offset) => $"{path}.cut-at-{offset}";

    /// <summary>Cuts a file at an offset, once what is behind it is safe in <see cref="KeptPath"/>. Throws IOException and UnauthorizedAccessException.</summary>
    internal static void Cut(string path, long offset)
    {
        using var file = new FileStream(path, new FileStreamOptions { Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 });
        using (var copy = new FileStream(KeptPath(path, offset), FileMode.Create, FileAccess.Write))
        {
            file.Position = offset;
            file.CopyTo(copy);
            copy.Flush(flushToDisk: true);
        }

        file.SetLength(offset);
        file.Flush(flushToDisk: true);
    }
}
