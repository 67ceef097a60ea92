using KestrelFree.Protocol;
using KestrelFree.Server.Commands;

namespace KestrelFree.Server.Transactions;

// The requests between MULTI and EXEC, copied out of the query buffer:
//
//     chunk    [ SET k1 v1 | SET k2 v2 | ... free ]    [ one request that is longer than a chunk ]
//     slices   where each argument lies in its chunk, of all requests in a row
//     requests command, chunk, its first slice and how many
//
// A request lies in one chunk whole, since arguments are slices of one array. A short transaction allocates nothing: the server keeps the last
// one that ended, and its first chunk, for the next (TransactionCommands).

/// <summary>The requests that a client has queued between MULTI and EXEC.</summary>
internal sealed class Transaction
{
    private const int ChunkBytes = 4096;
    private const int KeptSlices = 1024;
    private const int RequestOverheadBytes = 80;

    private readonly byte[] _first = new byte[ChunkBytes];
    private readonly List<QueuedRequest> _requests = [];
    private byte[] _chunk;
    private int _filled;
    private ArgSlice[] _slices = new ArgSlice[64];
    private int _sliceCount;

    internal Transaction() => _chunk = _first;

    /// <summary>The requests in the order of their arrival.</summary>
    internal IReadOnlyList<QueuedRequest> Requests => _requests;

    /// <summary>The memory of the requests, which client-query-buffer-limit counts.</summary>
    internal long MemoryBytes { get; private set; }

    /// <summary>The database that will be selected behind the requests so far; null while none of them selects one.</summary>
    internal int? SelectedDatabase { get; private set; }

    /// <summary>Whether a request was refused, so that EXEC will refuse them all.</summary>
    internal bool IsAborted { get; set; }

    /// <summary>Keeps a request for EXEC. O(its bytes).</summary>
    /// <exception cref="OverflowException">The arguments together are longer than an array may be.</exception>
    internal void Queue(Command command, in ArgVector args)
    {
        var bytes = checked((int)args.TotalBytes);
        if (_chunk.Length - _filled < bytes) (_chunk, _filled) = (GC.AllocateUninitializedArray<byte>(Math.Max(bytes, ChunkBytes)), 0);
        if (_slices.Length - _sliceCount < args.Count) Array.Resize(ref _slices, Math.Max(_slices.Length * 2, _sliceCount + args.Count));
        _requests.Add(new QueuedRequest(command, _chunk, _sliceCount, args.Count));
        for (var i = 0; i < args.Count; i++)
        {
            var argument = args[i];
            argument.CopyTo(_chunk.AsSpan(_filled));
            _slices[_sliceCount++] = new ArgSlice(_filled, argument.Length);
            _filled += argument.Length;
        }

        MemoryBytes += RequestOverheadBytes + bytes + 8L * args.Count;
        if (command.Spec.Name == "select" && Numbers.TryParseInteger(args[1], out var index) && index is >= 0 and <= int.MaxValue) SelectedDatabase = (int)index;
    }

    /// <summary>The arguments of a queued request; valid until <see cref="Clear"/>.</summary>
    internal ArgVector ArgsOf(in QueuedRequest request) => new(request.Chunk, _slices.AsSpan(request.FirstSlice, request.SliceCount));

    /// <summary>Empties it for another transaction, and gives up what a long one has taken.</summary>
    internal void Clear()
    {
        _requests.Clear();
        if (_requests.Capacity > KeptSlices) _requests.Capacity = KeptSlices;
        _chunk = _first;
        if (_slices.Length > KeptSlices) _slices = new ArgSlice[KeptSlices];
        _filled = _sliceCount = 0;
        MemoryBytes = 0;
        SelectedDatabase = null;
        IsAborted = false;
    }
}

/// <summary>A request that waits for EXEC.</summary>
/// <param name="Command">The command that it names.</param>
/// <param name="Chunk">Where its arguments lie.</param>
/// <param name="FirstSlice">The first of the transaction's slices that is its.</param>
/// <param name="SliceCount">How many of them are.</param>
internal readonly record struct QueuedRequest(Command Command, byte[] Chunk, int FirstSlice, int SliceCount);
