namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// The entries of one segment among which a scan chooses: their hash prefixes and where they lie. One for all tables, since a portion of a scan
/// is done with it before the next begins; it grows to the longest chain of heads ever met.
/// </summary>
internal sealed class ScanSelection
{
    private ulong[] _prefixes = new ulong[SegmentHead.SlotCount];
    private ulong[] _places = new ulong[SegmentHead.SlotCount];

    /// <summary>Entries.</summary>
    public int Count { get; private set; }

    /// <summary>Where they lie.</summary>
    public ReadOnlySpan<ulong> Places => _places;

    /// <summary>Forgets all entries.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds an entry.</summary>
    public void Add(ulong prefix, ulong place)
    {
        if (Count == _prefixes.Length)
        {
            Array.Resize(ref _prefixes, Count * 2);
            Array.Resize(ref _places, Count * 2);
        }

        _prefixes[Count] = prefix;
        _places[Count++] = place;
    }

    /// <summary>
    /// Puts the entries with the lowest prefixes first and tells how many: those wanted, and whatever shares the prefix of the last. Gives the
    /// prefix that follows, if there is one. O(n log n), but O(1) when all are wanted.
    /// </summary>
    public int Take(long wanted, out ulong following)
    {
        following = 0;
        if (Count <= wanted) return Count;
        Array.Sort(_prefixes, _places, 0, Count);
        int taken = (int)wanted;
        while (taken < Count && _prefixes[taken] == _prefixes[taken - 1])
            taken++;
        if (taken < Count) following = _prefixes[taken];
        return taken;
    }
}
