using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KestrelFree.Server.Loop;

/// <summary>CPU time of the calling thread, in microseconds; wall time where the system offers none. Some 0.3 us a reading.</summary>
internal static unsafe partial class ThreadCpuClock
{
    private const int LinuxThreadClock = 3;
    private const int AppleThreadClock = 16;

    /// <summary>Microseconds of CPU that the calling thread has used.</summary>
    internal static long NowMicros()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
            return (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;

        var time = stackalloc nint[2];
        var clock = OperatingSystem.IsLinux() ? LinuxThreadClock : AppleThreadClock;
        return GetTime(clock, time) == 0 ? (time[0] * 1_000_000L) + (time[1] / 1000) : 0;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, nint* time);
}
