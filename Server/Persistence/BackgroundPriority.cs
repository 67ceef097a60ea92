using System.Runtime.InteropServices;

namespace KestrelFree.Server.Persistence;

/// <summary>Lets the loop go first where processors are scarce: Linux keeps a nice value per thread, which Thread.Priority does not set.</summary>
internal static partial class BackgroundPriority
{
    private const int OfProcessOrThread = 0;
    private const int Nice = 10;

    /// <summary>Lowers the priority of the calling thread for good; a system that refuses is none the worse.</summary>
    internal static void LowerOfThisThread()
    {
        if (OperatingSystem.IsLinux()) _ = SetPriority(OfProcessOrThread, ThreadId(), Nice);
        else Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();
}
