using System.Globalization;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>How busy the whole machine is, to tell runs that other processes disturbed.</summary>
internal static class MachineLoad
{
    // /proc/stat counts in USER_HZ, which is 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>The processor time that all processes together have taken since boot; zero where the OS does not tell.</summary>
    public static TimeSpan BusyTime()
    {
        if (!OperatingSystem.IsLinux()) return TimeSpan.Zero;

        // user nice system idle iowait irq softirq steal: all but idle, iowait and steal.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Time(fields, 1, 2, 3, 6, 7);
    }

    /// <summary>The processor time of this process's children that have ended; zero where the OS does not tell.</summary>
    public static TimeSpan EndedChildrenTime()
    {
        if (!OperatingSystem.IsLinux()) return TimeSpan.Zero;

        // Behind the name in brackets, cutime and cstime are the 14th and 15th field.
        return Time(File.ReadAllText("/proc/self/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries), 13, 14);
    }

    private static TimeSpan Time(string[] fields, params int[] places) =>
        TimeSpan.FromSeconds(places.Sum(at => long.Parse(fields[at], CultureInfo.InvariantCulture)) / TicksPerSecond);
}
