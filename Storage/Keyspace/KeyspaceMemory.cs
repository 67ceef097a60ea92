using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage;

/// <summary>Where the keyspace's memory is, in bytes, by its own counters.</summary>
public readonly record struct KeyspaceMemory
{
    /// <summary>What keys, values and their directory take, without what a flush has yet to free: what maxmemory is compared with.</summary>
    public long UsedBytes => Math.Max(0, HeadBytes + BlockBytes + RunBytes + LargeValueBytes - PendingBytes) + DirectoryBytes;

    /// <summary>Chunks taken from the system, used or not.</summary>
    public long ChunkBytes { get; private init; }

    /// <summary>Segment heads.</summary>
    public long HeadBytes { get; private init; }

    /// <summary>Blocks of entries.</summary>
    public long BlockBytes { get; private init; }

    /// <summary>Runs of medium values and long keys.</summary>
    public long RunBytes { get; private init; }

    /// <summary>Arrays of big values, and streams.</summary>
    public long LargeValueBytes { get; private init; }

    /// <summary>Directories.</summary>
    public long DirectoryBytes { get; private init; }

    /// <summary>The part of the above that only forks keep from being freed.</summary>
    public long RetiredBytes { get; private init; }

    /// <summary>The part of the above that a flush has yet to free, by its own estimate.</summary>
    public long PendingBytes { get; private init; }

    internal static KeyspaceMemory Of(PageStore pages, Database[] databases, long pendingBytes)
    {
        long directories = 0;
        foreach (Database database in databases)
            directories += database.Table.Directory.Bytes;
        return new KeyspaceMemory
        {
            ChunkBytes = pages.Chunks.ReservedBytes,
            HeadBytes = pages.Heads.UsedBytes,
            BlockBytes = pages.Narrow.UsedBytes + pages.Wide.UsedBytes,
            RunBytes = pages.Runs.UsedBytes,
            LargeValueBytes = pages.Objects.ArrayBytes + pages.ManagedBytes,
            DirectoryBytes = directories,
            RetiredBytes = pages.RetiredBytes,
            PendingBytes = pendingBytes,
        };
    }
}
