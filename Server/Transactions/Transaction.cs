using KestrelFree.Protocol;
using KestrelFree.Server.Commands;

namespace KestrelFree.Server.Transactions;

/// <summary>The requests that a client has queued between MULTI and EXEC.</summary>
internal sealed class Transaction
{
    private readonly List<QueuedRequest> _requests = [];

    /// <summary>The requests in the order of their arrival.</summary>
    internal IReadOnlyList<QueuedRequest> Requests => _requests;

    /// <summary>The memory of the requests, which client-query-buffer-limit counts.</summary>
    internal long MemoryBytes { get; private set; }

    /// <summary>The database that will be selected behind the requests so far; null while none of them selects one.</summary>
    internal int? SelectedDatabase { get; private set; }

    /// <summary>Whether a request was refused, so that EXEC will refuse them all.</summary>
    internal bool IsAborted { get; set; }

    /// <summary>Keeps a request for EXEC.</summary>
    internal void Queue(Command command, in ArgVector args)
    {
        var request = OwnedRequest.CopyOf(args);
        _requests.Add(new QueuedRequest(command, request));
        MemoryBytes += request.MemoryBytes;
        if (command.Spec.Name == "select" && Numbers.TryParseInteger(args[1], out var index) && index is >= 0 and <= int.MaxValue) SelectedDatabase = (int)index;
    }
}

/// <summary>A request that waits for EXEC.</summary>
/// <param name="Command">The command that it names.</param>
/// <param name="Request">The request.</param>
internal readonly record struct QueuedRequest(Command Command, OwnedRequest Request);
