namespace KestrelFree.Server.Networking;

/// <summary>Where a server listens and how it treats new connections; what has a setter may change while it runs.</summary>
internal sealed class ListenSettings
{
    /// <summary>A <see cref="Port"/> that leaves the choice to the system: 0 is the directive's way to say "no TCP".</summary>
    internal const int AnyPort = -1;

    /// <summary>The TCP port; 0 for none, <see cref="AnyPort"/> for a free one.</summary>
    internal int Port { get; set; }

    /// <summary>The port of encrypted connections; 0 for none, <see cref="AnyPort"/> for a free one.</summary>
    internal int TlsPort { get; set; }

    /// <summary>The words of the bind directive; none means no TCP.</summary>
    internal IReadOnlyList<string> Bind { get; set; } = ["*", "-::*"];

    /// <summary>How many connections may wait to be accepted.</summary>
    internal int TcpBacklog { get; init; } = 511;

    /// <summary>The path of the unix socket; null for none.</summary>
    internal string? UnixSocket { get; init; }

    /// <summary>The mode bits of the unix socket's file; 0 leaves them to the umask.</summary>
    internal int UnixSocketPerm { get; init; }

    /// <summary>Seconds of silence before a connection is probed; 0 for never.</summary>
    internal int TcpKeepaliveSeconds { get; set; } = 300;

    /// <summary>How many connections one listener accepts in a turn.</summary>
    internal int MaxNewConnectionsPerCycle { get; set; } = 10;

    /// <summary>The same for a listener of encrypted connections, whose handshakes cost far more.</summary>
    internal int MaxNewTlsConnectionsPerCycle { get; set; } = 1;

    /// <summary>The port of a kind of listener.</summary>
    internal int PortOf(ListenerKind kind) => kind == ListenerKind.Tls ? TlsPort : Port;

    /// <summary>Sets the port of a kind of listener.</summary>
    internal void SetPort(ListenerKind kind, int port)
    {
        if (kind == ListenerKind.Tls) TlsPort = port;
        else Port = port;
    }
}
