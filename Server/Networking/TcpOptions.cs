using System.Net.Sockets;

namespace KestrelFree.Server.Networking;

/// <summary>The socket options of a client's connection.</summary>
internal static class TcpOptions
{
    private const int Probes = 3;
    private const int LinuxSocketLevel = 1;
    private const int LinuxMark = 36;

    /// <summary>Sends small replies at once.</summary>
    internal static void SetNoDelay(Socket socket) => socket.NoDelay = true;

    /// <summary>
    /// Finds dead peers: a first probe after <paramref name="seconds"/> of silence, then two more a third of that apart. Throws
    /// SocketException when the system refuses.
    /// </summary>
    internal static void SetKeepAlive(Socket socket, int seconds)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Math.Max(seconds / Probes, 1));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
    }

    /// <summary>Marks a socket's packets, and those of the connections it accepts, for the packet filter; false where the system does not.</summary>
    internal static bool TrySetMark(Socket socket, uint mark)
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            socket.SetRawSocketOption(LinuxSocketLevel, LinuxMark, BitConverter.GetBytes(mark));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
