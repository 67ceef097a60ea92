using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// Which segments become one. A segment splits at 224 keys, so two siblings have as many together when they are new; they merge when they have three
// quarters of that. A segment that has just been merged must grow by a third before it splits, and one that has just been split must lose a quarter
// before it merges: however keys come and go around one number, nothing moves to and fro. (With half instead of three quarters, 10 M keys
// with values of 3 bytes, thinned out to 1 M, took 52 bytes each rather than 42.)
//
// After a mass delete many neighbours are small. Merging them two by two would copy every entry once per level, so the widest range of hashes
// is looked for first whose segments all fit into one, and these are merged at once. A range reaches over one leaf of the directory at most.

/// <summary>Merges the segments of a table, a range at a time. O(segments of a leaf + entries of the new segment).</summary>
internal sealed class SegmentMerge(PageStore pages)
{
    private const int MergeFrom = SegmentHead.SplitAt / 4;
    private const int RemovalsPerMerge = 8;
    private const int MaxEntries = SegmentHead.SplitAt / 4 * 3;

    // Half of what fits into 1 KB blocks, so that bytes do not make the new segment split soon either.
    private const int MaxNarrowBytes = SegmentHead.MaxBlocks * PageStore.NarrowBytes / 2;

    private Table _table = null!;
    private int _entries;
    private int _bytes;
    private int _heads;

    /// <summary>Merges the segment of a hash with its neighbours, as far as they are small; unless a fork still needs one of them.</summary>
    public void Run(Table table, ulong hash)
    {
        _table = table;
        _entries = _bytes = _heads = 0;
        int depth = pages.Head(table.Directory.HeadOf(hash)).Depth;
        if (!TryAdd(hash)) return;
        // A chain alone is worth being put into one head.
        int heads = 1;
        int entries = _entries, bytes = _bytes;
        int widest = _heads > 1 ? depth : int.MaxValue;
        for (int range = depth; range > table.Directory.LeafOf(hash).Depth; range--)
        {
            if (!TryAddRange(hash ^ (1ul << (64 - range)), range)) break;
            widest = range - 1;
            (entries, bytes, heads) = (_entries, _bytes, _heads);
        }

        if (widest <= depth) table.Merge(hash & ~Below(widest), widest, SegmentSpace.WidthFor(entries, bytes));
    }

    /// <summary>
    /// Merges the segment of a hash when a removal has left it small, every eighth time, and squeezes it when a third of it are holes: for tables whose
    /// members are drawn at random, and whose holes nobody else fills.
    /// </summary>
    public void RunAfterRemoval(Table table, ulong hash)
    {
        int left = pages.Head(table.Directory.HeadOf(hash)).Count;
        if (left % RemovalsPerMerge != 0) return;
        if (left <= MergeFrom) Run(table, hash);
        ref SegmentHead head = ref pages.Head(table.Directory.HeadOf(hash));
        if (head.DeadBytes > head.LiveBytes / 2) table.Squeeze(hash);
    }

    // Counts in all segments whose hashes share so many leading bits.
    private bool TryAddRange(ulong hash, int range)
    {
        ulong last = hash | Below(range);
        for (hash &= ~Below(range); ; hash++)
        {
            if (!TryAdd(hash)) return false;
            hash |= Below(pages.Head(_table.Directory.HeadOf(hash)).Depth);
            if (hash == last) return true;
        }
    }

    private bool TryAdd(ulong hash)
    {
        uint first = _table.Directory.HeadOf(hash);
        Reach reach = _table.ReachOf(hash, pages.Head(first).Depth);
        for (uint id = first; id != 0; id = pages.Head(id).Next)
        {
            ref SegmentHead head = ref pages.Head(id);
            _entries += head.Count;
            _bytes += head.LiveBytes;
            _heads++;
            if (_entries > MaxEntries || _bytes > MaxBytes || _table.Space.IsNeeded(ref head, id, reach)) return false;
        }

        return true;
    }

    private int MaxBytes => MaxNarrowBytes << (int)SegmentSpace.WidthFor(_entries, _bytes);

    private static ulong Below(int depth) => ulong.MaxValue >> depth;
}
