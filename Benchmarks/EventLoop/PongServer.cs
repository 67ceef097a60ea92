using System.Net;
using System.Net.Sockets;
using KestrelFree.Server.Loop;

namespace KestrelFree.Benchmarks.Loop;

/// <summary>The cheapest server on the event loop: every request is answered PONG, so that what is left is the loop's own cost.</summary>
internal sealed class PongServer : Pollable, IDisposable
{
    private readonly EventLoop _loop;
    private readonly byte[] _received = new byte[64 * 1024];
    private readonly byte[] _replies = [.. Enumerable.Repeat("+PONG\r\n"u8.ToArray(), 1024).SelectMany(reply => reply)];
    private readonly Thread _thread;

    internal PongServer(EventBackend backend)
        : base(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
    {
        _loop = new EventLoop(backend);
        Socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Socket.Listen(1024);
        Socket.Blocking = false;
        _loop.Add(this);
        _thread = new Thread(Run) { Name = "loop" };
        _thread.Start();
    }

    internal int Port => ((IPEndPoint)Socket.LocalEndPoint!).Port;

    /// <summary>Requests served until now; read while nobody sends.</summary>
    internal long Requests { get; private set; }

    /// <summary>CPU time of the loop thread until now, in microseconds.</summary>
    internal long CpuMicros()
    {
        using var told = new ManualResetEventSlim();
        long micros = 0;
        _loop.Post(() =>
        {
            micros = ThreadCpuClock.NowMicros();
            told.Set();
        });
        told.Wait();
        return micros;
    }

    /// <inheritdoc/>
    public override void OnReadable()
    {
        do
        {
            var connection = Socket.Accept();
            connection.Blocking = false;
            connection.NoDelay = true;
            _loop.Add(new Connection(this, connection));
        }
        while (Socket.Poll(0, SelectMode.SelectRead));
    }

    /// <inheritdoc/>
    public override void OnWritable()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        _loop.Dispose();
        Socket.Dispose();
    }

    private void Run() => _loop.Run();

    private sealed class Connection(PongServer server, Socket socket) : Pollable(socket)
    {
        public override void OnReadable()
        {
            var received = Socket.Receive(server._received, SocketFlags.None, out var error);
            if (received == 0)
            {
                if (error != SocketError.WouldBlock)
                {
                    server._loop.Remove(this);
                    Socket.Dispose();
                }

                return;
            }

            // No request of the measurement holds another star than the one it begins with.
            var requests = server._received.AsSpan(0, received).Count((byte)'*');
            server.Requests += requests;
            Socket.Send(server._replies.AsSpan(0, requests * "+PONG\r\n"u8.Length), SocketFlags.None, out _);
        }

        public override void OnWritable()
        {
        }
    }
}
