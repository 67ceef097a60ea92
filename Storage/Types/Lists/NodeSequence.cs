using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// The nodes of a large list, in order, to be found by the index of an element: a B+tree of up to 64 slots a page, in which every page knows how many
// elements there are below it.
//
//                     [ 1500 | 1700 | 900 ]                    inner pages: elements below each child
//                    /          |          \
//     [n 400|n 700|n 400]      ...         [n 500|n 400]       leaves: nodes, with their elements
//
// There are no links between leaves and no parents: what walks along the list looks the next node up by the index behind the one it has, O(log n) per
// node, and writes go down from the root, correcting totals on their way. So a fork needs no more than the root. A page that a fork sees is copied
// before it is written to, and with it the path from the root: at most 1 KB per level.
//
// Lists grow and shrink at their ends, so a full page splits where the new slot is: behind the last one, the new page begins empty and the old
// one stays full. Pages that have become sparse are joined with a neighbour. All leaves are at the same depth.
//
// An array of all nodes would be simpler, but a fork or an insertion in the middle would copy all of it; a chain, as Redis has, makes LINDEX O(n).
//
// Costs: finding, inserting and removing a node O(log n), at the ends a page or two; removing a range O(log n + nodes in its first and last
// page), what lies between goes as whole pages.

/// <summary>An ordered sequence of nodes, addressed by the index of an element.</summary>
internal sealed class NodeSequence
{
    private const int SparseSlots = QuicklistPage.MaxSlots / 2;

    private readonly ForkEpochs _forks;
    private QuicklistPage _root;

    /// <summary>An empty one.</summary>
    public NodeSequence(ForkEpochs forks)
        : this(forks, QuicklistPage.Leaf(forks.Current))
    {
    }

    /// <summary>The nodes below a page.</summary>
    public NodeSequence(ForkEpochs forks, QuicklistPage root)
    {
        _forks = forks;
        _root = root;
    }

    /// <summary>The page over all others.</summary>
    public QuicklistPage Root => _root;

    /// <summary>Who may still read the pages.</summary>
    public Reach Reach { get; set; }

    /// <summary>The number of elements.</summary>
    public long Total => _root.Total;

    /// <summary>The node of an element, and the index of the first element in it. O(log n).</summary>
    public ref readonly QuicklistNode Find(long index, out long first)
    {
        QuicklistPage page = _root;
        long rest = index;
        while (!page.IsLeaf)
            page = page.Children[page.SlotOf(ref rest)];
        int slot = page.SlotOf(ref rest);
        first = index - rest;
        return ref page.Nodes[slot];
    }

    /// <summary>The node of an element, to be edited so that it has so many elements more (or less, but one at least). O(log n).</summary>
    public ref QuicklistNode Open(long index, int change)
    {
        QuicklistPage page = Own(ref _root);
        while (!page.IsLeaf)
        {
            int child = page.SlotOf(ref index);
            page.Total += change;
            page = Own(ref page.Children[child]);
        }

        int slot = page.SlotOf(ref index);
        page.Total += change;
        ref QuicklistNode node = ref page.Nodes[slot];
        node.Count += change;
        return ref node;
    }

    /// <summary>Puts a node where its first element gets this index, which is the first of another node or behind the last. O(log n).</summary>
    public void Insert(long index, in QuicklistNode node)
    {
        QuicklistPage? right = Insert(ref _root, index, node);
        if (right != null) _root = QuicklistPage.Over(_root, right, _forks.Current);
    }

    /// <summary>
    /// Takes whole nodes away, whose elements are these; what they hold is the caller's to free. Pages below which all is gone are only listed in
    /// <paramref name="dropped"/>.
    /// </summary>
    public void Remove(long from, long count, List<QuicklistNode> removed, List<QuicklistPage> dropped)
    {
        if (from == 0 && count == _root.Total)
        {
            dropped.Add(_root);
            _root = QuicklistPage.Leaf(_forks.Current);
            return;
        }

        Remove(ref _root, from, count, removed, dropped);
        while (!_root.IsLeaf && _root.Used == 1)
            _root = _root.Children[0];
    }

