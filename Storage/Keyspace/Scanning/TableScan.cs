using System.Numerics;
using System.Runtime.CompilerServices;

namespace KestrelFree.Storage.Keyspaces;

// Visits a table in portions, between which anything may happen to it. Each entry that is there from the first portion to the last is visited.
//
// The cursor is a place in the order of hashes: the leading 48 bits of the lowest hash that is yet to come. Where an entry lies
// changes all the time (segments split and merge, blocks are compacted and evacuated, forks make copies); its hash never does. So the promise needs
// no argument about the history of the table, which is what Redis's cursor (a bucket number, counted from its high bit) rests on; and what
// stays untouched is visited once, not "at least once".
//
//     0 ---- visited ----> cursor ---- to come ----> 2^48, where the cursor becomes 0 again
//
// 48 bits stay far below 2^53, above which clients that keep numbers as doubles would lose bits. Entries whose 48 bits are equal go together. The
// cursor of a portion that is not the last is never 0, since it lies behind an entry.
//
// A portion is whole segments while they fit, in the order of their slots: nothing is hashed or sorted for them. Of the segment that it ends (or
// began) in, the hashes are computed, which entries do not store, and the lowest ones selected: 3 us, which the first portion in a segment pays and
// the next ones mostly need not (ScanSelection). Ending only at segments' borders would save it, but COUNT 10 would reply 150 keys.
//
// A portion passes at most ten empty or small segments for each entry that it may visit, so that a table that was emptied does not hold the loop.

