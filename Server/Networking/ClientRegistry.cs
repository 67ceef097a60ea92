using System.Net.Sockets;
using KestrelFree.Protocol;

namespace KestrelFree.Server.Networking;

// Every connected client, by number and in the order of connection.
//
// Freeing has two forms, as in Redis. Free closes at once, and may be called only for a client that no code above on the stack works with.
// CloseAsap marks the client and leaves the closing to the turn's BeforeSleep: it is the safe one while a command runs.

/// <summary>Creates, finds and frees clients. Look-up by number is O(1), listing is in order of connection.</summary>
internal sealed class ClientRegistry
{
    private readonly RedisServer _server;
    private readonly Dictionary<long, Client> _byId = [];
    private readonly List<Client> _closing = [];
    private Client? _oldest;
    private Client? _newest;
    private Client? _cronCursor;
    private long _lastId;

    internal ClientRegistry(RedisServer server) => _server = server;

    /// <summary>How many clients are connected.</summary>
    internal int Count => _byId.Count;

    /// <summary>The oldest client; the others follow by <see cref="Client.Next"/>.</summary>
    internal Client? Oldest => _oldest;

    /// <summary>Finds a client by its number, or null.</summary>
    internal Client? Find(long id) => _byId.GetValueOrDefault(id);

    /// <summary>Takes over a connection that a listener accepted (or none did: one end of a pair), or refuses it with Redis's error.</summary>
    internal void Accept(Socket connection, Listener? listener)
    {
        var isTls = listener is { IsTls: true };
        var isUnix = listener is { IsUnix: true };
        if (Count >= _server.Config.MaxClients)
        {
            Refuse(connection, isTls ? default : "-ERR max number of clients reached\r\n"u8);
            return;
        }

        var isLocal = isUnix || PeerAddress.IsLoopback(connection);
        if (!isTls && IsProtectedFrom(isLocal))
        {
            Refuse(connection, ConnectionErrors.ProtectedMode);
            return;
        }

        var client = new Client(_server, connection, ++_lastId, listener)
        {
            Tls = isTls ? _server.Tls.Open(connection) : null,
            IsAuthenticated = _server.Users.Default.IsOpen,
            Flags = (isUnix ? ClientFlags.UnixSocket : ClientFlags.None) | (isLocal ? ClientFlags.Local : ClientFlags.None),
        };
        Link(client);
        _server.Statistics.ConnectionsReceived++;
        if (_server.ClientMemory.IsLimited) _server.ClientMemory.Note(client);
        _server.Loop.Add(client);
    }

    /// <summary>
    /// Lets a client in whose handshake is done: the checks that it could not be told of before, and the requests that came with it.
    /// </summary>
    internal void Welcome(Client client)
    {
        if (!IsProtectedFrom(client.Is(ClientFlags.Local)))
        {
            _server.Requests.Receive(client);
            return;
        }

        _server.Statistics.ConnectionsRejected++;
        client.Reply.Buffer.Append(ConnectionErrors.ProtectedMode);
        client.Flags |= ClientFlags.CloseAfterReply;
        _server.Replies.Schedule(client);
    }

    /// <summary>Marks a client to be closed before the loop sleeps; until then nothing is read from it or written to it.</summary>
    internal void CloseAsap(Client client)
    {
        if (client.IsAny(ClientFlags.CloseAsap | ClientFlags.Freed)) return;
        client.Flags |= ClientFlags.CloseAsap;
        _closing.Add(client);
    }

    /// <summary>Frees the clients that were marked since the last turn.</summary>
    internal void FreeMarked()
    {
        foreach (var client in _closing) Free(client);
        _closing.Clear();
    }

    /// <summary>Closes a connection at once and forgets the client.</summary>
    internal void Free(Client client)
    {
        if (client.Is(ClientFlags.Freed)) return;
        client.Flags |= ClientFlags.Freed;
        _server.Blocked.Forget(client);
        _server.Watches.Unwatch(client);
        _server.Subscriptions.UnsubscribeAll(client);
        _server.Monitors.Remove(client);
        _server.Tracking.Disable(client);
        _server.ClientMemory.Forget(client);
        _server.Loop.Remove(client);
        client.Tls?.Dispose();
        client.Socket.Dispose();
        client.Query.Release();
        client.Reply.Buffer.Release();
        Unlink(client);
    }

    /// <summary>Closes every connection: the last act of a shutdown.</summary>
    internal void FreeAll()
    {
        while (_oldest is not null) Free(_oldest);
    }

    /// <summary>The next <paramref name="count"/> clients in turn, round robin over the calls: what the cron looks after.</summary>
    internal void VisitSome(int count, Action<Client> visit)
    {
        for (var i = Math.Min(count, Count); i > 0; i--)
        {
            _cronCursor = _cronCursor?.Next ?? _oldest;
            if (_cronCursor is null) return;
            var client = _cronCursor;
            visit(client);
        }
    }

    /// <summary>Whether protected mode keeps a peer out.</summary>
    internal bool IsProtectedFrom(bool isLocal) => _server.Config.ProtectedMode && _server.Users.Default.NeedsNoPassword && !isLocal;

    private void Refuse(Socket connection, ReadOnlySpan<byte> error)
    {
        _server.Statistics.ConnectionsRejected++;
        if (!error.IsEmpty) connection.Send(error, SocketFlags.None, out _);
        connection.Dispose();
    }

    private void Link(Client client)
    {
        _byId.Add(client.Id, client);
        client.Previous = _newest;
        if (_newest is null) _oldest = client;
        else _newest.Next = client;
        _newest = client;
    }

    private void Unlink(Client client)
    {
        _byId.Remove(client.Id);
        if (_cronCursor == client) _cronCursor = client.Previous;
        if (client.Previous is null) _oldest = client.Next;
        else client.Previous.Next = client.Next;
        if (client.Next is null) _newest = client.Previous;
        else client.Next.Previous = client.Previous;
    }
}
