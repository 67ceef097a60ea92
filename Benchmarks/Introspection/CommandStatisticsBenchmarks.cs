using BenchmarkDotNet.Attributes;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Introspection;

namespace KestrelFree.Benchmarks.Introspection;

/// <summary>
/// What is recorded of each command: its count and time (commandstats), its histogram (latencystats), and the comparison that the slow log and the
/// latency monitor need. The clock is not in it: the server reads it once a command for its own sake.
/// </summary>
[MemoryDiagnoser]
public class CommandStatisticsBenchmarks
{
    private const int Commands = 4096;

    private readonly long[] _durations = new long[Commands];
    private readonly Command _command = new(new CommandSpec("set", static (_, in _) => { }) { Arity = -3, Since = "1.0.0", Group = "string" }, container: null);
    private readonly LatencyHistogram _histogram = new();
    private long _slow;

    /// <summary>Durations as SET's are at -P 64: most around 150 to 400 ns, one in a hundred some microseconds.</summary>
    [GlobalSetup]
    public void DrawDurations()
    {
        var dice = new Random(1);
        for (var i = 0; i < Commands; i++)
            _durations[i] = dice.Next(100) == 0 ? dice.Next(1000, 20_000) : dice.Next(150, 400);
    }

    /// <summary>The time of one command's record.</summary>
    [Benchmark(OperationsPerInvoke = Commands)]
    public long Record()
    {
        foreach (var ticks in _durations)
        {
            _command.Calls++;
            _command.Ticks += ticks;
            _histogram.Record(ticks);
            if (ticks >= 10_000_000) _slow++;
        }

        return _slow;
    }

    /// <summary>The same walk with nothing recorded.</summary>
    [Benchmark(OperationsPerInvoke = Commands, Baseline = true)]
    public long Walk()
    {
        long sum = 0;
        foreach (var ticks in _durations)
            sum += ticks;
        return sum;
    }
}
