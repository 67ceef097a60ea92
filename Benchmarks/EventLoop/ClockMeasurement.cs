using System.Diagnostics;
using System.Globalization;
using KestrelFree.Server.Loop;

namespace KestrelFree.Benchmarks.Loop;

// dotnet run -c Release --project Benchmarks -- clock [seconds]
//
// What the machine adds to the longest turn. A thread that only reads its own processor time, again and again, should see it advance by a
// fraction of a microsecond each time; a virtual machine whose host runs somebody else meanwhile, or whose kernel accounts in ticks, sees jumps.
// A turn of the loop that is longer than what shows here is the server's; one that is not may be the machine's.

/// <summary>Measures jumps of a thread's processor time.</summary>
internal static class ClockMeasurement
{
    private static readonly long[] Limits = [100, 200, 500, 1000, 2000, 5000];

    /// <summary>Runs with the arguments after "clock".</summary>
    public static int Run(string[] args)
    {
        var seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10;
        var jumps = new int[Limits.Length];
        long longest = 0, readings = 0;
        var watch = Stopwatch.StartNew();
        for (var last = ThreadCpuClock.NowMicros(); watch.Elapsed.TotalSeconds < seconds; readings++)
        {
            var now = ThreadCpuClock.NowMicros();
            for (var at = 0; at < Limits.Length && now - last > Limits[at]; at++) jumps[at]++;
            longest = Math.Max(longest, now - last);
            last = now;
        }

        Console.WriteLine($"{readings} readings in {seconds} s; longest jump {longest} us");
        for (var at = 0; at < Limits.Length; at++) Console.WriteLine($"  over {Limits[at]} us: {jumps[at]}");
        return 0;
    }
}
