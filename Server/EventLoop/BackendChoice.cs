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
// only while nearly everybody is ready at every poll. A request costs some 7 us of CPU in all: up to a dozen sockets Select's
// worst case disappears in that (1.03 to 1.08 times epoll's CPU for each request), beyond it does not (1.1 to 1.2 times at 16 to 200 busy clients,
// and without bound when most are idle: 70 times at 10,000).

/// <summary>Decides which back end a loop should be on.</summary>
internal static class BackendChoice
{
    /// <summary>From this many watched sockets on, the loop's own and the listeners included, `auto` polls with epoll.</summary>
    internal const int EpollFrom = 16;

    /// <summary>Below this many, `auto` goes back to Select; the gap keeps a count that swings around one number from moving everybody to and fro.</summary>
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
