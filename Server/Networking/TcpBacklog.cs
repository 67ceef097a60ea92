using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Networking;

/// <summary>Tells the operator when the system cuts the configured accept queue short.</summary>
internal static class TcpBacklog
{
    private const string LinuxLimit = "/proc/sys/net/core/somaxconn";

    /// <summary>Logs a warning when the system's limit is below <paramref name="backlog"/>; silent where it cannot be read.</summary>
    internal static void WarnWhenUnenforceable(int backlog, ServerLog log) => WarnWhenUnenforceable(backlog, log, LinuxLimit);

    /// <summary>The same with the limit read from a given file.</summary>
    internal static void WarnWhenUnenforceable(int backlog, ServerLog log, string limitPath)
    {
        if (File.Exists(limitPath) && int.TryParse(File.ReadAllText(limitPath).Trim(), out var limit) && limit > 0 && limit < backlog)
        {
            log.Warning(
                $"WARNING: The TCP backlog setting of {backlog} cannot be enforced because {limitPath} is set to the lower value of {limit}.");
        }
    }
}