/// <summary>
/// One portion of a scan: visits the entries from a cursor on until it has seen <c>count</c>. The table must not be written to while entries of
/// a segment are visited, but may be before <see cref="MoveToNextSegment"/>. O(count), and O(entries of a segment) besides.
/// </summary>
internal ref struct TableScan
{
    private const int CursorBits = 48;
    private const int TailBits = 64 - CursorBits;
    private const int SegmentsPerEntry = 10;

    private readonly Table _table;
    private ulong _next;
    private bool _isOver;
    private long _wanted;
    private long _segmentsLeft;
    private uint _head;
    private int _group;
    private uint _slotsLeft;
    private ReadOnlySpan<ulong> _selected;
    private EntryPlace _place;

    /// <summary>Begins a portion of <paramref name="count"/> entries (1 at least) where another ended, or at 0.</summary>
    public TableScan(Table table, ulong cursor, long count)
    {
        _table = table;
        _next = cursor;
        _isOver = cursor >> CursorBits != 0;
        _wanted = count;
        _segmentsLeft = count > long.MaxValue / SegmentsPerEntry ? long.MaxValue : count * SegmentsPerEntry;
    }

    /// <summary>Where the next portion begins, once this one has ended; 0 when there is none.</summary>
    public readonly ulong Cursor => _isOver ? 0 : _next;

    /// <summary>A hash of the segment that is being visited.</summary>
    public ulong SegmentHash { get; private set; }

    /// <summary>The entry of this step.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ref EntryPlace Place => ref _place;

    /// <summary>Goes to the next entry; false at the end of the portion.</summary>
    public bool MoveNext()
    {
        while (!MoveNextInSegment())
        {
            if (!MoveToNextSegment()) return false;
        }

        return true;
    }

    /// <summary>Goes to the next entry of the segment; false when there is none left of those that belong to the portion.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNextInSegment()
    {
        if (!_selected.IsEmpty) return TakeSelected();
        while (_slotsLeft == 0)
        {
            if (_head == 0) return false;
            MoveToNextGroup();
        }

        int slot = _group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(_slotsLeft);
        _slotsLeft &= _slotsLeft - 1;
        PlaceAt(_head, slot);
        return true;
    }

    /// <summary>Enters the next segment; false when the portion has ended.</summary>
    public bool MoveToNextSegment()
    {
        if (_isOver || _wanted <= 0 || _segmentsLeft-- <= 0) return false;
        ulong hash = SegmentHash = _next << TailBits;
        uint first = _table.Directory.HeadOf(hash);
        if (first == 0)
        {
            _isOver = true;
            return false;
        }

        ulong hashesOfSegment = ulong.MaxValue >> _table.Pages.Head(first).Depth;
        if ((hash & hashesOfSegment) == 0 && CountOf(first) is var count && count <= _wanted) TakeWhole(first, count);
        else if (SelectFrom(first)) return true;
        _isOver = (hash | hashesOfSegment) == ulong.MaxValue;
        _next = ((hash | hashesOfSegment) >> TailBits) + 1;
        return true;
    }

    private void TakeWhole(uint first, int count)
    {
        _wanted -= count;
        _head = first;
        _group = 0;
        _slotsLeft = _table.Pages.Head(first).Occupied(0);
    }

    private void MoveToNextGroup()
    {
        if (++_group == SegmentHead.GroupCount)
        {
            _group = 0;
            _head = _table.Pages.Head(_head).Next;
        }

        if (_head != 0) _slotsLeft = _table.Pages.Head(_head).Occupied(_group);
    }

    private readonly int CountOf(uint first)
    {
        int count = 0;
        for (uint id = first; id != 0; id = _table.Pages.Head(id).Next)
            count += _table.Pages.Head(id).Count;
        return count;
    }

    // Takes as many of the lowest hashes from the cursor on as are wanted; true if some are left, and so the portion ends within the segment.
    private bool SelectFrom(uint first)
    {
        ScanSelection selection = _table.Pages.Selection;
        if (!selection.TryTakeMore(_wanted, first, _next) || !AreInPlace(selection)) SelectAnew(first, selection);
        _selected = selection.Places;
        _wanted -= _selected.Length;
        if (!selection.HasMore) return false;
        _next = selection.Following;
        _wanted = 0;
        return true;
    }

    private readonly void SelectAnew(uint first, ScanSelection selection)
    {
        selection.Clear();
        for (uint id = first; id != 0; id = _table.Pages.Head(id).Next)
            Collect(id, selection);
        selection.Take(_wanted, _table.Pages.Head(first).Next == 0 ? first : 0);
    }

    private readonly bool AreInPlace(ScanSelection selection)
    {
        ReadOnlySpan<ulong> prefixes = selection.Prefixes;
        ReadOnlySpan<ulong> places = selection.Places;
        ref SegmentHead head = ref _table.Pages.Head((uint)(places[0] >> 32));
        if (head.Next != 0) return false;
        for (int i = 0; i < places.Length; i++)
        {
            (int group, int index) = Math.DivRem((int)(uint)places[i], SegmentHead.SlotsPerGroup);
            if ((head.Occupied(group) >> index & 1) == 0) return false;
            if (PrefixAt(ref head, (int)(uint)places[i]) != prefixes[i]) return false;
        }

        return true;
    }

    private readonly ulong PrefixAt(ref SegmentHead head, int slot) =>
        Entry.Hash(_table.Hasher, ref _table.Space.EntryAt(ref head, head.OffsetOf(slot))) >> TailBits;

    private readonly void Collect(uint id, ScanSelection selection)
    {
        ref SegmentHead head = ref _table.Pages.Head(id);
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = head.Occupied(group); left != 0; left &= left - 1)
            {
                int slot = group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left);
                ulong prefix = PrefixAt(ref head, slot);
                if (prefix >= _next) selection.Add(prefix, ((ulong)id << 32) | (uint)slot);
            }
        }
    }

    private bool TakeSelected()
    {
        ulong place = _selected[0];
        _selected = _selected[1..];
        PlaceAt((uint)(place >> 32), (int)(uint)place);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PlaceAt(uint id, int slot)
    {
        ref SegmentHead head = ref _table.Pages.Head(id);
        _place.Head = ref head;
        _place.Slot = slot;
        _place.Entry = ref _table.Space.EntryAt(ref head, head.OffsetOf(slot));
    }
}
