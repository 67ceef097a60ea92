using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Blocking;

// Clients that wait until a key holds something: BLPOP, BZPOPMIN, XREAD and their relatives.
//
//     key -> queue of waiting clients, in the order in which they blocked
//     ready: the keys that changed since, in the order in which they did
//
// A handler that finds nothing calls Block. When a key with a queue is written, it is put in the ready list; after the command
// (after EXEC, for a transaction) every ready key's clients are served in turn, by running their request again from the start: types,
// arguments and permissions are judged as they are then. One that finds nothing again blocks again, behind the others, with what is left
// of its time. Serving may make further keys ready (BLMOVE); Serve goes on until none is.
//
// What waits for entries to become old enough (XREADGROUP with CLAIM) has a timer for the next that will be, set when it blocks. Later deliveries are
// younger, so the timer stays right, but for one that makes an older one: it is signalled, and who waits for time looks again.
//
// Cost: a write to a key that nobody waits for pays one comparison while no client waits at all, else one look-up.

/// <summary>Blocks clients on keys and serves them when the keys are ready.</summary>
internal sealed class KeyWaits
{
    private readonly RedisServer _server;
    private readonly Dictionary<byte[], KeyQueue>[] _queues;
    private List<KeyQueue> _ready = [];
    private List<KeyQueue> _serving = [];
    private int _waiting;
    private bool _isServing;

    internal KeyWaits(RedisServer server)
    {
        _server = server;
        _queues = new Dictionary<byte[], KeyQueue>[server.Keyspace.DatabaseCount];
        for (var i = 0; i < _queues.Length; i++) _queues[i] = new Dictionary<byte[], KeyQueue>(ByteKeys.Comparer);
    }

    /// <summary>Keys that clients wait for.</summary>
    internal int KeyCount => _queues.Sum(static queues => queues.Count);

    /// <summary>Keys whose deletion wakes a client.</summary>
    internal int KeyCountWithDeletion => _queues.Sum(static queues => queues.Values.Count(static queue => queue.WokenByDeletion > 0));

    /// <summary>Whether any client waits for a key.</summary>
    internal bool IsWaitedFor => _waiting != 0;

    /// <summary>Whether a key that clients wait for has changed.</summary>
    internal bool HasReady => _ready.Count != 0;

    /// <summary>
    /// Blocks the client that runs the current command until one of its keys is ready or the time is up. Where it may not wait, within a
    /// transaction, it is answered at once as if its time were up.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="args">The request, which will run again.</param>
    /// <param name="firstKey">The argument that is the first key.</param>
    /// <param name="keyCount">How many keys follow each other from there.</param>
    /// <param name="wait">What it waits for.</param>
    /// <param name="timeoutMs">For how long at most; 0 is without end.</param>
    internal void Block(Client client, in ArgVector args, int firstKey, int keyCount, KeyWait wait, long timeoutMs)
    {
        var deadline = client.ReexecutedFrom?.DeadlineMs ?? (timeoutMs == 0 ? 0 : _server.Clock.NowMs + timeoutMs);
        var request = client.ReexecutedFrom?.Request ?? OwnedRequest.CopyOf(args);
        var operation = new BlockedOnKeys(this, request, wait, client.Database.Index, deadline);
        if (client.Is(ClientFlags.DenyBlocking))
        {
            if (wait.OnRefusal == TimeoutReply.Null) client.Reply.Null();
            else client.Reply.NullArray();
            return;
        }

        for (var i = firstKey; i < firstKey + keyCount; i++) Enqueue(client, operation, args[i]);
        _server.Blocked.Block(client, operation, deadline == 0 ? 0 : Math.Max(1, deadline - _server.Clock.NowMs));
        if (wait.RetryMs is { } retry and not long.MaxValue)
            operation.RetryTimerId = _server.Loop.AddTimer(Math.Max(1, retry - _server.Clock.NowMs), () => Retry(client, operation));
    }