    private QuicklistPage Own(ref QuicklistPage place)
    {
        QuicklistPage page = place;
        if (!_forks.IsShared(page.Birth)) return page;
        if (_forks.IsNeeded(page.Birth, Reach)) place = page = page.Copy(_forks.Current);
        else page.Birth = _forks.Current;
        return page;
    }

    // Returns the page that comes behind this one if it had to be split.
    private QuicklistPage? Insert(ref QuicklistPage place, long index, in QuicklistNode node)
    {
        QuicklistPage page = Own(ref place);
        if (page.IsLeaf)
        {
            int slot = index == page.Total ? page.Used : page.SlotOf(ref index);
            QuicklistPage? split = SplitIfFull(page, slot);
            PageFor(page, split, ref slot).Insert(slot, node);
            return Counted(page, split, node.Count);
        }

        int below = page.SlotOf(ref index);
        QuicklistPage? child = Insert(ref page.Children[below], index, node);
        if (child == null)
        {
            page.Total += node.Count;
            return null;
        }

        int behind = below + 1;
        QuicklistPage? right = SplitIfFull(page, behind);
        PageFor(page, right, ref behind).Insert(behind, child);
        return Counted(page, right, node.Count);
    }

    private QuicklistPage? SplitIfFull(QuicklistPage page, int slot)
    {
        if (page.Used < QuicklistPage.MaxSlots) return null;
        int first = slot == page.Used || slot == 0 ? slot : page.Used / 2;
        return page.SplitOff(first, _forks.Current);
    }

    private static QuicklistPage PageFor(QuicklistPage page, QuicklistPage? right, ref int slot)
    {
        if (right == null || slot < page.Used || (slot == 0 && page.Used == 0)) return page;
        slot -= page.Used;
        return right;
    }

    private static QuicklistPage? Counted(QuicklistPage page, QuicklistPage? right, int added)
    {
        if (right == null)
        {
            page.Total += added;
            return null;
        }

        page.Recount();
        right.Recount();
        return right;
    }

    // Never all that is below the page.
    private void Remove(ref QuicklistPage place, long from, long count, List<QuicklistNode> removed, List<QuicklistPage> dropped)
    {
        QuicklistPage page = Own(ref place);
        int first = page.SlotOf(ref from);
        page.Total -= count;
        if (page.IsLeaf)
        {
            RemoveNodes(page, first, count, removed);
            return;
        }

        if (from > 0)
        {
            long part = Math.Min(count, page.Children[first].Total - from);
            Remove(ref page.Children[first], from, part, removed, dropped);
            count -= part;
            first++;
        }

        int end = first;
        for (; count > 0 && page.Children[end].Total <= count; end++)
        {
            count -= page.Children[end].Total;
            dropped.Add(page.Children[end]);
        }

        if (count > 0) Remove(ref page.Children[end], 0, count, removed, dropped);
        page.RemoveSlots(first, end - first);
        JoinSparse(page, first);
        JoinSparse(page, first - 1);
    }

    private static void RemoveNodes(QuicklistPage page, int first, long count, List<QuicklistNode> removed)
    {
        int end = first;
        for (; count > 0; end++)
        {
            removed.Add(page.Nodes![end]);
            count -= page.Nodes[end].Count;
        }

        Invariant.Check(count == 0);
        page.RemoveSlots(first, end - first);
    }

    private void JoinSparse(QuicklistPage page, int slot)
    {
        if (slot < 0 || slot + 1 >= page.Used || page.Children![slot].Used + page.Children[slot + 1].Used > SparseSlots)
            return;
        Own(ref page.Children[slot]).Join(page.Children[slot + 1]);
        page.RemoveSlots(slot + 1, 1);
    }
}
