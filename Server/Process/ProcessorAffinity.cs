using System.Globalization;
using System.Runtime.InteropServices;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Hosting;

// Linux binds threads; a new thread is bound as the one that starts it. So server_cpulist binds what runs already, the runtime's own threads too,
// and a thread with a list of its own binds itself. On other systems threads stay where they are, and the log says so.

/// <summary>Binds the process and single threads to processors.</summary>
internal static unsafe partial class ProcessorAffinity
{
    private const int CallingThread = 0;
    private const int NoSuchThread = 3;
    private const int MaskWords = ProcessorList.Most / 64;

    /// <summary>Binds all threads that there are and that will be; an empty list binds none.</summary>
    internal static void BindProcess(string list, ServerLog log)
    {
        if (Read(list, log) is not { } processors) return;
        foreach (var folder in Directory.EnumerateDirectories("/proc/self/task"))
        {
            var thread = int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture);
            if (Bind(thread, processors.Mask) is 0 or NoSuchThread) continue;
            WarnOfRefusal(list, log);
            return;
        }
    }

    /// <summary>Binds the calling thread; an empty list does not.</summary>
    internal static void BindThread(string list, ServerLog log)
    {
        if (Read(list, log) is { } processors && Bind(CallingThread, processors.Mask) != 0) WarnOfRefusal(list, log);
    }

    /// <summary>Lets the calling thread run where the process may.</summary>
    internal static void ReleaseThread()
    {
        if (!OperatingSystem.IsLinux()) return;
        Span<ulong> mask = stackalloc ulong[MaskWords];
        fixed (ulong* words = mask)
        {
            // The main thread's number is the process's.
            if (GetAffinity(Environment.ProcessId, MaskWords * sizeof(ulong), words) < 0) return;
        }

        _ = Bind(CallingThread, mask);
    }

    private static ProcessorList? Read(string list, ServerLog log)
    {
        if (list.Length == 0) return null;
        var processors = ProcessorList.Parse(list);
        if (processors is null) log.Warning($"'{list}' is no list of processors such as 0-3,8-14:2: threads stay where they are.");
        else if (!OperatingSystem.IsLinux()) log.Warning($"Threads cannot be bound to the processors {list} on this system.");
        return OperatingSystem.IsLinux() ? processors : null;
    }

    private static void WarnOfRefusal(string list, ServerLog log) =>
        log.Warning($"Threads cannot be bound to the processors {list}: {Marshal.GetLastPInvokeErrorMessage()}");

    private static int Bind(int thread, ReadOnlySpan<ulong> mask)
    {
        fixed (ulong* words = mask)
        {
            return SetAffinity(thread, MaskWords * sizeof(ulong), words) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nint bytes, ulong* mask);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity", SetLastError = true)]
    private static partial int GetAffinity(int thread, nint bytes, ulong* mask);
}
