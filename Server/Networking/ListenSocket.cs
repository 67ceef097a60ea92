using System.Net;
using System.Net.Sockets;

namespace KestrelFree.Server.Networking;

/// <summary>Opening a listening socket failed; the message names the step and the system's reason, as "bind: Address already in use".</summary>
internal sealed class ListenException(string message, SocketError error) : Exception(message)
{
    /// <summary>What the system said.</summary>
    internal SocketError Error => error;
}

/// <summary>Opens non-blocking listening sockets; every failure is a <see cref="ListenException"/>.</summary>
internal static class ListenSocket
{
    /// <summary>What fits in the system's address structure, with the closing zero.</summary>
    private const int LongestUnixPath = 107;

    /// <summary>Opens a TCP socket; port 0 lets the system choose.</summary>
    internal static Socket OpenTcp(BindAddress address, int port, int backlog)
    {
        var ip = Step("", address.Resolve);
        var socket = Step("socket: ", () => new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp));

        // The runtime itself allows a port in TIME_WAIT to be bound again. Its ReuseAddress option must stay off: it also means
        // SO_REUSEPORT, with which a second server would share the port in silence.
        if (ip.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;

        return Listen(socket, new IPEndPoint(ip, port), backlog, afterBind: null);
    }

    /// <summary>Opens a unix socket in place of whatever file has its path; mode 0 leaves the file's bits to the umask.</summary>
    internal static Socket OpenUnix(string path, int mode, int backlog)
    {
        var bytes = System.Text.Encoding.UTF8.GetByteCount(path);
        if (bytes > LongestUnixPath)
            throw new ListenException($"unix socket path too long ({bytes}), must be under {LongestUnixPath + 1}", SocketError.InvalidArgument);

        // The runtime reports a missing folder as an address that is not available.
        if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
            throw new ListenException("bind: " + Config.SystemErrorText.NoSuchFile, SocketError.AddressNotAvailable);

        DeleteStale(path);
        var socket = Step("creating socket: ", () => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
        return Listen(socket, new UnixDomainSocketEndPoint(path), backlog, () => SetMode(path, mode));
    }

    private static Socket Listen(Socket socket, EndPoint endPoint, int backlog, Action? afterBind)
    {
        try
        {
            Step("bind: ", () => socket.Bind(endPoint));
            afterBind?.Invoke();
            Step("listen: ", () => socket.Listen(backlog));
            socket.Blocking = false;
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void SetMode(string path, int mode)
    {
        if (mode != 0 && !OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)mode);
    }

    private static void DeleteStale(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The bind that follows fails and says why.
        }
    }

    private static void Step(string name, Action action) => Step(name, () =>
    {
        action();
        return true;
    });

    private static T Step<T>(string name, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SocketException e)
        {
            throw new ListenException(name + SocketErrorText.Of(e), e.SocketErrorCode);
        }
    }
}
