namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// The best candidates for eviction that were seen, a few, by score. Copies their keys into buffers that it keeps: it allocates only to grow
/// one.
/// </summary>
internal sealed class EvictionPool
{
    public const int Capacity = 16;
    private const int LongestKeptKey = 16 * 1024;

    private readonly Slot[] _slots = new Slot[Capacity + 1];
    private int _count;

    public EvictionPool()
    {
        for (int i = 0; i < _slots.Length; i++)
            _slots[i].Buffer = new byte[Entry.MaxInlineKey];
    }

    // Ascending by score; the slot behind the last one in use holds the key that was handed out.
    private struct Slot
    {
        public byte[] Buffer;
        public int KeyLength;
        public int Database;
        public ulong Hash;
        public long Score;
    }

    /// <summary>A key that may go; valid until the pool is used again.</summary>
    public readonly ref struct Candidate
    {
        public int Database { get; init; }

        public ulong Hash { get; init; }

        public long Score { get; init; }

        public ReadOnlySpan<byte> Key { get; init; }
    }

    public bool IsEmpty => _count == 0;

    /// <summary>Whether a score is good enough.</summary>
    public bool Admits(long score) => _count < Capacity || score > _slots[0].Score;

    /// <summary>
    /// Adds a candidate whose score is admitted, in the place of the worst if there is no other; one that is there already is not added.
    /// O(capacity).
    /// </summary>
    public void Add(int database, ulong hash, ReadOnlySpan<byte> key, long score)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_slots[i].Hash == hash && _slots[i].Database == database) return;
        }

        if (_count == Capacity) Rotate(0, --_count);
        int at = _count;
        while (at > 0 && _slots[at - 1].Score > score)
            at--;
        Fill(ref _slots[_count], database, hash, key, score);
        Slot added = _slots[_count];
        Array.Copy(_slots, at, _slots, at + 1, _count - at);
        _slots[at] = added;
        _count++;
    }

    /// <summary>Takes the candidate with the highest score out.</summary>
    public bool TryTakeBest(out Candidate best)
    {
        if (_count == 0)
        {
            best = default;
            return false;
        }

        best = Of(_slots[--_count]);
        return true;
    }

    /// <summary>Copies a key without adding it.</summary>
    public Candidate Keep(int database, ulong hash, ReadOnlySpan<byte> key)
    {
        ref Slot slot = ref _slots[Capacity];
        Fill(ref slot, database, hash, key, 0);
        return Of(slot);
    }

    public void Clear() => _count = 0;

    private static Candidate Of(in Slot slot) =>
        new() { Database = slot.Database, Hash = slot.Hash, Score = slot.Score, Key = slot.Buffer.AsSpan(0, slot.KeyLength) };

    // The first slot becomes the last of so many.
    private void Rotate(int from, int to)
    {
        Slot first = _slots[from];
        Array.Copy(_slots, from + 1, _slots, from, to - from);
        _slots[to] = first;
    }

    private static void Fill(ref Slot slot, int database, ulong hash, ReadOnlySpan<byte> key, long score)
    {
        if (key.Length > slot.Buffer.Length || (slot.Buffer.Length > LongestKeptKey && key.Length <= Entry.MaxInlineKey))
            slot.Buffer = new byte[Math.Max(key.Length, Entry.MaxInlineKey)];
        key.CopyTo(slot.Buffer);
        slot.KeyLength = key.Length;
        slot.Database = database;
        slot.Hash = hash;
        slot.Score = score;
    }
}
