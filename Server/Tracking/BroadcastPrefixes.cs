using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Tracking;

/// <summary>A prefix that clients are told of, and the keys beginning with it that have changed since they were last told.</summary>
/// <param name="Bytes">The prefix.</param>
internal sealed record BroadcastPrefix(byte[] Bytes)
{
    /// <summary>Who is told.</summary>
    internal List<Client> Clients { get; } = [];

    /// <summary>The changed keys.</summary>
    internal ChangedKeys Changed { get; } = new();
}

/// <summary>
/// The prefixes of all clients in broadcasting mode. A change costs one look-up for each length that prefixes have, however many there are of it.
/// </summary>
internal sealed class BroadcastPrefixes
{
    private readonly Dictionary<byte[], BroadcastPrefix> _byBytes = new(ByteKeys.Comparer);
    private readonly SortedDictionary<int, int> _lengths = [];
    private readonly SortedSet<byte[]> _changed = new(KeyOrder.Comparer);

    /// <summary>How many prefixes there are.</summary>
    internal int Count => _byBytes.Count;

    /// <summary>Whether any key of theirs has changed.</summary>
    internal bool HaveChanges => _changed.Count != 0;

    /// <summary>Tells a client of a prefix from now on.</summary>
    internal void Add(Client client, byte[] prefix)
    {
        if (!_byBytes.TryGetValue(prefix, out var found))
        {
            _byBytes.Add(prefix, found = new BroadcastPrefix(prefix));
            _lengths[prefix.Length] = _lengths.GetValueOrDefault(prefix.Length) + 1;
        }

        found.Clients.Add(client);
    }

    /// <summary>Tells a client of a prefix no more.</summary>
    internal void Remove(Client client, byte[] prefix)
    {
        var found = _byBytes[prefix];
        found.Clients.Remove(client);
        if (found.Clients.Count != 0) return;
        _byBytes.Remove(prefix);
        _changed.Remove(prefix);
        if (--_lengths[prefix.Length] == 0) _lengths.Remove(prefix.Length);
    }

    /// <summary>Notes a change.</summary>
    internal void Note(ReadOnlySpan<byte> key, Client? changer)
    {
        var prefixes = _byBytes.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var length in _lengths.Keys)
        {
            if (length > key.Length) break;
            if (!prefixes.TryGetValue(key[..length], out var prefix)) continue;
            if (prefix.Changed.IsEmpty) _changed.Add(prefix.Bytes);
            prefix.Changed.Add(key, changer?.Id ?? 0);
        }
    }

    /// <summary>Takes the prefixes with changes, in the order of their bytes; the caller clears what has changed.</summary>
    internal BroadcastPrefix[] TakeChanged()
    {
        var taken = _changed.Select(prefix => _byBytes[prefix]).ToArray();
        _changed.Clear();
        return taken;
    }
}
