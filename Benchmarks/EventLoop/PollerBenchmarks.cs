using BenchmarkDotNet.Attributes;
using KestrelFree.Server.Loop;

namespace KestrelFree.Benchmarks.Loop;

/// <summary>One poll that does not wait, on either back end, by sockets watched and sockets ready.</summary>
[MemoryDiagnoser]
public class PollerBenchmarks : IDisposable
{
    private readonly ReadyList _ready = new();
    private IdleSockets _sockets = null!;
    private Poller _poller = null!;

    [Params("select", "epoll")]
    public string Backend { get; set; } = "select";

    [Params(8, 64, 1000)]
    public int Watched { get; set; }

    [Params(1, 8)]
    public int Ready { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _poller = Backend == "epoll" && EpollPoller.IsSupported ? new EpollPoller() : new SelectPoller();
        _sockets = new IdleSockets(Watched);
        _sockets.WatchWith(_poller);
        _sockets.MakeReady(Ready);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _poller?.Dispose();
        _sockets?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public int Poll()
    {
        _ready.Clear();
        _poller.Wait(0, _ready);
        return _ready.Count;
    }
}
