using System.Diagnostics;

namespace KestrelFree.Server.Introspection;

// What blocked the loop for latency-monitor-threshold milliseconds or more: a series of samples for each kind of event, at most one a second. A
// threshold of 0 turns the monitor off. Commands come here through SlowCommands, which looks at their duration anyhow; whatever else may be slow
// (expire cycles, forks, writes of the append-only file) calls Add with what it has measured anyhow, or Start and AddSince around it.

/// <summary>The latency monitor: LATENCY reads it.</summary>
internal sealed class LatencyMonitor
{
    private readonly RedisServer _server;
    private readonly Dictionary<string, LatencySeries> _series = [];

    internal LatencyMonitor(RedisServer server) => _server = server;

    /// <summary>The events that have happened, with their samples.</summary>
    internal IReadOnlyDictionary<string, LatencySeries> Series => _series;

    /// <summary>Adds a sample of an event, unless it is below the threshold. O(1).</summary>
    internal void Add(string what, long milliseconds)
    {
        var threshold = _server.Config.LatencyMonitorThresholdMs;
        if (threshold == 0 || milliseconds < threshold) return;
        if (!IsOfCommands(what)) _server.Stalls.Note(what, milliseconds);
        if (!_series.TryGetValue(what, out var series)) _series.Add(what, series = new LatencySeries());
        series.Add(_server.Clock.NowMs / 1000, milliseconds);
    }

    /// <summary>The monotonic clock before something that may be slow, for <see cref="AddSince"/>; 0 while the monitor is off.</summary>
    internal long Start() => _server.Config.LatencyMonitorThresholdMs == 0 ? 0 : Stopwatch.GetTimestamp();

    /// <summary>Adds a sample of what began at <see cref="Start"/> and ends now, unless it is below the threshold. O(1).</summary>
    internal void AddSince(long start, string what)
    {
        if (start != 0) Add(what, (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    // Those come with their names, from SlowCommands.
    private static bool IsOfCommands(string what) => what is "command" or "fast-command";

    /// <summary>Forgets the samples of an event, whatever the case of its name; returns how many events that were.</summary>
    internal int Reset(string what)
    {
        var known = _series.Keys.FirstOrDefault(key => key.Equals(what, StringComparison.OrdinalIgnoreCase));
        return known is not null && _series.Remove(known) ? 1 : 0;
    }

    /// <summary>Forgets all samples; returns how many events there were.</summary>
    internal int Reset()
    {
        var events = _series.Count;
        _series.Clear();
        return events;
    }
}

/// <summary>One sample: the slowest occurrence within a second.</summary>
/// <param name="UnixSeconds">When.</param>
/// <param name="Milliseconds">How long it took.</param>
internal readonly record struct LatencySample(long UnixSeconds, long Milliseconds);

/// <summary>The last samples of one event, the oldest first.</summary>
internal sealed class LatencySeries
{
    private const int Capacity = 160;

    private readonly LatencySample[] _samples = new LatencySample[Capacity];
    private int _next;
    private int _count;

    /// <summary>The longest ever, in milliseconds.</summary>
    internal long MaxMs { get; private set; }

    /// <summary>The latest sample.</summary>
    internal LatencySample Latest => _samples[(_next + Capacity - 1) % Capacity];

    /// <summary>The samples, the oldest first; at least one.</summary>
    internal IEnumerable<LatencySample> Samples
    {
        get
        {
            for (var i = Capacity - _count; i < Capacity; i++) yield return _samples[(_next + i) % Capacity];
        }
    }

    /// <summary>Adds a sample; of several within a second the longest stays.</summary>
    internal void Add(long unixSeconds, long milliseconds)
    {
        MaxMs = Math.Max(MaxMs, milliseconds);
        if (_count > 0 && Latest.UnixSeconds == unixSeconds)
        {
            if (milliseconds > Latest.Milliseconds) _samples[(_next + Capacity - 1) % Capacity] = new LatencySample(unixSeconds, milliseconds);
            return;
        }

        _samples[_next] = new LatencySample(unixSeconds, milliseconds);
        _next = (_next + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
    }
}
