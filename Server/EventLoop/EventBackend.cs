namespace KestrelFree.Server.Loop;

/// <summary>The event-backend directive.</summary>
public enum EventBackend
{
    /// <summary>Select for few connections, epoll for many, where there is epoll.</summary>
    Auto,

    /// <summary>Always Socket.Select.</summary>
    Select,

    /// <summary>Always epoll; Select where there is none.</summary>
    Epoll,
}
