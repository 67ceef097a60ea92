using System.Diagnostics;

namespace KestrelFree.Storage;

/// <summary>Where the keyspace takes the time from: unix time in milliseconds and microseconds.</summary>
public abstract class Clock
{
    /// <summary>Unix time in milliseconds.</summary>
    public abstract long NowMs { get; }

    /// <summary>Unix time in microseconds.</summary>
    public abstract long NowMicros { get; }
}

/// <summary>The machine's own clock.</summary>
public sealed class SystemClock : Clock
{
    /// <inheritdoc/>
    public override long NowMs => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public override long NowMicros => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}

/// <summary>A clock that only its owner moves: what tests run under.</summary>
public sealed class ManualClock(long startMs) : Clock
{
    private long _micros = startMs * 1000;

    /// <inheritdoc/>
    public override long NowMs => _micros / 1000;

    /// <inheritdoc/>
    public override long NowMicros => _micros;

    /// <summary>Moves the time on by so many milliseconds.</summary>
    public void Advance(long milliseconds) => _micros += milliseconds * 1000;

    /// <summary>Sets the time, in unix milliseconds.</summary>
    public void Set(long milliseconds) => _micros = milliseconds * 1000;
}

/// <summary>A clock that stands still between refreshes, so that a command sees one time from start to end.</summary>
public sealed class CachedClock : Clock
{
    private readonly Clock _source;
    private long _ms;
    private long _micros;

    /// <summary>Takes its time from <paramref name="source"/>, once now and then at each <see cref="Refresh"/>.</summary>
    public CachedClock(Clock source)
    {
        _source = source;
        Refresh();
    }

    /// <inheritdoc/>
    public override long NowMs => _ms;

    /// <inheritdoc/>
    public override long NowMicros => _micros;

    /// <summary>Reads the source again.</summary>
    public void Refresh()
    {
        _micros = _source.NowMicros;
        _ms = _micros / 1000;
    }
}

/// <summary>A time budget for work that is done in slices, measured by the monotonic clock.</summary>
internal readonly struct TimeBudget(long micros)
{
    /// <summary>A budget that is never spent.</summary>
    public const long Unlimited = long.MaxValue / 1_000_000_000;

    private readonly long _deadline = Stopwatch.GetTimestamp() + micros * (Stopwatch.Frequency / 1_000_000);

    /// <summary>Whether the slice is used up.</summary>
    public bool IsSpent => Stopwatch.GetTimestamp() >= _deadline;
}
