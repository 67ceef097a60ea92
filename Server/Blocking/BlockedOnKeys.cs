using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Blocking;

/// <summary>What a command replies that may not wait for keys. One that has waited in vain replies a null array, whatever it is.</summary>
internal enum TimeoutReply
{
    /// <summary>A null array, as the pops do.</summary>
    NullArray,

    /// <summary>A null, as the moves of single elements do.</summary>
    Null,
}

/// <summary>Whether a client that waits for keys is woken by their deletion too.</summary>
internal enum WakeOn
{
    /// <summary>Only by a key of the type that it waits for.</summary>
    Type,

    /// <summary>By a deleted or retyped key as well: XREADGROUP, whose group goes with the key.</summary>
    TypeOrDeletion,
}

/// <summary>What a command that blocks on keys waits for.</summary>
/// <param name="Type">The type of value that serves it.</param>
/// <param name="OnRefusal">What it replies where it may not wait.</param>
/// <param name="Wake">What wakes it.</param>
/// <param name="RetryMs">
/// When it is served without a change of its keys, in Unix milliseconds, since what they hold gets old enough by then: XREADGROUP with CLAIM. The greatest
/// number is never, unless deliveries change that; null is never.
/// </param>
/// <param name="Ids">Where its streams were when the waiting began.</param>
internal readonly record struct KeyWait(
    DataType Type, TimeoutReply OnRefusal = TimeoutReply.NullArray, WakeOn Wake = WakeOn.Type, long? RetryMs = null, StreamId[]? Ids = null);

/// <summary>The state of one client that waits for keys: the request to run again, and its places in the keys' queues.</summary>
internal sealed class BlockedOnKeys : BlockedOperation
{
    private readonly KeyWaits _waits;

    internal BlockedOnKeys(KeyWaits waits, OwnedRequest request, KeyWait wait, int database, long deadlineMs)
    {
        _waits = waits;
        Request = request;
        Wait = wait;
        DatabaseIndex = database;
        DeadlineMs = deadlineMs;
    }

    /// <summary>The request, which runs again when a key is ready.</summary>
    internal override OwnedRequest Request { get; }

    /// <summary>What it waits for.</summary>
    internal KeyWait Wait { get; }

    /// <summary>The database of the keys.</summary>
    internal int DatabaseIndex { get; }

    /// <summary>When the waiting ends, in Unix milliseconds; 0 is never.</summary>
    internal long DeadlineMs { get; }

    /// <summary>Its places in the queues, one for each key.</summary>
    internal List<LinkedListNode<WaitingClient>> Places { get; } = [];

    /// <summary>The timer that serves it at <see cref="KeyWait.RetryMs"/>; 0 is none.</summary>
    internal long RetryTimerId { get; set; }

    /// <inheritdoc/>
    internal override void ReplyTimeout(Client client) => client.Reply.NullArray();

    /// <inheritdoc/>
    internal override void Detach(Client client) => _waits.Forget(this);
}

/// <summary>A client's place in the queue of a key.</summary>
/// <param name="Client">The client.</param>
/// <param name="Operation">What it waits for.</param>
/// <param name="Queue">The queue.</param>
internal sealed record WaitingClient(Client Client, BlockedOnKeys Operation, KeyQueue Queue);

/// <summary>The clients that wait for one key, the longest waiting first.</summary>
/// <param name="Database">The number of the key's database.</param>
/// <param name="Key">The key.</param>
internal sealed record KeyQueue(int Database, byte[] Key)
{
    /// <summary>Who waits.</summary>
    internal LinkedList<WaitingClient> Clients { get; } = new();

    /// <summary>How many of them are woken by deletion too.</summary>
    internal int WokenByDeletion { get; set; }

    /// <summary>How many of them are woken by time too.</summary>
    internal int WokenByTime { get; set; }

    /// <summary>Whether the key stands in the list of ready ones.</summary>
    internal bool IsReady { get; set; }
}
