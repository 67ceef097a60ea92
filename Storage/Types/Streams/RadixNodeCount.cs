using System.Numerics;
using System.Runtime.CompilerServices;

namespace KestrelFree.Storage.Types;

// How many nodes Redis's radix tree would have for the same listpacks, which XINFO STREAM reports.
//
// Redis keeps the nodes of a stream in a compressed radix tree whose keys are ids of 16 bytes, big-endian. In it, every key ends in a leaf,
// every place where keys part is a node, and every run of bytes without a parting is one node. Adding a key thus adds a leaf and the run that
// leads to it, and where it parts from the others a node, unless some already part there, which cuts a run in two. All that hangs on how many
// leading bytes the key shares with its neighbours and these with theirs, so the count is kept in O(log n) and no such tree is needed. Taking a
// key away is the reverse.

/// <summary>The number of nodes that a radix tree over the ids of a tree would have.</summary>
internal static class RadixNodeCount
{
    /// <summary>Of a tree without keys.</summary>
    public const long OfEmpty = 1;

    private const int KeyBytes = 16;

    /// <summary>How many nodes an id adds that is not in the tree. O(log n).</summary>
    public static long Added(StreamNodes nodes, StreamId id)
    {
        int before = nodes.TryAtOrBefore(id, out StreamNode previous) ? SharedBytes(previous.MasterId, id) : -1;
        int after = nodes.TryAtOrAfter(id, out StreamNode next) ? SharedBytes(next.MasterId, id) : -1;
        int parting = Math.Max(before, after);
        if (parting < 0) return 1;

        // All keys that share those bytes: where they part, and where they part from the rest.
        (StreamId least, StreamId greatest) = Range(id, parting);
        nodes.TryAtOrAfter(least, out StreamNode first);
        nodes.TryAtOrBefore(greatest, out StreamNode last);
        int end = SharedBytes(first.MasterId, last.MasterId);
        int start = 0;
        if (least.TryPrevious(out StreamId below) && nodes.TryAtOrBefore(below, out StreamNode lower))
            start = SharedBytes(lower.MasterId, id) + 1;
        if (greatest.TryNext(out StreamId above) && nodes.TryAtOrAfter(above, out StreamNode higher))
            start = Math.Max(start, SharedBytes(higher.MasterId, id) + 1);
        return Added(parting, start, end);
    }

    /// <summary>How many nodes a radix tree over all ids would have. O(n).</summary>
    public static long Of(StreamNodes nodes)
    {
        var partings = new Partings();
        Visit(nodes.Root, ref partings);
        return partings.Count;
    }

    private static void Visit(StreamPage page, ref Partings partings)
    {
        for (int place = 0; place < page.Used; place++)
        {
            if (page.IsLeaf) partings.Add(page.Nodes[place].MasterId);
            else Visit(page.Slots[place].Page, ref partings);
        }
    }

    // A key that parts from others behind so many bytes. The run that it parts from begins and ends so far down the tree; where keys part
    // already there is none.
    private static int Added(int parting, int start, int end)
    {
        int tail = parting < KeyBytes - 1 ? 1 : 0;
        if (end == parting) return 1 + tail;
        int runs = (parting > start ? 1 : 0) + (end > parting + 1 ? 1 : 0) - 1;
        return runs + 2 + tail;
    }

    private static int SharedBytes(StreamId a, StreamId b)
    {
        if (a.Ms != b.Ms) return BitOperations.LeadingZeroCount(a.Ms ^ b.Ms) / 8;
        return a.Seq == b.Seq ? KeyBytes : 8 + BitOperations.LeadingZeroCount(a.Seq ^ b.Seq) / 8;
    }

    // The least and the greatest id with the same leading bytes.
    private static (StreamId Least, StreamId Greatest) Range(StreamId id, int bytes)
    {
        ulong msRest = bytes >= 8 ? 0 : ulong.MaxValue >> (8 * bytes);
        ulong seqRest = bytes <= 8 ? ulong.MaxValue : ulong.MaxValue >> (8 * (bytes - 8));
        return (new StreamId(id.Ms & ~msRest, id.Seq & ~seqRest), new StreamId(id.Ms | msRest, id.Seq | seqRest));
    }

    // Counts keys that come in order. Only where each parted from the one before it matters, and of these places only those that are not behind
    // a later, shorter one: a rising sequence, and so at most one per byte.
    private struct Partings
    {
        private InlineStack _rising;
        private StreamId _last;
        private int _height;
        private bool _hasLast;

        public Partings() => Count = OfEmpty;

        public long Count { get; private set; }

        public void Add(StreamId id)
        {
            int parting = _hasLast ? SharedBytes(_last, id) : -1;
            Count += parting < 0 ? 1 : Push(parting);
            _last = id;
            _hasLast = true;
        }

        private int Push(int parting)
        {
            int end = KeyBytes;
            while (_height > 0 && _rising[_height - 1] >= parting)
                end = _rising[--_height];
            int start = _height > 0 ? _rising[_height - 1] + 1 : 0;
            _rising[_height++] = parting;
            return RadixNodeCount.Added(parting, start, end);
        }
    }

    [InlineArray(KeyBytes)]
    private struct InlineStack
    {
        private int _first;
    }
}
