using System.Net;
using System.Net.Sockets;
using KestrelFree.Server.Loop;

namespace KestrelFree.Tests.Server.Loop;

/// <summary>Connected loopback sockets and a pollable that counts what it is told.</summary>
internal sealed class RecordingPollable(Socket socket) : Pollable(socket)
{
    private readonly byte[] _buffer = new byte[256];

    internal int Readables { get; private set; }

    internal int Writables { get; private set; }

    internal int BytesRead { get; private set; }

    internal bool Drains { get; set; } = true;

    internal Action? WhenReadable { get; set; }

    internal Action? WhenWritable { get; set; }

    public override void OnReadable()
    {
        Readables++;
        if (Drains) BytesRead += Socket.Receive(_buffer, SocketFlags.None, out _);

        WhenReadable?.Invoke();
    }

    public override void OnWritable()
    {
        Writables++;
        WhenWritable?.Invoke();
    }
}

/// <summary>Loopback connections that are all closed together.</summary>
internal sealed class TestSockets : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _opened = [];

    internal TestSockets()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
    }

    /// <summary>Connects a pair: ours is non-blocking, the peer's blocks.</summary>
    internal (RecordingPollable Ours, Socket Peer) Connect()
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        peer.Connect(_listener.LocalEndPoint!);
        var ours = _listener.Accept();
        ours.Blocking = false;
        _opened.Add(peer);
        _opened.Add(ours);
        return (new RecordingPollable(ours), peer);
    }

    public void Dispose()
    {
        _opened.ForEach(socket => socket.Dispose());
        _listener.Dispose();
    }
}
