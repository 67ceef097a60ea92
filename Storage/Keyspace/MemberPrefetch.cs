namespace KestrelFree.Storage.Keyspaces;

// What PrefetchBatch does for keys, for the members of large sets, hashes and sorted sets: a table of 100,000 members is out of the nearest
// caches, one of millions out of all, and each member of a pipelined batch would wait for its directory, its group and its entry in turn. SADD
// and HSET of random members of 100,000, 16 requests to a batch, spent 30 % of their time on these misses.
//
// It can begin only when the entries of the keys are in the cache, since only they tell which table a member belongs to. The table is found once for
// members of one key that follow each other; the key is known by its hash, since all that a mistake costs is a prefetch.

/// <summary>The members that a pipelined batch names, on their way into the cache.</summary>
internal sealed class MemberPrefetch
{
    private const int Capacity = PrefetchBatch.Capacity;

    private readonly Table?[] _tables = new Table?[Capacity];
    private readonly ulong[] _hashes = new ulong[Capacity];
    private int _count;
    private ulong _keyHash;
    private Table? _table;
    private bool _isOpen;

    /// <summary>Whether the members of the key with this hash come next.</summary>
    public bool IsOpenFor(ulong keyHash) => _isOpen && _keyHash == keyHash;

    /// <summary>Begins with a key; what has no table of members is passed over.</summary>
    public void Open(ulong keyHash, Table? table)
    {
        _isOpen = true;
        _keyHash = keyHash;
        _table = table;
    }

    /// <summary>Hashes a member, and asks for the place in its table's directory that leads to its segment.</summary>
    public void Add(ReadOnlySpan<byte> member)
    {
        if (_count == Capacity || _table is not { } table) return;
        ulong hash = table.Hasher.Hash(member);
        if (_tables[_count] != table) _tables[_count] = table;
        _hashes[_count++] = hash;
        table.Directory.Prefetch(hash);
    }

    /// <summary>Asks for the groups of all members, and then for their entries.</summary>
    public void Complete()
    {
        for (int i = 0; i < _count; i++)
            _tables[i]!.PrefetchGroup(_hashes[i]);
        for (int i = 0; i < _count; i++)
            _tables[i]!.PrefetchEntry(_hashes[i]);
        _count = 0;
        _isOpen = false;
        _table = null;
    }
}
