using System.Runtime.InteropServices;
using KestrelFree.Storage;

namespace KestrelFree.Server.Tracking;

// The invalidation table: for each key that tracking clients have read, the numbers of those clients.
//
// It is a keyspace of its own, of one database, whose strings are lists of numbers. So it grows, shrinks and is emptied in slices, keeps nothing
// on the managed heap, and what a pipelined batch is about to read can be prefetched: a table of 100,000 keys is out of the nearest caches, and
// each read of a tracking client would wait for it three times.
//
//     the value of a key   [number : 64] ...         up to 25 of them, in room for 1, 2, 4, 8, 16 or 25; zeros follow
//                          [-1 : 64][place : 64]     more: the place of a set in _crowds
//
// The room doubles since a value that grows moves its entry. A list is searched from end to end.
//
// Clients are named by number and never taken out when they disconnect: that would cost O(keys they have read). A number that belongs to nobody
// any more, or to a client that no longer tracks, is passed over when the key changes, which takes the key out of the table.

/// <summary>Which clients may hold which keys. All operations are O(1), or O(holders of the key).</summary>
internal sealed class TrackedKeys
{
    private const int MostInList = 25;
    private const long Crowd = -1;

    private readonly Keyspace _keyspace;
    private readonly Database _table;
    private readonly List<HashSet<long>?> _crowds = [];
    private readonly Stack<int> _freeCrowds = new();
    private readonly long[] _only = new long[1];

    internal TrackedKeys(Clock clock, HugePages hugePages)
    {
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = 1, Clock = clock, HugePages = hugePages });
        _table = _keyspace[0];
    }

    /// <summary>How many keys clients may hold.</summary>
    internal long KeyCount => _table.Count;

    /// <summary>How many pairs of key and client there are.</summary>
    internal long PairCount { get; private set; }

    /// <summary>Notes that a client, whose number is positive, has read a key.</summary>
    internal void Add(ReadOnlySpan<byte> key, long clientId)
    {
        var entry = _table.LookupWrite(key, Touch.No);
        if (!entry.Exists)
        {
            _only[0] = clientId;
            entry.SetString(MemoryMarshal.AsBytes<long>(_only), Expiry.None, StringForm.Raw);
            PairCount++;
            return;
        }

        var holders = Numbers(entry.StringBytes);
        if (holders[0] == Crowd)
        {
            if (_crowds[(int)holders[1]]!.Add(clientId)) PairCount++;
        }
        else if (!holders.Contains(clientId))
        {
            AddToList(ref entry, holders, clientId);
            PairCount++;
        }
    }

    /// <summary>Takes a key out, and appends the numbers of who held it to a list; false when nobody did.</summary>
    internal bool Remove(ReadOnlySpan<byte> key, List<long> holders)
    {
        var entry = _table.LookupWrite(key, Touch.No);
        if (!entry.Exists) return false;
        var before = holders.Count;
        var stored = Numbers(entry.StringBytes);
        if (stored[0] == Crowd) TakeCrowd((int)stored[1], holders);
        else holders.AddRange(stored[..CountOf(stored)]);
        PairCount -= holders.Count - before;
        return entry.Delete();
    }

    /// <summary>A key of the table, drawn at random; null when there is none.</summary>
    internal byte[]? DrawKey() => _table.TryGetRandomKey(out var entry) ? entry.Key.ToArray() : null;

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        _keyspace.FlushAll(FlushMode.Async);
        _crowds.Clear();
        _freeCrowds.Clear();
        PairCount = 0;
    }

    /// <summary>Asks for what leads to a key that is about to be added. See <see cref="PrefetchEntries"/>.</summary>
    internal void Prefetch(ReadOnlySpan<byte> key) => _keyspace.PrefetchKey(_table, key);

    /// <summary>Asks for the entries of all keys since the last call.</summary>
    internal void PrefetchEntries() => _keyspace.PrefetchEntries();

    /// <inheritdoc cref="Keyspace.RunMaintenance"/>
    internal bool RunMaintenance(long budgetMicros) => _keyspace.RunMaintenance(budgetMicros);

    /// <summary>Checks the table against itself. O(everything); throws <see cref="InvariantException"/>.</summary>
    internal void Validate() => _keyspace.Validate();

    private void AddToList(ref EntryRef entry, ReadOnlySpan<long> holders, long clientId)
    {
        var count = CountOf(holders);
        if (count == MostInList)
        {
            var place = PlaceCrowd([.. holders, clientId]);
            var reference = Numbers(entry.OpenString(2 * sizeof(long)));
            (reference[0], reference[1]) = (Crowd, place);
            return;
        }

        var room = count < holders.Length ? holders.Length : Math.Min(2 * count, MostInList);
        Numbers(entry.OpenString(room * sizeof(long)))[count] = clientId;
    }

    private static int CountOf(ReadOnlySpan<long> holders)
    {
        var firstZero = holders.IndexOf(0);
        return firstZero < 0 ? holders.Length : firstZero;
    }

    private int PlaceCrowd(HashSet<long> crowd)
    {
        if (!_freeCrowds.TryPop(out var place))
        {
            place = _crowds.Count;
            _crowds.Add(null);
        }

        _crowds[place] = crowd;
        return place;
    }

    private void TakeCrowd(int place, List<long> holders)
    {
        holders.AddRange(_crowds[place]!);
        _crowds[place] = null;
        _freeCrowds.Push(place);
    }

    private static ReadOnlySpan<long> Numbers(ReadOnlySpan<byte> value) => MemoryMarshal.Cast<byte, long>(value);

    private static Span<long> Numbers(Span<byte> value) => MemoryMarshal.Cast<byte, long>(value);
}
