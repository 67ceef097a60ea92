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
        return [.. files.Select((file, i) => new AofLoad(server, folder.PathOf(file.Name), i == files.Count - 1 ? AofPlace.Last : AofPlace.Earlier))];
    }
}
