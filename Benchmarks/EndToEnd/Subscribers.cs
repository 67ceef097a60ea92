using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>Connections that subscribe and count the bytes that come; they look at nothing, so that the server is what is measured.</summary>
internal sealed class Subscribers : IDisposable
{
    [ThreadStatic]
    private static byte[]? _scratch;

    private readonly List<Socket> _sockets = [];
    private long _received;

    /// <summary>Opens so many connections, each of which subscribes to its channels; returns when all have been confirmed.</summary>
    public Subscribers(int port, int connections, Func<int, IEnumerable<string>> channelsOf)
    {
        for (var at = 0; at < connections; at++)
            Subscribe(Connect(port), [.. channelsOf(at)]);
        foreach (var socket in _sockets)
            _ = Receive(socket);
    }

    /// <summary>Opens a connection that is told of every key that changes; returns when that has been confirmed.</summary>
    public Subscribers(int port)
    {
        var socket = Connect(port);
        Ask(socket, "HELLO 3\r\nCLIENT TRACKING ON BCAST\r\n", "+OK\r\n"u8);
        _ = Receive(socket);
    }

    /// <summary>The bytes that have come since the subscriptions were confirmed.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _received);

    /// <summary>Waits until so many bytes have come in all; throws when nothing comes for ten seconds.</summary>
    public void WaitFor(long bytes)
    {
        var (before, since) = (0L, Environment.TickCount64);
        while (ReceivedBytes < bytes)
        {
            if (ReceivedBytes != before)
                (before, since) = (ReceivedBytes, Environment.TickCount64);
            else if (Environment.TickCount64 - since > 10_000)
                throw new InvalidOperationException($"{before} of {bytes} bytes came to the subscribers");
            Thread.Sleep(1);
        }
    }

    public void Dispose()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, port);
        _sockets.Add(socket);
        return socket;
    }

    private static void Ask(Socket socket, string requests, ReadOnlySpan<byte> lastReply)
    {
        socket.Send(Encoding.Latin1.GetBytes(requests));
        var buffer = new byte[1 << 14];
        for (var length = 0; !buffer.AsSpan(0, length).EndsWith(lastReply);)
        {
            var count = socket.Receive(buffer.AsSpan(length));
            if (count == 0) throw new InvalidOperationException("the server closes the connection");
            length += count;
        }
    }

    // A confirmation is six lines: *3, the length and text of its kind, those of the channel, and how many there are.
    private static void Subscribe(Socket socket, string[] channels)
    {
        const int linesPerChannel = 6;
        var request = new StringBuilder($"*{channels.Length + 1}\r\n$9\r\nSUBSCRIBE\r\n");
        foreach (var channel in channels)
            request.Append($"${channel.Length}\r\n{channel}\r\n");
        socket.Send(Encoding.Latin1.GetBytes(request.ToString()));
        var buffer = new byte[1 << 14];
        for (var lines = channels.Length * linesPerChannel; lines > 0;)
            lines -= buffer.AsSpan(0, socket.Receive(buffer)).Count((byte)'\n');
    }

    private bool TryDrain(Socket socket)
    {
        var scratch = _scratch ??= new byte[1 << 16];
        while (true)
        {
            var count = socket.Receive(scratch, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock) return true;
            if (count == 0 || error != SocketError.Success) return false;
            Interlocked.Add(ref _received, count);
        }
    }

    // Waiting for nothing tells that something came, without a buffer for each of thousands of connections.
    private async Task Receive(Socket socket)
    {
        try
        {
            socket.Blocking = false;
            while (TryDrain(socket))
                await socket.ReceiveAsync(Memory<byte>.Empty).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
