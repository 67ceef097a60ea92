using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KestrelFree.Server.Hosting;

/// <summary>What a daemon does to its session and its standard streams; nothing where there is neither.</summary>
internal static partial class StandardStreams
{
    private const int Count = 3;

    /// <summary>Makes the process the leader of a session without a terminal. Fails harmlessly for one that already is.</summary>
    internal static void LeaveTerminal()
    {
        if (!OperatingSystem.IsWindows()) _ = SetSession();
    }

    /// <summary>Points descriptors 0, 1 and 2 at /dev/null.</summary>
    internal static void Discard()
    {
        if (OperatingSystem.IsWindows()) return;

        using var nowhere = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (var descriptor = 0; descriptor < Count; descriptor++)
            _ = Replace((int)nowhere.DangerousGetHandle(), descriptor);
    }

    [LibraryImport("libc", EntryPoint = "setsid")]
    private static partial int SetSession();

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Replace(int descriptor, int replaced);
}
