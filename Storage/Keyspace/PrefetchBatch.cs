using System.Runtime.CompilerServices;

namespace KestrelFree.Storage.Keyspaces;

// A random look-up at 10 M keys waits for memory three times: for the place in the directory that leads to its segment (out of the nearest caches, if
// not out of all), for the line of its group, and for its entry. A pipelined server knows the keys of many requests before it executes the
// first, so it can have all these misses under way at once, in three passes that each ask for what the one before has made known. Without a pass
// for the directory the second one stalled on it, key by key, and had few other misses under way: 150 ns a GET in place of 280, on a busy
// machine.
//
// The first pass hashes the keys as well; the look-ups that follow would hash them again. So a batch remembers each key of up to 32 bytes with its
// hash, and HashOf recognises it, from the position of the last one recognised on (commands execute in order). Keys are compared in
// full, never by address: the caller's buffers may be reused or moved. A key that follows itself, as in a pipeline of pushes to one list, is
// hashed and asked for once.

/// <summary>The keys of a pipelined batch on their way into the cache.</summary>
internal sealed class PrefetchBatch(KeyHasher hasher)
{
    public const int Capacity = 64;
    private const int RememberedBytes = 32;
    private const int Lookahead = 3;
    private const int NotRemembered = -1;

    [InlineArray(RememberedBytes)]
    private struct KeyBytes
    {
        private byte _first;
    }

    private struct Pending
    {
        public ulong Hash;
        public int Length;
        public KeyBytes Key;
    }

    private readonly Pending[] _pending = new Pending[Capacity];
    private Table? _table;
    private int _count;
    private int _prefetched;
    private int _next;

    /// <summary>
    /// Hashes a key, and asks for the place in the directory that leads to its segment. A batch is of one database; keys of others are ignored.
    /// </summary>
    public void Add(Database database, ReadOnlySpan<byte> key)
    {
        // The first key after a Complete begins a new batch.
        if (_prefetched == _count)
        {
            _count = _prefetched = _next = 0;
            _table = database.Table;
        }

        if (_count == Capacity || database.Table != _table || (_count > 0 && IsOf(ref _pending[_count - 1], key)))
            return;
        ulong hash = hasher.Hash(key);
        ref Pending pending = ref _pending[_count++];
        pending.Hash = hash;
        bool isRemembered = key.Length <= RememberedBytes;
        pending.Length = isRemembered ? key.Length : NotRemembered;
        if (isRemembered) key.CopyTo(pending.Key);
        _table.Directory.Prefetch(hash);
    }

    /// <summary>Asks for the groups of all keys, and then for their entries.</summary>
    public void Complete()
    {
        for (int i = _prefetched; i < _count; i++)
            _table!.PrefetchGroup(_pending[i].Hash);
        for (int i = _prefetched; i < _count; i++)
            _table!.PrefetchEntry(_pending[i].Hash);
        _prefetched = _count;
    }

    /// <summary>Forgets the batch: its table may be about to go.</summary>
    public void Clear()
    {
        _table = null;
        _count = _prefetched = _next = 0;
    }

    /// <summary>Expects the look-ups from the first key on.</summary>
    public void Rewind() => _next = 0;

    /// <summary>The hash of a key.</summary>
    public ulong HashOf(ReadOnlySpan<byte> key)
    {
        int last = Math.Min(_next + Lookahead, _count);
        for (int i = _next; i < last; i++)
        {
            ref Pending pending = ref _pending[i];
            if (!IsOf(ref pending, key)) continue;
            _next = i;
            return pending.Hash;
        }

        return hasher.Hash(key);
    }

    private static bool IsOf(ref Pending pending, ReadOnlySpan<byte> key) =>
        pending.Length == key.Length && ((ReadOnlySpan<byte>)pending.Key)[..key.Length].SequenceEqual(key);
}
