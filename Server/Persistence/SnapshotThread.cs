using KestrelFree.Server.Hosting;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Persistence;

// Starting a thread makes whoever starts it wait until the system has let the new one run: 10 ms went by in the turn of a first BGSAVE under
// load, 2.6 ms of them on the processor. So a thread is started before it is needed, and after a run it waits for the next one.
//
// The two sides share _run only. The loop writes it before it releases the semaphore, and the thread takes it out after that; a release without
// a run is the end.

/// <summary>A thread of low priority that runs one <see cref="SnapshotRun"/> after the other.</summary>
internal sealed class SnapshotThread : IDisposable
{
    private readonly SemaphoreSlim _work = new(0);
    private readonly ServerLog _log;
    private SnapshotRun? _run;
    private string _processors = "";

    internal SnapshotThread(ServerLog log)
    {
        _log = log;
        new Thread(Serve) { IsBackground = true, Name = "snapshot" }.Start();
    }

    /// <summary>Begins a run; the one before must have ended. Returns at once.</summary>
    internal void Begin(SnapshotRun run)
    {
        Volatile.Write(ref _run, run);
        _work.Release();
    }

    /// <summary>Ends the thread, when it has done what it does.</summary>
    public void Dispose() => _work.Release();

    private void Serve()
    {
        BackgroundPriority.LowerOfThisThread();
        for (; ; )
        {
            _work.Wait();
            if (Interlocked.Exchange(ref _run, null) is not { } run) return;
            FollowProcessors(run.Job.Processors);
            run.RunJob();
        }
    }

    private void FollowProcessors(string processors)
    {
        if (processors == _processors) return;
        _processors = processors;
        if (processors.Length == 0) ProcessorAffinity.ReleaseThread();
        else ProcessorAffinity.BindThread(processors, _log);
    }
}
