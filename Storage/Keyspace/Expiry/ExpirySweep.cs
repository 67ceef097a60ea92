using System.Numerics;
using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage.Keyspaces;

// The active expire cycle: deletes keys past their time that nobody asks for.
//
// Redis samples: twenty random keys of those that expire, again while many of them are due. That finds most, late and at a cost that grows with
// the keys that are not due. Here nothing is sampled. Every level knows a bound below the earliest expiry under it:
//
//     horizon of all databases -> Directory.Earliest -> DirectoryLeaf.Earliest -> one number per segment -> the entries
//
// so a sweep goes through one table in the order of hashes, jumps over leaves and places that are not due, and reads the entries only of
// segments that are. Having read them all it knows their earliest expiry, and when it reaches the end of the table the bounds above are made
// exact. What is due is found by the next sweep, for certain.
//
//     cost     a leaf without anything due    one number
//              a leaf                         512 numbers, some 100 ns
//              a segment with anything due    its entries' first lines, asked for all at once: 1-3 us
//              a key                          what deleting it costs, 0.1-0.2 us
//
// A sweep is cut into slices by a time budget; the position is a hash, so splits and merges between two slices do not matter (a segment that a merge
// put around the position waits for the next sweep). Each slice takes the time anew: what has become due ahead of the position goes along.
//
// Oldest first: of several databases the one with the earliest bound is next, and within a table every segment waits for one round, since hashes
// scatter old and new alike. A heap of keys by time would be exact, and cost 16 bytes a key and a cache miss for every change of an expiry.
//
// A removal may restructure the table (siblings merge). Then the segment is left as it is, with its bound, for the next sweep.
//
// Under a fork a segment's heads are made private before its first key goes; blocks are only read, so none is copied.

/// <summary>Goes through the databases for keys past their time, in slices. Loop thread only.</summary>
internal sealed class ExpirySweep(Database[] databases, ExpiryHorizon horizon)
{
    private const int LongestKeptKey = 64 * 1024;
    private const int FieldsPerVisit = 256;

    private byte[] _key = new byte[Entry.MaxInlineKey];
    private Database? _database;
    private Table? _table;
    private ulong _next;
    private long _expired;

    /// <summary>How many keys the rest of the sweep will find, if it goes on as it began.</summary>
    public long Backlog => _table == null || _next == 0 ? 0 : (long)(_expired * ((ulong.MaxValue - _next) / (double)_next));

    /// <summary>Deletes what is due until the budget is spent; true if it was cut short.</summary>
    public bool Run(long nowMs, in TimeBudget budget)
    {
        while (IsUnderWay || TryBegin(nowMs))
        {
            if (!SweepOn(_database!, _table!, nowMs, budget)) return true;
            _table!.Directory.TightenEarliest(nowMs);
            _table = null;
        }

        return false;
    }

    // A flush or an exchange of databases meanwhile puts an end to a sweep.
    private bool IsUnderWay => _table != null && ReferenceEquals(_database!.Table, _table);

    private bool TryBegin(long nowMs)
    {
        _table = null;
        if (horizon.EarliestMs >= nowMs) return false;
        Database oldest = databases[0];
        foreach (Database database in databases)
        {
            if (database.Table.Directory.Earliest < oldest.Table.Directory.Earliest) oldest = database;
        }

        horizon.EarliestMs = oldest.Table.Directory.Earliest;
        if (horizon.EarliestMs >= nowMs) return false;
        _database = oldest;
        _table = oldest.Table;
        _next = 0;
        _expired = 0;
        return true;
    }

    // True at the end of the table.
    private bool SweepOn(Database database, Table table, long nowMs, in TimeBudget budget)
    {
        do
        {
            DirectoryLeaf leaf = table.Directory.LeafOf(_next);
            int place = leaf.FirstBefore(nowMs, leaf.IndexOf(_next));
            _next = place == DirectoryLeaf.NoPlace ? leaf.HashBehind(_next) : Visit(database, table, leaf.HashAt(_next, place), nowMs);
            if (_next == 0) return true;
        }
        while (!budget.IsSpent);
        return false;
    }

