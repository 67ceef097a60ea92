using System.Buffers;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Persistence;

// The append-only file: every effect, in order, in files that loading replays.
//
//     Feed           effects gather in a buffer while a turn of the loop runs commands
//     Flush          BeforeSleep, before any reply leaves: write(2) of the buffer. So a killed process loses nothing that it has acknowledged.
//     appendfsync    always     synced before the replies leave; what cannot be written or synced ends the server, since the replies are promises
//                    everysec   the syncer's thread syncs once a second; power loss costs a second
//                    no         the system decides
//
// While a sync is in flight a write may have to wait for it in the kernel, so under everysec the buffer is kept back as long, for two seconds at
// most: then the loop waits after all, and counts it. Under a full disk the buffer is kept, commands that write are refused (Fault), and
// each turn tries again: when the write succeeds all is as if nothing had been.
//
// A rewrite begins a new incremental file at the moment of its fork. Effects go there from then on, behind the old base if the rewrite fails,
// behind the new one if it succeeds; see AofRewrites. Turned on live, the file begins with a rewrite, and until that has succeeded a crash finds
// what there was before.

/// <summary>Writes effects to disk.</summary>
internal sealed class AppendOnlyFile : IPropagationTarget, IDisposable
{
    private const long SyncEveryMs = 1000;
    private const long LongestPostponementMs = 2000;
    private const long LogErrorEveryMs = 30_000;
    private const int KeptBufferBytes = 1 << 20;
    private const int NoDatabase = -2;

    private readonly RedisServer _server;
    private readonly AofWaiters _waiters;
    private readonly AofSyncer _syncer;
    private ArrayBufferWriter<byte> _buffer = new();
    private CommandEncoder _encoder;
    private AofFile? _file;
    private int _selected = NoDatabase;
    private long _syncAskedLength;
    private long _syncAskedMs;
    private long _postponedMs;
    private long _errorLoggedMs;
    private long _stampedSeconds;
    private long _syncedOffset;
    private SaveFault? _writeFault;

    internal AppendOnlyFile(RedisServer server)
    {
        _server = server;
        _encoder = new CommandEncoder(_buffer);
        _waiters = new AofWaiters(server);
        _syncer = new AofSyncer(server, _waiters.Serve);
        Folder = new AofDirectory(server.Config, server.Log, server.FileSteps) { CloseLater = file => _syncer.Close(file) };
        Rewrites = new AofRewrites(server, this);
    }

    /// <summary>Whether effects are written.</summary>
    internal AofState State { get; private set; }

    /// <summary>The files.</summary>
    internal AofDirectory Folder { get; }

    /// <summary>The rewrites.</summary>
    internal AofRewrites Rewrites { get; }

    /// <summary>Opens files; tests replace it to let writes fail.</summary>
    internal Func<string, FileMode, AofFile> OpenFile { get; set; } = static (path, mode) => new AofFile(path, mode);

    /// <summary>Ends the server when a promise cannot be kept; tests replace it.</summary>
    internal Action<string>? Fatal { get; set; }

    /// <summary>DEBUG AOF-FLUSH-SLEEP: for how long the loop pauses before each write.</summary>
    internal int WritePauseMs { get; set; }

    /// <summary>The bytes of all files that would be loaded.</summary>
    internal long CurrentBytes => EarlierBytes + (_file?.Length ?? 0);

    /// <summary>The bytes of all of them but the one that is written.</summary>
    internal long EarlierBytes { get; set; }

    /// <summary>The bytes that there were when the file was last rewritten or loaded.</summary>
    internal long BaseBytes { get; set; }

    /// <summary>The bytes that are not written yet.</summary>
    internal long BufferBytes => _buffer.WrittenCount;

    /// <summary>The syncs that are not done.</summary>
    internal int PendingSyncs => _syncer.Pending;

    /// <summary>How often a write did not wait for a slow sync any longer.</summary>
    internal long DelayedSyncs { get; set; }

    /// <summary>Up to where what was fed survives a power loss; see <see cref="Propagation.Offset"/>.</summary>
    internal long SyncedOffset => Math.Max(_syncedOffset, _syncer.SyncedOffset);

    /// <summary>Why effects cannot be written or synced; null while they can.</summary>
    internal SaveFault? Fault => State == AofState.Off ? null : _writeFault ?? _syncer.Fault;

    /// <summary>Whether the last write failed.</summary>
    internal bool HasWriteFault => _writeFault is not null;

    /// <summary>Clients that wait for a sync.</summary>
    internal AofWaiters Waiters => _waiters;

