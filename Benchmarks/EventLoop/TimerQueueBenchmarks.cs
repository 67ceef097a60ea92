using BenchmarkDotNet.Attributes;
using KestrelFree.Server.Loop;

namespace KestrelFree.Benchmarks.Loop;

/// <summary>Adding and removing a deadline while others wait, and a turn in which nothing is due.</summary>
[MemoryDiagnoser]
public class TimerQueueBenchmarks
{
    private static readonly Func<long> Nothing = () => TimerQueue.NoMore;
    private readonly TimerQueue _timers = new();
    private long _delayMs;

    [Params(2, 10_000)]
    public int Queued { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        for (var i = 0; i < Queued; i++)
            _timers.Add(0, 1000 + i, Nothing);
    }

    [Benchmark]
    public bool AddAndRemove()
    {
        _delayMs = (_delayMs + 7919) % 20_000;
        return _timers.Remove(_timers.Add(0, _delayMs, Nothing));
    }

    [Benchmark]
    public int NothingDue() => _timers.RunDue(1);
}
