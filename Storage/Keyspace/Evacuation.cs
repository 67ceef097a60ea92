using System.Numerics;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// Moves what lies in chunks and slabs that are to run empty, segment by segment. A segment is what knows where its things are: its head is in the
// directory, its blocks are in its head, its runs and long keys in its entries. Nothing is known of the owners of a chunk, and need not be.
//
// The long members of a sorted set stay: its tree refers to them by where they are, and to find them there would cost a look-up for each.
//
// What a live fork has yet to read stays where it is, and so does what refers to it: a copy would take memory instead of giving any back.

/// <summary>Moves the things of one segment after the other out of sparse chunks and slabs.</summary>
internal sealed class Evacuation(PageStore pages)
{
    private const int BytesPerCheck = 64 * 1024;

    private readonly ForkEpochs _forks = pages.Forks;
    private int _moved;

    /// <summary>
    /// Moves the things of the segment of a hash; false if the budget was spent before all were, so that it must be called again for the same
    /// segment. O(entries), and at most some 300 KB are copied between two looks at the budget.
    /// </summary>
    public bool Run(Table table, ulong hash, in TimeBudget budget)
    {
        _moved = 0;
        uint first = table.Directory.HeadOf(hash);
        Reach reach = table.ReachOf(hash, pages.Head(first).Depth);
        uint previous = 0;
        for (uint id = first; id != 0; id = pages.Head(previous).Next)
        {
            previous = id;
            if (!pages.TryMakePrivate(ItemKind.Head, id, reach)) continue;
            if (pages.Heads.IsLeaving(id)) previous = MoveHead(table, hash, id, reach);
            ref SegmentHead head = ref pages.Head(previous);
            MoveBlocks(ref head, reach);
            if ((pages.Runs.IsEvacuating || pages.Objects.IsEvacuating) && !table.AreKeysReferredTo && !MoveReferences(table, ref head, reach, budget))
                return false;
        }

        return true;
    }

    private uint MoveHead(Table table, ulong hash, uint id, Reach reach)
    {
        uint moved = pages.Heads.Allocate(_forks.Current);
        pages.Head(moved) = pages.Head(id);
        table.ReplaceHead(hash, id, moved);
        pages.Retire(ItemKind.Head, id, reach);
        return moved;
    }

    private void MoveBlocks(ref SegmentHead head, Reach reach)
    {
        ItemKind kind = SegmentSpace.KindOf(head.Width);
        BlockAllocator blocks = pages.BlocksOf(kind);
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
        {
            uint id = head.Blocks[block];
            if (id == 0 || !blocks.IsLeaving(id) || !pages.TryMakePrivate(kind, id, reach)) continue;
            uint moved = blocks.Allocate(_forks.Current);
            System.Runtime.CompilerServices.Unsafe.CopyBlock(ref pages.Block(moved), ref pages.Block(id), (uint)head.Ends[block]);
            head.Blocks[block] = moved;
            pages.Retire(kind, id, reach);
        }
    }

    private bool MoveReferences(Table table, ref SegmentHead head, Reach reach, in TimeBudget budget)
    {
        ItemKind kind = SegmentSpace.KindOf(head.Width);
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = head.Occupied(group); left != 0; left &= left - 1)
            {
                int offset = head.OffsetOf(group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left));
                ref byte entry = ref table.Space.EntryAt(ref head, offset);
                bool refers = Entry.IsLongKey(ref entry) || Entry.Place(ref entry) >= ValuePlace.Run;
                if (!refers || !pages.TryMakePrivate(kind, head.Blocks[SegmentHead.BlockOf(offset)], reach)) continue;
                MoveReferences(ref entry, reach);
                if (_moved < BytesPerCheck) continue;
                _moved = 0;
                if (budget.IsSpent) return false;
            }
        }

        return true;
    }

    private void MoveReferences(ref byte entry, Reach reach)
    {
        if (Entry.IsLongKey(ref entry))
        {
            ref LongKeyField key = ref Entry.LongKeyOf(ref entry);
            key.Id = Moved(key.Kind, key.Id, key.Length, reach);
        }

        if (Entry.Place(ref entry) < ValuePlace.Run) return;
        ItemKind kind = Entry.Place(ref entry) == ValuePlace.Run ? ItemKind.Run : ItemKind.Object;
        int length = Entry.ReferencedLength(ref entry);
        Entry.SetReference(ref entry, Moved(kind, Entry.Reference(ref entry), length, reach), length);
    }

    private uint Moved(ItemKind kind, uint id, int length, Reach reach)
    {
        if (kind == ItemKind.Object) return MovedObject(id, reach);
        if (!pages.Runs.IsLeaving(id) || !pages.TryMakePrivate(kind, id, reach)) return id;
        uint moved = pages.Runs.Allocate(pages.Runs.CapacityOf(id), _forks.Current);
        pages.Runs.Bytes(id, length).CopyTo(pages.Runs.Bytes(moved, length));
        pages.Retire(kind, id, reach);
        _moved += length;
        return moved;
    }

    private uint MovedObject(uint id, Reach reach)
    {
        if (!pages.Objects.IsLeaving(id)) return id;
        // Forks may expect a collection elsewhere than where its key is.
        Reach wider = pages.Objects[id] is CollectionValue collection ? collection.Widen(reach, _forks) : reach;
        return pages.TryMakePrivate(ItemKind.Object, id, wider) ? pages.MoveObject(id) : id;
    }
}
