using System.Diagnostics;
using KestrelFree.Server.Loop;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

/// <summary>One job on its way: its fork, its thread, its progress and its price. Belongs to the loop, but for what its thread runs.</summary>
internal sealed class SnapshotRun : LoopMessage
{
    private readonly SnapshotWriter _writer;
    private readonly EventLoop _loop;
    private readonly Keyspace _keyspace;
    private readonly Snapshot _snapshot;
    private readonly long _keptAtFork;
    private readonly long _began = Stopwatch.GetTimestamp();
    private Exception? _fault;

    internal SnapshotRun(SnapshotWriter writer, EventLoop loop, SnapshotThread thread, Keyspace keyspace, SnapshotJob job)
    {
        _writer = writer;
        _loop = loop;
        _keyspace = keyspace;
        Thread = thread;
        _keptAtFork = keyspace.ForkKeptBytes;
        _snapshot = keyspace.Fork();
        BytesAtFork = keyspace.Memory.UsedBytes;
        Job = job;
        Progress = new SnapshotProgress(_snapshot.KeyCount);
    }

    /// <summary>What is done.</summary>
    internal SnapshotJob Job { get; }

    /// <summary>Where it is done.</summary>
    internal SnapshotThread Thread { get; }

    /// <summary>How far it is.</summary>
    internal SnapshotProgress Progress { get; }

    /// <summary>How long the fork took, in microseconds.</summary>
    internal long ForkMicros => _snapshot.ForkMicros;

    /// <summary>The memory in use when the fork was made.</summary>
    internal long BytesAtFork { get; }

    /// <summary>The bytes kept beside their replacements since the fork was made; with several forks at once, for all of them.</summary>
    internal long KeptBytes => _keyspace.ForkKeptBytes - _keptAtFork;

    /// <summary>For how long it has run, in seconds.</summary>
    internal double ElapsedSeconds => Stopwatch.GetElapsedTime(_began).TotalSeconds;

    /// <inheritdoc/>
    public override void OnLoop()
    {
        // Whatever the job did not handle has left it, and maybe more, in an unknown state.
        if (_fault is not null) throw new InvalidOperationException($"the {Job.Name} of a snapshot failed", _fault);
        _snapshot.Release();
        _writer.End(this, Progress.IsCancelled ? SnapshotOutcome.Cancelled : SnapshotOutcome.Finished);
    }

    /// <summary>Does the job, on the thread of this run, and ends by posting the run to the loop.</summary>
    internal void RunJob()
    {
        try
        {
            Job.Run(_snapshot, Progress);
        }
        catch (Exception fault)
        {
            _fault = fault;
        }

        _loop.Post(this);
    }
}
