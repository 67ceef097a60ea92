using KestrelFree.Server.Config;

namespace KestrelFree.Server.Networking;

/// <summary>Where a server listens and how it treats new connections; what has a setter may change while it runs.</summary>
internal sealed class ListenSettings
{
    /// <summary>A port that leaves the choice to the system: 0 is the directive's way to say "no TCP".</summary>
    internal const int AnyPort = -1;

    /// <summary>The port of each kind of listener.</summary>
    internal ListenPorts Ports { get; set; }

    /// <summary>The words of the bind directive; none means no TCP.</summary>
    internal IReadOnlyList<string> Bind { get; set; } = ["*", "-::*"];

    /// <summary>How many connections may wait to be accepted.</summary>
    internal int TcpBacklog { get; init; } = 511;

    /// <summary>The number that the sockets' packets are marked with; 0 for none.</summary>
    internal uint SocketMarkId { get; init; }

    /// <summary>The path of the unix socket; null for none.</summary>
    internal string? UnixSocket { get; init; }

    /// <summary>The mode bits of the unix socket's file; 0 leaves them to the umask.</summary>
    internal int UnixSocketPerm { get; init; }

    /// <summary>Seconds of silence before a connection is probed; 0 for never.</summary>
    internal int TcpKeepaliveSeconds { get; set; } = 300;

    /// <summary>How many connections one listener accepts in a turn.</summary>
    internal int MaxNewConnectionsPerCycle { get; set; } = 10;
}

/// <summary>The ports listened on; 0 for none, <see cref="ListenSettings.AnyPort"/> for a free one.</summary>
/// <param name="Plain">The TCP port.</param>
/// <param name="Tls">The port of encrypted connections.</param>
/// <param name="Metrics">The port of metrics.</param>
internal readonly record struct ListenPorts(int Plain, int Tls = 0, int Metrics = 0)
{
    /// <summary>The ports that a configuration names.</summary>
    internal static ListenPorts Of(ServerConfig config) => new(config.Port, config.TlsPort, config.MetricsPort);

    /// <summary>The port of a kind of listener.</summary>
    internal int Of(ListenerKind kind) => kind switch
    {
        ListenerKind.Tls => Tls,
        ListenerKind.Metrics => Metrics,
        _ => Plain,
    };
}
