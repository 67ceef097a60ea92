using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Persistence;

/// <summary>The clients that wait until their writes survive a power loss (WAITAOF).</summary>
internal sealed class AofWaiters(RedisServer server)
{
    private readonly List<(Client Client, Waiting Operation)> _waiting = [];

    /// <summary>Blocks a client until what it wrote last is synced, here and on so many replicas, or the time is up.</summary>
    internal void Block(Client client, long local, long replicas, long timeoutMs)
    {
        var operation = new Waiting(this, local, replicas);
        _waiting.Add((client, operation));
        server.Blocked.Block(client, operation, timeoutMs);
    }

    /// <summary>Answers those whose writes are synced by now. O(clients that wait).</summary>
    internal void Serve()
    {
        if (_waiting.Count == 0) return;
        foreach (var (client, operation) in _waiting.ToArray())
        {
            if (server.Aof.State == AofState.Off && operation.Local > 0)
                server.Blocked.Fail(client, "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."u8);
            else if (IsMet(client, operation.Local, operation.Replicas))
                server.Blocked.TimeOut(client);
        }
    }

    /// <summary>Whether there is nothing to wait for.</summary>
    internal bool IsMet(Client client, long local, long replicas) => local <= SyncedHere(client) && replicas <= 0;

    /// <summary>Replies where the client's writes are synced.</summary>
    internal void Reply(Client client)
    {
        client.Reply.ArrayHeader(2);
        client.Reply.Integer(SyncedHere(client));
        client.Reply.Integer(0);
    }

    private long SyncedHere(Client client) => server.Aof.State != AofState.Off && server.Aof.SyncedOffset >= client.WriteOffset ? 1 : 0;

    private void Forget(Waiting operation) => _waiting.RemoveAll(waiting => waiting.Operation == operation);

    private sealed class Waiting(AofWaiters waiters, long local, long replicas) : BlockedOperation
    {
        internal long Local => local;

        internal long Replicas => replicas;

        internal override void ReplyTimeout(Client client) => waiters.Reply(client);

        internal override void Detach(Client client) => waiters.Forget(this);
    }
}
