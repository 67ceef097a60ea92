using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KestrelFree.Server.Loop;

namespace KestrelFree.Benchmarks.Loop;

// Where `event-backend auto` should change from Select to epoll: dotnet run -c Release --project Benchmarks -- backends
//
// First table: CPU time of one poll by sockets watched and ready, without any traffic. Second table: redis-benchmark against the cheapest
// server there can be on the loop, CPU time of the loop thread for each request. CPU times are what a busy machine distorts
// least; the rounds alternate between the back ends and the smallest value counts.

/// <summary>Measures the two back ends beside each other.</summary>
internal static class BackendMeasurement
{
    private const int Rounds = 5;
    private static readonly int[] WatchedCounts = [1, 4, 8, 16, 32, 50, 64, 100, 200, 1000];
    private static readonly int[] ClientCounts = [1, 4, 8, 16, 32, 50, 100, 200];

    /// <summary>Prints both tables; arguments: a number of requests a run, and the idle connections beside the busy ones.</summary>
    internal static int Run(string[] args)
    {
        var requests = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200_000;
        var idle = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0;
        if (!EpollPoller.IsSupported)
        {
            Console.WriteLine("There is one back end only on this system.");
            return 0;
        }

        PrintPolls();
        PrintRequests(requests, idle);
        return 0;
    }

    private static void PrintPolls()
    {
        Console.WriteLine("CPU microseconds of one poll");
        Console.WriteLine("| watched | ready | select | epoll | select/epoll |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var watched in WatchedCounts)
        {
            foreach (var ready in new[] { 1, watched / 4, watched / 2, watched }.Where(ready => ready > 0).Distinct())
            {
                (var select, var epoll) = MeasurePolls(watched, ready);
                Console.WriteLine(Invariant($"| {watched} | {ready} | {select:0.00} | {epoll:0.00} | {select / epoll:0.00} |"));
            }
        }
    }

    private static (double Select, double Epoll) MeasurePolls(int watched, int ready)
    {
        using var sockets = new IdleSockets(watched);
        sockets.MakeReady(ready);
        var select = double.MaxValue;
        var epoll = double.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            select = Math.Min(select, MeasurePolls(new SelectPoller(), sockets, watched));
            epoll = Math.Min(epoll, MeasurePolls(NewEpoll(), sockets, watched));
        }

        return (select, epoll);
    }

    private static double MeasurePolls(Poller poller, IdleSockets sockets, int watched)
    {
        var calls = Math.Max(200_000 / watched, 500);
        var ready = new ReadyList();
        sockets.WatchWith(poller);
        long started = 0;
        for (var i = -calls / 4; i < calls; i++)
        {
            if (i == 0) started = ThreadCpuClock.NowMicros();

            ready.Clear();
            poller.Wait(0, ready);
        }

        var micros = (ThreadCpuClock.NowMicros() - started) / (double)calls;
        ready.Clear();
        sockets.LeaveTo(poller);
        poller.Dispose();
        return micros;
    }

    private static void PrintRequests(int requests, int idle)
    {
        Console.WriteLine();
        Console.WriteLine(Invariant($"CPU microseconds of the loop thread for one PING, {idle} idle connections beside"));
        Console.WriteLine("| clients | select | epoll | select/epoll | requests/s select | epoll |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var clients in ClientCounts)
        {
            (double Cpu, double Rate) select = (double.MaxValue, 0);
            (double Cpu, double Rate) epoll = (double.MaxValue, 0);
            for (var round = 0; round < Rounds; round++)
            {
                select = Better(select, MeasureRequests(EventBackend.Select, clients, requests, idle));
                epoll = Better(epoll, MeasureRequests(EventBackend.Epoll, clients, requests, idle));
            }

            Console.WriteLine(Invariant(
                $"| {clients} | {select.Cpu:0.00} | {epoll.Cpu:0.00} | {select.Cpu / epoll.Cpu:0.00} | {select.Rate:0} | {epoll.Rate:0} |"));
        }
    }

    private static (double Cpu, double Rate) Better((double Cpu, double Rate) a, (double Cpu, double Rate) b) =>
        (Math.Min(a.Cpu, b.Cpu), Math.Max(a.Rate, b.Rate));

    private static (double Cpu, double Rate) MeasureRequests(EventBackend backend, int clients, int requests, int idle)
    {
        using var server = new PongServer(backend);
        List<Socket> idlers = [.. Enumerable.Range(0, idle).Select(_ => Connect(server.Port))];
        RunClient(server.Port, clients, requests / 4);
        var cpu = server.CpuMicros();
        var served = server.Requests;
        var started = Stopwatch.GetTimestamp();
        RunClient(server.Port, clients, requests);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var count = server.Requests - served;
        double micros = server.CpuMicros() - cpu;
        idlers.ForEach(socket => socket.Dispose());
        return (micros / count, count / seconds);
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private static void RunClient(int port, int clients, int requests)
    {
        var start = new ProcessStartInfo("redis-benchmark", Invariant($"-p {port} -c {clients} -n {requests} -t ping_mbulk -q"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var client = Process.Start(start)!;
        client.StandardOutput.ReadToEnd();
        client.WaitForExit();
    }

    private static EpollPoller NewEpoll() => EpollPoller.IsSupported ? new EpollPoller() : throw new PlatformNotSupportedException();

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
