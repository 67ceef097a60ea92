namespace KestrelFree.Server.Commands;

/// <summary>The categories by which ACL rules name groups of commands, in the order in which Redis reports them.</summary>
[Flags]
internal enum AclCategory
{
    /// <summary>No category.</summary>
    None = 0,

    /// <summary>Works on keys of any type.</summary>
    Keyspace = 1 << 0,

    /// <summary>Reads values.</summary>
    Read = 1 << 1,

    /// <summary>Writes values.</summary>
    Write = 1 << 2,

    /// <summary>Sets.</summary>
    Set = 1 << 3,

    /// <summary>Sorted sets.</summary>
    SortedSet = 1 << 4,

    /// <summary>Lists.</summary>
    List = 1 << 5,

    /// <summary>Hashes.</summary>
    Hash = 1 << 6,

    /// <summary>Strings.</summary>
    String = 1 << 7,

    /// <summary>Bitmaps.</summary>
    Bitmap = 1 << 8,

    /// <summary>HyperLogLogs.</summary>
    HyperLogLog = 1 << 9,

    /// <summary>Geo sets.</summary>
    Geo = 1 << 10,

    /// <summary>Streams.</summary>
    Stream = 1 << 11,

    /// <summary>Pub/sub.</summary>
    PubSub = 1 << 12,

    /// <summary>Administration.</summary>
    Admin = 1 << 13,

    /// <summary>Fast commands.</summary>
    Fast = 1 << 14,

    /// <summary>Commands that are not fast.</summary>
    Slow = 1 << 15,

    /// <summary>Commands that may block.</summary>
    Blocking = 1 << 16,

    /// <summary>Commands that can harm when misused.</summary>
    Dangerous = 1 << 17,

    /// <summary>Commands about the connection itself.</summary>
    Connection = 1 << 18,

    /// <summary>Transactions.</summary>
    Transaction = 1 << 19,

    /// <summary>Scripting.</summary>
    Scripting = 1 << 20,
}

/// <summary>The wire names of <see cref="AclCategory"/>, without their @, in reporting order.</summary>
internal static class AclCategoryNames
{
    /// <summary>Name of the category whose bit is the index.</summary>
    internal static readonly string[] All =
    [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream", "pubsub",
        "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
    ];

    /// <summary>The index of a name in any case, or -1.</summary>
    internal static int IndexOf(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < All.Length; i++)
        {
            if (CommandTable.NameEquals(All[i], name)) return i;
        }

        return -1;
    }
}
