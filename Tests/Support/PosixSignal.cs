using System.Runtime.InteropServices;

namespace KestrelFree.Tests.Support;

/// <summary>Sends signals by process id.</summary>
internal static class PosixSignal
{
    public const int Hangup = 1;
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>Sends a signal; false when there is no such process any more.</summary>
    public static bool Send(int processId, int signal) => KillProcess(processId, signal) == 0;

    /// <summary>Whether a process with this id exists (a zombie counts).</summary>
    public static bool Exists(int processId) => KillProcess(processId, 0) == 0;

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int KillProcess(int processId, int signal);
}
