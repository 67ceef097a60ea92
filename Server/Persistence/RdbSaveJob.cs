using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

/// <summary>A background save: an <see cref="RdbFileSave"/> on the thread of a fork.</summary>
internal sealed class RdbSaveJob(RdbSaves saves, RdbFileSave file) : SnapshotJob
{
    /// <inheritdoc/>
    internal override string Name => "RDB";

    /// <summary>The file that is written.</summary>
    internal RdbFileSave File => file;

    /// <summary>Whether the file has taken the old one's place.</summary>
    internal bool HasSaved { get; private set; }

    /// <inheritdoc/>
    internal override void Run(Snapshot snapshot, SnapshotProgress progress) => HasSaved = file.Run(snapshot, progress.TryAdvance);

    /// <inheritdoc/>
    internal override void Completed(SnapshotRun run, SnapshotOutcome outcome) => saves.End(run, this);
}
