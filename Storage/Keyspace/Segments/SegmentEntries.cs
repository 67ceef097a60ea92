using System.Numerics;
using System.Runtime.CompilerServices;
using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// Visits every entry of a segment and of those chained to it once, in the order of slots. Nothing may write to them meanwhile. O(1) a step.
/// </summary>
internal struct SegmentEntries(PageStore pages)
{
    private uint _head;
    private int _group;
    private uint _left;
    private int _slot;

    /// <summary>The entry of this step.</summary>
    public readonly EntryView Entry
    {
        get
        {
            ref SegmentHead head = ref pages.Head(_head);
            int offset = head.OffsetOf(_slot);
            uint block = head.Blocks[SegmentHead.BlockOf(offset)];
            return new EntryView(pages, ref Unsafe.Add(ref pages.Block(block), SegmentHead.PositionOf(offset)));
        }
    }

    /// <summary>Where that is, for <see cref="Table.EntryAt"/>.</summary>
    public readonly ulong Place => ((ulong)_head << 32) | (uint)_slot;

    /// <summary>Goes on to the entries of a segment.</summary>
    public void Enter(uint head)
    {
        _head = head;
        _group = 0;
        _left = pages.Head(head).Occupied(0);
    }

    /// <summary>Goes to the next entry; false when there is none left, or no segment has been entered.</summary>
    public bool MoveNext()
    {
        while (_left == 0)
        {
            if (!MoveToNextGroup()) return false;
        }

        _slot = _group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(_left);
        _left &= _left - 1;
        return true;
    }

    private bool MoveToNextGroup()
    {
        if (_head == 0) return false;
        if (++_group == SegmentHead.GroupCount)
        {
            _group = 0;
            _head = pages.Head(_head).Next;
            if (_head == 0) return false;
        }

        _left = pages.Head(_head).Occupied(_group);
        return true;
    }
}