    /// <summary>Notes that a key was written or is gone; O(1).</summary>
    internal void SignalChanged(Database database, ReadOnlySpan<byte> key)
    {
        if (_queues[database.Index].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var queue)) MarkReady(queue);
    }

    /// <summary>Notes that a key holds something that will be old enough sooner than anything it held before; O(1).</summary>
    internal void SignalOlder(Database database, ReadOnlySpan<byte> key)
    {
        if (_waiting == 0) return;
        if (_queues[database.Index].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var queue) && queue.WokenByTime > 0) MarkReady(queue);
    }

    /// <summary>Notes that a database has other contents: every key that is waited for in it may be ready.</summary>
    internal void SignalReplaced(Database database)
    {
        if (_waiting == 0) return;
        foreach (var queue in _queues[database.Index].Values) MarkReady(queue);
    }

    /// <summary>Runs the requests again that wait for ready keys, until no key is ready.</summary>
    internal void Serve()
    {
        // What a served request makes ready is served by the loop below, not on top of it.
        if (_isServing) return;
        _isServing = true;
        while (_ready.Count != 0)
        {
            (_ready, _serving) = (_serving, _ready);
            foreach (var queue in _serving)
            {
                queue.IsReady = false;
                Serve(queue);
            }

            _serving.Clear();
        }

        _isServing = false;
    }

    /// <summary>Takes a client out of the queues of its keys.</summary>
    internal void Forget(BlockedOnKeys operation)
    {
        if (operation.RetryTimerId != 0) _server.Loop.RemoveTimer(operation.RetryTimerId);
        operation.RetryTimerId = 0;
        foreach (var place in operation.Places)
        {
            var queue = place.Value.Queue;
            queue.Clients.Remove(place);
            if (operation.Wait.Wake == WakeOn.TypeOrDeletion) queue.WokenByDeletion--;
            if (operation.Wait.RetryMs is not null) queue.WokenByTime--;
            if (queue.Clients.Count == 0) _queues[queue.Database].Remove(queue.Key);
            _waiting--;
        }

        operation.Places.Clear();
    }

    private void Enqueue(Client client, BlockedOnKeys operation, ReadOnlySpan<byte> key)
    {
        var queues = _queues[operation.DatabaseIndex].GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!queues.TryGetValue(key, out var queue))
        {
            queue = new KeyQueue(operation.DatabaseIndex, key.ToArray());
            queues[key] = queue;
        }

        // A key that is named twice is waited for once.
        if (queue.Clients.Last?.Value.Operation == operation) return;
        if (operation.Wait.Wake == WakeOn.TypeOrDeletion) queue.WokenByDeletion++;
        if (operation.Wait.RetryMs is not null) queue.WokenByTime++;
        operation.Places.Add(queue.Clients.AddLast(new WaitingClient(client, operation, queue)));
        _waiting++;
    }

    private void MarkReady(KeyQueue queue)
    {
        if (queue.IsReady) return;
        queue.IsReady = true;
        _ready.Add(queue);
    }

    // Those that block again go to the end of the queue, so it is gone through up to who is the last now. Once there is nothing left to take,
    // the others go on waiting without being looked at: a push costs no more for many that wait.
    private void Serve(KeyQueue queue)
    {
        var last = queue.Clients.Last;
        for (var place = queue.Clients.First; place is not null;)
        {
            var entry = _server.Keyspace[queue.Database].Peek(queue.Key);
            if (!entry.Exists && queue.WokenByDeletion == 0) return;
            var (isLast, next, wait) = (place == last, place.Next, place.Value.Operation.Wait);
            if (wait.Wake == WakeOn.TypeOrDeletion || (entry.Exists && entry.Type == wait.Type)) Reexecute(place.Value.Client, place.Value.Operation);
            if (isLast) return;
            place = next;
            // Serving one has ended the waiting of others too: once more from the front, later.
            if (last!.List is not null && next!.List is not null) continue;
            MarkReady(queue);
            return;
        }
    }

    private long Retry(Client client, BlockedOnKeys operation)
    {
        operation.RetryTimerId = 0;
        if (client.Blocked == operation) Reexecute(client, operation);
        return Loop.EventLoop.NoMore;
    }

    private void Reexecute(Client client, BlockedOnKeys operation)
    {
        _server.Blocked.Release(client);
        client.ReexecutedFrom = operation;
        _server.Requests.Reexecute(client, operation.Request);
        client.ReexecutedFrom = null;
        if (client.IsAny(ClientFlags.Blocked | ClientFlags.Freed)) return;
        _server.Requests.Resume(client);
        if (!client.Reply.Buffer.IsEmpty) _server.Replies.Schedule(client);
    }
}
