using System.Numerics;

namespace KestrelFree.Storage.Keyspaces;

// A random entry of a table: what RANDOMKEY, SRANDMEMBER, SPOP and their relatives ask for, and eviction too.
//
// A random hash leads to a segment with a probability of 2^-depth; within it each of n entries is as likely as the other. That
// favours the entries of segments that happen to hold few. So the segment is accepted only with a probability of n * 2^depth / (2 * count), which
// makes all entries alike, as long as no segment holds more than twice its share; it takes two tries on average. (Redis takes a bucket and
// then one of its chain, which favours keys without neighbours.)

/// <summary>Chooses entries of a table at random.</summary>
internal static class RandomEntry
{
    private const int MaxTries = 64;

    /// <summary>Finds a random entry; false when the table is empty. O(1) on average, O(segments) in a table that was nearly emptied.</summary>
    public static bool TryPick(Table table, Random dice, ref EntryPlace place)
    {
        if (table.Count == 0) return false;
        for (int tries = 0; tries < MaxTries; tries++)
        {
            uint head = table.Directory.HeadOf(RandomHash(dice));
            int count = CountOf(table, head);
            double share = Math.ScaleB(count, table.Pages.Head(head).Depth) / (2.0 * table.Count);
            if (dice.NextDouble() < share) return FindNth(table, head, dice.Next(count), ref place);
        }

        return FindBehind(table, RandomHash(dice), dice, ref place);
    }

    private static ulong RandomHash(Random dice) => (ulong)dice.NextInt64(long.MinValue, long.MaxValue);

    // Nearly all segments are empty: the first that is not, from a random one on.
    private static bool FindBehind(Table table, ulong hash, Random dice, ref EntryPlace place)
    {
        while (true)
        {
            uint head = table.Directory.HeadOf(hash);
            int count = CountOf(table, head);
            if (count != 0) return FindNth(table, head, dice.Next(count), ref place);
            // The last segment is followed by the first.
            hash = (hash | (ulong.MaxValue >> table.Pages.Head(head).Depth)) + 1;
        }
    }

    private static int CountOf(Table table, uint first)
    {
        int count = 0;
        for (uint id = first; id != 0; id = table.Pages.Head(id).Next)
            count += table.Pages.Head(id).Count;
        return count;
    }

    private static bool FindNth(Table table, uint id, int index, ref EntryPlace place)
    {
        for (; index >= table.Pages.Head(id).Count; id = table.Pages.Head(id).Next)
            index -= table.Pages.Head(id).Count;
        ref SegmentHead head = ref table.Pages.Head(id);
        int group = 0;
        for (; index >= BitOperations.PopCount(head.Occupied(group)); group++)
            index -= BitOperations.PopCount(head.Occupied(group));
        uint slots = head.Occupied(group);
        for (; index > 0; index--)
            slots &= slots - 1;
        place.Head = ref head;
        place.Slot = group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(slots);
        place.Refresh(table.Space);
        return true;
    }
}
