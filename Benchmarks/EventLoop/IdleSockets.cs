using System.Net;
using System.Net.Sockets;
using KestrelFree.Server.Loop;

namespace KestrelFree.Benchmarks.Loop;

/// <summary>Connected loopback pairs watched by a poller, some of which have unread data and so stay ready.</summary>
internal sealed class IdleSockets : IDisposable
{
    private readonly List<Socket> _peers = [];
    private readonly List<Watched> _watched = [];

    internal IdleSockets(int count)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(16);
        for (var i = 0; i < count; i++)
        {
            var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            peer.Connect(listener.LocalEndPoint!);
            _peers.Add(peer);
            _watched.Add(new Watched(listener.Accept()) { Interest = PollEvents.Readable });
        }
    }

    public void Dispose()
    {
        _watched.ForEach(watched => watched.Socket.Dispose());
        _peers.ForEach(peer => peer.Dispose());
    }

    internal void WatchWith(Poller poller)
    {
        foreach (var watched in _watched)
            poller.Update(watched, PollEvents.None);
    }

    internal void LeaveTo(Poller poller)
    {
        foreach (var watched in _watched)
        {
            watched.Interest = PollEvents.None;
            poller.Update(watched, PollEvents.Readable);
            watched.Interest = PollEvents.Readable;
        }
    }

    /// <summary>Makes the first <paramref name="count"/> sockets ready for as long as nobody reads.</summary>
    internal void MakeReady(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _peers[i].Send("x"u8);
            _watched[i].Socket.Poll(-1, SelectMode.SelectRead);
        }
    }

    private sealed class Watched(Socket socket) : Pollable(socket)
    {
        public override void OnReadable()
        {
        }

        public override void OnWritable()
        {
        }
    }
}
