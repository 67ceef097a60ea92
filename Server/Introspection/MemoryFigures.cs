using System.Globalization;
using System.Text;
using KestrelFree.Storage;

namespace KestrelFree.Server.Introspection;

// Where the memory is: the figures of INFO memory, MEMORY STATS and MEMORY DOCTOR, from one place so that they agree.
//
//     used          keys, values, directories: the keyspace's own count, which maxmemory is compared with
//     allocated     the chunks and arrays that these lie in, used or not
//     resident      what the system has given the process: chunks as far as touched, the managed heap, code
//
//     fragmentation = resident / used; of it allocator-fragmentation is allocated / used, and the rest is the runtime's

/// <summary>A snapshot of where the server's memory is.</summary>
internal sealed class MemoryFigures
{
    /// <summary>The field of MEMORY STATS that follows those of single databases.</summary>
    internal const string AfterDatabases = "overhead.db.hashtable.lut";

    private MemoryFigures()
    {
    }

    /// <summary>The keyspace's count, in bytes.</summary>
    internal required KeyspaceMemory Keyspace { get; init; }

    /// <summary>The most that was ever used, in bytes.</summary>
    internal required long Peak { get; init; }

    /// <summary>What an empty server uses, in bytes.</summary>
    internal required long Startup { get; init; }

    /// <summary>What the process takes of the machine's memory, in bytes.</summary>
    internal required long Resident { get; init; }

    /// <summary>Buffers of clients, in bytes.</summary>
    internal required long Clients { get; init; }

    /// <summary>Connected clients.</summary>
    internal required int ClientCount { get; init; }

    /// <summary>Keys of all databases.</summary>
    internal required long Keys { get; init; }

    /// <summary>What is used, in bytes.</summary>
    internal long Used => Keyspace.UsedBytes;

    /// <summary>What the parts in use lie in, in bytes.</summary>
    internal long Allocated => Keyspace.ChunkBytes + Keyspace.LargeValueBytes + Keyspace.ManagedBytes + Keyspace.DirectoryBytes;

    /// <summary>What is neither key nor value, in bytes.</summary>
    internal long Overhead => Startup + Math.Max(0, Keyspace.HeadBytes + Keyspace.DirectoryBytes - Startup);

    /// <summary>What finds the keys of all databases, in bytes; nothing of it is ever re-hashed as a whole.</summary>
    internal long Directories => Keyspace.HeadBytes + Keyspace.DirectoryBytes;

    /// <summary>Keys and values, in bytes.</summary>
    internal long Dataset => Math.Max(0, Used - Overhead);

    /// <summary>The part of all that has come since the start that is keys and values, in per cent.</summary>
    internal double DatasetPercent => Used <= Startup ? 0 : Math.Min(100, 100.0 * Dataset / (Used - Startup));

    /// <summary>The fields of MEMORY STATS, in Redis's order.</summary>
    internal IEnumerable<(string Name, object Value)> Numbers =>
    [
        ("peak.allocated", Peak), ("total.allocated", Used), ("startup.allocated", Startup), ("replication.backlog", 0L), ("clients.slaves", 0L),
        ("clients.normal", Clients), ("cluster.links", 0L), ("aof.buffer", 0L), ("lua.caches", 0L), ("functions.caches", 0L),
        (AfterDatabases, Directories), ("overhead.db.hashtable.rehashing", 0L), ("overhead.total", Overhead), ("db.dict.rehashing.count", 0L),
        ("keys.count", Keys), ("keys.bytes-per-key", Keys == 0 ? 0L : Math.Max(0, Used - Startup) / Keys),
        ("dataset.bytes", Dataset), ("dataset.percentage", DatasetPercent), ("peak.percentage", Peak == 0 ? 100.0 : 100.0 * Used / Peak),
        ("allocator.allocated", Used), ("allocator.active", Allocated), ("allocator.resident", Resident), ("allocator.muzzy", 0L),
        ("allocator-fragmentation.ratio", Ratio(Allocated, Used)), ("allocator-fragmentation.bytes", Allocated - Used),
        ("allocator-rss.ratio", Ratio(Resident, Allocated)), ("allocator-rss.bytes", Resident - Allocated),
        ("rss-overhead.ratio", 1.0), ("rss-overhead.bytes", 0L), ("fragmentation", Ratio(Resident, Used)), ("fragmentation.bytes", Resident - Used),
    ];

    /// <summary>Takes the figures of a server. O(clients).</summary>
    internal static MemoryFigures Of(RedisServer server)
    {
        var keyspace = server.Keyspace.Memory;
        long clients = 0, keys = 0;
        for (var client = server.Clients.Oldest; client is not null; client = client.Next) clients += client.MemoryBytes;
        for (var i = 0; i < server.Keyspace.DatabaseCount; i++) keys += server.Keyspace[i].Count;
        return new MemoryFigures
        {
            Keyspace = keyspace,
            Peak = Math.Max(server.Statistics.PeakMemory, keyspace.UsedBytes),
            Startup = server.MemoryAtStart,
            Resident = Environment.WorkingSet,
            Clients = clients,
            ClientCount = server.Clients.Count,
            Keys = keys,
        };
    }

    /// <summary>What finds the keys of a database, in bytes. O(segments).</summary>
    internal static long DirectoryBytesOf(Database database) => database.DirectoryBytes();

    /// <summary>MEMORY MALLOC-STATS.</summary>
    internal static string AllocatorText(RedisServer server)
    {
        var memory = server.Keyspace.Memory;
        var collector = GC.GetGCMemoryInfo();
        var text = new StringBuilder();
        Line("pages, in bytes");
        Number("chunks taken from the system", memory.ChunkBytes);
        Number("heads of segments", memory.HeadBytes);
        Number("blocks of entries", memory.BlockBytes);
        Number("holes in them", memory.DeadBytes);
        Number("runs of medium values", memory.RunBytes);
        Number("arrays of large values", memory.LargeValueBytes);
        Number("nodes on the managed heap", memory.ManagedBytes);
        Number("directories", memory.DirectoryBytes);
        Number("kept for forks alone", memory.RetiredBytes);
        Number("waiting to be freed", memory.PendingBytes);
        Number("in use", memory.UsedBytes);
        Line("managed heap, in bytes");
        Number("live and dead objects", GC.GetTotalMemory(forceFullCollection: false));
        Number("committed", collector.TotalCommittedBytes);
        Number("fragmented", collector.FragmentedBytes);
        Number("collections", GC.CollectionCount(0));
        Number("pauses in microseconds", (long)GC.GetTotalPauseDuration().TotalMicroseconds);
        Line("process, in bytes");
        Number("resident", Environment.WorkingSet);
        return text.ToString();

        void Line(string heading) => text.Append("--- ").Append(heading).Append(" ---\n");
        void Number(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"{name + ":",-32}{value,16}\n");
    }

    private static double Ratio(long part, long whole) => whole <= 0 ? 0 : (double)part / whole;
}
