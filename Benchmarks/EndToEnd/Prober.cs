using System.Diagnostics;

namespace KestrelFree.Benchmarks.EndToEnd;

// Asks GET of a random key once a millisecond, or as often as told, and notes how long the reply takes. A probe that could not be sent in time because the one before was
// still unanswered counts from when it was due, so a stall of 30 ms counts thirty times and not once.

/// <summary>A thread that measures latencies, in milliseconds.</summary>
internal sealed class Prober : IDisposable
{
    private readonly ProbeConnection _connection;
    private readonly double _periodMs;
    private readonly List<double> _latencies = [];
    private readonly Thread _thread;
    private readonly int _keys;
    private volatile bool _stopping;

    /// <summary>Connects and begins.</summary>
    public Prober(int port, int keys, double periodMs = 1)
    {
        _connection = new ProbeConnection(port);
        _keys = keys;
        _periodMs = periodMs;
        _thread = new Thread(Probe) { IsBackground = true, Name = "prober", Priority = ThreadPriority.Highest };
        _thread.Start();
    }

    /// <summary>Ends the probing; the latencies so far, sorted.</summary>
    public List<double> Stop()
    {
        _stopping = true;
        _thread.Join();
        _latencies.Sort();
        return _latencies;
    }

    public void Dispose()
    {
        Stop();
        _connection.Dispose();
    }

    private void Probe()
    {
        var dice = new Random(1);
        var watch = Stopwatch.StartNew();
        double due = 0, answered = 0;
        while (!_stopping)
        {
            var wait = due - watch.Elapsed.TotalMilliseconds;
            if (wait > 0)
                Thread.Sleep(TimeSpan.FromMilliseconds(wait));

            var began = answered > due ? due : watch.Elapsed.TotalMilliseconds;
            _connection.Ask("GET", ProbeConnection.KeyOf(dice.Next(_keys)));
            answered = watch.Elapsed.TotalMilliseconds;
            _latencies.Add(answered - began);
            due += _periodMs;
        }
    }
}
