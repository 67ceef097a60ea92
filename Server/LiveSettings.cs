using KestrelFree.Server.Config;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server;

/// <summary>What CONFIG SET does to a running server, for the directives that are not simply read when needed.</summary>
internal static class LiveSettings
{
    /// <summary>Attaches the effects.</summary>
    internal static void Connect(RedisServer server, ListenSettings settings)
    {
        var config = server.Config;
        config.OnApply(_ => Rebind(server), "port", "bind");
        config.OnApply(
            changed =>
            {
                settings.TcpKeepaliveSeconds = changed.TcpKeepAliveSeconds;
                settings.MaxNewConnectionsPerCycle = changed.MaxNewConnectionsPerCycle;
                return null;
            },
            "tcp-keepalive",
            "max-new-connections-per-cycle");
    }

    private static string? Rebind(RedisServer server)
    {
        server.Listeners!.TryRebind(server.Config.Port, server.Config.Bind, out var error);
        return error;
    }
}
