using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Blocking;

// Clients that wait in a command.
//
// A blocked client is only marked: its later requests stay as bytes in its query buffer, and nothing is read from it beyond that. What it
// waits for hangs on its BlockedOperation, which one kind of command defines (WAIT here, the blocking pops with their types).
// There are four ways out, and each ends in Release: the operation is served (its owner replies and calls Unblock), the deadline passes,
// CLIENT UNBLOCK, or the connection is gone. Deadlines are timers of the loop: to the millisecond, O(log n) to set and to cancel.

/// <summary>Blocks and unblocks clients.</summary>
internal sealed class BlockedClients
{
    private readonly RedisServer _server;

    internal BlockedClients(RedisServer server) => _server = server;

    /// <summary>How many clients are blocked.</summary>
    internal int Count { get; private set; }

    /// <summary>How many of them have a deadline.</summary>
    internal int WithTimeout { get; private set; }

    /// <summary>Blocks the client that runs the current command.</summary>
    /// <param name="client">The client.</param>
    /// <param name="operation">What it waits for.</param>
    /// <param name="timeoutMs">For how long at most; 0 is without end.</param>
    internal void Block(Client client, BlockedOperation operation, long timeoutMs)
    {
        client.Flags |= ClientFlags.Blocked;
        client.Blocked = operation;
        Count++;
        if (timeoutMs <= 0) return;
        WithTimeout++;
        operation.TimerId = _server.Loop.AddTimer(timeoutMs, () => Expire(client, operation));
    }

    /// <summary>Ends the waiting of a client that has been served; its remaining requests go on before the loop sleeps.</summary>
    internal void Unblock(Client client)
    {
        var operation = client.Blocked;
        if (!Release(client)) return;
        _server.Dispatch.CountUnblocked(client, operation!);
        Dispatch.EndReplySkip(client);
        _server.Requests.Resume(client);
        if (!client.Reply.Buffer.IsEmpty) _server.Replies.Schedule(client);
    }

    /// <summary>Ends the waiting as if its time were up.</summary>
    internal void TimeOut(Client client)
    {
        if (!client.IsSilent) client.Blocked?.ReplyTimeout(client);
        Unblock(client);
    }

    /// <summary>Ends the waiting with an error.</summary>
    internal void Fail(Client client, ReadOnlySpan<byte> error)
    {
        if (!client.IsSilent) client.Reply.Error(error);
        if (client.LastCommand is { } command) command.FailedCalls++;
        Unblock(client);
    }

    /// <summary>Forgets a client that is being freed.</summary>
    internal void Forget(Client client) => Release(client);

    private long Expire(Client client, BlockedOperation operation)
    {
        operation.TimerId = 0;
        WithTimeout--;
        if (client.Blocked == operation) TimeOut(client);
        return Loop.EventLoop.NoMore;
    }

    /// <summary>Ends the waiting without a word to the client; false when it did not wait.</summary>
    internal bool Release(Client client)
    {
        if (client.Blocked is not { } operation) return false;
        client.Blocked = null;
        client.Flags &= ~ClientFlags.Blocked;
        Count--;
        if (operation.TimerId != 0)
        {
            _server.Loop.RemoveTimer(operation.TimerId);
            operation.TimerId = 0;
            WithTimeout--;
        }

        operation.Detach(client);
        return true;
    }
}
