using System.Diagnostics;
using KestrelFree.Server.Introspection;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Introspection;

/// <summary>The histogram of a command's latencies.</summary>
internal sealed class LatencyHistogramTests
{
    private static readonly double TicksPerNano = Stopwatch.Frequency / 1e9;

    [Test]
    public void Percentiles_are_within_a_bucket_of_the_true_ones()
    {
        const int seed = 20241121;
        var random = new Random(seed);
        var histogram = new LatencyHistogram();
        var nanos = Enumerable.Range(0, 10_000).Select(_ => (long)Math.Pow(10, random.NextDouble() * 8.9)).Order().ToArray();
        foreach (var value in nanos) Record(histogram, value);

        foreach (var percentile in new[] { 0.1, 10, 50, 90, 99, 99.9, 100 })
        {
            var exact = nanos[(int)Math.Clamp(percentile / 100 * nanos.Length + 0.5, 1, nanos.Length) - 1];
            Assert.That(histogram.NanosAt(percentile), Is.InRange(exact, exact * 1.008 + 1), $"seed {seed}, p{percentile}");
        }
    }

    [Test]
    public void The_lowest_and_the_highest_durations_have_buckets()
    {
        var histogram = new LatencyHistogram();
        Record(histogram, 0);
        Record(histogram, long.MaxValue / 2);

        Assert.That(histogram.NanosAt(0), Is.EqualTo(1));
        Assert.That(histogram.NanosAt(100), Is.InRange(1_000_000_000, 1_008_000_000));
        Assert.That(histogram.Count, Is.EqualTo(2));
    }

    [Test]
    public void Counts_accumulate_over_the_powers_of_two()
    {
        var histogram = new LatencyHistogram();
        foreach (var nanos in new[] { 500, 900, 1500, 40_000, 1_000_000 }) Record(histogram, nanos);

        Assert.That(histogram.Cumulative(), Is.EqualTo(new[] { (1L, 2L), (2L, 3L), (66L, 4L), (1056L, 5L) }));
    }

    [Test]
    public void An_empty_histogram_has_no_percentiles()
    {
        var histogram = new LatencyHistogram();

        Assert.That(histogram.NanosAt(50), Is.Zero);
        Assert.That(histogram.Cumulative(), Is.Empty);
    }

    private static void Record(LatencyHistogram histogram, long nanos) => histogram.Record((long)(nanos * TicksPerNano));
}
