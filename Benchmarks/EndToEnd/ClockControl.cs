using KestrelFree.Server.Loop;

namespace KestrelFree.Benchmarks.EndToEnd;

// The control beside a measured longest turn: a thread that does nothing but read its own CPU clock. Two readings in a row lie less than a
// microsecond apart. Where they do not, it was the machine: on a virtual one the clock goes on while the hypervisor has given the core to
// somebody else, most of all when one core wakes the other with an interrupt, as every send to a waiting client does. Of a turn that long
// nothing can be said in such an environment.

/// <summary>Finds the longest gap in the CPU clock of a thread that does nothing.</summary>
internal sealed class ClockControl : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _ended;
    private long _longestMicros;

    internal ClockControl()
    {
        _thread = new Thread(Watch) { IsBackground = true, Name = "clock control" };
        _thread.Start();
    }

    /// <summary>The longest gap so far, in microseconds of "CPU".</summary>
    internal long LongestMicros => Volatile.Read(ref _longestMicros);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended = true;
        _thread.Join();
    }

    private void Watch()
    {
        var last = ThreadCpuClock.NowMicros();
        while (!_ended)
        {
            var now = ThreadCpuClock.NowMicros();
            if (now - last > _longestMicros) Volatile.Write(ref _longestMicros, now - last);
            last = now;
        }
    }
}
