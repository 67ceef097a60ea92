using System.Numerics;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// Frees the memory of a table that no database refers to any more, segment by segment, in slices. Forks that were made before keep theirs:
/// only read here, and retired rather than freed; forks made since do not know the table.
/// </summary>
internal sealed class TableTeardown(Table table, long bytes = 0) : Teardown
{
    private readonly uint _asOf = table.Pages.Forks.Current;
    private SegmentCursor _cursor = new(table.Directory.Top);
    private ulong _reached;

    /// <summary>How many entries the table has.</summary>
    public long Entries => table.Count;

    /// <summary>How many bytes it has yet to free, of those that it was told of; an estimate by the hashes that it has come through.</summary>
    public long PendingBytes => bytes - (long)(bytes * (_reached / (double)ulong.MaxValue));

    /// <summary>Frees segments until the budget is spent; true once all are gone. Frees one segment at least.</summary>
    public override bool Run(in TimeBudget budget)
    {
        while (_cursor.TryMoveNext(table.Pages, out uint head, out ulong prefix))
        {
            _reached = prefix;
            FreeChain(head, new Reach(table.ReachOf(prefix, table.Pages.Head(head).Depth).LastPosition, _asOf));
            if (budget.IsSpent) return false;
        }

        return true;
    }

    private void FreeChain(uint id, Reach reach)
    {
        PageStore pages = table.Pages;
        while (id != 0)
        {
            ref SegmentHead head = ref pages.Head(id);
            RetireReferences(ref head, reach);
            table.Space.DropBlocks(ref head, reach);
            uint next = head.Next;
            pages.Retire(ItemKind.Head, id, reach);
            id = next;
        }
    }

    private void RetireReferences(ref SegmentHead head, Reach reach)
    {
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = head.Occupied(group); left != 0; left &= left - 1)
            {
                int slot = group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left);
                RetireReferences(ref table.Space.EntryAt(ref head, head.OffsetOf(slot)), reach);
            }
        }
    }

    private void RetireReferences(ref byte entry, Reach reach)
    {
        PageStore pages = table.Pages;
        if (Entry.IsLongKey(ref entry))
            pages.Retire(Entry.LongKeyOf(ref entry).Kind, Entry.LongKeyOf(ref entry).Id, reach);
        if (Entry.Place(ref entry) >= ValuePlace.Run) BytesValues.ReleaseReference(pages, ref entry, reach);
    }
}
