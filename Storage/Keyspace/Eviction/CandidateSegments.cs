namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// Goes through the segments of a table from a hash on, once around: all that hold keys, or those that may hold keys that expire. The table must
/// not be written to meanwhile. A step is O(1) on average, O(segments) in a table that was nearly emptied, O(leaves) where few keys expire.
/// </summary>
internal ref struct CandidateSegments(Table table, EvictionCandidates candidates, ulong from)
{
    private readonly Table _table = table;
    private readonly EvictionCandidates _candidates = candidates;
    private readonly ulong _from = from;
    private bool _hasTurned;
    private bool _isOver;

    /// <summary>The first hash behind the last segment.</summary>
    public ulong Next { get; private set; } = from;

    /// <summary>Moves to a segment: its first head, and any hash of it.</summary>
    public bool TryMoveNext(out uint head, out ulong hash)
    {
        while (!_isOver)
        {
            hash = Next;
            if (_candidates == EvictionCandidates.Expiring && !TrySkip(ref hash)) continue;
            head = _table.Directory.HeadOf(hash);
            if (head == 0) break;
            Advance(Behind(hash, _table.Pages.Head(head).Depth));
            if (_table.Pages.Head(head).Count != 0 || _table.Pages.Head(head).Next != 0) return true;
        }

        head = 0;
        hash = 0;
        return false;
    }

    /// <summary>Tells that no key of a segment expires, so that it is passed over until one does.</summary>
    public readonly void NoteNone(ulong hash)
    {
        if (_candidates == EvictionCandidates.All) return;
        uint first = _table.Directory.HeadOf(hash);
        long earliest = Directory.Never;
        // Fields of hashes may expire, and the active expire cycle wants to know when.
        for (uint id = first; id != 0; id = _table.Pages.Head(id).Next)
        {
            ref SegmentHead head = ref _table.Pages.Head(id);
            for (int slot = head.FindOccupied(0); slot != SegmentHead.NoSlot; slot = slot + 1 == SegmentHead.SlotCount ? SegmentHead.NoSlot : head.FindOccupied(slot + 1))
                earliest = Math.Min(earliest, FieldExpiries.EarliestWithKey(_table.Pages, ref _table.Space.EntryAt(ref head, head.OffsetOf(slot))));
        }

        _table.Directory.SetEarliest(hash, _table.Pages.Head(first).Depth, earliest);
    }

    // To the next segment of the leaf with an expiry; false, at the next leaf, when it has none.
    private bool TrySkip(ref ulong hash)
    {
        DirectoryLeaf leaf = _table.Directory.LeafOf(hash);
        int place = leaf.FirstBefore(Directory.Never, FirstPlace(leaf, hash));
        if (place == DirectoryLeaf.NoPlace)
        {
            Advance(leaf.HashBehind(hash));
            return false;
        }

        hash = leaf.HashAt(hash, place);
        return true;
    }

    // Bounds lie at the first place of a segment.
    private readonly int FirstPlace(DirectoryLeaf leaf, ulong hash)
    {
        uint head = _table.Directory.HeadOf(hash);
        if (head == 0) return leaf.IndexOf(hash);
        leaf.PlacesOf(hash, _table.Pages.Head(head).Depth, out int first, out _);
        return first;
    }

    private static ulong Behind(ulong hash, int depth) => depth == 0 ? 0 : (hash | (ulong.MaxValue >> depth)) + 1;

    // Once around, the segment that it began in is visited again at the end: it may have begun in its middle.
    private void Advance(ulong next)
    {
        if (_hasTurned && next > _from) _isOver = true;
        if (next == 0)
        {
            _isOver |= _hasTurned;
            _hasTurned = true;
        }

        Next = next;
    }
}