    /// <inheritdoc/>
    public void Feed(int database, ReadOnlySpan<byte> request)
    {
        if (_file is null) return;
        if (_server.Config.AofTimestampEnabled) Stamp();
        if (database != Propagation.AnyDatabase && database != _selected)
        {
            _encoder.Begin(2);
            _encoder.Argument("SELECT"u8);
            _encoder.Argument(database);
            _selected = database;
        }

        _buffer.Write(request);
    }

    /// <summary>Writes what was fed, and sees to its sync, as appendfsync wants it. Runs before replies leave.</summary>
    internal void Flush()
    {
        if (_file is null) return;
        if (_buffer.WrittenCount != 0 && (IsPostponed() || !TryWrite())) return;
        SyncIfDue();
    }

    /// <summary>Writes what was fed, whatever the disk is doing; false when that failed.</summary>
    internal bool FlushNow()
    {
        if (_file is null) return true;
        if (_buffer.WrittenCount != 0 && !TryWrite()) return false;
        SyncIfDue();
        return true;
    }

    /// <summary>
    /// Goes on with files that have been loaded, or begins new ones; false, and logged, when they cannot be opened. Where there is no base, the
    /// data as it is becomes it.
    /// </summary>
    internal bool TryOpenAtStart()
    {
        try
        {
            var manifest = Folder.Manifest.Copy();
            if (manifest.Base is null && manifest.Incrs.Count == 0) Rewrites.WriteFirstBase(manifest);
            var isNew = manifest.Incrs.Count == 0;
            var name = isNew ? manifest.AddIncr(Folder.FileName) : manifest.Incrs[^1].Name;
            _server.Log.Notice($"{(isNew ? "Creating" : "Opening")} AOF incr file {name} on server start");
            Directory.CreateDirectory(Folder.FolderPath);
            Open(OpenFile(Folder.PathOf(name), FileMode.OpenOrCreate));
            if (isNew) Folder.Persist(manifest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _server.Log.Warning($"Can't open the append-only file {_file?.FilePath ?? Folder.FolderPath}: {SystemErrorText.Of(e)}");
            return false;
        }

        State = AofState.On;
        EarlierBytes = Folder.EarlierBytes;
        BaseBytes = CurrentBytes;
        _server.Propagation.Attach(this);
        Folder.DeleteHistory();
        return true;
    }

    /// <summary>CONFIG SET appendonly yes: a rewrite begins, now or when the save that runs has ended. Returns why not, or null.</summary>
    internal string? TurnOn()
    {
        if (State != AofState.Off) return null;
        State = AofState.AwaitsRewrite;
        _server.Propagation.Attach(this);
        if (_server.Saves.IsRunning)
        {
            Rewrites.IsScheduled = true;
            _server.Log.Notice("AOF was enabled but there is already a background operation. An AOF background was scheduled to start when possible.");
            return null;
        }

        if (Rewrites.IsRunning)
        {
            _server.Log.Warning("AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.");
            Rewrites.Abandon();
        }

        if (Rewrites.TryStart()) return null;
        _server.Propagation.Detach(this);
        State = AofState.Off;
        return "Unable to turn on AOF. Check server logs.";
    }

    /// <summary>CONFIG SET appendonly no: what was fed is on disk when this returns.</summary>
    internal void TurnOff()
    {
        if (State == AofState.Off) return;
        Rewrites.Abandon();
        Close();
        _server.Propagation.Detach(this);
        State = AofState.Off;
        _writeFault = null;
        _waiters.Serve();
    }

    /// <summary>Ends with the server: what was fed is on disk when this returns.</summary>
    internal void ShutDown()
    {
        if (State == AofState.Off) return;
        Rewrites.Abandon();
        _server.Log.Notice("Calling fsync() on the AOF file.");
        Close();
        State = AofState.Off;
    }

    /// <summary>Begins to write to another file; the old one is synced and closed in the background.</summary>
    internal void SwitchTo(AofFile file)
    {
        if (_file is { } old)
        {
            EarlierBytes += old.Length;
            _syncer.SyncAndClose(old, _server.Propagation.Offset);
        }

        Open(file);
    }

    /// <summary>The base that effects go behind has been made: the temporary file, if there is one, counts from now on under another name.</summary>
    internal void Establish(string path)
    {
        _file!.Rename(path);
        State = AofState.On;
    }

    /// <summary>Forgets the temporary file of a rewrite that failed.</summary>
    internal void DropTemporary()
    {
        if (State != AofState.AwaitsRewrite || _file is null) return;
        _syncer.SyncAndClose(_file, SyncedOffset);
        File.Delete(_file.FilePath);
        _file = null;
        ClearBuffer();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _syncer.WaitUntilIdle();
        _syncer.Dispose();
        _file?.Dispose();
    }

    private AppendFsync Policy => _server.Config.AppendFsync;

    private void Open(AofFile file)
    {
        _file = file;
        _selected = NoDatabase;
        _syncAskedLength = file.Length;
        _stampedSeconds = 0;
    }

    private void Close()
    {
        if (_file is null) return;
        FlushNow();
        _syncer.WaitUntilIdle();
        if (TrySync()) _syncedOffset = _server.Propagation.Offset;
        _file.Dispose();
        if (State == AofState.AwaitsRewrite) File.Delete(_file.FilePath);
        _file = null;
        ClearBuffer();
    }

    private bool IsPostponed()
    {
        if (Policy != AppendFsync.EverySec || PendingSyncs == 0)
        {
            _postponedMs = 0;
            return false;
        }

        var now = _server.Clock.NowMs;
        if (_postponedMs == 0) _postponedMs = now;
        if (now - _postponedMs < LongestPostponementMs) return true;
        _postponedMs = 0;
        DelayedSyncs++;
        _server.Log.Notice(
            "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.");
        return false;
    }

    private bool TryWrite()
    {
        if (WritePauseMs > 0) Thread.Sleep(WritePauseMs);
        var began = _server.Latency.Start();
        try
        {
            _file!.Append(_buffer.WrittenSpan);
            NoteWrite(began);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(SaveFault.Of("Error writing to the AOF file:", _file!.FilePath, e));
            return false;
        }

        if (_writeFault is not null) _server.Log.Warning("AOF write error looks solved. The server can write again.");
        _writeFault = null;
        ClearBuffer();
        return true;
    }

    private void NoteWrite(long began)
    {
        if (began == 0) return;
        var isForked = Rewrites.IsRunning || _server.Saves.IsRunning;
        _server.Latency.AddSince(began, PendingSyncs > 0 ? "aof-write-pending-fsync" : isForked ? "aof-write-active-child" : "aof-write-alone");
        _server.Latency.AddSince(began, "aof-write");
    }

    private void Fail(SaveFault fault)
    {
        _writeFault = fault;
        if (Policy == AppendFsync.Always)
        {
            Die($"{fault}. Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
            return;
        }

        if (_server.Clock.NowMs - _errorLoggedMs < LogErrorEveryMs) return;
        _errorLoggedMs = _server.Clock.NowMs;
        _server.Log.Warning(fault.ToString());
    }

    private void SyncIfDue()
    {
        if (_file!.Length == _syncAskedLength) return;
        if (_server.Config.NoAppendFsyncOnRewrite && (Rewrites.IsRunning || _server.Saves.IsRunning)) return;
        if (Policy == AppendFsync.Always) SyncAtOnce();
        else if (Policy == AppendFsync.EverySec && _server.Clock.NowMs - _syncAskedMs >= SyncEveryMs && PendingSyncs == 0) AskForSync();
    }

    private void AskForSync()
    {
        _syncAskedMs = _server.Clock.NowMs;
        _syncAskedLength = _file!.Length;
        _syncer.Sync(_file, _server.Propagation.Offset);
    }

    private void SyncAtOnce()
    {
        var began = _server.Latency.Start();
        if (!TrySync()) return;
        _server.Latency.AddSince(began, "aof-fsync-always");
        _syncAskedMs = _server.Clock.NowMs;
        _syncAskedLength = _file!.Length;
        _syncedOffset = _server.Propagation.Offset;
        _waiters.Serve();
    }

    private bool TrySync()
    {
        try
        {
            _file!.Sync();
            return true;
        }
        catch (IOException e)
        {
            var fault = SaveFault.Of("Failed to fsync the AOF file", _file!.FilePath, e);
            if (Policy == AppendFsync.Always) Die($"Can't persist AOF for fsync error when the AOF fsync policy is 'always': {fault}. Exiting...");
            else _server.Log.Warning(fault.ToString());
            return false;
        }
    }

    private void Die(string reason)
    {
        _server.Log.Warning(reason);
        if (Fatal is { } fatal)
        {
            fatal(reason);
            return;
        }

        _server.Log.Flush(TimeSpan.FromSeconds(1));
        Environment.Exit(1);
    }

    private void ClearBuffer()
    {
        if (_buffer.Capacity <= KeptBufferBytes)
        {
            _buffer.ResetWrittenCount();
            return;
        }

        _buffer = new ArrayBufferWriter<byte>();
        _encoder = new CommandEncoder(_buffer);
    }

    private void Stamp()
    {
        var seconds = _server.Clock.NowMs / 1000;
        if (seconds <= _stampedSeconds) return;
        _stampedSeconds = seconds;
        _buffer.Write("#TS:"u8);
        Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
        _buffer.Write(digits[..Numbers.FormatInteger(digits, seconds)]);
        _buffer.Write("\r\n"u8);
    }
}
