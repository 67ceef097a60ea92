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
// nothing. A key past its time that nobody has looked at yet is let expire when it is watched (nothing that happens to it later
// is then a change) and again at EXEC (its expiry since then is one). A flush or SWAPDB is a change of those watched keys that existed before
// or exist after it; a key past its time that SWAPDB brings does not exist, and its expiry is no change.
//
// Cost: O(watchers of the key) for a write to a watched key, one comparison for any write while nothing is watched.

/// <summary>A watched key and its watchers.</summary>
/// <param name="Database">The number of the key's database.</param>
/// <param name="Key">The key.</param>
internal sealed record WatchedKey(int Database, byte[] Key)
{
    /// <summary>Who watches it.</summary>
    internal HashSet<Client> Watchers { get; } = [];

    /// <summary>Whether SWAPDB has brought a key past its time: it is as if it were missing, and its expiry is no change.</summary>
    internal bool IsStale { get; set; }
}

/// <summary>All watched keys of a server.</summary>
internal sealed class WatchedKeys
{
    // The entry of the table, the key's array, the set of watchers and its entry, the place in the client's list.
    private const int WatchBytes = 320;

    private readonly Keyspace _keyspace;
    private readonly Dictionary<byte[], WatchedKey>[] _byDatabase;

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
        client.Database.ExpireIfDue(key);
        var keys = _byDatabase[client.Database.Index].GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!keys.TryGetValue(key, out var watched))
        {
            watched = new WatchedKey(client.Database.Index, key.ToArray());
            keys[key] = watched;
            Count++;
        }

        watched.IsStale = false;
        if (!watched.Watchers.Add(client)) return;
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
            if (watched.Watchers.Count != 0) continue;
            _byDatabase[watched.Database].Remove(watched.Key);
            Count--;
        }

        client.Watched.Clear();
        client.WatchedBytes = 0;
        ClientCount--;
    }

    /// <summary>Notes the expiry of the keys that a client watches, and says whether any of them has changed since.</summary>
    internal bool HaveChanged(Client client)
    {
        foreach (var watched in client.Watched) _keyspace[watched.Database].ExpireIfDue(watched.Key);
        return client.Is(ClientFlags.DirtyWatch);
    }

    /// <summary>Marks those who watch a key.</summary>
    internal void Touch(Database database, ReadOnlySpan<byte> key)
    {
        if (Count != 0 && _byDatabase[database.Index].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var watched)) Mark(watched);
    }

    /// <summary>Marks those who watch a key that has expired.</summary>
    internal void TouchExpired(Database database, ReadOnlySpan<byte> key)
    {
        if (Count == 0 || !_byDatabase[database.Index].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var watched)) return;
        if (!watched.IsStale) Mark(watched);
        watched.IsStale = false;
    }

    /// <summary>Marks those who watch keys of a database that is about to be emptied.</summary>
    internal void TouchFlushed(Database database)
    {
        if (Count == 0) return;
        foreach (var watched in _byDatabase[database.Index].Values)
        {
            if (database.Peek(watched.Key).Exists) Mark(watched);
        }
    }

    /// <summary>Marks those who watch keys of two databases that have exchanged their contents.</summary>
    internal void TouchSwapped(Database first, Database second)
    {
        if (Count == 0) return;
        TouchSwappedKeys(first, first, second);
        TouchSwappedKeys(second, first, second);
    }

    private void TouchSwappedKeys(Database watchedIn, Database first, Database second)
    {
        foreach (var watched in _byDatabase[watchedIn.Index].Values)
        {
            if (first.Peek(watched.Key).Exists || second.Peek(watched.Key).Exists) Mark(watched);
            watched.IsStale = watchedIn.PeekStored(watched.Key).Exists && !watchedIn.Peek(watched.Key).Exists;
        }
    }

    private static void Mark(WatchedKey watched)
    {
        foreach (var client in watched.Watchers) client.Flags |= ClientFlags.DirtyWatch;
    }
}
