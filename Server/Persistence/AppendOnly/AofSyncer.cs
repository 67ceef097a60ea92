using System.Collections.Concurrent;
using KestrelFree.Server.Config;
using KestrelFree.Server.Hosting;
using KestrelFree.Server.Loop;

namespace KestrelFree.Server.Persistence;

// The thread that waits for the disk, so that the loop does not. It is sound since it shares three things with the loop only: the queue; the
// files in it, of which it uses nothing but Sync and Dispose, and Dispose only of those that the loop has let go of; and the outcome, whose
// fields are volatile and written here alone. After each request it posts a message, so that the loop looks at the outcome.

/// <summary>Syncs files in the background, one after the other.</summary>
internal sealed class AofSyncer : LoopMessage, IDisposable
{
    private readonly BlockingCollection<Request> _requests = [];
    private readonly RedisServer _server;
    private readonly Action _ended;
    private readonly Thread _thread;
    private int _pending;
    private long _syncedOffset;
    private volatile SaveFault? _fault;

    internal AofSyncer(RedisServer server, Action ended)
    {
        _server = server;
        _ended = ended;
        _thread = new Thread(Run) { IsBackground = true, Name = "aof sync" };
        _thread.Start();
    }

    /// <summary>How many syncs are not done.</summary>
    internal int Pending => Volatile.Read(ref _pending);

    /// <summary>The offset of the last sync that succeeded; see <see cref="Sync"/>.</summary>
    internal long SyncedOffset => Volatile.Read(ref _syncedOffset);

    /// <summary>Why the last sync failed; null when it did not.</summary>
    internal SaveFault? Fault => _fault;

    /// <summary>Has a file synced.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">How much of what was fed it and those before it contain by now.</param>
    internal void Sync(AofFile file, long offset) => Add(new Request(file, offset, null));

    /// <summary>Has a file synced that nobody else uses any more, and closes it.</summary>
    internal void SyncAndClose(AofFile file, long offset) => Add(new Request(file, offset, file));

    /// <summary>Has a file closed that has lost its name: only then does the file system free its blocks, which takes long for a large one.</summary>
    internal void Close(IDisposable file) => _requests.Add(new Request(null, 0, file));

    /// <summary>Returns when all syncs are done.</summary>
    internal void WaitUntilIdle()
    {
        var wait = new SpinWait();
        while (Pending != 0) wait.SpinOnce();
    }

    /// <inheritdoc/>
    public override void OnLoop() => _ended();

    /// <inheritdoc/>
    public void Dispose()
    {
        _requests.CompleteAdding();
        _thread.Join();
        _requests.Dispose();
    }

    private void Add(Request request)
    {
        Interlocked.Increment(ref _pending);
        _requests.Add(request);
    }

    private void Run()
    {
        ProcessorAffinity.BindThread(_server.Config.BackgroundProcessors, _server.Log);
        foreach (var request in _requests.GetConsumingEnumerable())
        {
            if (request.File is { } file) Sync(file, request);
            request.ToClose?.Dispose();
            if (request.File is null) continue;
            Interlocked.Decrement(ref _pending);
            _server.Loop.Post(this);
        }
    }

    private void Sync(AofFile file, Request request)
    {
        try
        {
            file.Sync();
            _fault = null;
            Volatile.Write(ref _syncedOffset, request.Offset);
        }
        catch (IOException e)
        {
            _fault = SaveFault.Of("Failed to fsync the AOF file", file.FilePath, e);
        }
    }

    private readonly record struct Request(AofFile? File, long Offset, IDisposable? ToClose);
}
