using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>A connection that sends the same pipeline of transactions again and again.</summary>
internal sealed class TransactionClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _received = new byte[1 << 16];
    private readonly byte[] _request;
    private readonly int _replyLines;

    /// <summary>Connects, and writes down a pipeline of so many transactions of so many SETs each.</summary>
    public TransactionClient(int port, int transactions, int writes)
    {
        var text = new StringBuilder();
        for (var transaction = 0; transaction < transactions; transaction++)
        {
            text.Append("*1\r\n$5\r\nMULTI\r\n");
            for (var write = 0; write < writes; write++)
                text.Append($"*3\r\n$3\r\nSET\r\n$8\r\nkey:{transaction:D2}{write:D2}\r\n$3\r\nxxx\r\n");
            text.Append("*1\r\n$4\r\nEXEC\r\n");
        }

        _request = Encoding.Latin1.GetBytes(text.ToString());

        // OK, QUEUED for each, the array's header, OK for each.
        _replyLines = transactions * (2 + 2 * writes);
        _socket.Connect(IPAddress.Loopback, port);
    }

    /// <summary>Sends every client's pipeline, and awaits all replies.</summary>
    public static void RoundTrip(TransactionClient[] clients)
    {
        foreach (var client in clients)
            client._socket.Send(client._request);
        foreach (var client in clients)
            client.Await();
    }

    public void Dispose() => _socket.Dispose();

    private void Await()
    {
        for (var lines = _replyLines; lines > 0;)
        {
            var part = _received.AsSpan(0, _socket.Receive(_received));
            if (part.IsEmpty || part.Contains((byte)'-'))
                throw new InvalidOperationException($"the server answers {Encoding.Latin1.GetString(part)}");
            lines -= part.Count((byte)'\n');
        }
    }
}
