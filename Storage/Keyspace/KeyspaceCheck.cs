using System.Numerics;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// Walks everything and compares what it finds with the counters and with what the structures promise. O(everything): for tests and DEBUG.
/// While no fork lives and nothing waits to be freed, it also proves that no block or run is lost.
/// </summary>
internal sealed class KeyspaceCheck(PageStore pages)
{
    private HashSet<(ItemKind, uint)> _items = [];
    private long _entries;
    private long _expiring;
    private long _expiringHashes;
    private int _overflowHeads;
    private int _occupied;
    private int _liveBytes;
    private long _entryBytes;
    private long _deadBytes;

    /// <summary>Checks all databases; throws <see cref="InvariantException"/>.</summary>
    public static void Run(Database[] databases, PageStore pages, bool isAllReachable)
    {
        var check = new KeyspaceCheck(pages);
        foreach (Database database in databases)
            check.CheckTable(database.Table);
        if (isAllReachable && !pages.HasPendingFrees) check.CheckAllocators();
    }

    /// <summary>Checks the table of a collection.</summary>
    public void CheckNested(Table table)
    {
        var nested = new KeyspaceCheck(pages) { _items = _items };
        nested.CheckTable(table);
        _entryBytes += nested._entryBytes;
    }

    private void CheckTable(Table table)
    {
        _entries = _expiring = _expiringHashes = _overflowHeads = 0;
        ulong expected = 0;
        var cursor = new SegmentCursor(table.Directory.Top);
        while (cursor.TryMoveNext(pages, out uint head, out ulong prefix))
        {
            Invariant.Check(prefix == expected);
            int depth = pages.Head(head).Depth;
            expected = depth == 0 ? 0 : prefix + (1ul << (64 - depth));
            CheckChain(table, head, prefix, depth);
            CheckBounds(table.Directory, prefix, depth);
        }

        Invariant.Check(expected == 0);
        Invariant.Check(_entries == table.Count);
        Invariant.Check(_expiring == table.Expiries.Count);
        Invariant.Check(_expiringHashes == table.ExpiringHashes);
        Invariant.Check(_overflowHeads == table.OverflowHeads);
    }

    private static void CheckBounds(Directory directory, ulong prefix, int depth)
    {
        DirectoryLeaf leaf = directory.LeafOf(prefix);
        Invariant.Check(leaf.Earliest <= directory.EarliestExpiryOf(prefix, depth));
        Invariant.Check(directory.Earliest <= leaf.Earliest);
        leaf.PlacesOf(prefix, depth, out int first, out int count);
        for (int place = first + 1; place < first + count; place++)
            Invariant.Check(leaf.EarliestAt(place) == Directory.Never);
    }

    private void CheckChain(Table table, uint first, ulong prefix, int depth)
    {
        for (uint id = first; id != 0; id = pages.Head(id).Next)
        {
            Claim(ItemKind.Head, id);
            if (id != first) _overflowHeads++;
            ref SegmentHead head = ref pages.Head(id);
            Invariant.Check(head.Depth == depth);
            _occupied = _liveBytes = 0;
            for (int group = 0; group < SegmentHead.GroupCount; group++)
            {
                for (uint left = head.Occupied(group); left != 0; left &= left - 1)
                    CheckEntry(table, ref head, group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left), prefix);
            }

            Invariant.Check(_occupied == head.Count);
            Invariant.Check(head.Count + head.Tombstones <= SegmentHead.SplitAt);
            Invariant.Check(_liveBytes == head.LiveBytes);
            _entryBytes += head.LiveBytes;
            _deadBytes += head.DeadBytes;
            CheckBlocks(ref head);
        }
    }

    private void CheckEntry(Table table, ref SegmentHead head, int slot, ulong prefix)
    {
        int offset = head.OffsetOf(slot);
        ref byte entry = ref table.Space.EntryAt(ref head, offset);
        int bytes = Entry.Bytes(ref entry);
        Invariant.Check(SegmentHead.PositionOf(offset) + bytes <= head.Ends[SegmentHead.BlockOf(offset)]);
        ReadOnlySpan<byte> key = Entry.Key(pages, ref entry);
        ulong hash = table.Hasher.Hash(key);
        Invariant.Check(Entry.Hash(table.Hasher, ref entry) == hash);
        Invariant.Check(head.Depth == 0 || (hash ^ prefix) >> (64 - head.Depth) == 0);
        EntryPlace place = default;
        bool found = table.Find(hash, key, ref place);
        Invariant.Check(found && place.Slot == slot && System.Runtime.CompilerServices.Unsafe.AreSame(ref place.Entry, ref entry));
        if (Entry.HasExpiry(ref entry))
        {
            _expiring++;
            Invariant.Check(table.Directory.EarliestExpiryOf(hash, head.Depth) <= Entry.Expiry(ref entry));
        }

        Invariant.Check(table.Directory.EarliestExpiryOf(hash, head.Depth) <= FieldExpiries.EarliestOf(pages, ref entry));
        if (FieldExpiries.Exist(pages, ref entry)) _expiringHashes++;
        ClaimReferences(ref entry);
        _entries++;
        _occupied++;
        _liveBytes += bytes;
    }

    private void ClaimReferences(ref byte entry)
    {
        if (Entry.IsLongKey(ref entry)) Claim(Entry.LongKeyOf(ref entry).Kind, Entry.LongKeyOf(ref entry).Id);
        if (Entry.Place(ref entry) == ValuePlace.Run)
        {
            Claim(ItemKind.Run, Entry.Reference(ref entry));
            Invariant.Check(Entry.ReferencedLength(ref entry) <= pages.Runs.CapacityOf(Entry.Reference(ref entry)));
        }
        else if (Entry.Place(ref entry) == ValuePlace.Object)
        {
            Claim(ItemKind.Object, Entry.Reference(ref entry));
            if (ValueForms.IsCollection(Entry.Form(ref entry)))
                ((CollectionValue)pages.Objects[Entry.Reference(ref entry)]).Check(this);
        }
    }

    private void CheckBlocks(ref SegmentHead head)
    {
        int ends = 0, dead = 0;
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
        {
            if (head.Blocks[block] != 0) Claim(SegmentSpace.KindOf(head.Width), head.Blocks[block]);
            else Invariant.Check(head.Ends[block] == 0);
            Invariant.Check(head.Ends[block] <= head.BlockBytes && head.Dead[block] <= head.Ends[block]);
            ends += head.Ends[block];
            dead += head.Dead[block];
        }

        Invariant.Check(ends == head.EndBytes && dead == head.DeadBytes);
    }

    /// <summary>Notes that an item is in use, and by whom: nobody else may use it.</summary>
    public void Claim(ItemKind kind, uint id)
    {
        bool isNew = _items.Add((kind, id));
        Invariant.Check(isNew, "an item is used twice");
    }

    private void CheckAllocators()
    {
        Invariant.Check(_entryBytes == pages.EntryBytes);
        Invariant.Check(_deadBytes == pages.DeadBytes);
        Invariant.Check(CountOf(ItemKind.Head) == pages.Heads.Used);
        Invariant.Check(CountOf(ItemKind.NarrowBlock) == pages.Narrow.Used);
        Invariant.Check(CountOf(ItemKind.WideBlock) == pages.Wide.Used);
        Invariant.Check(CountOf(ItemKind.Run) == pages.Runs.Used);
        Invariant.Check(CountOf(ItemKind.Object) == pages.Objects.Used);
    }

    private long CountOf(ItemKind kind) => _items.Count(item => item.Item1 == kind);
}
