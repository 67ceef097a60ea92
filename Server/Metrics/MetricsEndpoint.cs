using System.Net.Sockets;
using KestrelFree.Server.Loop;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Metrics;

/// <summary>Serves scrapes on the loop: they are no clients, count towards no limit of theirs, and are few.</summary>
internal sealed class MetricsEndpoint
{
    private const int MostConnections = 16;
    private const long PatienceMs = 10_000;

    private readonly RedisServer _server;
    private readonly HashSet<MetricsConnection> _open = [];

    internal MetricsEndpoint(RedisServer server) => _server = server;

    /// <summary>Takes an accepted connection over. Protected mode lets in whoever it lets in as a client.</summary>
    internal void Accept(Socket socket)
    {
        if (_open.Count == MostConnections || _server.Clients.IsProtectedFrom(PeerAddress.IsLoopback(socket)))
        {
            socket.Dispose();
            return;
        }

        var connection = new MetricsConnection(this, socket);
        _open.Add(connection);
        _server.Loop.Add(connection);
        connection.TimerId = _server.Loop.AddTimer(PatienceMs, () =>
        {
            Close(connection);
            return EventLoop.NoMore;
        });
    }

    /// <summary>The figures.</summary>
    internal string Text() => MetricsText.Of(_server);

    /// <summary>Waits for room to send more.</summary>
    internal void AwaitWritable(MetricsConnection connection) => _server.Loop.EnableWritable(connection);

    /// <summary>Ends our side; the peer's end closes the connection.</summary>
    internal void Finish(MetricsConnection connection)
    {
        try
        {
            connection.Socket.Shutdown(SocketShutdown.Send);
            _server.Loop.DisableWritable(connection);
        }
        catch (SocketException)
        {
            Close(connection);
        }
    }

    /// <summary>Closes a connection; a second time does nothing.</summary>
    internal void Close(MetricsConnection connection)
    {
        if (!_open.Remove(connection)) return;
        _server.Loop.RemoveTimer(connection.TimerId);
        _server.Loop.Remove(connection);
        connection.Socket.Dispose();
    }

    /// <summary>Closes all.</summary>
    internal void CloseAll()
    {
        foreach (var connection in _open.ToArray()) Close(connection);
    }
}
