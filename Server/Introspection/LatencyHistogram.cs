using System.Diagnostics;
using System.Numerics;

namespace KestrelFree.Server.Introspection;

// How long the calls of one command took, as counts in buckets whose width grows with the value (an HDR histogram of two significant digits):
//
//     0 .. 255 ns        a bucket each nanosecond
//     256 .. 511         one every 2 ns
//     512 .. 1023        one every 4 ns        128 buckets for every further power of two,
//     ...                                      up to a second; what takes longer counts as a second
//
// So a value is known to 0.8 % wherever it lies, in 24 KB. The index is two shifts and an addition, and the calls of a command fall into few
// buckets, so that recording one touches a line or two of cache.

/// <summary>A histogram of durations between 1 ns and 1 s. Recording is O(1), reading is O(buckets).</summary>
internal sealed class LatencyHistogram
{
    private const long MaxNanos = 1_000_000_000;
    private const int HalfBits = 7;
    private const long FirstReportNanos = 1024;

    private static readonly double NanosPerTick = 1e9 / Stopwatch.Frequency;

    private readonly long[] _counts = new long[IndexOf(MaxNanos) + 1];

    /// <summary>How many durations were recorded.</summary>
    internal long Count { get; private set; }

    /// <summary>Records a duration in ticks of the monotonic clock.</summary>
    internal void Record(long ticks)
    {
        var nanos = Stopwatch.Frequency == MaxNanos ? ticks : (long)(ticks * NanosPerTick);
        _counts[IndexOf(Math.Clamp(nanos, 1, MaxNanos))]++;
        Count++;
    }

    /// <summary>
    /// The duration in nanoseconds that so many per cent of the calls do not exceed, as the upper end of its bucket; 0 when there are none.
    /// </summary>
    internal long NanosAt(double percentile)
    {
        var wanted = Math.Max(1, (long)(Math.Min(percentile, 100) / 100 * Count + 0.5));
        long seen = 0;
        for (var index = 0; index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (seen >= wanted) return percentile == 0 ? LowestOf(index) : HighestOf(index);
        }

        return 0;
    }

    /// <summary>How many calls took at most so many microseconds, at each power of two of 1024 ns at which the number grows.</summary>
    internal IEnumerable<(long Micros, long Count)> Cumulative()
    {
        long seen = 0;
        long reported = 0;
        var level = FirstReportNanos;
        for (var index = 0; index < _counts.Length && reported < Count; index++)
        {
            seen += _counts[index];
            if (LowestOf(index) < level && index < _counts.Length - 1) continue;
            level *= 2;
            if (seen == reported) continue;
            yield return (HighestOf(index) / 1000, seen);
            reported = seen;
        }
    }

    private static int IndexOf(long nanos)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)nanos) - HalfBits);
        return (shift << HalfBits) + (int)(nanos >> shift);
    }

    private static int ShiftOf(int index) => Math.Max(0, (index >> HalfBits) - 1);

    private static long LowestOf(int index)
    {
        var shift = ShiftOf(index);
        return (long)(index - (shift << HalfBits)) << shift;
    }

    private static long HighestOf(int index) => LowestOf(index) + (1L << ShiftOf(index)) - 1;
}
