namespace KestrelFree.Server.Networking;

/// <summary>What a listener's connections are, in the order in which they are announced.</summary>
internal enum ListenerKind
{
    /// <summary>Plain TCP.</summary>
    Tcp,

    /// <summary>A unix socket.</summary>
    Unix,

    /// <summary>TCP, encrypted.</summary>
    Tls,

    /// <summary>HTTP over TCP, for what scrapes metrics.</summary>
    Metrics,
}
