using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KestrelFree.Benchmarks.EndToEnd;

// Asks GET of a random key once a millisecond, or in another period, and notes how long the reply takes.
//
// It asks whether or not the one before has been answered, so a stall of 30 ms is seen by thirty probes and not by one, and a server whose
// replies take longer than a millisecond all the time is not charged for questions that were never asked. A probe counts from when it was sent:
// that the prober itself had to wait for a processor is not the server's affair. Replies come in the order of the questions, on one connection.
// Every key that is asked for exists, and no value has a line feed.

/// <summary>A thread that measures latencies, in milliseconds.</summary>
internal sealed class Prober : IDisposable
{
    private const double UsualPeriodMs = 1;
    private const int LinesPerReply = 2;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly Queue<double> _sent = [];
    private readonly List<double> _latencies = [];
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Random _dice = new(1);
    private readonly Thread _thread;
    private readonly int _keys;
    private readonly double _periodMs;
    private int _lines;
    private volatile bool _stopping;

    /// <summary>Connects and begins.</summary>
    public Prober(int port, int keys, double periodMs = UsualPeriodMs)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _keys = keys;
        _periodMs = periodMs;
        _thread = new Thread(Probe) { IsBackground = true, Name = "prober" };
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
        _socket.Dispose();
    }

    private double NowMs => _watch.Elapsed.TotalMilliseconds;

    private void Probe()
    {
        double due = 0;
        while (!_stopping || _sent.Count > 0)
        {
            for (; !_stopping && NowMs >= due; due += _periodMs) Ask();

            // Poll takes whole milliseconds, and less than one for none at all.
            var waitMs = Math.Max(1, _stopping ? _periodMs : Math.Round(due - NowMs));
            if (_socket.Poll(TimeSpan.FromMilliseconds(waitMs), SelectMode.SelectRead)) Receive();
        }
    }

    private void Ask()
    {
        _sent.Enqueue(NowMs);
        _socket.Send(Encoding.ASCII.GetBytes($"*2\r\n$3\r\nGET\r\n$16\r\n{ProbeConnection.KeyOf(_dice.Next(_keys))}\r\n"));
    }

    private void Receive()
    {
        var received = _buffer.AsSpan(0, _socket.Receive(_buffer));
        if (received.IsEmpty) throw new IOException("the server hung up on the prober");
        _lines += received.Count((byte)'\n');
        for (; _lines >= LinesPerReply; _lines -= LinesPerReply) _latencies.Add(NowMs - _sent.Dequeue());
    }
}
