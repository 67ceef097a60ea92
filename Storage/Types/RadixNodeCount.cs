using System.Numerics;

namespace KestrelFree.Storage.Types;

// How many nodes Redis's radix tree would have for the same listpacks, which XINFO STREAM reports.
//
// Redis keeps the nodes of a stream in a compressed radix tree whose keys are ids of 16 bytes, big-endian. In it, every key ends in a leaf, every place where
// keys part is a node, and every run of bytes without a parting is one node. Adding a key thus adds a leaf and the run that leads to it, and where
// it parts from the others a node, unless some already part there, which cuts a run in two. All that hangs on how many leading bytes the key shares with
// its neighbours and these with theirs, so the count is kept in O(log n) and no such tree is needed. Taking a key away is the reverse.

/// <summary>The number of nodes that a radix tree over the ids of a tree would have.</summary>
internal static class RadixNodeCount
{
    /// <summary>Of a tree without keys.</summary>
    public const long OfEmpty = 1;

    private const int KeyBytes = 16;

    /// <summary>How many nodes an id adds that is not in the tree. O(log n).</summary>
    public static long Added(OrderedTree<StreamId, StreamNode> keys, StreamId id)
    {
        int before = keys.TryAtOrBefore(id, out StreamId previous, out _) ? SharedBytes(previous, id) : -1;
        int after = keys.TryAtOrAfter(id, out StreamId next, out _) ? SharedBytes(next, id) : -1;
        int parting = Math.Max(before, after);
        int tail = parting < KeyBytes - 1 ? 1 : 0;
        if (parting < 0)
            return 1;

        // All keys that share those bytes: where they part, and where they part from the rest.
        (StreamId least, StreamId greatest) = Range(id, parting);
        keys.TryAtOrAfter(least, out StreamId first, out _);
        keys.TryAtOrBefore(greatest, out StreamId last, out _);
        int end = SharedBytes(first, last);
        if (end == parting)
            return 1 + tail;
        int start = 0;
        if (least.TryPrevious(out StreamId below) && keys.TryAtOrBefore(below, out StreamId lower, out _))
            start = SharedBytes(lower, id) + 1;
        if (greatest.TryNext(out StreamId above) && keys.TryAtOrAfter(above, out StreamId higher, out _))
            start = Math.Max(start, SharedBytes(higher, id) + 1);
        int runs = (parting > start ? 1 : 0) + (end > parting + 1 ? 1 : 0) - 1;
        return runs + 2 + tail;
    }

    private static int SharedBytes(StreamId a, StreamId b)
    {
        if (a.Ms != b.Ms)
            return BitOperations.LeadingZeroCount(a.Ms ^ b.Ms) / 8;
        return a.Seq == b.Seq ? KeyBytes : 8 + BitOperations.LeadingZeroCount(a.Seq ^ b.Seq) / 8;
    }

    // The least and the greatest id with the same leading bytes.
    private static (StreamId Least, StreamId Greatest) Range(StreamId id, int bytes)
    {
        ulong msRest = bytes >= 8 ? 0 : ulong.MaxValue >> (8 * bytes);
        ulong seqRest = bytes <= 8 ? ulong.MaxValue : ulong.MaxValue >> (8 * (bytes - 8));
        return (new StreamId(id.Ms & ~msRest, id.Seq & ~seqRest), new StreamId(id.Ms | msRest, id.Seq | seqRest));
    }
}
