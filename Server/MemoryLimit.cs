using System.Diagnostics;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Config;
using KestrelFree.Server.Hosting;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server;

// Holds the data set within maxmemory: before every command keys are evicted until it fits, or until the slice of time that
// maxmemory-eviction-tenacity allows is over. What is left then a timer goes on with, turn by turn, between the clients' requests. Only when the
// policy forbids to evict, or there is nothing that may go, commands that could need more memory are refused.
//
//     tenacity   0..10     0 to 500 us for a slice
//                11..99    500 us * 1.15^(tenacity - 10)
//                100       no limit
//
// What counts is the data: keys, values and what finds them. Buffers of clients and what forks keep of the past do not, for evicting a key frees
// none of it; a slow reader of replies must not cost the data set. (Redis counts clients' buffers. Here client-output-buffer-limit bounds them.)
// Holes that evicted keys leave do not count either: new keys fill them, and compaction gives them back when there are many.
//
// A limit in percent is one of the memory there is for the process: the machine's, or what its cgroup allows.

/// <summary>What became of an attempt to fit into maxmemory.</summary>
internal enum EvictionOutcome
{
    /// <summary>The data set fits, or nothing may be done about it now.</summary>
    Fits,

    /// <summary>Not yet; eviction goes on.</summary>
    GoesOn,

    /// <summary>There is nothing that may go.</summary>
    Fails,
}

/// <summary>maxmemory: its limit, and eviction.</summary>
internal sealed class MemoryLimit
{
    private const int KeysPerCheck = 8;
    private const int LinearTenacity = 10;
    private const int EndlessTenacity = 100;
    private const double Growth = 1.15;

    private readonly RedisServer _server;
    private readonly Func<long> _continue;
    private EvictionRule _rule;
    private bool _mayEvict;
    private long _sliceMicros;
    private bool _isRunning;
    private long _exceededSince;
    private long _exceededTicks;

    internal MemoryLimit(RedisServer server)
    {
        _server = server;
        _continue = Continue;
        FollowConfig();
    }

    /// <summary>What memory there is.</summary>
    internal MachineMemory Machine { get; } = MachineMemory.Read();

    /// <summary>Whether there is a limit.</summary>
    internal bool IsSet => LimitBytes != 0;

    /// <summary>The limit in bytes; 0 for none.</summary>
    internal long LimitBytes { get; private set; }

    /// <summary>For how long the limit has been exceeded, all times together, in milliseconds.</summary>
    internal long ExceededMs => _exceededTicks / (Stopwatch.Frequency / 1000) + CurrentlyExceededMs;

    /// <summary>For how long it has been exceeded without a break, in milliseconds; 0 when it is not.</summary>
    internal long CurrentlyExceededMs =>
        _exceededSince == 0 ? 0 : (Stopwatch.GetTimestamp() - _exceededSince) / (Stopwatch.Frequency / 1000);

    /// <summary>Takes over what the directives say.</summary>
    internal void FollowConfig()
    {
        var config = _server.Config;
        LimitBytes = config.MaxMemoryPercent > 0
            ? (long)(Machine.AvailableBytes / 100.0 * config.MaxMemoryPercent)
            : (long)Math.Min(config.MaxMemory, long.MaxValue);
        var policy = config.MaxMemoryPolicy;
        _mayEvict = policy != MaxMemoryPolicy.NoEviction;
        _rule = new EvictionRule(OrderOf(policy), CandidatesOf(policy), config.MaxMemorySamples);
        _sliceMicros = SliceMicros(config.MaxMemoryEvictionTenacity);
    }

    /// <summary>Tells in the log what memory there is, and what is unwise.</summary>
    internal void Announce()
    {
        var (log, machine) = (_server.Log, Machine);
        log.Notice(machine.CgroupLimitBytes == 0
            ? $"Memory: {Megabytes(machine.TotalBytes)} in this machine, not limited by a cgroup; {LimitText}"
            : $"Memory: {Megabytes(machine.TotalBytes)} in this machine, of which the cgroup allows {Megabytes(machine.CgroupLimitBytes)} ({machine.CgroupFile}); {LimitText}");
        if (IsSet && LimitBytes > machine.AvailableBytes)
        {
            log.Warning(
                $"WARNING: maxmemory is {Megabytes(LimitBytes)}, more than the {Megabytes(machine.AvailableBytes)} there are: " +
                "the system will end the server before the limit is reached.");
        }
    }

