using System.Runtime.InteropServices;
using KestrelFree.Server.Blocking;

namespace KestrelFree.Server.Tracking;

// The invalidation table: for each key that tracking clients have read, the numbers of those clients.
//
// Clients are named by number and never taken out when they disconnect: that would cost O(keys they have read). A number that belongs to nobody any more, or to a
// client that no longer tracks, is passed over when the key changes, which takes the key out of the table. Nearly all keys are held by one client, so the first number
// stands in the entry itself. The next ones stand in an array, which is searched from end to end, and beyond 32 of them in a set.

/// <summary>Which clients may hold which keys. All operations are O(1), or O(holders of the key).</summary>
internal sealed class TrackedKeys
{
    private readonly Dictionary<byte[], Holders> _table = new(ByteKeys.Comparer);

    /// <summary>How many keys clients may hold.</summary>
    internal int KeyCount => _table.Count;

    /// <summary>How many pairs of key and client there are.</summary>
    internal long PairCount { get; private set; }

    /// <summary>Notes that a client has read a key.</summary>
    internal void Add(ReadOnlySpan<byte> key, long clientId)
    {
        ref var holders = ref CollectionsMarshal.GetValueRefOrAddDefault(_table.GetAlternateLookup<ReadOnlySpan<byte>>(), key, out _);
        if (holders.Add(clientId)) PairCount++;
    }

    /// <summary>Takes a key out; false when no client holds it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="first">A client that held it.</param>
    /// <param name="others">The others, null when there are none.</param>
    internal bool Remove(ReadOnlySpan<byte> key, out long first, out IReadOnlyCollection<long>? others)
    {
        var found = _table.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(key, out _, out var holders);
        first = holders.First;
        others = holders.Others;
        if (found) PairCount -= 1 + (others?.Count ?? 0);
        return found;
    }

    /// <summary>Some keys of the table, to be given up.</summary>
    internal byte[][] Some(int count) => [.. _table.Keys.Take(count)];

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        _table.Clear();
        PairCount = 0;
    }

    private struct Holders
    {
        private const int MostInArray = 32;

        private long[]? _few;
        private HashSet<long>? _many;
        private int _count;

        /// <summary>The first client; 0 while there is none.</summary>
        internal long First { get; private set; }

        /// <summary>The other clients, null when there are none.</summary>
        internal readonly IReadOnlyCollection<long>? Others
        {
            get
            {
                if (_many is not null) return _many;
                if (_few is null) return null;
                return new ArraySegment<long>(_few, 0, _count);
            }
        }

        /// <summary>Adds a client; false if it is one of them.</summary>
        internal bool Add(long clientId)
        {
            if (First == clientId) return false;
            if (First != 0) return _many?.Add(clientId) ?? AddToFew(clientId);
            First = clientId;
            return true;
        }

        private bool AddToFew(long clientId)
        {
            _few ??= new long[2];
            if (_few.AsSpan(0, _count).Contains(clientId)) return false;
            if (_count == MostInArray)
            {
                _many = [.. _few, clientId];
                _few = null;
                return true;
            }

            if (_count == _few.Length) Array.Resize(ref _few, _count * 2);
            _few[_count++] = clientId;
            return true;
        }
    }
}
