using System.Diagnostics;
using KestrelFree.Server.Config;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

// Loads the data set while the loop turns: BeforeSleep gives it a slice a turn, and in between clients are answered, most of them that the
// server is loading. Within a value that takes longer than a slice, a sorted set of millions, the loop turns inside the slice. No key expires
// meanwhile, and the count of changes since the last save stays as it was. What was loaded when a part fails stays where it is: at start the
// process ends then, and DEBUG RELOAD says so.

/// <summary>Loads files into the keyspace, in order, in slices.</summary>
internal sealed class DatasetLoader
{
    private const long SliceMicros = 10_000;
    private const long ReportEverySeconds = 5;

    private readonly RedisServer _server;
    private readonly Queue<LoadPart> _parts = new();
    private volatile bool _isLoading;
    private Action<string?>? _ended;
    private LoadPart? _current;
    private long _bytesBefore;
    private long _began;
    private long _reported;
    private long _dirtyBefore;
    private ExpiredKeys _expiredKeysBefore;
    private long _sliceMicros;
    private long _sliceBytes;
    private long _sliceBegan;
    private long _sliceFrom;
    private bool _isInSlice;

    internal DatasetLoader(RedisServer server) => _server = server;

    /// <summary>Whether data is being loaded; any thread may ask.</summary>
    internal bool IsLoading => _isLoading;

    /// <summary>DEBUG SET-SKIP-CHECKSUM-VALIDATION: checksums of files and payloads are not looked at.</summary>
    internal bool SkipsChecksums { get; set; }

    /// <summary>When loading began, in Unix seconds.</summary>
    internal long StartedSeconds { get; private set; }

    /// <summary>For how long it has loaded, in seconds.</summary>
    internal double ElapsedSeconds => Stopwatch.GetElapsedTime(_began).TotalSeconds;

    /// <summary>The bytes of all files.</summary>
    internal long TotalBytes { get; private set; }

    /// <summary>The bytes that have been read.</summary>
    internal long LoadedBytes => _bytesBefore + (_current?.LoadedBytes ?? 0);

    /// <summary>The memory that the data took where it was saved, in bytes; 0 if that is unknown.</summary>
    internal long UsedMemory => _current?.UsedMemory ?? 0;

    /// <summary>The keys that the last RDB file had.</summary>
    internal long KeysLoaded { get; private set; }

    /// <summary>The keys of the last RDB file that were past their time.</summary>
    internal long KeysExpired { get; private set; }

    private bool IsSliceOver => Stopwatch.GetElapsedTime(_sliceBegan).TotalMicroseconds >= _sliceMicros || LoadedBytes - _sliceFrom >= _sliceBytes;

    /// <summary>Begins to load files, in order; <paramref name="ended"/> is told what went wrong, or null.</summary>
    internal void Begin(IEnumerable<LoadPart> parts, Action<string?> ended)
    {
        Invariant.Check(!IsLoading);
        foreach (var part in parts) _parts.Enqueue(part);
        _ended = ended;
        _bytesBefore = 0;
        TotalBytes = _parts.Sum(static part => SizeOf(part.FilePath));
        StartedSeconds = _server.Clock.NowMs / 1000;
        _began = _reported = Stopwatch.GetTimestamp();
        _dirtyBefore = _server.Observer.Dirty;
        _expiredKeysBefore = _server.Keyspace.ExpiredKeys;
        _server.Keyspace.ExpiredKeys = ExpiredKeys.Hide;
        _server.Propagation.Suspend();
        _isLoading = true;
    }

    /// <summary>Loads for a slice between two turns of the loop, which comes back for the next at once.</summary>
    internal void Continue()
    {
        if (_isInSlice) return;
        _isInSlice = true;
        LoadSlice();
        _isInSlice = false;
        if (IsLoading) Report();
    }

    /// <summary>Loads for a slice within a command, so the loop does not turn before it is over, however long its last value takes.</summary>
    internal void LoadSlice()
    {
        Load(SliceMicros, _server.Config.LoadingProcessEventsIntervalBytes);
        _server.Loop.WorkPending = true;
    }

    /// <summary>Lets the loop turn within a value once the slice is over. Throws <see cref="LoadAbandonedException"/> when the server is to end.</summary>
    internal void PauseWithinValue()
    {
        if (!_isInSlice || !IsSliceOver) return;
        _server.Loop.RunTurn(maxWaitMs: 0);
        if (_server.Shutdown.InProgress) throw new LoadAbandonedException();
        Report();
        BeginSlice(_sliceMicros, _sliceBytes);
    }

    /// <summary>Loads all that is left while everybody waits.</summary>
    internal void Finish()
    {
        while (IsLoading) Load(long.MaxValue, long.MaxValue);
    }

    /// <summary>Takes the figures of an RDB file that was loaded.</summary>
    internal void CountKeys(long loaded, long expired)
    {
        KeysLoaded = loaded;
        KeysExpired = expired;
    }

    private static long SizeOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }

    private void BeginSlice(long micros, long bytes)
    {
        (_sliceMicros, _sliceBytes) = (micros, bytes);
        _sliceBegan = Stopwatch.GetTimestamp();
        _sliceFrom = LoadedBytes;
    }

    private void Report()
    {
        if (Stopwatch.GetElapsedTime(_reported).TotalSeconds < ReportEverySeconds) return;
        _reported = Stopwatch.GetTimestamp();
        _server.Log.Notice($"Loading {_current?.FilePath}: {LoadedBytes * 100.0 / Math.Max(TotalBytes, 1):F1}%, keys so far: {_current?.KeysLoaded}");
    }

    private void Load(long budgetMicros, long mostBytes)
    {
        BeginSlice(budgetMicros, mostBytes);
        try
        {
            if (_current is null) OpenNext();
            if (!_current!.ReadSlice(budgetMicros, mostBytes)) return;
            _bytesBefore += _current.LoadedBytes;
            CloseCurrent();
            if (_parts.Count == 0) End(null);
        }
        catch (LoadAbandonedException)
        {
            CloseCurrent();
        }
        catch (LoadException e)
        {
            End(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            End($"Fatal error: can't read {_current?.FilePath}: {SystemErrorText.Of(e)}");
        }
    }

    private void OpenNext()
    {
        _current = _parts.Dequeue();
        _current.Open();
    }

    private void CloseCurrent()
    {
        _current?.Dispose();
        _current = null;
    }

    private void End(string? error)
    {
        CloseCurrent();
        _parts.Clear();
        _isLoading = false;
        _server.Keyspace.ExpiredKeys = _expiredKeysBefore;
        _server.Propagation.Resume();
        _server.Observer.CountSaved(_server.Observer.Dirty - _dirtyBefore);
        if (error is not null) _server.Log.Warning(error);
        var ended = _ended;
        _ended = null;
        ended?.Invoke(error);
    }
}
