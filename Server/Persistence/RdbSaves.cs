using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

// When the data set is saved to the dump file, and what became of it.
//
//     SAVE, SHUTDOWN, DEBUG RELOAD, FLUSHALL     on the loop: everybody waits, as in Redis
//     BGSAVE, save points                        on a fork, one at a time, and not while the append-only file is rewritten
//
// Changes are counted by the keyspace's observer. A save that succeeds takes those away that it contains; one that fails leaves them, and the
// save points try again after five seconds. Once a background save has failed, and until one succeeds, commands that write are refused if so
// configured.

/// <summary>Saves the data set as an RDB file.</summary>
internal sealed class RdbSaves
{
    private const long RetrySeconds = 5;
    private const long NotRun = -1;

    private readonly RedisServer _server;
    private readonly ServerLog _childLog;
    private SnapshotRun? _running;
    private long _dirtyAtFork;
    private long _triedSeconds;
    private RdbFileSave? _waitedFor;
    private int _files;

    internal RdbSaves(RedisServer server)
    {
        _server = server;
        _childLog = server.Log.ForChild();
        LastSaveSeconds = server.Clock.NowMs / 1000;
    }

    /// <summary>When the last save that succeeded ended, or when the server started, in Unix seconds.</summary>
    internal long LastSaveSeconds { get; private set; }

    /// <summary>Why the last background save failed; null when it did not, or a later save succeeded.</summary>
    internal SaveFault? Fault { get; private set; }

    /// <summary>How long the last background save took, in seconds; -1 before the first.</summary>
    internal long LastDurationSeconds { get; private set; } = NotRun;

    /// <summary>For how long a background save has run, in seconds; -1 when none runs.</summary>
    internal long CurrentDurationSeconds => _running is null ? NotRun : (long)_running.ElapsedSeconds;

    /// <summary>The bytes kept for the last background save.</summary>
    internal long LastKeptBytes { get; private set; }

    /// <summary>How many saves were begun.</summary>
    internal long Count { get; private set; }

    /// <summary>Whether a background save runs.</summary>
    internal bool IsRunning => _running is not null;

    /// <summary>Whether a background save is to begin as soon as it may.</summary>
    internal bool IsScheduled { get; set; }

    /// <summary>Libraries of functions that came with the data and go back with it.</summary>
    internal IReadOnlyList<byte[]> Functions { get; set; } = [];

    /// <summary>Whether commands that write are refused since the data cannot be saved. O(1).</summary>
    internal bool DeniesWrites => Fault is not null && _server.Config.StopWritesOnBgsaveError && _server.Config.Save.Count > 0;

    /// <summary>The dump file.</summary>
    internal string FilePath => Path.Combine(_server.Config.Dir, _server.Config.DbFilename);

    /// <summary>Saves while everybody waits; null when that succeeded. O(bytes).</summary>
    internal SaveFault? Save()
    {
        Count++;
        var file = NewFile(_server.Log, "");
        Volatile.Write(ref _waitedFor, file);
        using (var snapshot = _server.Keyspace.Fork())
        {
            if (!file.Run(snapshot, static () => true)) return file.Fault;
        }

        Volatile.Write(ref _waitedFor, null);

        _server.Observer.CountSaved(_server.Observer.Dirty);
        Succeed();
        return null;
    }

    /// <summary>Begins to save on a fork; none may be running.</summary>
    internal void StartInBackground()
    {
        Storage.Invariant.Check(!IsRunning);
        Count++;
        IsScheduled = false;
        _triedSeconds = NowSeconds;
        _dirtyAtFork = _server.Observer.Dirty;
        _running = _server.Snapshots.Start(new RdbSaveJob(this, NewFile(_childLog, $".{++_files}")) { Processors = _server.Config.BgsaveProcessors });
        _server.Log.Notice($"Background saving started by pid {Environment.ProcessId}");
    }

    /// <summary>Ends a background save, if one runs, without a file and without blame.</summary>
    internal void AbandonRunning()
    {
        if (_running is not { } run) return;
        run.Progress.Cancel();
        ((RdbSaveJob)run.Job).File.Abandon();
        _running = null;
    }

    /// <summary>Leaves no temporary file behind when the process ends in the middle; any thread.</summary>
    internal void AbandonAtExit()
    {
        Volatile.Read(ref _waitedFor)?.Abandon();
        if (Volatile.Read(ref _running)?.Job is RdbSaveJob job) job.File.Abandon();
    }

    /// <summary>Takes back a background save whose thread is done; called by the job.</summary>
    internal void End(SnapshotRun run, RdbSaveJob job)
    {
        if (run != _running)
        {
            _server.Log.Notice("Background saving abandoned");
            return;
        }

        _running = null;
        LastDurationSeconds = (long)run.ElapsedSeconds;
        LastKeptBytes = run.KeptBytes;
        if (job.HasSaved)
        {
            _server.Log.Notice("Background saving terminated with success");
            _server.Observer.CountSaved(_dirtyAtFork);
            Succeed();
        }
        else
        {
            _server.Log.Warning("Background saving error");
            Fault = job.File.Fault;
        }
    }

    /// <summary>Begins what is scheduled or what the save points ask for; runs with the cron.</summary>
    internal void RunDue()
    {
        if (IsRunning || _server.Aof.Rewrites.IsRunning || _server.Loader.IsLoading) return;
        if (Fault is not null && NowSeconds - _triedSeconds <= RetrySeconds) return;
        foreach (var point in _server.Config.Save)
        {
            if (_server.Observer.Dirty < point.Changes || NowSeconds - LastSaveSeconds <= point.Seconds) continue;
            _server.Log.Notice($"{point.Changes} changes in {point.Seconds} seconds. Saving...");
            StartInBackground();
            return;
        }

        if (IsScheduled) StartInBackground();
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics() => Count = 0;

    /// <summary>What a file written now tells besides keys.</summary>
    internal RdbFileOptions OptionsNow() => new()
    {
        RedisVersion = ServerVersion.Redis,
        CreatedMs = _server.Clock.NowMs,
        UsedMemory = _server.Keyspace.Memory.UsedBytes,
        Functions = Functions,
        Compression = _server.Config.RdbCompression ? RdbCompression.Lzf : RdbCompression.None,
        HasChecksum = _server.Config.RdbChecksum,
        LfuDecayMinutes = _server.Config.LfuDecayTimeMinutes,
        Access = _server.Config.MaxMemoryPolicy switch
        {
            MaxMemoryPolicy.AllKeysLru or MaxMemoryPolicy.VolatileLru => AccessPolicy.Lru,
            MaxMemoryPolicy.AllKeysLfu or MaxMemoryPolicy.VolatileLfu => AccessPolicy.Lfu,
            _ => null,
        },
    };

    /// <summary>What a save that begins now takes from the configuration.</summary>
    internal RdbSaveSettings SettingsNow() => new(OptionsNow())
    {
        SyncsOnTheWay = _server.Config.RdbSaveIncrementalFsync,
        Steps = _server.FileSteps,
        KeyDelayMicros = _server.Config.RdbKeySaveDelayMicros,
        NamesKeys = !_server.Config.HideUserDataFromLog,
    };

    private long NowSeconds => _server.Clock.NowMs / 1000;

    private RdbFileSave NewFile(ServerLog log, string number)
    {
        var path = FilePath;
        var temporary = Path.Combine(Path.GetDirectoryName(path)!, $"temp-{Environment.ProcessId}{number}.rdb");
        return new RdbFileSave(path, temporary, SettingsNow(), log);
    }

    private void Succeed()
    {
        LastSaveSeconds = NowSeconds;
        Fault = null;
    }
}
