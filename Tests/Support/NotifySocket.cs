using System.Net.Sockets;
using System.Text;

namespace KestrelFree.Tests.Support;

/// <summary>Stands in for systemd: receives a service's notifications.</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    /// <summary>Binds the socket at a path of at most 108 bytes.</summary>
    public NotifySocket(string path)
    {
        Path = path;
        _socket.Bind(new UnixDomainSocketEndPoint(path));
        _socket.ReceiveTimeout = (int)Eventually.Patience.TotalMilliseconds;
    }

    /// <summary>What NOTIFY_SOCKET names.</summary>
    public string Path { get; }

    /// <summary>Everything received up to the message that holds a text; throws SocketException when it does not come.</summary>
    public string ReadUntil(string text)
    {
        var received = new StringBuilder();
        var buffer = new byte[4096];
        while (!received.ToString().Contains(text, StringComparison.Ordinal))
            received.Append(Encoding.UTF8.GetString(buffer, 0, _socket.Receive(buffer))).Append('\n');

        return received.ToString();
    }

    public void Dispose() => _socket.Dispose();
}
