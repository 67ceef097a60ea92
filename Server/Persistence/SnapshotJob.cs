using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

/// <summary>How a <see cref="SnapshotJob"/> ended.</summary>
internal enum SnapshotOutcome
{
    /// <summary>It ran to its end; whether it succeeded at what it did is its own affair.</summary>
    Finished,

    /// <summary>It was told to stop, and did.</summary>
    Cancelled,
}

/// <summary>Something that reads a fork from its beginning to its end on a thread of its own: a save, a rewrite, a digest.</summary>
internal abstract class SnapshotJob
{
    /// <summary>What the log calls it.</summary>
    internal abstract string Name { get; }

    /// <summary>The processors that it is to run on; empty for those of the process.</summary>
    internal string Processors { get; init; } = "";

    /// <summary>
    /// Does the work, on the writer's thread: it may use the snapshot, its own fields and the log, nothing else of the server. It calls
    /// <see cref="SnapshotProgress.TryAdvance"/> for every key and returns when that says so. It deals with errors of its files itself; any
    /// exception ends the server.
    /// </summary>
    internal abstract void Run(Snapshot snapshot, SnapshotProgress progress);

    /// <summary>Runs on the loop once the fork is released.</summary>
    internal abstract void Completed(SnapshotRun run, SnapshotOutcome outcome);
}

/// <summary>How far a job is, and whether it has been told to stop; written by one thread and read by the other.</summary>
internal sealed class SnapshotProgress(long keysTotal)
{
    private long _keysDone;
    private volatile bool _cancelled;

    /// <summary>The keys of the snapshot.</summary>
    internal long KeysTotal { get; } = keysTotal;

    /// <summary>The keys that are done.</summary>
    internal long KeysDone => Volatile.Read(ref _keysDone);

    /// <summary>True once the job has been told to stop.</summary>
    internal bool IsCancelled => _cancelled;

    /// <summary>Counts a key on the job's thread; false when the job is to stop.</summary>
    internal bool TryAdvance()
    {
        Volatile.Write(ref _keysDone, _keysDone + 1);
        return !_cancelled;
    }

    /// <summary>Tells the job to stop at its next key.</summary>
    internal void Cancel() => _cancelled = true;
}
