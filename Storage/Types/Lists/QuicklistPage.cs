using System.Diagnostics.CodeAnalysis;

namespace KestrelFree.Storage.Types;

/// <summary>
/// A page of the tree over a list's nodes: a leaf with up to <see cref="MaxSlots"/> nodes, or an inner page with as many pages below. It knows
/// how many elements there are below it. Arrays grow with use, so that a list of few nodes is small.
/// </summary>
internal sealed class QuicklistPage
{
    /// <summary>The most that a page has below it.</summary>
    public const int MaxSlots = 64;

    private const int FirstSlots = 4;

    private QuicklistPage(uint birth) => Birth = birth;

    /// <summary>The epoch in which it was made.</summary>
    public uint Birth { get; set; }

    /// <summary>The nodes of a leaf, in order; the first <see cref="Used"/> count.</summary>
    public QuicklistNode[]? Nodes { get; private set; }

    /// <summary>The pages below an inner page, in order.</summary>
    public QuicklistPage[]? Children { get; private set; }

    /// <summary>How many slots are in use.</summary>
    public int Used { get; private set; }

    /// <summary>The elements below it.</summary>
    public long Total { get; set; }

    /// <summary>Whether it holds nodes.</summary>
    [MemberNotNullWhen(true, nameof(Nodes))]
    [MemberNotNullWhen(false, nameof(Children))]
    public bool IsLeaf => Children == null;

    /// <summary>An empty leaf.</summary>
    public static QuicklistPage Leaf(uint birth) => new(birth) { Nodes = new QuicklistNode[FirstSlots] };

    /// <summary>An inner page over two others.</summary>
    public static QuicklistPage Over(QuicklistPage first, QuicklistPage second, uint birth)
    {
        var page = new QuicklistPage(birth) { Children = new QuicklistPage[FirstSlots], Used = 2, Total = first.Total + second.Total };
        page.Children[0] = first;
        page.Children[1] = second;
        return page;
    }

    /// <summary>Another page with the same slots.</summary>
    public QuicklistPage Copy(uint birth) => new(birth)
    {
        Nodes = (QuicklistNode[]?)Nodes?.Clone(),
        Children = (QuicklistPage[]?)Children?.Clone(),
        Used = Used,
        Total = Total,
    };

    /// <summary>
    /// The slot that an element is in, and its index from that slot's first on; the index behind the last element is taken to be in the last
    /// slot. Searches from the nearer end.
    /// </summary>
    public int SlotOf(ref long index)
    {
        if (index <= Total / 2)
        {
            int slot = 0;
            for (; slot < Used - 1 && index >= CountAt(slot); slot++)
                index -= CountAt(slot);
            return slot;
        }

        int last = Used - 1;
        long start = Total - CountAt(last);
        while (index < start)
            start -= CountAt(--last);
        index -= start;
        return last;
    }

    /// <summary>The elements in a slot.</summary>
    public long CountAt(int slot) => IsLeaf ? Nodes[slot].Count : Children[slot].Total;

    /// <summary>Puts a node before that in a slot of a leaf that is not full.</summary>
    public void Insert(int slot, in QuicklistNode node)
    {
        Nodes = WithGap(Nodes!, slot);
        Nodes[slot] = node;
        Used++;
    }

    /// <summary>Puts a page before that in a slot of an inner page that is not full.</summary>
    public void Insert(int slot, QuicklistPage child)
    {
        Children = WithGap(Children!, slot);
        Children[slot] = child;
        Used++;
    }

    /// <summary>Takes slots away; the total is the caller's to correct.</summary>
    public void RemoveSlots(int first, int count)
    {
        if (IsLeaf) Array.Copy(Nodes, first + count, Nodes, first, Used - first - count);
        else Array.Copy(Children, first + count, Children, first, Used - first - count);
        Truncate(Used - count);
    }

    /// <summary>Moves the slots from one on to a new page, which comes behind this one.</summary>
    public QuicklistPage SplitOff(int first, uint birth)
    {
        var right = new QuicklistPage(birth) { Nodes = Nodes?[first..], Children = Children?[first..], Used = Used - first };
        if (right.Nodes is { Length: 0 }) right.Nodes = new QuicklistNode[FirstSlots];
        if (right.Children is { Length: 0 }) right.Children = new QuicklistPage[FirstSlots];
        Truncate(first);
        return right;
    }

    /// <summary>Takes over all slots of the page behind it, of the same kind.</summary>
    public void Join(QuicklistPage right)
    {
        for (int slot = 0; slot < right.Used; slot++)
        {
            if (IsLeaf) Insert(Used, right.Nodes![slot]);
            else Insert(Used, right.Children![slot]);
        }

        Total += right.Total;
    }

    /// <summary>Adds up its elements anew.</summary>
    public void Recount()
    {
        Total = 0;
        for (int slot = 0; slot < Used; slot++)
            Total += CountAt(slot);
    }

    private void Truncate(int used)
    {
        // What is left behind the end would keep other pages from the collector.
        Children?.AsSpan(used..Used).Clear();
        Used = used;
    }

    private T[] WithGap<T>(T[] slots, int slot)
    {
        T[] wider = slots.Length > Used ? slots : new T[Math.Min(MaxSlots, Used * 2)];
        if (wider != slots) Array.Copy(slots, wider, slot);
        Array.Copy(slots, slot, wider, slot + 1, Used - slot);
        return wider;
    }
}
