using System.Diagnostics;
using KestrelFree.Storage;

namespace KestrelFree.Server;

// The time that commands see.
//
// It stands still while a command runs, so that no key expires in the middle of one. Call reads the monotonic clock once between two
// commands, for its own timing, and passes the ticks on to Advance: wall-clock time costs no reading of its own. Once a turn, after the
// poll, Synchronize reads the system's clock, so that steps of it are followed.

/// <summary>Unix time, frozen between calls of <see cref="Advance"/>.</summary>
internal sealed class ServerClock : Clock
{
    private static readonly double MicrosPerTick = 1e6 / Stopwatch.Frequency;

    private long _baseMicros;
    private long _baseTicks;
    private long _micros;
    private long _ms;

    internal ServerClock() => Synchronize();

    /// <inheritdoc/>
    public override long NowMs => _ms;

    /// <inheritdoc/>
    public override long NowMicros => _micros;

    /// <summary>The monotonic ticks of the last advance.</summary>
    internal long Ticks { get; private set; }

    /// <summary>Follows the system's clock; returns the monotonic ticks read with it.</summary>
    internal long Synchronize()
    {
        _baseMicros = (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
        _baseTicks = Stopwatch.GetTimestamp();
        return Advance(_baseTicks);
    }

    /// <summary>Moves time on to a reading of the monotonic clock.</summary>
    internal long Advance(long ticks)
    {
        Ticks = ticks;
        _micros = _baseMicros + (long)((ticks - _baseTicks) * MicrosPerTick);
        _ms = _micros / 1000;
        return ticks;
    }
}
