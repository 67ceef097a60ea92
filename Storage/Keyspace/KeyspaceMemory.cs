using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage;

/// <summary>Where the keyspace's memory is, in bytes, by its own counters.</summary>
public readonly record struct KeyspaceMemory
{
    /// <summary>
    /// What keys, values and their directory take, and what forks keep besides; without what a flush or a deletion has yet to free, and without
    /// the holes that changed and deleted keys left in blocks, which new ones fill. (Those within a collection are its own.)
    /// </summary>
    public long UsedBytes =>
        Math.Max(0, HeadBytes + BlockBytes - DeadBytes + RunBytes + LargeValueBytes + ManagedBytes - PendingBytes) + DirectoryBytes;

    /// <summary>The same without what only forks keep: what maxmemory is compared with.</summary>
    public long DataBytes => Math.Max(0, UsedBytes - RetiredBytes);

    /// <summary>Chunks taken from the system, used or not.</summary>
    public long ChunkBytes { get; private init; }

    /// <summary>Segment heads.</summary>
    public long HeadBytes { get; private init; }

    /// <summary>Blocks of entries, holes included.</summary>
    public long BlockBytes { get; private init; }

    /// <summary>The holes in those of databases.</summary>
    public long DeadBytes { get; private init; }

    /// <summary>Runs of medium values and long keys.</summary>
    public long RunBytes { get; private init; }

    /// <summary>Arrays of big values, and shells of collections.</summary>
    public long LargeValueBytes { get; private init; }

    /// <summary>Streams, which are managed objects.</summary>
    public long ManagedBytes { get; private init; }

    /// <summary>Directories.</summary>
    public long DirectoryBytes { get; private init; }

    /// <summary>The part of the above that only forks keep from being freed.</summary>
    public long RetiredBytes { get; private init; }

    /// <summary>The part of the above that flushes and deletions have yet to free, by their own estimates.</summary>
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
            DeadBytes = pages.DeadBytes,
            ManagedBytes = pages.ManagedBytes,
            RunBytes = pages.Runs.UsedBytes,
            LargeValueBytes = pages.Objects.ArrayBytes,
            DirectoryBytes = directories,
            RetiredBytes = pages.RetiredBytes,
            PendingBytes = pendingBytes + pages.Discarded.PendingBytes,
        };
    }
}
