using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Transactions;

// WATCH: optimistic locking.
//
//     key -> the clients that watch it       per database
//     client -> the keys that it watches
//
// The keyspace's events mark the watchers of a key that is written, deleted, expired or evicted; EXEC of a marked client replies nil and runs
// nothing, nor does it if a watched key is past its time. A key that was so when the watching began is as if it were missing: that it goes is no
// change, and watching deletes nothing. A flush or SWAPDB is a change of those watched keys that existed before or exist after it; a key past its
// time that SWAPDB brings does not exist.
//
// Cost: O(watchers of the key) for the first write to a watched key, who then watch nothing any more; one comparison for any write while nothing is
// watched.

/// <summary>A watched key and its watchers.</summary>
/// <param name="Database">The number of the key's database.</param>
/// <param name="Key">The key.</param>
internal sealed record WatchedKey(int Database, byte[] Key)
{
    /// <summary>Who watches it.</summary>
    internal HashSet<Client> Watchers { get; } = [];

    /// <summary>Those of them for whom it was past its time already: it is as if it were missing, and its expiry is no change.</summary>
    internal HashSet<Client> SawPast { get; } = [];
}

/// <summary>All watched keys of a server.</summary>
internal sealed class WatchedKeys
{
    // The entry of the table, the key's array, the set of watchers and its entry, the place in the client's list.
    private const int WatchBytes = 320;

    private readonly Keyspace _keyspace;
    private readonly Dictionary<byte[], WatchedKey>[] _byDatabase;
    private readonly List<Client> _marked = [];

    internal WatchedKeys(Keyspace keyspace)
    {
        _keyspace = keyspace;
        _byDatabase = new Dictionary<byte[], WatchedKey>[keyspace.DatabaseCount];
        for (var i = 0; i < _byDatabase.Length; i++) _byDatabase[i] = new Dictionary<byte[], WatchedKey>(ByteKeys.Comparer);
    }

    /// <summary>How many keys are watched.</summary>
    internal int Count { get; private set; }

    /// <summary>How many clients watch keys.</summary>
    internal int ClientCount { get; private set; }

    /// <summary>Has a client watch a key of its database. O(1).</summary>
    internal void Watch(Client client, ReadOnlySpan<byte> key)
    {
        var keys = _byDatabase[client.Database.Index].GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!keys.TryGetValue(key, out var watched))
        {
            watched = new WatchedKey(client.Database.Index, key.ToArray());
            keys[key] = watched;
            Count++;
        }

        if (!watched.Watchers.Add(client)) return;
        if (IsPast(client.Database, key)) watched.SawPast.Add(client);
        if (client.Watched.Count == 0) ClientCount++;
        client.Watched.Add(watched);
        client.WatchedBytes += WatchBytes + key.Length;
    }

    /// <summary>Ends all of a client's watches. O(watched keys of the client).</summary>
    internal void Unwatch(Client client)
    {
        if (client.Watched.Count == 0) return;
        foreach (var watched in client.Watched)
        {
            watched.Watchers.Remove(client);
            watched.SawPast.Remove(client);
            if (watched.Watchers.Count != 0) continue;
            _byDatabase[watched.Database].Remove(watched.Key);
            Count--;
        }

        client.Watched.Clear();
        client.WatchedBytes = 0;
        ClientCount--;
    }

    /// <summary>Whether any of the keys that a client watches has changed since, or is past its time by now. O(watched keys of the client).</summary>
    internal bool HaveChanged(Client client)
    {
        if (client.Is(ClientFlags.DirtyWatch)) return true;
        foreach (var watched in client.Watched)
        {
            if (!watched.SawPast.Contains(client) && IsPast(_keyspace[watched.Database], watched.Key)) return true;
        }

        return false;
    }

    /// <summary>Marks those who watch a key. O(watchers of the key, and what else they watch).</summary>
    internal void Touch(Database database, ReadOnlySpan<byte> key)
    {
        if (Count != 0 && _byDatabase[database.Index].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var watched)) MarkAndUnwatch(watched);
    }

    /// <summary>Marks those who watch a key that has expired since.</summary>
    internal void TouchExpired(Database database, ReadOnlySpan<byte> key)
    {
        if (Count == 0 || !_byDatabase[database.Index].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var watched)) return;
        MarkAndUnwatch(watched);
        watched.SawPast.Clear();
    }

    /// <summary>Marks those who watch keys of a database that is about to be emptied.</summary>
    internal void TouchFlushed(Database database)
    {
        if (Count == 0) return;
        foreach (var watched in _byDatabase[database.Index].Values)
        {
            if (!database.PeekStored(watched.Key).Exists) continue;
            Mark(watched);
            watched.SawPast.Clear();
        }
    }

    /// <summary>Marks those who watch keys of two databases that have exchanged their contents.</summary>
    internal void TouchSwapped(Database first, Database second)
    {
        if (Count == 0) return;
        TouchSwappedKeys(first, second);
        TouchSwappedKeys(second, first);
    }

    private void TouchSwappedKeys(Database now, Database before)
    {
        foreach (var watched in _byDatabase[now.Index].Values)
        {
            var existed = before.PeekStored(watched.Key).Exists;
            var exists = now.PeekStored(watched.Key).Exists;
            var isPast = exists && IsPast(now, watched.Key);
            if (exists && !isPast)
            {
                watched.SawPast.Clear();
                Mark(watched);
            }
            else if (existed)
            {
                Mark(watched);
                if (!exists) watched.SawPast.Clear();
            }
            else if (isPast)
            {
                watched.SawPast.UnionWith(watched.Watchers);
            }
        }
    }

    private static void Mark(WatchedKey watched)
    {
        foreach (var client in watched.Watchers)
        {
            if (!watched.SawPast.Contains(client)) client.Flags |= ClientFlags.DirtyWatch;
        }
    }

    // Who is marked need not be marked again.
    private void MarkAndUnwatch(WatchedKey watched)
    {
        Mark(watched);
        foreach (var client in watched.Watchers)
        {
            if (client.Is(ClientFlags.DirtyWatch)) _marked.Add(client);
        }

        foreach (var client in _marked) Unwatch(client);
        _marked.Clear();
    }

    private static bool IsPast(Database database, ReadOnlySpan<byte> key) => database.PeekStored(key).Exists && !database.Peek(key).Exists;
}
