using System.Diagnostics;
using KestrelFree.Storage;

namespace KestrelFree.Server;

// When the active expire cycle runs, and for how long; what it does is Storage's ExpirySweep.
//
// Redis runs a slow cycle hz times a second, which samples the databases, and a fast one in front of every poll while the samples show many keys
// due. Here the keyspace knows when its earliest key is due, so there is one cycle, which BeforeSleep runs as soon as that time has come. Three
// rules keep it from the clients' way:
//
//     slice     a quarter of a millisecond: no client waits longer for it
//     share     after a slice of t the cycle rests for 3 t, so it takes a quarter of the loop at most (43 % with active-expire-effort 10, the
//               same scale as Redis's slow cycle)
//     pace      a sweep that got to its end begins again after 10 ms at the earliest: when keys fall due all the time, each visit to a segment
//               finds several
//
// A loop with nothing else to do would sleep past the moment, so a timer is set for it. That timer only wakes the loop. It is set anew when a key
// comes along that expires earlier; at most a second ahead, so that a step of the system's clock does no harm.

/// <summary>Paces the deletion of keys past their time, and counts what it costs.</summary>
internal sealed class ActiveExpireCycle
{
    private const long SliceMicros = 250;
    private const long PaceMs = 10;
    private const long LongestWaitMs = 1000;
    private const int BasePercent = 25;
    private const int PercentPerEffort = 2;
    private const long NoWake = long.MaxValue;

    private static readonly long TicksPerMs = Stopwatch.Frequency / 1000;

    private readonly RedisServer _server;
    private readonly Func<long> _wake;
    private long _restUntilTicks;
    private long _timer;
    private long _wakeMs = NoWake;
    private long _spentTicks;

    internal ActiveExpireCycle(RedisServer server)
    {
        _server = server;
        _wake = Wake;
    }

    /// <summary>Whether the cycle runs: DEBUG SET-ACTIVE-EXPIRE turns it off.</summary>
    internal bool IsEnabled { get; set; } = true;

    /// <summary>How many slices ended before everything due was deleted.</summary>
    internal long TimeCapReached { get; private set; }

    /// <summary>The time that the cycle has taken, in milliseconds.</summary>
    internal long SpentMs => _spentTicks / TicksPerMs;

    /// <summary>For how long the oldest key that is due has waited to be deleted, in milliseconds, or an upper bound; 0 when none is due.</summary>
    internal long DelayMs => Math.Max(0, _server.Clock.NowMs - 1 - _server.Keyspace.EarliestExpiryMs);

    /// <summary>The part of the keys with an expiry that are due but not deleted, in per cent, by estimate.</summary>
    internal double StalePercent
    {
        get
        {
            long expiring = 0;
            for (var i = 0; i < _server.Keyspace.DatabaseCount; i++) expiring += _server.Keyspace[i].ExpiresCount;
            return expiring == 0 ? 0 : Math.Min(100, 100.0 * _server.Keyspace.ExpiryBacklog / expiring);
        }
    }

    /// <summary>Runs a slice if it is time for one, and sees to it that the loop wakes up for the next. O(1) when nothing is due.</summary>
    internal void Run()
    {
        var earliestMs = _server.Keyspace.EarliestExpiryMs;
        if (earliestMs == long.MaxValue || !IsEnabled || _server.Keyspace.ExpiredKeys != ExpiredKeys.Delete) return;
        var isDue = earliestMs < _server.Clock.NowMs;
        if (isDue && _server.Clock.Ticks >= _restUntilTicks)
        {
            RunSlice();
            earliestMs = _server.Keyspace.EarliestExpiryMs;
            if (earliestMs == long.MaxValue) return;
        }

        WakeAt(earliestMs);
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics()
    {
        TimeCapReached = 0;
        _spentTicks = 0;
    }

    private void RunSlice()
    {
        var began = Stopwatch.GetTimestamp();
        var isCutShort = _server.Keyspace.ExpireCycle(SliceMicros);
        var ended = _server.Clock.Advance(Stopwatch.GetTimestamp());
        var spent = ended - began;
        _spentTicks += spent;
        _server.Latency.Add("expire-cycle", spent / TicksPerMs);
        var percent = BasePercent + PercentPerEffort * (_server.Config.ActiveExpireEffort - 1);
        _restUntilTicks = ended + spent * (100 - percent) / percent;
        if (isCutShort) TimeCapReached++;
        else _restUntilTicks = Math.Max(_restUntilTicks, began + PaceMs * TicksPerMs);
    }

    // In the millisecond after the key's time, or when the rest is over if that is later.
    private void WakeAt(long earliestMs)
    {
        var nowMs = _server.Clock.NowMs;
        var restMs = (_restUntilTicks - _server.Clock.Ticks + TicksPerMs - 1) / TicksPerMs;
        var delayMs = Math.Min(Math.Max(Math.Max(restMs, 0), earliestMs - nowMs + 1), LongestWaitMs);
        if (_wakeMs <= nowMs + delayMs) return;
        if (_wakeMs != NoWake) _server.Loop.RemoveTimer(_timer);
        _wakeMs = nowMs + delayMs;
        _timer = _server.Loop.AddTimer(delayMs, _wake);
    }

    private long Wake()
    {
        _wakeMs = NoWake;
        return Loop.EventLoop.NoMore;
    }
}
