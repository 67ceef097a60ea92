namespace KestrelFree.Protocol;

/// <summary>A growing list of slices that hands out its array, for the parser's inner loop.</summary>
internal sealed class SliceList
{
    private const int InitialSlices = 64;

    /// <summary>The slices; the first <see cref="Count"/> are in use.</summary>
    internal ArgSlice[] Items { get; private set; } = new ArgSlice[InitialSlices];

    /// <summary>How many slices are in use.</summary>
    internal int Count { get; set; }

    /// <summary>Appends one slice; amortised O(1).</summary>
    internal void Add(ArgSlice slice)
    {
        if (Count == Items.Length) Grow(Count + 1);
        Items[Count++] = slice;
    }

    /// <summary>Appends slices, moved by <paramref name="shift"/> bytes; O(their number).</summary>
    internal void AddRange(ReadOnlySpan<ArgSlice> slices, int shift)
    {
        if (Items.Length - Count < slices.Length) Grow(Count + slices.Length);
        Span<ArgSlice> target = Items.AsSpan(Count, slices.Length);
        if (shift == 0)
        {
            slices.CopyTo(target);
        }
        else
        {
            for (int i = 0; i < slices.Length; i++)
                target[i] = new ArgSlice(slices[i].Offset + shift, slices[i].Length);
        }

        Count += slices.Length;
    }

    /// <summary>Makes room for <paramref name="minimum"/> slices, at least doubling; returns the array that now holds them.</summary>
    internal ArgSlice[] Grow(int minimum)
    {
        ArgSlice[] grown = new ArgSlice[Math.Max(minimum, checked(Items.Length * 2))];
        Items.AsSpan(0, Items.Length).CopyTo(grown);
        Items = grown;
        return grown;
    }

    /// <summary>Forgets the slices, and the array too where a huge request has left one larger than <paramref name="keepAtMost"/>.</summary>
    internal void Clear(int keepAtMost)
    {
        Count = 0;
        if (Items.Length > keepAtMost) Items = new ArgSlice[InitialSlices];
    }
}
