using KestrelFree.Server.Config;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

// Rewriting: a new base takes the place of the old one and of the effects behind it.
//
//     start       write the buffer; open the next incremental file and list it; fork, in the same turn: the fork is what the older files say
//     thread      write the fork as temp-rewriteaof-bg-<pid>.<n>.rdb, or .aof without a snapshot, and sync it
//     success     rename that to the next base; list it, with the incremental files from the start on; delete the others in a turn of its own,
//                 since the manifest is synced again then
//     failure     nothing: the old base and all incremental files are still listed
//
// Files that fail to be rewritten again and again would leave one incremental file each, so after three failures in a row retries by themselves
// wait for one minute, then two, four, up to an hour.

/// <summary>Rewrites the append-only file in the background, when asked to or when it has grown.</summary>
internal sealed class AofRewrites
{
    private const long NotRun = -1;
    private const int FailuresUntilLimit = 3;
    private const int LongestDelayMinutes = 60;
    private const long RetryMs = 1000;
    private const long HistoryDelayMs = 1;
    private const string SnapshotExtension = "rdb";
    private const string CommandsExtension = "aof";

    private readonly RedisServer _server;
    private readonly AppendOnlyFile _aof;
    private SnapshotRun? _running;
    private long _retryMs;
    private int _delayMinutes;
    private int _files;

    internal AofRewrites(RedisServer server, AppendOnlyFile aof)
    {
        _server = server;
        _aof = aof;
    }

    /// <summary>Whether one runs.</summary>
    internal bool IsRunning => _running is not null;

    /// <summary>Whether one is to begin as soon as it may.</summary>
    internal bool IsScheduled { get; set; }

    /// <summary>Whether the last one succeeded, or there was none.</summary>
    internal bool LastSucceeded { get; private set; } = true;

    /// <summary>How many failed since the last that did not.</summary>
    internal int ConsecutiveFailures { get; private set; }

    /// <summary>How many began.</summary>
    internal long Count { get; private set; }

    /// <summary>How long the last one took, in seconds; -1 before the first.</summary>
    internal long LastDurationSeconds { get; private set; } = NotRun;

    /// <summary>For how long one has run, in seconds; -1 when none runs.</summary>
    internal long CurrentDurationSeconds => _running is null ? NotRun : (long)_running.ElapsedSeconds;

    /// <summary>The bytes kept for the last one.</summary>
    internal long LastKeptBytes { get; private set; }

    /// <summary>Begins one; false, and logged, if that fails. None may be running.</summary>
    internal bool TryStart()
    {
        Invariant.Check(!IsRunning);
        IsScheduled = false;
        Count++;
        if (!_aof.FlushNow())
        {
            Fail();
            return false;
        }

        try
        {
            BeginFile();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _server.Log.Warning($"Can't open an incremental AOF file in {_aof.Folder.FolderPath}: {SystemErrorText.Of(e)}");
            Fail();
            return false;
        }

        var path = Path.GetFullPath(Path.Combine(_aof.Folder.Root, $"temp-rewriteaof-bg-{Environment.ProcessId}.{++_files}.{ExtensionNow}"));
        var file = new RdbFileSave(path, $"{path}.part", Settings(), _server.Log.ForChild());
        _running = _server.Snapshots.Start(new AofRewriteJob(this, file) { Processors = _server.Config.AofRewriteProcessors });
        _server.Log.Notice($"Background append only file rewriting started by pid {Environment.ProcessId}");
        return true;
    }

    /// <summary>Writes the data as it is as the first base of a new append-only file, while everybody waits. Throws IOException.</summary>
    internal void WriteFirstBase(AofManifest manifest)
    {
        var name = manifest.AddBase(_aof.Folder.FileName, ExtensionNow);
        _server.Log.Notice($"Creating AOF base file {name} on server start");
        Directory.CreateDirectory(_aof.Folder.FolderPath);
        var path = _aof.Folder.PathOf(name);
        var file = new RdbFileSave(path, $"{path}.part", Settings(), _server.Log);
        using var snapshot = _server.Keyspace.Fork();
        if (!file.Run(snapshot, static () => true)) throw new IOException(file.Fault?.Reason, file.Fault?.Errno ?? 0);
        _aof.EarlierBytes = file.Bytes;
    }

    /// <summary>Ends the one that runs, without result and without blame.</summary>
    internal void Abandon()
    {
        IsScheduled = false;
        if (_running is not { } run) return;
        _server.Log.Notice("Killing running AOF rewrite child");
        run.Progress.Cancel();
        ((AofRewriteJob)run.Job).File.Abandon();
        _running = null;
    }

    /// <summary>Begins what is due; runs with the cron.</summary>
    internal void RunDue()
    {
        if (IsRunning || _server.Saves.IsRunning || _server.Loader.IsLoading || _server.Clock.NowMs < _retryMs) return;
        if (IsScheduled || _aof.State == AofState.AwaitsRewrite)
        {
            TryStart();
            return;
        }

        var percentage = _server.Config.AutoAofRewritePercentage;
        if (_aof.State != AofState.On || percentage == 0 || _aof.CurrentBytes <= _server.Config.AutoAofRewriteMinSize) return;
        var growth = (_aof.CurrentBytes * 100 / Math.Max(1, _aof.BaseBytes)) - 100;
        if (growth < percentage) return;
        _server.Log.Notice($"Starting automatic rewriting of AOF on {growth}% growth");
        TryStart();
    }

