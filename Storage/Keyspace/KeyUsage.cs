using System.Numerics;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// What one key costs, such that all keys together cost what used memory says.
//
//     entry      its bytes, and in proportion to them what the blocks of its segment have to spare, and half of the holes in them: used memory
//                counts none, since new keys fill them, resident memory all, since they never fill all
//     segment    an equal share of the head, and of the directory
//     value      the run that the entry refers to, as large as it was handed out, or the array, as far as it was used; of a collection all that it
//                consists of, with the holes in its blocks, which nothing else will fill
//
// Keys of a segment that is nearly empty would have to bear much: the first key of a database 2.4 KB. They are charged no more than the keys of
// a segment that has just been split, which is what they will cost once there are some more.

/// <summary>Measures keys and tables.</summary>
internal static class KeyUsage
{
    private const int LeastSegmentsMeasured = 8;
    private const int LeastSharers = SegmentHead.SplitAt / 2;
    private const double MostSpare = 1.3;

    /// <summary>What an entry and its value take. O(parts of a collection that are measured).</summary>
    public static long Of(Table table, ref SegmentHead head, ref byte entry, long samples)
    {
        double spare = Math.Clamp((BlockBytes(ref head) + head.DeadBytes / 2.0) / Math.Max(1, head.LiveBytes), 1, MostSpare);
        double shared = SegmentHead.Bytes / (double)Math.Max((int)head.Count, LeastSharers)
            + table.Directory.Bytes / (double)Math.Max(table.Count, LeastSharers);
        return (long)(Entry.Bytes(ref entry) * spare + shared) + ReferencedBytes(table.Pages, ref entry, samples);
    }

    /// <summary>What a table takes, by the average of so many of its segments; 0 for all of them.</summary>
    public static long OfTable(Table table, long samples)
    {
        long wanted = samples == 0 ? long.MaxValue : Math.Max(samples, LeastSegmentsMeasured);
        return table.Directory.Bytes + (table.Count / LeastSharers <= wanted ? OfAllSegments(table) : OfSomeSegments(table, wanted));
    }

    private static long OfAllSegments(Table table)
    {
        long bytes = 0, keys = 0;
        var segments = new SegmentCursor(table.Directory.Top);
        while (segments.TryMoveNext(table.Pages, out uint head, out _))
            AddSegment(table, head, ref bytes, ref keys);
        return bytes;
    }

    private static long OfSomeSegments(Table table, long wanted)
    {
        long bytes = 0, keys = 0;
        ulong step = ulong.MaxValue / (ulong)wanted;
        uint previous = 0;
        for (long i = 0; i < wanted; i++)
        {
            uint head = table.Directory.HeadOf((ulong)i * step);
            if (head != previous) AddSegment(table, head, ref bytes, ref keys);
            previous = head;
        }

        return keys == 0 ? table.MemoryBytes : (long)(bytes * ((double)table.Count / keys));
    }

    private static void AddSegment(Table table, uint first, ref long bytes, ref long keys)
    {
        for (uint id = first; id != 0; id = table.Pages.Head(id).Next)
        {
            ref SegmentHead head = ref table.Pages.Head(id);
            bytes += SegmentHead.Bytes + BlockBytes(ref head) + head.DeadBytes;
            keys += head.Count;
            for (int group = 0; group < SegmentHead.GroupCount; group++)
            {
                for (uint left = head.Occupied(group); left != 0; left &= left - 1)
                {
                    int slot = group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left);
                    bytes += ReferencedBytes(table.Pages, ref table.Space.EntryAt(ref head, head.OffsetOf(slot)), 0);
                }
            }
        }
    }

    // Of the blocks of a segment, without holes.
    private static int BlockBytes(ref SegmentHead head)
    {
        int blocks = 0;
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
            blocks += head.Blocks[block] == 0 ? 0 : 1;
        return blocks * head.BlockBytes - head.DeadBytes;
    }

    private static long ReferencedBytes(PageStore pages, ref byte entry, long samples)
    {
        long bytes = Entry.IsLongKey(ref entry) ? pages.HeldBytes(Entry.LongKeyOf(ref entry).Kind, Entry.LongKeyOf(ref entry).Id) : 0;
        ValuePlace place = Entry.Place(ref entry);
        if (place < ValuePlace.Run) return bytes;
        uint id = Entry.Reference(ref entry);
        bytes += pages.HeldBytes(place == ValuePlace.Run ? ItemKind.Run : ItemKind.Object, id);
        return place == ValuePlace.Object && pages.Objects[id] is CollectionValue collection ? bytes + collection.Measure(samples) : bytes;
    }
}
