using System.Buffers.Binary;

namespace KestrelFree.Server.Tracking;

// The keys that have changed since clients were last told of them, each once, in the order of their bytes, with the number of the client that
// changed it last.
//
//     _bytes   [key][key][key] ...                       as they changed, repetitions included
//     _changes [where its key ends, who changed it] ...  the same
//     _order   [which change] ...                        after Sort: the keys in order, each by its last change
//
// A write appends; the order is made when somebody is told, once a turn. A tree that is always in order costs every write an object and ten
// comparisons with keys that lie elsewhere. What is compared here is the eight bytes of each key behind those that all of them share, as one number:
// names of keys have long common beginnings, and seldom more than one variable part. Keys that are alike in these are compared as a whole.
//
// A transaction may change one key a million times in a turn, so repetitions are taken out whenever there are twice as many changes as remained the
// last time.

/// <summary>Keys that have changed, to be told in their order. Add is O(1), but for a <see cref="Sort"/> now and then; memory O(keys).</summary>
internal sealed class ChangedKeys
{
    private const int LeastBeforeCompacting = 4096;
    private const int LeastChanges = 16;
    private const int MostBytesKept = 1 << 20;

    private readonly Comparison<int> _compareChanges;
    private byte[] _bytes = [];
    private Change[] _changes = [];
    private ulong[] _heads = [];
    private int[] _order = [];
    private int _changeCount;
    private int _shared;
    private int _compactAt = LeastBeforeCompacting;

    internal ChangedKeys() => _compareChanges = CompareChanges;

    /// <summary>Whether nothing has changed.</summary>
    internal bool IsEmpty => _changeCount == 0;

    /// <summary>How many keys have changed; of the last <see cref="Sort"/>.</summary>
    internal int Count { get; private set; }

    /// <summary>Notes that a key has changed.</summary>
    /// <param name="key">The key.</param>
    /// <param name="changer">The number of who changed it; 0 for expiry and eviction.</param>
    internal void Add(ReadOnlySpan<byte> key, long changer)
    {
        if (_changeCount == _compactAt) Compact();
        _shared = _changeCount == 0 ? key.Length : KeyAt(0)[.._shared].CommonPrefixLength(key);
        Append(key, changer);
    }

    /// <summary>Puts the keys in order, each once. O(n log n) of the changes.</summary>
    internal void Sort()
    {
        for (var at = 0; at < _changeCount; at++)
        {
            _order[at] = at;
            _heads[at] = HeadOf(KeyAt(at)[_shared..]);
        }

        _heads.AsSpan(0, _changeCount).Sort(_order.AsSpan(0, _changeCount));
        Count = 0;
        for (int from = 0, to; from < _changeCount; from = to)
        {
            for (to = from + 1; to < _changeCount && _heads[to] == _heads[from];) to++;
            KeepLast(_order.AsSpan(from, to - from));
        }
    }

    /// <summary>A key by its place in the order; valid until the next change.</summary>
    internal ReadOnlySpan<byte> Key(int place) => KeyAt(_order[place]);

    /// <summary>The number of who changed a key last; 0 for expiry and eviction.</summary>
    internal long Changer(int place) => _changes[_order[place]].Changer;

    /// <summary>Forgets the keys.</summary>
    internal void Clear()
    {
        if (_bytes.Length > MostBytesKept) (_bytes, _changes, _heads, _order) = ([], [], [], []);
        (_changeCount, Count, _compactAt) = (0, 0, LeastBeforeCompacting);
    }

    private static ulong HeadOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= sizeof(ulong)) return BinaryPrimitives.ReadUInt64BigEndian(bytes);
        Span<byte> padded = stackalloc byte[sizeof(ulong)];
        padded.Clear();
        bytes.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded);
    }

    private void Append(ReadOnlySpan<byte> key, long changer)
    {
        if (_changeCount == _changes.Length) GrowChanges();
        var from = StartOf(_changeCount);
        var end = from + key.Length;
        if (end > _bytes.Length) Array.Resize(ref _bytes, Math.Max(end, _bytes.Length * 2));
        key.CopyTo(_bytes.AsSpan(from));
        _changes[_changeCount++] = new Change(end, changer);
    }

    private void GrowChanges()
    {
        var room = Math.Max(LeastChanges, _changes.Length * 2);
        Array.Resize(ref _changes, room);
        Array.Resize(ref _heads, room);
        Array.Resize(ref _order, room);
    }

    // Of changes whose heads are alike, those that are the last of their keys, behind the ones that are kept already.
    private void KeepLast(Span<int> alike)
    {
        if (alike.Length > 1) alike.Sort(_compareChanges);
        for (var at = 0; at < alike.Length; at++)
        {
            if (at + 1 == alike.Length || !KeyAt(alike[at]).SequenceEqual(KeyAt(alike[at + 1]))) _order[Count++] = alike[at];
        }
    }

    private int CompareChanges(int x, int y)
    {
        var byKey = KeyAt(x).SequenceCompareTo(KeyAt(y));
        return byKey != 0 ? byKey : x.CompareTo(y);
    }

    // Those that remain move down, in the order in which they changed, so that nothing is written over that is yet to be read.
    private void Compact()
    {
        Sort();
        var kept = _order.AsSpan(0, Count);
        kept.Sort();
        _changeCount = 0;
        foreach (var change in kept) Append(KeyAt(change), _changes[change].Changer);
        _compactAt = Math.Max(LeastBeforeCompacting, _changeCount * 2);
    }

    private int StartOf(int change) => change == 0 ? 0 : _changes[change - 1].KeyEnd;

    private ReadOnlySpan<byte> KeyAt(int change)
    {
        var from = StartOf(change);
        return _bytes.AsSpan(from, _changes[change].KeyEnd - from);
    }

    private readonly record struct Change(int KeyEnd, long Changer);
}
