using System.Runtime.InteropServices;

namespace KestrelFree.Tests.Support;

/// <summary>Sends signals to processes by id, and asks after them.</summary>
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

    /// <summary>Whether a process with this id exists and is no zombie.</summary>
    public static bool IsRunning(int processId)
    {
        var status = $"/proc/{processId}/stat";
        try
        {
            return File.Exists(status) ? File.ReadAllText(status).Split(')')[^1].TrimStart()[0] != 'Z' : KillProcess(processId, 0) == 0 && !OperatingSystem.IsLinux();
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The session that a process belongs to; -1 when there is no such process.</summary>
    public static int SessionOf(int processId) => GetSession(processId);

    [DllImport("libc", EntryPoint = "getsid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetSession(int processId);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int KillProcess(int processId, int signal);
}
