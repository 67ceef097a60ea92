using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace KestrelFree.Server.Loop;

/// <summary>Two connected non-blocking sockets: socketpair(2) on Linux, a loopback connection where there is none.</summary>
internal static unsafe partial class SocketPair
{
    private const int AddressFamilyUnix = 1;
    private const int StreamNonBlockingCloseOnExec = 1 | 0x800 | 0x80000;

    /// <summary>Opens the pair; throws SocketException when the system refuses.</summary>
    internal static (Socket Receiver, Socket Sender) Open()
    {
        (var receiver, var sender) = OperatingSystem.IsLinux() ? OpenUnix() : OpenLoopback();
        receiver.Blocking = false;
        sender.Blocking = false;
        return (receiver, sender);
    }

    /// <summary>A pair through a loopback listener that lives for this one connection.</summary>
    internal static (Socket Receiver, Socket Sender) OpenLoopback()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        sender.Connect(listener.LocalEndPoint!);
        while (true)
        {
            // Any local process may connect to the port while it is open; only our own other end is taken.
            var receiver = listener.Accept();
            if (receiver.RemoteEndPoint!.Equals(sender.LocalEndPoint)) return (receiver, sender);

            receiver.Dispose();
        }
    }

    private static (Socket Receiver, Socket Sender) OpenUnix()
    {
        var descriptors = stackalloc int[2];
        if (Create(AddressFamilyUnix, StreamNonBlockingCloseOnExec, 0, descriptors) != 0)
            throw new SocketException(Marshal.GetLastPInvokeError());

        return (Wrap(descriptors[0]), Wrap(descriptors[1]));
    }

    private static Socket Wrap(int descriptor) => new(new SafeSocketHandle(descriptor, ownsHandle: true));

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int Create(int domain, int type, int protocol, int* descriptors);
}
