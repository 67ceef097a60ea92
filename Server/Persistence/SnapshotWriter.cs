using KestrelFree.Server.Introspection;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Loop;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

// What reads the whole data set while the server goes on serving.
//
//     loop                                   thread of the run
//     Start: fork, wake the thread     ->    job.Run(snapshot, progress), at a lowered priority
//     serve; copy what it must not see       walk, write, count keys
//     OnLoop: release, log, Completed  <-    post the run
//
// Where Redis forks the process, there is one thread per run here, as many as jobs overlap. It is sound since the thread touches the
// snapshot, which nobody writes (see ForkEpochs), and the progress, whose two fields are written by one side each; all else waits until the run is
// back on the loop. A job is cancelled by a flag that it looks at between two keys: memory is only given back when it has
// stopped, so cancelling does not wait for it.

/// <summary>Runs jobs on forks of the keyspace.</summary>
internal sealed class SnapshotWriter : IDisposable
{
    private const int MostIdle = 2;

    private readonly EventLoop _loop;
    private readonly Keyspace _keyspace;
    private readonly ServerStatistics _statistics;
    private readonly LatencyMonitor _latency;
    private readonly ServerLog _childLog;
    private readonly List<SnapshotRun> _running = [];
    private readonly Stack<SnapshotThread> _idle = [];

    internal SnapshotWriter(EventLoop loop, Keyspace keyspace, ServerStatistics statistics, LatencyMonitor latency, ServerLog log)
    {
        _loop = loop;
        _keyspace = keyspace;
        _statistics = statistics;
        _latency = latency;
        _childLog = log.ForChild();
        _idle.Push(new SnapshotThread(_childLog));

        // The first fork compiles what forking takes, for a millisecond: rather now, while nobody waits.
        keyspace.Fork().Release();
    }

    /// <summary>What runs at the moment, oldest first.</summary>
    internal IReadOnlyList<SnapshotRun> Running => _running;

    /// <summary>The bytes that the live forks share with the live data.</summary>
    internal long SharedBytes => _running.Count == 0 ? 0 : Math.Max(0, _running[^1].BytesAtFork - _running[^1].KeptBytes);

    /// <summary>The bytes kept for the oldest live fork, or for the last one that there was.</summary>
    internal long CopiedBytes => _running.Count == 0 ? LastCopiedBytes : _running[0].KeptBytes;

    /// <summary>The bytes that the last fork had kept when it ended.</summary>
    internal long LastCopiedBytes { get; private set; }

    /// <summary>The most bytes that a fork has kept.</summary>
    internal long PeakCopiedBytes { get; private set; }

    /// <summary>Forks and begins a job. Takes microseconds, at any size of the data set.</summary>
    internal SnapshotRun Start(SnapshotJob job)
    {
        var run = new SnapshotRun(this, _loop, _idle.TryPop(out var idle) ? idle : new SnapshotThread(_childLog), _keyspace, job);
        _statistics.CountFork(run.ForkMicros);
        _latency.Add("fork", run.ForkMicros / 1000);
        _running.Add(run);
        run.Thread.Begin(run);
        return run;
    }

    /// <summary>Takes back a run whose thread is done; called by the run.</summary>
    internal void End(SnapshotRun run, SnapshotOutcome outcome)
    {
        LastCopiedBytes = run.KeptBytes;
        PeakCopiedBytes = Math.Max(PeakCopiedBytes, LastCopiedBytes);
        _running.Remove(run);
        _childLog.Notice($"Fork CoW for {run.Job.Name}: current {LastCopiedBytes >> 20} MB, peak {PeakCopiedBytes >> 20} MB");
        if (_idle.Count < MostIdle) _idle.Push(run.Thread);
        else run.Thread.Dispose();
        run.Job.Completed(run, outcome);
    }

    /// <summary>Ends the threads; one that is busy goes on to the end of its run.</summary>
    public void Dispose()
    {
        foreach (var run in _running) run.Thread.Dispose();
        while (_idle.TryPop(out var thread)) thread.Dispose();
    }
}
