using System.Globalization;
using KestrelFree.Benchmarks.EndToEnd;

namespace KestrelFree.Benchmarks.Loop;

// dotnet run -c Release --project Benchmarks -- clock [seconds]
//
// What the machine adds to the longest turn of any measurement, with nothing else running. See ClockControl.

/// <summary>Measures jumps of a thread's processor time.</summary>
internal static class ClockMeasurement
{
    /// <summary>Runs with the arguments after "clock".</summary>
    public static int Run(string[] args)
    {
        var seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10;
        using var control = new ClockControl();
        Thread.Sleep(TimeSpan.FromSeconds(seconds));
        control.Dispose();
        Console.WriteLine($"{control.Readings} readings in {seconds} s; longest jump {control.LongestMicros} us");
        for (var at = 0; at < control.Jumps.Count; at++) Console.WriteLine($"  over {ClockControl.LimitsMicros[at]} us: {control.Jumps[at]}");
        return 0;
    }
}