    // Deletes what is due in a segment and answers the first hash behind it.
    private ulong Visit(Database database, Table table, ulong prefix, long nowMs)
    {
        PageStore pages = table.Pages;
        uint first = table.Directory.HeadOf(prefix);
        int depth = pages.Head(first).Depth;
        ulong behind = depth == 0 ? 0 : prefix + (1ul << (64 - depth));
        Prefetch(table, first);
        Span<ushort> due = stackalloc ushort[SegmentHead.SlotCount];
        long earliest = Directory.Never;
        int position = 0;
        for (uint id = first; id != 0; id = pages.Head(id).Next, position++)
        {
            int count = CollectDue(table, ref pages.Head(id), nowMs, due, ref earliest);
            if (count == 0) continue;
            id = table.WritableHead(prefix, position);
            if (!TryExpire(database, table, prefix, ref pages.Head(id), due[..count])) return behind;
        }

        // Fields are due too: what is left then, the next sweep finds out.
        if (earliest < nowMs) ExpireFields(database, table, prefix, nowMs);
        else table.Directory.SetEarliest(prefix, depth, earliest);
        return behind;
    }

    // The entries lie scattered over the segment's blocks: waiting for them one after the other would be most of the cost.
    internal static void Prefetch(Table table, uint id)
    {
        ref SegmentHead head = ref table.Pages.Head(id);
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = head.Occupied(group); left != 0; left &= left - 1)
            {
                int offset = head.OffsetOf(group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left));
                CacheLine.Prefetch(ref table.Space.EntryAt(ref head, offset));
            }
        }
    }

    private static int CollectDue(Table table, ref SegmentHead head, long nowMs, Span<ushort> due, ref long earliest)
    {
        int count = 0;
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = head.Occupied(group); left != 0; left &= left - 1)
            {
                int slot = group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left);
                ref byte entry = ref table.Space.EntryAt(ref head, head.OffsetOf(slot));
                if (Entry.HasExpiry(ref entry) && Entry.Expiry(ref entry) < nowMs) due[count++] = (ushort)slot;
                else earliest = Math.Min(earliest, FieldExpiries.EarliestWithKey(table.Pages, ref entry));
            }
        }

        return count;
    }

    // Takes fields that are due out of the hashes of a segment, of a large one some. Slots stay where they are while entries change or go, but heads
    // may be copied: each step finds its own again, as long as the table is not restructured.
    private void ExpireFields(Database database, Table table, ulong prefix, long nowMs)
    {
        int depth = table.Pages.Head(table.Directory.HeadOf(prefix)).Depth;
        EntryPlace place = default;
        for (int position = 0; table.TryFindFrom(prefix, ref position, ref place); position++)
        {
            if (FieldExpiries.EarliestOf(table.Pages, ref place.Entry) >= nowMs) continue;
            new HashRef(database.Peek(CopyOfKey(table.Pages, ref place.Entry))).ExpireFields(FieldsPerVisit);
            if (table.Pages.Head(table.Directory.HeadOf(prefix)).Depth != depth) return;
        }
    }

    // False when the table was restructured under the segment.
    private bool TryExpire(Database database, Table table, ulong prefix, ref SegmentHead head, ReadOnlySpan<ushort> slots)
    {
        uint first = table.Directory.HeadOf(prefix);
        int depth = head.Depth;
        foreach (ushort slot in slots)
        {
            ref byte entry = ref table.Space.EntryAt(ref head, head.OffsetOf(slot));
            ReadOnlySpan<byte> key = CopyOfKey(table.Pages, ref entry);
            ulong hash = Entry.Hash(table.Hasher, ref entry);
            var place = new EntryPlace { Head = ref head, Entry = ref entry, Slot = slot };
            database.Expire(hash, key, ref place);
            _expired++;
            if (table.Directory.HeadOf(prefix) != first || table.Pages.Head(first).Depth != depth) return false;
        }

        return true;
    }

    // Listeners get to see the key when its entry is gone.
    private ReadOnlySpan<byte> CopyOfKey(PageStore pages, ref byte entry)
    {
        ReadOnlySpan<byte> key = Entry.Key(pages, ref entry);
        if (key.Length > LongestKeptKey) return key.ToArray();
        if (key.Length > _key.Length) _key = new byte[key.Length];
        key.CopyTo(_key);
        return _key.AsSpan(0, key.Length);
    }
}
