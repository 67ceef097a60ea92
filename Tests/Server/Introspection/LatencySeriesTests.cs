using KestrelFree.Server.Introspection;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Introspection;

/// <summary>The samples of an event, and their drawing.</summary>
internal sealed class LatencySeriesTests
{
    [Test]
    public void Of_several_samples_within_a_second_the_longest_stays()
    {
        var series = new LatencySeries();
        series.Add(100, 5);
        series.Add(100, 9);
        series.Add(100, 7);
        series.Add(101, 3);

        Assert.That(series.Samples, Is.EqualTo(new[] { new LatencySample(100, 9), new LatencySample(101, 3) }));
        Assert.That(series.MaxMs, Is.EqualTo(9));
        Assert.That(series.Latest, Is.EqualTo(new LatencySample(101, 3)));
    }

    [Test]
    public void The_last_160_samples_stay()
    {
        var series = new LatencySeries();
        for (var second = 1; second <= 500; second++) series.Add(second, 500 - second);

        Assert.That(series.Samples.Select(sample => sample.UnixSeconds), Is.EqualTo(Enumerable.Range(341, 160)));
        Assert.That(series.MaxMs, Is.EqualTo(499));
    }

    [Test]
    public void The_graph_has_a_column_for_each_sample()
    {
        var series = new LatencySeries();
        series.Add(1000, 100);
        series.Add(1010, 200);
        series.Add(4600, 150);
        series.Add(4700, 120);

        var graph = LatencyGraph.Draw("command", series, nowSeconds: 4712);

        Assert.That(graph.Split('\n'), Is.EqualTo(new[]
        {
            "command - high 200 ms, low 100 ms (all time high 200 ms)",
            new string('-', 80),
            " #  ",
            " |_ ",
            " || ",
            "_||#",
            "    ",
            "1111",
            "hhm2",
            "   s",
            "",
        }));
    }
}
