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
// only while nearly everybody is ready at every poll. The bounds below follow from this table: at 16 watched sockets of which one is ready
// Select costs 1.7 us more, a quarter of the 7 us of CPU that a request takes in all; at 8 it costs 0.8 us more.
//
// Whole requests do not place the change that exactly. One run of the same command, on a machine with four times as many busy threads as
// cores, gave Select 1.03 to 1.19 times epoll's CPU for each PING from 1 to 200 busy clients, without a clear trend (1.04 at 8, 1.19 at 16,
// 1.03 at 32, 1.11 at 50). With 10,000 idle connections the throwaway prototype served one client 70 times slower on Select.

/// <summary>Decides which back end a loop should be on.</summary>
internal static class BackendChoice
{
    /// <summary>From this many watched sockets on, the loop's own and the listeners included, `auto` polls with epoll.</summary>
    internal const int EpollFrom = 16;

    /// <summary>
    /// Below this many, `auto` goes back to Select; the gap keeps a count that swings around one number from moving everybody to and fro.
    /// </summary>
    internal const int SelectBelow = 8;

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
