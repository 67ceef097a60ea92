using System.Diagnostics;
using System.Text;

namespace KestrelFree.Server.Introspection;

// LATENCY tells of events one by one, to whoever asks. A turn that took latency-monitor-threshold milliseconds or more is a stall that every client
// has felt, and it gets a line in the log with all that was noted in it: commands by name (never with arguments), cycles of the server's own,
// and the pauses of the garbage collector. What remains unexplained was many small things, or the machine's. One line a second at most; it
// counts those that were left out. With the threshold at 0 a turn pays one comparison.

/// <summary>Reports turns of the loop that held everybody up.</summary>
internal sealed class LoopStalls
{
    private const int MostCauses = 4;
    private const long LineEveryMs = 1000;

    private static readonly long TicksPerMs = Stopwatch.Frequency / 1000;

    private readonly RedisServer _server;
    private readonly List<(string What, long Ms)> _causes = [];
    private long _beganTicks;
    private TimeSpan _collectedBefore;
    private long _loggedMs = -LineEveryMs;
    private int _leftOut;

    internal LoopStalls(RedisServer server) => _server = server;

    private long ThresholdMs => _server.Config.LatencyMonitorThresholdMs;

    /// <summary>Begins a turn at a reading of the monotonic clock.</summary>
    internal void BeginTurn(long ticks)
    {
        if (ThresholdMs == 0) return;
        _beganTicks = ticks;
        _collectedBefore = GC.GetTotalPauseDuration();
        _causes.Clear();
    }

    /// <summary>Notes what took long in this turn.</summary>
    internal void Note(string what, long milliseconds)
    {
        if (ThresholdMs == 0 || milliseconds == 0) return;
        if (_causes.Count < MostCauses) _causes.Add((what, milliseconds));
        else if (_causes.FindIndex(cause => cause.Ms < milliseconds) is >= 0 and var shorter) _causes[shorter] = (what, milliseconds);
    }

    /// <summary>Ends a turn and logs it if it was a stall.</summary>
    internal void EndTurn()
    {
        var threshold = ThresholdMs;
        if (threshold == 0 || _beganTicks == 0) return;
        var took = (Stopwatch.GetTimestamp() - _beganTicks) / TicksPerMs;
        if (took < threshold) return;
        if (_server.Clock.NowMs - _loggedMs < LineEveryMs)
        {
            _leftOut++;
            return;
        }

        _loggedMs = _server.Clock.NowMs;
        _server.Log.Warning(Describe(took, threshold));
        _leftOut = 0;
    }

    private string Describe(long took, long threshold)
    {
        var text = new StringBuilder($"The event loop was held up for {took} ms (latency-monitor-threshold is {threshold}): ");
        var collected = (long)(GC.GetTotalPauseDuration() - _collectedBefore).TotalMilliseconds;
        if (collected > 0) _causes.Add(("garbage collection", collected));
        _causes.Sort(static (a, b) => b.Ms.CompareTo(a.Ms));
        text.AppendJoin(", ", _causes.Select(static cause => $"{cause.What} {cause.Ms} ms"));
        if (_causes.Count == 0) text.Append("by many small things, or by the machine");
        if (_leftOut > 0) text.Append($"; {_leftOut} more such turns since the last report");
        return text.ToString();
    }
}
