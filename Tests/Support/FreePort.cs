using System.Net;
using System.Net.Sockets;

namespace KestrelFree.Tests.Support;

/// <summary>Hands out loopback ports on which nothing listens.</summary>
internal static class FreePort
{
    /// <summary>A port that was free a moment ago, as the kernel chose it; another process may still take it first.</summary>
    public static int Next()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
