using System.Runtime.InteropServices;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Hosting;

// Every client is a descriptor, and the process needs some of its own. At the start, and on CONFIG SET maxclients, the soft limit is raised to
// what the clients need; where the system refuses, the largest limit it grants in steps of 16 below decides how many clients there
// can be, and the log says so in the words that operators search for.

/// <summary>Fits maxclients and the process's limit of open files to each other.</summary>
internal static unsafe partial class OpenFileLimit
{
    /// <summary>
    /// Descriptors kept for what is not a client. redis-server keeps 32; the runtime holds two for every assembly that is loaded from a
    /// file, so that a server that has just started uses 90.
    /// </summary>
    internal const int Reserved = 160;

    private const ulong Step = 16;
    private const int LinuxResource = 7;
    private const int AppleResource = 8;

    /// <summary>Reads the soft limit; false where there is none to read.</summary>
    internal delegate bool ReadLimit(out ulong soft);

    /// <summary>Sets the soft limit; 0, or the error number of the refusal.</summary>
    internal delegate int WriteLimit(ulong soft);

    /// <summary>The soft limit of open files; ulong.MaxValue where there is none.</summary>
    internal static ulong Current => TryRead(out var soft) ? soft : ulong.MaxValue;

    /// <summary>Raises the limit for <paramref name="maxClients"/>; false, after logging, when not even one client would fit.</summary>
    internal static bool TryAdjust(int maxClients, ServerLog log, out int allowedMaxClients) =>
        TryAdjust(maxClients, log, TryRead, Write, out allowedMaxClients);

    /// <summary>The same with the system's calls given, for tests.</summary>
    internal static bool TryAdjust(int maxClients, ServerLog log, ReadLimit read, WriteLimit write, out int allowedMaxClients)
    {
        allowedMaxClients = maxClients;
        var needed = (ulong)maxClients + Reserved;
        if (!read(out var old) || old >= needed) return true;

        var best = FindBest(old, needed, write, out var error);
        if (best >= needed)
        {
            log.Notice($"Increased maximum number of open files to {needed} (it was originally set to {old}).");
            return true;
        }

        if (best <= Reserved)
        {
            allowedMaxClients = 0;
            log.Warning(
                $"Your current 'ulimit -n' of {old} is not enough for the server to start. " +
                $"Please increase your open file limit to at least {needed}. Exiting.");
            return false;
        }

        allowedMaxClients = (int)(best - Reserved);
        log.Warning($"You requested maxclients of {maxClients} requiring at least {needed} max file descriptors.");
        log.Warning($"Server can't set maximum open files to {needed} because of OS error: {Marshal.GetPInvokeErrorMessage(error)}.");
        log.Warning(
            $"Current maximum open files is {best}. maxclients has been reduced to {allowedMaxClients} to compensate for low ulimit. " +
            "If you need higher maxclients increase 'ulimit -n'.");
        return true;
    }

    private static ulong FindBest(ulong old, ulong needed, WriteLimit write, out int error)
    {
        error = 0;
        for (var best = needed; best > old; best -= Math.Min(best, Step))
        {
            var refused = write(best);
            if (refused == 0) return best;

            error = refused;
        }

        return old;
    }

    private static int Resource() => OperatingSystem.IsMacOS() ? AppleResource : LinuxResource;

    private static bool TryRead(out ulong soft)
    {
        soft = ulong.MaxValue;
        if (OperatingSystem.IsWindows()) return false;

        var limit = stackalloc ulong[2];
        if (GetLimit(Resource(), limit) != 0) return false;

        soft = limit[0];
        return true;
    }

    // The hard limit moves along, as for redis-server: only a privileged process may raise it, and then it must.
    private static int Write(ulong soft)
    {
        var limit = stackalloc ulong[2];
        if (GetLimit(Resource(), limit) != 0) return Marshal.GetLastPInvokeError();

        limit[0] = soft;
        limit[1] = Math.Max(limit[1], soft);
        return SetLimit(Resource(), limit) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, ulong* limit);
}
