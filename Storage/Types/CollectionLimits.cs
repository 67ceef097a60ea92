namespace KestrelFree.Storage;

/// <summary>Up to which size collections are packed: the directives hash-max-listpack-entries and their like.</summary>
public sealed class CollectionLimits
{
    /// <summary>Fields of a packed hash.</summary>
    public long HashMaxListpackEntries { get; set; } = 128;

    /// <summary>Bytes of a field or value of a packed hash.</summary>
    public long HashMaxListpackValue { get; set; } = 64;

    /// <summary>Members of an intset.</summary>
    public long SetMaxIntsetEntries { get; set; } = 512;

    /// <summary>Members of a packed set.</summary>
    public long SetMaxListpackEntries { get; set; } = 128;

    /// <summary>Bytes of a member of a packed set.</summary>
    public long SetMaxListpackValue { get; set; } = 64;

    /// <summary>Bytes of a listpack of a stream; 0 is as many as a listpack can have.</summary>
    public long StreamNodeMaxBytes { get; set; } = 4096;

    /// <summary>Entries of a listpack of a stream; 0 is without limit.</summary>
    public long StreamNodeMaxEntries { get; set; } = 100;

    /// <summary>How much one listpack of a list holds, as list-max-listpack-size says it: elements, or one of five sizes if negative.</summary>
    public int ListMaxListpackSize { get; set; } = -2;

    /// <summary>How many nodes at either end of a list are not compressed; 0 compresses none. Counts for lists that come to be.</summary>
    public int ListCompressDepth { get; set; }

    /// <summary>From how many bytes on an element of a list is in no listpack; 0 for what is too large for one.</summary>
    public long ListPlainFrom { get; set; }

    /// <summary>Members of a packed sorted set.</summary>
    public long ZsetMaxListpackEntries { get; set; } = 128;

    /// <summary>Bytes of a member of a packed sorted set.</summary>
    public long ZsetMaxListpackValue { get; set; } = 64;
}
