namespace KestrelFree.Server.Loop;

// Where `auto` moves from Select to epoll, as measured (.NET 10, two cores, CPU time; `dotnet run -c Release --project Benchmarks -- backends`
// repeats it). One poll, in microseconds:
//
//      watched      Select, however many ready      epoll, 1 ready      epoll, half ready      epoll, all ready
//            4                       0.7                  0.4                  0.5                   0.8
//           16                       2.1                  0.4                  1.3                   2.3
//           64                       8.1                  0.4                  4.6                   8.8
//          200                      25                    0.4                 14                    27
//
// Select costs 0.13 us for each socket watched, epoll 0.27 us and 0.13 us more for each one ready. So Select is the cheaper one, by at most a tenth,
// only while nearly everybody is ready at every poll, and for a handful of sockets neither is worth a thought.
//
// What decides is the order of service. Epoll reports who became ready first, Select does not tell, and from two clients on that shows: one that
// sends to a connection and at once to another finds the second served first. By the order of Select's list upstream's client-eviction failed
// in 10 to 40 % of its runs (a request was answered before another connection's data was read); serving first whom it had served longest ago mended
// that, and failed half of the runs where EXEC on one connection comes right before a push on another. Epoll has neither. So Select serves
// a single client, and more where there is no epoll or where it is asked for.
//
// One run of PING with from 1 to 200 busy clients, on a machine with four times as many busy threads as cores, gave Select 1.03 to 1.19 times epoll's
// CPU a request. With 10,000 idle connections the throwaway prototype served one client 70 times slower on Select.

/// <summary>Decides which back end a loop should be on.</summary>
internal static class BackendChoice
{
    /// <summary>From this many watched sockets on `auto` polls with epoll: the loop's own, a listener and two clients.</summary>
    internal const int EpollFrom = 4;

    /// <summary>
    /// Below this many, `auto` goes back to Select; the gap keeps a count that swings around one number from moving everybody to and fro.
    /// </summary>
    internal const int SelectBelow = 3;

    /// <summary>True when the loop should poll with epoll, given where it is now.</summary>
    internal static bool WantsEpoll(EventBackend backend, int watched, bool onEpoll)
    {
        if (!EpollPoller.IsSupported || backend == EventBackend.Select) return false;

        return backend == EventBackend.Epoll || watched >= (onEpoll ? SelectBelow : EpollFrom);
    }
}
