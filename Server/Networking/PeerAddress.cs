using System.Net;
using System.Net.Sockets;

namespace KestrelFree.Server.Networking;

/// <summary>The two addresses of a connection as CLIENT LIST shows them: 127.0.0.1:1234, [::1]:1234, /path:0.</summary>
internal static class PeerAddress
{
    /// <summary>What is shown for a connection that has already lost its peer.</summary>
    private const string Unknown = "?:0";

    /// <summary>The client's address; a unix socket's clients show the server's path, having none of their own.</summary>
    internal static string OfPeer(Socket socket, Listener? listener)
    {
        if (listener?.UnixPath is { } path) return $"{path}:0";

        try
        {
            return Format(socket.RemoteEndPoint);
        }
        catch (SocketException)
        {
            return Unknown;
        }
    }

    /// <summary>The server's address that the client connected to.</summary>
    internal static string OfLocal(Socket socket, Listener? listener)
    {
        if (listener?.UnixPath is { } path) return $"{path}:0";

        try
        {
            return Format(socket.LocalEndPoint);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return Unknown;
        }
    }

    /// <summary>True for a peer on this machine: a loopback address or a unix socket. protected-mode asks this.</summary>
    internal static bool IsLoopback(Socket socket)
    {
        if (socket.AddressFamily == AddressFamily.Unix) return true;

        try
        {
            return socket.RemoteEndPoint is IPEndPoint peer && IPAddress.IsLoopback(Unmapped(peer.Address));
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>An endpoint in the form shown; IPv6 in brackets.</summary>
    internal static string Format(EndPoint? endPoint) => endPoint switch
    {
        IPEndPoint ip when Unmapped(ip.Address) is { AddressFamily: AddressFamily.InterNetwork } address => $"{address}:{ip.Port}",
        IPEndPoint ip => $"[{ip.Address}]:{ip.Port}",
        UnixDomainSocketEndPoint path => $"{path}:0",
        _ => Unknown,
    };

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
