using KestrelFree.Server.Loop;

namespace KestrelFree.Benchmarks.EndToEnd;

// The control beside a measured longest turn: a thread that does nothing but read its own CPU clock. Two readings in a row lie less than a
// microsecond apart. Where they do not, it was the machine: on a virtual one the clock goes on while the hypervisor has given the core to
// somebody else, most of all when one core wakes the other with an interrupt, as every send to a waiting client does. A turn of the loop that
// is longer than what shows here is the server's; one that is not may be the machine's.

/// <summary>Measures jumps in the CPU clock of a thread that does nothing. The figures are whole when it has been disposed of.</summary>
internal sealed class ClockControl : IDisposable
{
    /// <summary>The jumps that are counted: those over so many microseconds.</summary>
    internal static readonly long[] LimitsMicros = [100, 200, 500, 1000, 2000, 5000];

    private readonly int[] _jumps = new int[LimitsMicros.Length];
    private readonly Thread _thread;
    private volatile bool _ended;

    internal ClockControl()
    {
        _thread = new Thread(Watch) { IsBackground = true, Name = "clock control" };
        _thread.Start();
    }

    /// <summary>The longest jump, in microseconds of "CPU".</summary>
    internal long LongestMicros { get; private set; }

    /// <summary>How often the clock was read.</summary>
    internal long Readings { get; private set; }

    /// <summary>How many jumps were over each of the limits.</summary>
    internal IReadOnlyList<int> Jumps => _jumps;

    /// <summary>Ends the thread. Idempotent.</summary>
    public void Dispose()
    {
        _ended = true;
        _thread.Join();
    }

    private void Watch()
    {
        for (var last = ThreadCpuClock.NowMicros(); !_ended; Readings++)
        {
            var now = ThreadCpuClock.NowMicros();
            for (var at = 0; at < LimitsMicros.Length && now - last > LimitsMicros[at]; at++) _jumps[at]++;
            LongestMicros = Math.Max(LongestMicros, now - last);
            last = now;
        }
    }
}
