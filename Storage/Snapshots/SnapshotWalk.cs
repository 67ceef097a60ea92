using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage;

// Reads a fork, key by key, on a thread of its own if its user likes. Sound since it reads only what the loop does not write while the fork
// lives (ForkEpochs): directory arrays older than the fork, heads and the blocks, runs and objects that these lead to. The loop appends
// behind what these lead to, in the same blocks, which is another address. The table of chunk addresses grows meanwhile, but the
// addresses in it never change.
//
// When a segment is done with, its last position is published; from then on the loop may write to it and free it. So the entry of a
// step must not be used after the next.

/// <summary>Walks a snapshot once, databases one after the other; on one thread, which need not be the loop's.</summary>
public sealed class SnapshotWalk
{
    private readonly PageStore _pages;
    private readonly ForkEpoch _fork;
    private readonly FrozenTable[] _tables;
    private SegmentCursor _segments;
    private SegmentEntries _entries;
    private int _table = -1;
    private long _lastPosition = -1;

    internal SnapshotWalk(PageStore pages, ForkEpoch fork, FrozenTable[] tables)
    {
        _pages = pages;
        _fork = fork;
        _tables = tables;
        _entries = new SegmentEntries(pages);
    }

    /// <summary>The database that the entry was in.</summary>
    public int DatabaseIndex => _tables[_table].DatabaseIndex;

    /// <summary>The entry of this step; valid until the next.</summary>
    public EntryView Entry => _entries.Entry;

    /// <summary>Goes to the next entry; false when there is none left.</summary>
    public bool MoveNext()
    {
        while (!_entries.MoveNext())
        {
            if (!MoveToNextSegment()) return false;
        }

        return true;
    }

    private bool MoveToNextSegment()
    {
        if (_lastPosition >= 0) _fork.Publish(_lastPosition + 1);
        while (_table < 0 || !TryEnterSegment())
        {
            if (++_table >= _tables.Length)
            {
                _table = _tables.Length - 1;
                _fork.Publish(long.MaxValue);
                return false;
            }

            _segments = new SegmentCursor(_tables[_table].Top);
        }

        return true;
    }

    private bool TryEnterSegment()
    {
        if (!_segments.TryMoveNext(_pages, out uint head, out ulong prefix)) return false;
        _entries.Enter(head);
        _lastPosition = Reach.OfSegment(_tables[_table].Ordinal, prefix, _pages.Head(head).Depth).LastPosition;
        return true;
    }
}
