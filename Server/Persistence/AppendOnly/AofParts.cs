namespace KestrelFree.Server.Persistence;

/// <summary>What is loaded of an append-only file.</summary>
internal static class AofParts
{
    /// <summary>The files that the manifest lists, in order; none when there is no append-only file.</summary>
    internal static IReadOnlyList<LoadPart> Of(RedisServer server)
    {
        var folder = server.Aof.Folder;
        List<AofFileEntry> files = [.. folder.Manifest.Incrs];
        if (folder.Manifest.Base is { } first) files.Insert(0, first);
        var last = LastIn(folder, files);
        return [.. files.Select((file, i) => new AofLoad(server, folder.PathOf(file.Name), i >= last ? AofPlace.Last : AofPlace.Earlier))];
    }

    // A power loss at a rewrite's beginning leaves a new file that exists and is empty behind one whose end was never synced.
    private static int LastIn(AofDirectory folder, List<AofFileEntry> files)
    {
        var last = files.Count - 1;
        while (last > 0 && File.Exists(folder.PathOf(files[last].Name)) && folder.SizeOf(files[last].Name) == 0) last--;
        return last;
    }
}
