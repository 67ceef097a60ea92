using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KestrelFree.Benchmarks.Storage;

/// <summary>
/// The processor time of this thread, which other programs on the machine disturb less than the clock on the wall; where the system has no such
/// clock, the one on the wall.
/// </summary>
internal static class ThreadTime
{
    private const int ThreadCpuClock = 3;

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>Nanoseconds since some point.</summary>
    public static double Nanoseconds
    {
        get
        {
            if (OperatingSystem.IsLinux() && ClockGetTime(ThreadCpuClock, out var time) == 0)
                return time.Seconds * 1e9 + time.Nanoseconds;
            return Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency);
        }
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int ClockGetTime(int clock, out TimeSpec time);
}
