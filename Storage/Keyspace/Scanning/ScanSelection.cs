namespace KestrelFree.Storage.Keyspaces;

// A scan that goes through a segment in small portions would hash and sort its entries for each of them. So what one portion has sorted is kept, and
// the next one goes on in it, if it is the portion that follows: it begins at the cursor where the last one ended, in the segment with the same head.
// Whether entries are still where they were is for the scan to check.
//
// Nothing that was there throughout is missed by that. A scan sorts anew in the first portion that it has in a segment (no portion ended at the
// segment's first hash), so what is kept is as old as that at most; and an entry that has come since need not be visited.

/// <summary>
/// The entries of one segment among which a scan chooses: their hash prefixes and where they lie. One for all tables, the last scanned; it grows
/// to the longest chain of heads ever met.
/// </summary>
internal sealed class ScanSelection
{
    private const uint NoHead = 0;

    private ulong[] _prefixes = new ulong[SegmentHead.SlotCount];
    private ulong[] _places = new ulong[SegmentHead.SlotCount];
    private int _count;
    private int _first;
    private int _end;
    private uint _head;

    /// <summary>The prefixes of the entries that were taken.</summary>
    public ReadOnlySpan<ulong> Prefixes => _prefixes.AsSpan(_first, _end - _first);

    /// <summary>Where they lie.</summary>
    public ReadOnlySpan<ulong> Places => _places.AsSpan(_first, _end - _first);

    /// <summary>Whether there are entries behind them.</summary>
    public bool HasMore => _end < _count;

    /// <summary>The prefix of the first entry behind them.</summary>
    public ulong Following => _prefixes[_end];

    /// <summary>Forgets all entries.</summary>
    public void Clear()
    {
        _count = _first = _end = 0;
        _head = NoHead;
    }

    /// <summary>Adds an entry.</summary>
    public void Add(ulong prefix, ulong place)
    {
        if (_count == _prefixes.Length)
        {
            Array.Resize(ref _prefixes, _count * 2);
            Array.Resize(ref _places, _count * 2);
        }

        _prefixes[_count] = prefix;
        _places[_count++] = place;
    }

    /// <summary>
    /// Takes the entries with the lowest prefixes: those wanted, and whatever shares the prefix of the last. O(n log n), but O(1) when all are
    /// wanted.
    /// </summary>
    /// <param name="wanted">How many, 1 at least.</param>
    /// <param name="head">The head that they all lie in, to go on from; 0 if there are several.</param>
    public void Take(long wanted, uint head)
    {
        _head = head;
        if (_count > wanted) Array.Sort(_prefixes, _places, 0, _count);
        TakeNext(wanted);
    }

    /// <summary>Takes the entries that follow those taken last, if that was in the same head and ended at a cursor.</summary>
    public bool TryTakeMore(long wanted, uint head, ulong cursor)
    {
        if (head != _head || !HasMore || Following != cursor) return false;
        TakeNext(wanted);
        return true;
    }

    private void TakeNext(long wanted)
    {
        _first = _end;
        _end = (int)Math.Min(_count, _first + wanted);
        while (_end < _count && _prefixes[_end] == _prefixes[_end - 1])
            _end++;
    }
}
