using System.Diagnostics.CodeAnalysis;

namespace KestrelFree.Storage.Types;

/// <summary>What nodes of a stream add up to.</summary>
/// <param name="Nodes">How many they are.</param>
/// <param name="Live">Their entries that are not deleted.</param>
/// <param name="Bytes">Bytes of the runs and arrays that they have.</param>
internal readonly record struct StreamTotals(long Nodes, long Live, long Bytes)
{
    /// <summary>Of one node.</summary>
    public static StreamTotals Of(in StreamNode node) => new(1, node.Live, node.Capacity);

    /// <summary>The sum.</summary>
    public static StreamTotals operator +(StreamTotals first, StreamTotals second) =>
        new(first.Nodes + second.Nodes, first.Live + second.Live, first.Bytes + second.Bytes);

    /// <summary>The difference.</summary>
    public static StreamTotals operator -(StreamTotals first, StreamTotals second) =>
        new(first.Nodes - second.Nodes, first.Live - second.Live, first.Bytes - second.Bytes);
}

/// <summary>A page below another one: its first id, and what is below it.</summary>
internal struct StreamSlot
{
    /// <summary>The master's id of the first node below it.</summary>
    public StreamId First;

    /// <summary>The page.</summary>
    public StreamPage Page;

    /// <summary>What all nodes below it add up to.</summary>
    public StreamTotals Totals;

    /// <summary>The slot of a page that is not empty.</summary>
    public static StreamSlot Of(StreamPage page) => new() { First = page.First, Page = page, Totals = page.AddUp() };
}

/// <summary>
/// A page of the tree over a stream's nodes: a leaf with up to <see cref="MaxSlots"/> nodes, or an inner page with as many pages below. Arrays
/// grow with use, so that a stream of few nodes is small.
/// </summary>
internal sealed class StreamPage
{
    /// <summary>The most that a page has below it.</summary>
    public const int MaxSlots = 64;

    private StreamPage(uint birth) => Birth = birth;

    /// <summary>The epoch in which it was made.</summary>
    public uint Birth { get; set; }

    /// <summary>The nodes of a leaf, by master's id; the first <see cref="Used"/> count.</summary>
    public StreamNode[]? Nodes { get; private set; }

    /// <summary>The pages below an inner page, by first id.</summary>
    public StreamSlot[]? Slots { get; private set; }

    /// <summary>How many nodes or slots are in use.</summary>
    public int Used { get; private set; }

    /// <summary>Whether it holds nodes.</summary>
    [MemberNotNullWhen(true, nameof(Nodes))]
    [MemberNotNullWhen(false, nameof(Slots))]
    public bool IsLeaf => Slots == null;

    /// <summary>Whether nothing more fits in.</summary>
    public bool IsFull => Used == MaxSlots;

    /// <summary>The master's id of the first node below it; there is one.</summary>
    public StreamId First => FirstAt(0);

    /// <summary>An empty leaf.</summary>
    public static StreamPage Leaf(uint birth) => new(birth) { Nodes = [] };

    /// <summary>An inner page without slots.</summary>
    public static StreamPage Inner(uint birth) => new(birth) { Slots = [] };

    /// <summary>Another page with the same contents.</summary>
    public StreamPage Copy(uint birth) => new(birth) { Nodes = (StreamNode[]?)Nodes?.Clone(), Slots = (StreamSlot[]?)Slots?.Clone(), Used = Used };

    /// <summary>The last place whose first id is not greater than an id, or -1. O(log slots), at the end O(1).</summary>
    public int PlaceOf(StreamId id)
    {
        int low = 0;
        int high = Used;
        if (high > 0 && FirstAt(high - 1) <= id) return high - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (FirstAt(middle) <= id) low = middle + 1;
            else high = middle;
        }

        return low - 1;
    }

    /// <summary>What is in one place.</summary>
    public StreamTotals TotalsAt(int place) => IsLeaf ? StreamTotals.Of(Nodes[place]) : Slots[place].Totals;

    /// <summary>What is in all places.</summary>
    public StreamTotals AddUp()
    {
        StreamTotals sum = default;
        for (int place = 0; place < Used; place++)
            sum += TotalsAt(place);
        return sum;
    }

    /// <summary>Puts a node behind the last of a leaf that is not full.</summary>
    public void Append(in StreamNode node)
    {
        Nodes = WithRoom(Nodes!, 1);
        Nodes[Used++] = node;
    }

    /// <summary>Puts a page behind the last of an inner page that is not full.</summary>
    public void Append(in StreamSlot slot)
    {
        Slots = WithRoom(Slots!, 1);
        Slots[Used++] = slot;
    }

    /// <summary>Takes places away.</summary>
    public void Remove(int first, int count)
    {
        if (IsLeaf)
        {
            Array.Copy(Nodes, first + count, Nodes, first, Used - first - count);
        }
        else
        {
            Array.Copy(Slots, first + count, Slots, first, Used - first - count);
            // What is left behind the end would keep other pages from the collector.
            Slots.AsSpan(Used - count, count).Clear();
        }

        Used -= count;
    }

    /// <summary>Takes over what is in the page behind it, of the same kind.</summary>
    public void Join(StreamPage right)
    {
        if (IsLeaf)
        {
            Nodes = WithRoom(Nodes, right.Used);
            Array.Copy(right.Nodes!, 0, Nodes, Used, right.Used);
        }
        else
        {
            Slots = WithRoom(Slots, right.Used);
            Array.Copy(right.Slots!, 0, Slots, Used, right.Used);
        }

        Used += right.Used;
    }

    private StreamId FirstAt(int place) => IsLeaf ? Nodes[place].MasterId : Slots[place].First;

    private T[] WithRoom<T>(T[] places, int count)
    {
        if (places.Length < Used + count)
            Array.Resize(ref places, Math.Min(MaxSlots, Math.Max(Used + count, Used * 2)));
        return places;
    }
}
