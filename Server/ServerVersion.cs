using System.Reflection;

namespace KestrelFree.Server;

/// <summary>The versions that the server reports: Redis's, by which clients decide what to expect, and its own.</summary>
internal static class ServerVersion
{
    /// <summary>The version of Redis whose behaviour this is.</summary>
    internal const string Redis = "7.4.1";

    /// <summary>The name by which INFO and logs call this server.</summary>
    internal const string Name = "kestrel-free";

    /// <summary>This server's own version.</summary>
    internal static readonly string Own = typeof(ServerVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>The commit this was built from, when the build knew it.</summary>
    internal static readonly string Commit =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+') is [_, var commit]
            ? commit[..Math.Min(8, commit.Length)]
            : "00000000";
}
