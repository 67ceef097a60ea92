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

/// <summary>Decides which back end a loop should be on.</summary>
internal static class BackendChoice
{
    /// <summary>From this many watched sockets on, `auto` polls with epoll.</summary>
    internal const int EpollFrom = 64;

    /// <summary>Below this many, `auto` goes back to Select; the gap keeps a count that swings around one number from moving everybody to and fro.</summary>
    internal const int SelectBelow = 32;

    /// <summary>True when the loop should poll with epoll, given where it is now.</summary>
    internal static bool WantsEpoll(EventBackend backend, int watched, bool onEpoll)
    {
        if (!EpollPoller.IsSupported || backend == EventBackend.Select)
        {
            return false;
        }

        return backend == EventBackend.Epoll || watched >= (onEpoll ? SelectBelow : EpollFrom);
    }
}
