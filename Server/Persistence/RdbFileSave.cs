using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

/// <summary>What a save takes from the configuration, read when it begins: it may run on another thread.</summary>
internal sealed record RdbSaveSettings(RdbFileOptions Options)
{
    /// <summary>Whether the file is synced on the way and not only at its end (rdb-save-incremental-fsync).</summary>
    internal bool SyncsOnTheWay { get; init; } = true;

    /// <summary>What writes the file: in the format of RDB, unless told otherwise.</summary>
    internal Func<Stream, ISnapshotFileWriter>? Writer { get; init; }

    /// <summary>Is told of the steps on the way.</summary>
    internal FileSteps? Steps { get; init; }

    /// <summary>Whether the log may name keys (hide-user-data-from-log).</summary>
    internal bool NamesKeys { get; init; } = true;

    /// <summary>A pause after each key, in microseconds, for tests (rdb-key-save-delay).</summary>
    internal long KeyDelayMicros { get; init; }

    /// <summary>Makes the writer of a file.</summary>
    internal ISnapshotFileWriter NewWriter(Stream file) => Writer?.Invoke(file) ?? new RdbFileWriter(file, Options);
}

// One snapshot on its way to a file, such that the name stands for a whole file at every moment, even after a power loss:
//
//     write temp-<pid>.<n>.rdb beside it; fsync; rename; fsync the directory
//
// It runs on the loop (SAVE) or on the thread of a fork (BGSAVE). The loop may abandon it from there: what decides who was first is one
// compare-and-swap of the state, so an abandoned save never renames, and one that renames is waited for, which takes as long as a rename.

/// <summary>Writes one snapshot as an RDB file in the place of another.</summary>
internal sealed class RdbFileSave(string path, string temporary, RdbSaveSettings settings, ServerLog log)
{
    private const int Writing = 0;
    private const int Replacing = 1;
    private const int Ended = 2;
    private const int Abandoned = 3;
    private const long SyncEveryBytes = 4 << 20;

    private readonly PerKeyDelay _delay = new(settings.KeyDelayMicros);
    private int _state;

    /// <summary>The file that is replaced.</summary>
    internal string FilePath => path;

    /// <summary>Why it failed; null when it did not.</summary>
    internal SaveFault? Fault { get; private set; }

    /// <summary>The bytes of the file, once it is written.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Writes the file; true when it has taken the old one's place. Called once.</summary>
    /// <param name="snapshot">What to write.</param>
    /// <param name="advance">Is called for each key, and says whether to go on.</param>
    internal bool Run(Snapshot snapshot, Func<bool> advance)
    {
        var operation = "Failed opening the temp RDB file";
        var subject = temporary;
        try
        {
            using (var file = Create())
            {
                operation = "Write error while saving DB to the disk,";
                if (!TryWrite(file, snapshot, advance) || Interlocked.CompareExchange(ref _state, Replacing, Writing) != Writing)
                {
                    DeleteTemporary();
                    return false;
                }
            }

            operation = "Error moving the temp DB file to its final destination";
            subject = path;
            settings.Steps?.Reach(FileStep.SnapshotWritten);
            File.Move(temporary, path, overwrite: true);
            settings.Steps?.Reach(FileStep.SnapshotRenamed);
            AtomicFile.SyncDirectory(Path.GetDirectoryName(path)!);
            log.Notice("DB saved on disk");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fault = SaveFault.Of(operation, subject, e);
            log.Warning(Fault.ToString());
            DeleteTemporary();
            return false;
        }
        catch (NotSupportedException e)
        {
            Fault = new SaveFault("Cannot write", temporary, e.Message, 0);
            log.Warning(Fault.ToString());
            DeleteTemporary();
            return false;
        }
        finally
        {
            Interlocked.CompareExchange(ref _state, Ended, Replacing);
            Interlocked.CompareExchange(ref _state, Ended, Writing);
        }
    }

    /// <summary>
    /// Sees to it that the file is not replaced from now on: either it never will be, or it has been. From another thread than
    /// <see cref="Run"/>'s.
    /// </summary>
    internal void Abandon()
    {
        if (Interlocked.CompareExchange(ref _state, Abandoned, Writing) == Writing)
        {
            DeleteTemporary();
            return;
        }

        var wait = new SpinWait();
        while (Volatile.Read(ref _state) == Replacing) wait.SpinOnce();
    }

    private FileStream Create()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = AtomicFile.Mode;
        return new FileStream(temporary, options);
    }

    private bool TryWrite(FileStream file, Snapshot snapshot, Func<bool> advance)
    {
        var writer = settings.NewWriter(file);
        long synced = 0;
        var isWhole = writer.Write(snapshot, () =>
        {
            if (settings.SyncsOnTheWay && writer.BytesWritten - synced >= SyncEveryBytes)
            {
                file.Flush(flushToDisk: true);
                synced = writer.BytesWritten;
            }

            return _delay.PassUnless(() => Volatile.Read(ref _state) == Abandoned) && advance();
        });
        if (!isWhole) return false;
        file.Flush(flushToDisk: true);
        Bytes = writer.BytesWritten;
        if (writer is RdbFileWriter { RaisedBy: { } key } rdb)
            log.Notice($"The RDB file has version {rdb.Version} instead of {settings.Options.Version}: fields expire, first seen in key {(settings.NamesKeys ? ByteText.Quote(ByteText.From(key)) : "*redacted*")}");
        return true;
    }

    private void DeleteTemporary()
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warning($"Cannot delete {temporary}: {SystemErrorText.Of(e)}");
        }
    }
}
