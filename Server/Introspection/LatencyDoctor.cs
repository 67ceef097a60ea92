using System.Text;

namespace KestrelFree.Server.Introspection;

/// <summary>LATENCY DOCTOR: the latency monitor's samples in words, with what can be done about them.</summary>
internal static class LatencyDoctor
{
    /// <summary>Writes the report.</summary>
    internal static string Report(RedisServer server)
    {
        if (server.Config.LatencyMonitorThresholdMs == 0 && server.Latency.Series.Count == 0)
        {
            return "The latency monitor is off, so there is nothing to judge by. Turn it on with \"CONFIG SET latency-monitor-threshold " +
                "<milliseconds>\", choosing how long the server may be blocked before you care, and ask again later.\n";
        }

        if (server.Latency.Series.Count == 0)
            return $"Nothing has blocked the server for {server.Config.LatencyMonitorThresholdMs} milliseconds or more since the samples were last reset.\n";

        var text = new StringBuilder("What blocked the server:\n\n");
        var number = 0;
        foreach (var (what, series) in server.Latency.Series) Describe(text, ++number, what, series, server.Clock.NowMs / 1000);
        text.Append("\nWhat may help:\n\n");
        foreach (var what in server.Latency.Series.Keys)
        {
            foreach (var advice in AdviceOn(what, server)) text.Append("- ").Append(advice).Append('\n');
        }

        return text.ToString();
    }

    private static void Describe(StringBuilder text, int number, string what, LatencySeries series, long nowSeconds)
    {
        var samples = series.Samples.ToArray();
        var average = (long)samples.Average(sample => sample.Milliseconds);
        var deviation = (long)samples.Average(sample => Math.Abs(sample.Milliseconds - average));
        var period = Math.Max(1, nowSeconds - samples[0].UnixSeconds);
        text.Append($"{number}. {what}: {samples.Length} latency spikes (average {average} ms, mean deviation {deviation} ms, ");
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"one every {(double)period / samples.Length:F2} s). The worst ever took {series.MaxMs} ms.\n");
    }

    private static IEnumerable<string> AdviceOn(string what, RedisServer server)
    {
        switch (what)
        {
            case "command":
                if (server.Config.SlowlogLogSlowerThanUs < 0 || server.Config.SlowlogLogSlowerThanUs / 1000 > server.Config.LatencyMonitorThresholdMs)
                    yield return "SLOWLOG does not record what the latency monitor reports: lower slowlog-log-slower-than.";
                yield return "SLOWLOG GET names the slow commands: look for those on many elements, and take them in portions (SCAN and its relatives).";
                yield return "DEL of large values costs nothing here, but reading all of one does.";
                break;
            case "fast-command":
                yield return "Commands that are always fast took long: the machine is overloaded, swaps, or lets others run in the server's place.";
                break;
            case "expire-cycle":
                yield return "Many keys fall due at the same moment: spread their expiries.";
                break;
            case "fork":
                yield return "Forking copies only the top of the key directory; if that is slow, the machine swaps or is overloaded.";
                break;
            case "aof-fsync-always":
                yield return "With appendfsync always every turn waits for the disk: appendfsync everysec loses at most a second, and only when the machine itself fails.";
                break;
            case "aof-write-pending-fsync":
                yield return "The append-only file was written while the disk still synced it: no-appendfsync-on-rewrite, a faster disk, or one of its own.";
                break;
            default:
                yield return $"{what}: see whether the disk is slow or shared, and whether the machine is overloaded.";
                break;
        }
    }
}
