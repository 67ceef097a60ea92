using System.Runtime.InteropServices;

namespace KestrelFree.Server;

/// <summary>The operating system in the three words of <c>uname -srm</c>, which INFO's readers expect.</summary>
internal static class SystemName
{
    private const string ReleaseFile = "/proc/sys/kernel/osrelease";

    /// <summary>Name, release and machine.</summary>
    internal static string Text { get; } = $"{Kernel} {Machine}";

    private static string Kernel
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return RuntimeInformation.OSDescription;
            try
            {
                return $"Linux {File.ReadAllText(ReleaseFile).Trim()}";
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return $"Linux {Environment.OSVersion.Version}";
            }
        }
    }

    private static string Machine => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "x86_64",
        Architecture.Arm64 => "aarch64",
        Architecture.X86 => "i686",
        Architecture.Arm => "armv7l",
        var other => other.ToString().ToLowerInvariant(),
    };
}
