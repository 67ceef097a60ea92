using System.Numerics;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Networking;

// maxmemory-clients: what all clients together may take. Beyond it the largest are closed, until the rest is below the limit again.
//
//     bucket 0 .. 47     the clients whose memory has that many significant bits
//
// While there is a limit, a client whose buffers may have changed is noted once a turn, where it receives and where its reply is scheduled;
// before the loop sleeps the noted ones are measured (O(1) each), moved between buckets, and the sum is corrected. So a command pays nothing for
// it, and the largest client is found without looking at all. Without a limit nothing is noted; when one is set, everybody is measured.
//
// CLIENT NO-EVICT spares a client, though it counts.

/// <summary>Keeps the memory of clients within maxmemory-clients.</summary>
internal sealed class ClientMemory
{
    private const int Buckets = 48;
    private const long LeastBytes = 128 * 1024;

    private readonly RedisServer _server;
    private readonly HashSet<Client>?[] _buckets = new HashSet<Client>?[Buckets];
    private readonly List<Client> _noted = [];
    private long _total;

    internal ClientMemory(RedisServer server) => _server = server;

    /// <summary>Whether there is a limit.</summary>
    internal bool IsLimited { get; private set; }

    // A negative value is a percentage of maxmemory. No limit is so small that nobody could connect to correct it.
    private long LimitBytes
    {
        get
        {
            var given = _server.Config.MaxMemoryClients;
            var limit = given >= 0 ? given : (long)(_server.Config.MaxMemory / 100.0 * -given);
            return limit <= 0 ? 0 : Math.Max(limit, LeastBytes);
        }
    }

    /// <summary>Follows maxmemory-clients and maxmemory. O(clients) when the limit comes or goes, else O(1).</summary>
    internal void FollowConfig()
    {
        var wasLimited = IsLimited;
        IsLimited = LimitBytes > 0;
        if (IsLimited == wasLimited) return;
        if (wasLimited) Forget();
        else NoteAll();
    }

    /// <summary>Notes that a client's memory may have changed. O(1).</summary>
    internal void Note(Client client)
    {
        if (client.Is(ClientFlags.MemoryNoted)) return;
        client.Flags |= ClientFlags.MemoryNoted;
        _noted.Add(client);
    }

    /// <summary>Forgets a client that is freed.</summary>
    internal void Forget(Client client)
    {
        if (client.CountedBytes == 0) return;
        _buckets[BucketOf(client.CountedBytes)]!.Remove(client);
        _total -= client.CountedBytes;
        client.CountedBytes = 0;
    }

    /// <summary>Measures the noted clients, and closes the largest while all together exceed the limit.</summary>
    internal void Enforce()
    {
        // The limit goes when maxmemory, of which it is a percentage, does.
        if (LimitBytes <= 0)
        {
            FollowConfig();
            return;
        }

        foreach (var client in _noted) Measure(client);
        _noted.Clear();
        for (var bucket = Buckets - 1; _total > LimitBytes; bucket--)
        {
            if (bucket < 0)
            {
                _server.Log.Warning("Over client maxmemory after evicting all evictable clients");
                return;
            }

            Evict(bucket);
        }
    }

    private void Evict(int bucket)
    {
        if (_buckets[bucket] is not { Count: > 0 } clients) return;
        foreach (var client in clients.OrderByDescending(client => client.CountedBytes).ToArray())
        {
            if (_total <= LimitBytes) return;
            if (client.Is(ClientFlags.NoEvict)) continue;
            _server.Log.Notice($"Evicting client: {ClientDescription.ForLog(client)}");
            _server.Statistics.EvictedClients++;
            _server.Clients.Free(client);
        }
    }

    private void Measure(Client client)
    {
        client.Flags &= ~ClientFlags.MemoryNoted;
        if (client.Is(ClientFlags.Freed)) return;
        var bytes = client.MemoryBytes;
        if (bytes == client.CountedBytes) return;
        Forget(client);
        (_buckets[BucketOf(bytes)] ??= []).Add(client);
        _total += bytes;
        client.CountedBytes = bytes;
    }

    private void NoteAll()
    {
        for (var client = _server.Clients.Oldest; client is not null; client = client.Next) Note(client);
    }

    private void Forget()
    {
        foreach (var client in _noted) client.Flags &= ~ClientFlags.MemoryNoted;
        _noted.Clear();
        for (var client = _server.Clients.Oldest; client is not null; client = client.Next) Forget(client);
    }

    private static int BucketOf(long bytes) => Math.Min(Buckets - 1, BitOperations.Log2((ulong)bytes));
}
