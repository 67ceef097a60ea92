using System.Runtime.InteropServices;
using KestrelFree.Server.Blocking;

namespace KestrelFree.Server.Tracking;

// The invalidation table: for each key that tracking clients have read, the numbers of those clients.
//
// Clients are named by number and never taken out when they disconnect: that would cost O(keys they have read). A number that belongs to nobody any more, or to a
// client that no longer tracks, is passed over when the key changes, which takes the key out of the table. Nearly all keys are held by one client, so the first number
// stands in the entry itself.

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
        if (holders.First == clientId) return;
        if (holders.First == 0) holders.First = clientId;
        else if (!(holders.Others ??= []).Add(clientId)) return;
        PairCount++;
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
        internal long First;
        internal HashSet<long>? Others;
    }
}
