using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Blocking;

// CLIENT PAUSE: for a time no client's writes run, or no commands at all, and no key expires, so that a replica can catch up with a data
// set that stands still.
//
// A request that is held back is kept, and its client blocked. When the pause ends all of them are unblocked at once, and before the loop sleeps their
// requests run in the order in which they came, through all of Dispatch's guards. What runs within a transaction is not held back, since its EXEC was let through. Monitors are never paused. Of two
// pauses at once the longer and the stricter holds.

/// <summary>What is held back.</summary>
internal enum PauseMode
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>What may write or reach replicas.</summary>
    Write,

    /// <summary>Every command.</summary>
    All,
}

/// <summary>Holds clients' requests back and lets them go on.</summary>
internal sealed class ClientPause
{
    private const CommandFlags Writing = CommandFlags.Write | CommandFlags.MayReplicate;

    private readonly RedisServer _server;
    private readonly LinkedList<Client> _held = new();
    private readonly Queue<(Client Client, HeldRequest Held)> _released = new();
    private long _endMs;
    private long _timer;

    internal ClientPause(RedisServer server) => _server = server;

    /// <summary>What is held back at the moment.</summary>
    internal PauseMode Mode { get; private set; }

    /// <summary>Whether a pause is over whose requests are still to run.</summary>
    internal bool HasReleased => _released.Count != 0;

    /// <summary>Begins a pause, or makes the present one longer or stricter.</summary>
    /// <param name="mode">What is held back.</param>
    /// <param name="endMs">When it ends, in Unix milliseconds.</param>
    internal void Begin(PauseMode mode, long endMs)
    {
        if (endMs <= _server.Clock.NowMs) return;
        if (mode > Mode) Mode = mode;
        _endMs = Math.Max(_endMs, endMs);
        _server.Keyspace.ExpiredKeys = ExpiredKeys.Hide;
        if (_timer == 0) _timer = _server.Loop.AddTimer(_endMs - _server.Clock.NowMs, EndWhenDue);
    }

    /// <summary>Ends the pause; what was held back runs before the loop sleeps.</summary>
    internal void End()
    {
        if (Mode == PauseMode.None) return;
        Mode = PauseMode.None;
        _endMs = 0;
        _server.Keyspace.ExpiredKeys = ExpiredKeys.Delete;
        _server.Loop.RemoveTimer(_timer);
        _timer = 0;
        while (_held.First is { } first) Unblock(first.Value);
    }

    /// <summary>Holds a request back if the pause says so.</summary>
    internal bool TryHold(Client client, Command command, in ArgVector args)
    {
        if (client.Is(ClientFlags.Monitor)) return false;
        if (Mode == PauseMode.Write && !MayWrite(client, command)) return false;
        _server.Blocked.Block(client, new HeldRequest(_held, client, OwnedRequest.CopyOf(args)), timeoutMs: 0);
        return true;
    }

    /// <summary>Runs the requests that were held back, the longest held first.</summary>
    internal void RunReleased()
    {
        for (var left = _released.Count; left > 0; left--)
        {
            var (client, held) = _released.Dequeue();
            client.Flags &= ~ClientFlags.Unblocked;
            if (client.Is(ClientFlags.Freed)) continue;
            client.ReexecutedFrom = held.ContinuedFrom;
            _server.Requests.Reexecute(client, held.Request);
            client.ReexecutedFrom = null;
            // What it has sent since comes before what others wait to do.
            if (!client.IsAny(ClientFlags.Blocked | ClientFlags.Freed)) _server.Requests.Execute(client);
        }
    }

    // Until its request has run, nothing else is read from it.
    private void Unblock(Client client)
    {
        _released.Enqueue((client, (HeldRequest)client.Blocked!));
        _server.Blocked.Release(client);
        client.Flags |= ClientFlags.Unblocked;
        _server.Loop.WorkPending = true;
    }

    private static bool MayWrite(Client client, Command command)
    {
        if ((command.Flags & Writing) != 0) return true;
        if (command.Spec.Name != "exec" || client.Transaction is not { } transaction) return false;
        foreach (var queued in transaction.Requests)
        {
            if ((queued.Command.Flags & Writing) != 0) return true;
        }

        return false;
    }

    private long EndWhenDue()
    {
        var left = _endMs - _server.Clock.NowMs;
        if (left > 0) return left;
        _timer = 0;
        End();
        return Loop.EventLoop.NoMore;
    }

    /// <summary>A request that waits for the end of the pause.</summary>
    private sealed class HeldRequest : BlockedOperation
    {
        private readonly LinkedListNode<Client> _place;

        internal HeldRequest(LinkedList<Client> held, Client client, OwnedRequest request)
        {
            Request = request;
            ContinuedFrom = client.ReexecutedFrom;
            _place = held.AddLast(client);
        }

        internal override OwnedRequest Request { get; }

        internal BlockedOnKeys? ContinuedFrom { get; }

        internal override bool MayTimeOut => false;

        internal override void ReplyTimeout(Client client)
        {
        }

        internal override void Detach(Client client) => _place.List!.Remove(_place);
    }
}