    /// <summary>Takes back a rewrite whose thread is done; called by the job.</summary>
    internal void End(SnapshotRun run, AofRewriteJob job)
    {
        if (run != _running)
        {
            DeleteResult(job.File.FilePath);
            _server.Log.Notice("Background AOF rewrite abandoned");
            return;
        }

        LastDurationSeconds = (long)run.ElapsedSeconds;
        LastKeptBytes = run.KeptBytes;
        if (!job.HasSaved)
        {
            _running = null;
            _server.Log.Warning("Background AOF rewrite terminated with error");
            Fail();
            return;
        }

        _server.Log.Notice("Background AOF rewrite terminated with success");
        try
        {
            Establish(job.File);
            _server.Loop.AddTimer(HistoryDelayMs, () => Finish(run));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _running = null;
            _server.Log.Warning($"Error trying to make the rewritten AOF {job.File.FilePath} the base: {SystemErrorText.Of(e)}");
            DeleteResult(job.File.FilePath);
            Fail();
        }
    }

    // A snapshot, unless aof-use-rdb-preamble says no.
    private string ExtensionNow => _server.Config.AofUseRdbPreamble ? SnapshotExtension : CommandsExtension;

    private RdbSaveSettings Settings()
    {
        var settings = _server.Saves.SettingsNow();
        settings = settings with { Options = settings.Options with { IsAofBase = true }, SyncsOnTheWay = _server.Config.AofRewriteIncrementalFsync };
        if (_server.Config.AofUseRdbPreamble) return settings;
        long? stamp = _server.Config.AofTimestampEnabled ? _server.Clock.NowMs / 1000 : null;
        return settings with { Writer = file => new CommandFileWriter(file) { StampSeconds = stamp } };
    }

    private void BeginFile()
    {
        if (_aof.State == AofState.Off) return;
        var folder = _aof.Folder;
        if (_aof.State == AofState.AwaitsRewrite)
        {
            _aof.DropTemporary();
            Directory.CreateDirectory(folder.FolderPath);
            _aof.EarlierBytes = 0;
            _aof.SwitchTo(_aof.OpenFile(folder.PathOf($"temp-{folder.FileName}.incr"), FileMode.Create));
            return;
        }

        var manifest = folder.Manifest.Copy();
        var file = _aof.OpenFile(folder.PathOf(manifest.AddIncr(folder.FileName)), FileMode.Create);
        folder.Persist(manifest);
        _server.Log.Notice($"Creating AOF incr file {manifest.Incrs[^1].Name} on background rewrite");
        _aof.SwitchTo(file);
    }

    // The base has its name before it is listed; a file that is listed exists.
    private void Establish(RdbFileSave file)
    {
        var folder = _aof.Folder;
        var manifest = folder.Manifest.Copy();
        var name = manifest.AddBase(folder.FileName, Path.GetExtension(file.FilePath)[1..]);
        Directory.CreateDirectory(folder.FolderPath);
        var began = _server.Latency.Start();
        File.Move(file.FilePath, folder.PathOf(name), overwrite: true);
        _server.Latency.AddSince(began, "aof-rename");
        _server.FileSteps.Reach(FileStep.BaseRenamed);
        _server.Log.Notice($"Successfully renamed the temporary AOF base file {file.FilePath} into {name}");
        if (_aof.State == AofState.AwaitsRewrite) _aof.Establish(folder.PathOf(manifest.AddIncr(folder.FileName)));
        manifest.RetireIncrs(_aof.State == AofState.Off ? 0 : 1);
        folder.Persist(manifest);
        _aof.EarlierBytes = file.Bytes;
        _aof.BaseBytes = _aof.CurrentBytes;
        LastSucceeded = true;
        ConsecutiveFailures = 0;
        _delayMinutes = 0;
        _retryMs = 0;
    }

    private long Finish(SnapshotRun run)
    {
        _aof.Folder.DeleteHistory();
        _server.Log.Notice("Background AOF rewrite finished successfully");
        if (run == _running) _running = null;
        return Loop.EventLoop.NoMore;
    }

    private void Fail()
    {
        LastSucceeded = false;
        _retryMs = _server.Clock.NowMs + RetryMs;
        if (++ConsecutiveFailures < FailuresUntilLimit) return;
        _delayMinutes = Math.Clamp(_delayMinutes * 2, 1, LongestDelayMinutes);
        _retryMs = _server.Clock.NowMs + (_delayMinutes * 60_000L);
        _server.Log.Warning($"Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {_delayMinutes} minutes");
    }

    private void DeleteResult(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _server.Log.Warning($"Cannot delete {path}: {SystemErrorText.Of(e)}");
        }
    }
}

/// <summary>A rewrite: an <see cref="RdbFileSave"/> on the thread of a fork.</summary>
internal sealed class AofRewriteJob(AofRewrites rewrites, RdbFileSave file) : SnapshotJob
{
    /// <inheritdoc/>
    internal override string Name => "AOF rewrite";

    /// <summary>The file that is written.</summary>
    internal RdbFileSave File => file;

    /// <summary>Whether it is whole.</summary>
    internal bool HasSaved { get; private set; }

    /// <inheritdoc/>
    internal override void Run(Snapshot snapshot, SnapshotProgress progress) => HasSaved = file.Run(snapshot, progress.TryAdvance);

    /// <inheritdoc/>
    internal override void Completed(SnapshotRun run, SnapshotOutcome outcome) => rewrites.End(run, this);
}
