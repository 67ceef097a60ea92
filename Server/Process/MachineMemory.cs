using System.Globalization;

namespace KestrelFree.Server.Hosting;

// How much memory there is for this process: that of the machine, or less where a cgroup limits it, as a container's runtime does.
//
//     /proc/meminfo                          MemTotal
//     /proc/self/cgroup                      0::/path               version 2
//                                            n:memory:/path         version 1
//     /sys/fs/cgroup/path/memory.max         and that of every group above it: the lowest holds
//     /sys/fs/cgroup/memory/path/memory.limit_in_bytes
//
// In a container the path is often that outside, where the group itself is what is mounted; so the root of the mount is asked too. The runtime
// knows the limit as well, but tells of three quarters of it: what it would let the managed heap have.

/// <summary>The memory of the machine, and the limit that its cgroup sets for this process.</summary>
internal sealed class MachineMemory
{
    private const string Unlimited = "max";

    private MachineMemory(long totalBytes, long cgroupLimitBytes, string? cgroupFile)
    {
        TotalBytes = totalBytes;
        CgroupLimitBytes = cgroupLimitBytes;
        CgroupFile = cgroupFile;
    }

    /// <summary>The memory of the machine, in bytes.</summary>
    internal long TotalBytes { get; }

    /// <summary>What the cgroup allows, in bytes; 0 when it sets no limit below the machine's memory.</summary>
    internal long CgroupLimitBytes { get; }

    /// <summary>The file that says so.</summary>
    internal string? CgroupFile { get; }

    /// <summary>What there is for this process, in bytes.</summary>
    internal long AvailableBytes => CgroupLimitBytes == 0 ? TotalBytes : CgroupLimitBytes;

    /// <summary>Asks the system.</summary>
    internal static MachineMemory Read() => Read("/");

    /// <summary>Asks a system whose files are below a folder, for tests.</summary>
    internal static MachineMemory Read(string root)
    {
        var total = Total(root) ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var lowest = total;
        string? file = null;
        foreach (var candidate in LimitFiles(root))
        {
            if (Number(candidate) is not { } limit || limit >= lowest) continue;
            lowest = limit;
            file = candidate;
        }

        return new MachineMemory(total, file is null ? 0 : lowest, file);
    }

    private static IEnumerable<string> LimitFiles(string root)
    {
        var groups = Path.Combine(root, "sys/fs/cgroup");
        foreach (var line in Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            var parts = line.Split(':', 3);
            if (parts.Length != 3) continue;
            var isVersion2 = parts[0] == "0" && parts[1].Length == 0;
            if (!isVersion2 && !parts[1].Split(',').Contains("memory")) continue;
            var mount = isVersion2 ? groups : Path.Combine(groups, "memory");
            var file = isVersion2 ? "memory.max" : "memory.limit_in_bytes";
            for (var path = parts[2].Trim('/'); path.Length > 0; path = Path.GetDirectoryName(path) ?? "") yield return Path.Combine(mount, path, file);
            yield return Path.Combine(mount, file);
        }
    }

    private static long? Total(string root)
    {
        foreach (var line in Lines(Path.Combine(root, "proc/meminfo")))
        {
            if (!line.StartsWith("MemTotal:", StringComparison.Ordinal)) continue;
            var kilobytes = line["MemTotal:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
            if (long.TryParse(kilobytes, CultureInfo.InvariantCulture, out var value)) return value * 1024;
        }

        return null;
    }

    // Version 1 says that there is no limit by a number beyond all memory.
    private static long? Number(string path)
    {
        var text = Lines(path).FirstOrDefault()?.Trim();
        return text is not null and not Unlimited && long.TryParse(text, CultureInfo.InvariantCulture, out var value) && value > 0 ? value : null;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
