using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace KestrelFree.Server.Networking;

/// <summary>The operating system's own words for an error, as logs and supervisors know them.</summary>
internal static class SocketErrorText
{
    /// <summary>What strerror says; the resolver's failures, which have no errno, in its usual words.</summary>
    internal static string Of(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData => "Name or service not known",
        // The runtime folds the process's limit and the system's into one code; the process's is the one that is met in practice.
        SocketError.TooManyOpenSockets => "Too many open files",
        SocketError.TryAgain => "Temporary failure in name resolution",
        _ => Marshal.GetPInvokeErrorMessage(error.NativeErrorCode),
    };
}
