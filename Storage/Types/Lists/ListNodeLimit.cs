namespace KestrelFree.Storage.Types;

// list-max-listpack-size says how much one listpack of a list holds:
//
//     -1 .. -5     4, 8, 16, 32, 64 KB, whatever the number of elements (less than -5 is -5)
//     n > 0        n elements, and 8 KB at most; 0 is 1
//
// The same limit rules when a list that is one listpack becomes a sequence of them; half of it, when it becomes one again. An element that is over
// the limit in bytes all by itself gets a node of its own, which is not a listpack (DEBUG QUICKLIST-PACKED-THRESHOLD sets another bound for that).

/// <summary>How much one listpack of a list holds.</summary>
/// <param name="Fill">The value of list-max-listpack-size.</param>
/// <param name="PlainFrom">From how many bytes on an element has a node of its own; 0 for the limit itself.</param>
internal readonly record struct ListNodeLimit(int Fill, long PlainFrom)
{
    private const int CountedMaxBytes = 8192;
    private const int SmallestMaxBytes = 4096;
    private const int LargestFill = 5;

    // What an element takes beside its text at most, roughly; Redis's own estimate, so that nodes fill up alike.
    private const int EntryOverhead = 8;

    /// <summary>The limit in bytes.</summary>
    public int MaxBytes => Fill >= 0 ? CountedMaxBytes : SmallestMaxBytes << (int)(Math.Min(-(long)Fill, LargestFill) - 1);

    private long MaxCount => Fill >= 0 ? Math.Max(1, Fill) : long.MaxValue;

    /// <summary>Whether a listpack of this size is too large.</summary>
    public bool IsExceededBy(long bytes, long count) => bytes > MaxBytes || count > MaxCount;

    /// <summary>Whether a sequence with a single listpack of this size, which has shrunk, becomes that listpack.</summary>
    public bool AllowsPacking(long bytes, long count) => (Fill >= 0 || bytes <= MaxBytes / 2) && (Fill < 0 || count <= MaxCount / 2);

    /// <summary>Whether a new sequence with a single listpack of this size becomes that listpack.</summary>
    public bool AllowsPackingNew(long bytes, long count) => Fill >= 0 ? count <= MaxCount : bytes <= MaxBytes;

    /// <summary>Whether an element of so many bytes has a node of its own.</summary>
    public bool IsPlain(long textBytes) => PlainFrom > 0 ? textBytes >= PlainFrom : textBytes > MaxBytes;

    /// <summary>Whether a node has room for one more element.</summary>
    public bool HasRoom(in QuicklistNode node, int textBytes) =>
        !node.IsPlain && !IsPlain(textBytes) && !IsExceededBy((long)node.Bytes + textBytes + EntryOverhead, node.Count + 1L);

    /// <summary>Whether two nodes fit in one.</summary>
    public bool CanJoin(in QuicklistNode first, in QuicklistNode second) =>
        !first.IsPlain && !second.IsPlain && !IsExceededBy((long)first.Bytes + second.Bytes - Encodings.Listpack.EmptyBytes, (long)first.Count + second.Count);
}
