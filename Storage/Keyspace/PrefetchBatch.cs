namespace KestrelFree.Storage.Keyspaces;

// A random look-up at 10 M keys waits for memory twice: for the line of its group, then for its entry. A pipelined server knows the keys of many
// requests before it executes the first, so it can have all these misses under way at once: one pass asks for the groups, a second, when they have
// arrived, for the entries. It takes a GET from about 130 ns to 50.
//
// The first pass hashes the keys; the look-ups that follow would hash them again. So a batch remembers each key of up to 32 bytes with its
// hash, and HashOf recognises it: first at the position after the last one recognised (commands execute in order). Keys are compared in
// full, never by address: the caller's buffers may be reused or moved.

/// <summary>The keys of a pipelined batch on their way into the cache.</summary>
internal sealed class PrefetchBatch(KeyHasher hasher)
{
    public const int Capacity = 64;
    private const int RememberedBytes = 32;
    private const int Lookahead = 3;

    private readonly Table[] _tables = new Table[Capacity];
    private readonly ulong[] _hashes = new ulong[Capacity];
    private readonly byte[] _lengths = new byte[Capacity];
    private readonly byte[] _keys = new byte[Capacity * RememberedBytes];
    private int _count;
    private int _prefetched;
    private int _next;

    /// <summary>Hashes a key and asks for its group.</summary>
    public void Add(Database database, ReadOnlySpan<byte> key)
    {
        // The first key after a Complete begins a new batch.
        if (_prefetched == _count)
            _count = _prefetched = _next = 0;
        if (_count == Capacity)
            return;
        ulong hash = hasher.Hash(key);
        _tables[_count] = database.Table;
        _hashes[_count] = hash;
        bool isRemembered = key.Length is > 0 and <= RememberedBytes;
        _lengths[_count] = isRemembered ? (byte)key.Length : (byte)0;
        if (isRemembered)
            key.CopyTo(_keys.AsSpan(_count * RememberedBytes));
        database.Table.PrefetchGroup(hash);
        _count++;
    }

    /// <summary>Asks for the entries.</summary>
    public void Complete()
    {
        for (int i = _prefetched; i < _count; i++)
            _tables[i].PrefetchEntry(_hashes[i]);
        _prefetched = _count;
    }

    /// <summary>Forgets the batch: its tables may be about to go.</summary>
    public void Clear()
    {
        _tables.AsSpan(0, _count).Clear();
        _count = _prefetched = _next = 0;
    }

    /// <summary>The hash of a key.</summary>
    public ulong HashOf(ReadOnlySpan<byte> key)
    {
        int last = Math.Min(_next + Lookahead, _count);
        for (int i = _next; i < last; i++)
        {
            if (_lengths[i] != key.Length || key.Length == 0 || !_keys.AsSpan(i * RememberedBytes, key.Length).SequenceEqual(key))
                continue;
            _next = i + 1;
            return _hashes[i];
        }

        return hasher.Hash(key);
    }
}
