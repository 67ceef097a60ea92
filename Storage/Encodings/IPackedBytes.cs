namespace KestrelFree.Storage.Encodings;

/// <summary>
/// Where a packed value (a listpack or an intset) lives: an entry of the keyspace, a node of a list, a buffer. An edit asks for its room once, at the
/// right size, and then writes it in place.
/// </summary>
public interface IPackedBytes
{
    /// <summary>The packed value, exactly: no slack behind it.</summary>
    ReadOnlySpan<byte> Bytes { get; }

    /// <summary>
    /// Puts <paramref name="inserted"/> bytes of any content in the place of <paramref name="removed"/> ones and moves what follows. Returns the
    /// whole of it, to be written to until the next splice. With both 0 it only makes the bytes writable. O(bytes behind the place).
    /// </summary>
    Span<byte> Splice(int offset, int removed, int inserted);
}
