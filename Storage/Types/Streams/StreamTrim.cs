using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>What becomes of a deleted entry that consumer groups have pending.</summary>
public enum ReferencePolicy
{
    /// <summary>It stays pending.</summary>
    Keep,

    /// <summary>It is pending no more.</summary>
    Delete,

    /// <summary>An entry is deleted only when every group has read and acknowledged it.</summary>
    Acked,
}

/// <summary>How exactly a stream is trimmed.</summary>
public enum TrimPrecision
{
    /// <summary>To the entry.</summary>
    Exact,

    /// <summary>By whole listpacks, and what remains of the last one stays.</summary>
    WholeNodes,
}

/// <summary>What to trim off the old end of a stream.</summary>
public readonly record struct StreamTrim
{
    /// <summary>How many entries may stay, with <see cref="MinId"/> none.</summary>
    public long MaxLength { get; init; }

    /// <summary>The least id that may stay; null with <see cref="MaxLength"/>.</summary>
    public StreamId? MinId { get; init; }

    /// <summary>How exactly.</summary>
    public TrimPrecision Precision { get; init; }

    /// <summary>How many entries to delete at most; 0 is no limit.</summary>
    public long Limit { get; init; }

    /// <summary>What becomes of pending entries.</summary>
    public ReferencePolicy References { get; init; }

    internal bool IsReached(long length) => MinId == null && length <= MaxLength;

    internal bool Takes(StreamId id) => MinId == null || id < MinId.Value;

    internal bool TakesWhole(long length, long live, StreamListpack listpack) =>
        MinId == null ? length - live >= MaxLength : listpack.LastId() < MinId.Value;
}
