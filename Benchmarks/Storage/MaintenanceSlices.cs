using System.Diagnostics;
using System.Globalization;
using KestrelFree.Storage;

namespace KestrelFree.Benchmarks.Storage;

/// <summary>Runs a keyspace's maintenance as a server does, 0.5 ms of every 2.5, and tells what the slices cost the loop.</summary>
internal static class MaintenanceSlices
{
    private const int SliceMicros = 500;
    private const int PauseMs = 2;

    /// <summary>Runs until nothing is left to do.</summary>
    public static string Run(Keyspace keyspace)
    {
        var slices = new List<double>();
        var start = Stopwatch.GetTimestamp();
        for (var more = true; more; Thread.Sleep(PauseMs))
        {
            var cpu = ThreadTime.Nanoseconds;
            more = keyspace.RunMaintenance(SliceMicros);
            slices.Add((ThreadTime.Nanoseconds - cpu) / 1000);
        }

        var elapsed = Stopwatch.GetElapsedTime(start);
        slices.Sort();
        return string.Create(CultureInfo.InvariantCulture,
            $"{elapsed.TotalMilliseconds:F0} {slices.Count} {slices[slices.Count / 2]:F0} {slices[slices.Count * 99 / 100]:F0} {slices[^1]:F0}");
    }
}