    /// <summary>CONFIG SET maxmemory: tells when the data set exceeds it, and begins to evict.</summary>
    internal void Begin()
    {
        if (!IsSet || _server.Keyspace.DataBytes <= LimitBytes) return;
        _server.Log.Warning(
            $"WARNING: the new maxmemory value set via CONFIG SET ({LimitBytes}) is smaller than the current memory usage ({_server.Keyspace.DataBytes}). " +
            "This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.");
        StartTimer();
    }

    /// <summary>Evicts until the data set fits or the slice is over. O(1) while it fits.</summary>
    internal EvictionOutcome Enforce()
    {
        if (_server.Loader.IsLoading || _server.Pause.Mode != PauseMode.None) return EvictionOutcome.Fits;
        var outcome = !IsSet || _server.Keyspace.DataBytes <= LimitBytes ? EvictionOutcome.Fits : Evict();
        NoteTime(outcome);
        return outcome;
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics()
    {
        _exceededTicks = 0;
        _exceededSince = 0;
    }

    private string LimitText => IsSet ? $"maxmemory is {Megabytes(LimitBytes)}" : "maxmemory is not set";

    private static string Megabytes(long bytes) => $"{bytes >> 20} MB";

    private static EvictionOrder OrderOf(MaxMemoryPolicy policy) => policy switch
    {
        MaxMemoryPolicy.AllKeysRandom or MaxMemoryPolicy.VolatileRandom => EvictionOrder.Random,
        MaxMemoryPolicy.AllKeysLfu or MaxMemoryPolicy.VolatileLfu => EvictionOrder.LeastFrequent,
        MaxMemoryPolicy.VolatileTtl => EvictionOrder.ShortestLived,
        _ => EvictionOrder.Oldest,
    };

    private static EvictionCandidates CandidatesOf(MaxMemoryPolicy policy) => policy switch
    {
        MaxMemoryPolicy.AllKeysRandom or MaxMemoryPolicy.AllKeysLru or MaxMemoryPolicy.AllKeysLfu or MaxMemoryPolicy.AllKeysLrm => EvictionCandidates.All,
        _ => EvictionCandidates.Expiring,
    };

    private static long SliceMicros(int tenacity) => tenacity switch
    {
        <= LinearTenacity => 50 * tenacity,
        < EndlessTenacity => (long)(500 * Math.Pow(Growth, tenacity - LinearTenacity)),
        _ => long.MaxValue,
    };

    private EvictionOutcome Evict()
    {
        if (!_mayEvict) return EvictionOutcome.Fails;
        var began = Stopwatch.GetTimestamp();
        var limit = _sliceMicros == long.MaxValue ? long.MaxValue : _sliceMicros * (Stopwatch.Frequency / 1_000_000);
        var outcome = EvictionOutcome.Fits;
        for (var evicted = 1; ; evicted++)
        {
            if (!_server.Keyspace.Eviction.TryEvict(_rule))
            {
                outcome = EvictionOutcome.Fails;
                break;
            }

            if (_server.Keyspace.DataBytes <= LimitBytes) break;
            if (evicted % KeysPerCheck != 0 || Stopwatch.GetTimestamp() - began <= limit) continue;
            StartTimer();
            outcome = EvictionOutcome.GoesOn;
            break;
        }

        var took = _server.Clock.Advance(Stopwatch.GetTimestamp()) - began;
        _server.Latency.Add("eviction-cycle", took / (Stopwatch.Frequency / 1000));
        return outcome;
    }

    private void StartTimer()
    {
        if (_isRunning) return;
        _isRunning = true;
        _server.Loop.AddTimer(0, _continue);
    }

    private long Continue()
    {
        if (Enforce() == EvictionOutcome.GoesOn) return 0;
        _isRunning = false;
        return Loop.EventLoop.NoMore;
    }

    private void NoteTime(EvictionOutcome outcome)
    {
        if (outcome != EvictionOutcome.Fits)
        {
            if (_exceededSince == 0) _exceededSince = Stopwatch.GetTimestamp();
        }
        else if (_exceededSince != 0)
        {
            _exceededTicks += Stopwatch.GetTimestamp() - _exceededSince;
            _exceededSince = 0;
        }
    }
}
