using System.Numerics;
using System.Runtime.CompilerServices;
using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// Visits every entry of a table once, in the order of segments. The table must not be written to meanwhile: it is frozen, or its reader does
/// nothing else. O(1) a step; on any thread if the table is frozen.
/// </summary>
internal struct TableCursor(Table table)
{
    private readonly PageStore _pages = table.Pages;
    private SegmentCursor _segments = new(table.Directory.Top);
    private uint _head;
    private int _group;
    private uint _left;
    private int _slot;

    /// <summary>The entry of this step.</summary>
    public readonly EntryView Entry
    {
        get
        {
            ref SegmentHead head = ref _pages.Head(_head);
            int offset = head.OffsetOf(_slot);
            uint block = head.Blocks[SegmentHead.BlockOf(offset)];
            return new EntryView(_pages, ref Unsafe.Add(ref _pages.Block(block), SegmentHead.PositionOf(offset)));
        }
    }

    /// <summary>Goes to the next entry; false when there is none left.</summary>
    public bool MoveNext()
    {
        while (_left == 0)
        {
            if (!MoveToNextGroup())
                return false;
            _left = _pages.Head(_head).Occupied(_group);
        }

        _slot = _group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(_left);
        _left &= _left - 1;
        return true;
    }

    private bool MoveToNextGroup()
    {
        if (_head != 0 && ++_group < SegmentHead.GroupCount)
            return true;
        _group = 0;
        if (_head != 0)
            _head = _pages.Head(_head).Next;
        return _head != 0 || _segments.TryMoveNext(_pages, out _head, out _);
    }
}
