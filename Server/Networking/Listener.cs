using System.Net.Sockets;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Loop;

namespace KestrelFree.Server.Networking;

/// <summary>Receives an accepted connection, which it owns from then on: non-blocking, without delay, with keepalive.</summary>
internal delegate void AcceptHandler(Socket connection, Listener listener);

// A turn accepts a bounded number of connections, so that a storm of them cannot hold up the clients that are served already; the rest
// wait in the system's queue and the level-triggered poll announces them again.
//
// Socket.Accept throws when nothing waits, and exceptions cost 20 us. So the first accept relies on the poll that called us and each
// further one asks first; an exception is left for the rare connection that was reset while it waited.
//
// Without a free descriptor accept fails and the connection stays in the queue: a level-triggered loop would be called again at once, for
// ever, and log a line each time. The listener therefore looks away for a while and tries again.

/// <summary>One listening socket.</summary>
internal sealed class Listener : Pollable
{
    private const int BackOffMs = 100;

    private readonly EventLoop _loop;
    private readonly ServerLog _log;
    private readonly ListenSettings _settings;
    private readonly AcceptHandler _onAccepted;
    private bool _paused;
    private bool _backingOff;

    private Listener(Socket socket, EventLoop loop, ServerLog log, ListenSettings settings, AcceptHandler onAccepted)
        : base(socket)
    {
        _loop = loop;
        _log = log;
        _settings = settings;
        _onAccepted = onAccepted;
    }

    /// <summary>The address that the socket was opened for; meaningless for a unix socket.</summary>
    internal BindAddress Address { get; private init; }

    /// <summary>The port listened on; 0 for a unix socket.</summary>
    internal int Port { get; private init; }

    /// <summary>The unix socket's path; null for TCP.</summary>
    internal string? UnixPath { get; private init; }

    /// <summary>What its connections are.</summary>
    internal ListenerKind Kind { get; private init; }

    /// <summary>True for a unix socket.</summary>
    internal bool IsUnix => Kind == ListenerKind.Unix;

    /// <summary>True when its connections are encrypted.</summary>
    internal bool IsTls => Kind == ListenerKind.Tls;

    /// <summary>How many connections were accepted.</summary>
    internal long AcceptedCount { get; private set; }

    /// <summary>A listener for an open TCP socket.</summary>
    internal static Listener ForTcp(
        Socket socket, ListenerKind kind, BindAddress address, int port, EventLoop loop, ServerLog log, ListenSettings settings, AcceptHandler onAccepted) =>
        new(socket, loop, log, settings, onAccepted) { Kind = kind, Address = address, Port = port };

    /// <summary>A listener for an open unix socket.</summary>
    internal static Listener ForUnix(
        Socket socket, string path, EventLoop loop, ServerLog log, ListenSettings settings, AcceptHandler onAccepted) =>
        new(socket, loop, log, settings, onAccepted) { Kind = ListenerKind.Unix, UnixPath = path };

    /// <summary>Leaves new connections in the system's queue.</summary>
    internal void Pause()
    {
        _paused = true;
        FollowState();
    }

    /// <summary>Ends a pause.</summary>
    internal void Resume()
    {
        _paused = false;
        FollowState();
    }

    /// <inheritdoc/>
    public override void OnReadable()
    {
        var left = _settings.MaxNewConnectionsPerCycle;
        while (left-- > 0 && TryAccept() && !_paused && IsWatched)
        {
            if (left > 0 && !Socket.Poll(0, SelectMode.SelectRead)) return;
        }
    }

    /// <inheritdoc/>
    public override void OnWritable()
    {
    }

    private static bool IsOutOfDescriptors(SocketException error) =>
        error.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    private bool TryAccept()
    {
        Socket connection;
        try
        {
            connection = Socket.Accept();
        }
        catch (SocketException error)
        {
            return HandleFailure(error);
        }

        AcceptedCount++;
        if (TryConfigure(connection))
        {
            LogAccepted(connection);
            _onAccepted(connection, this);
        }

        return true;
    }

    private bool HandleFailure(SocketException error)
    {
        if (error.SocketErrorCode is SocketError.WouldBlock or SocketError.Interrupted) return false;

        _log.Warning($"Accepting client connection: accept: {SocketErrorText.Of(error)}");
        if (IsOutOfDescriptors(error)) BackOff();

        return false;
    }

    private bool TryConfigure(Socket connection)
    {
        try
        {
            connection.Blocking = false;
            if (!IsUnix)
            {
                TcpOptions.SetNoDelay(connection);
                if (_settings.TcpKeepaliveSeconds > 0)
                    TcpOptions.SetKeepAlive(connection, _settings.TcpKeepaliveSeconds);
            }

            return true;
        }
        catch (SocketException)
        {
            // Some systems refuse options once the peer has gone: there is nobody to serve.
            connection.Dispose();
            return false;
        }
    }

    private void LogAccepted(Socket connection)
    {
        if (_log.IsEnabled(Config.LogLevel.Verbose))
            _log.Verbose(IsUnix ? $"Accepted connection to {UnixPath}" : $"Accepted {PeerAddress.OfPeer(connection, this)}");
    }

    private void BackOff()
    {
        _backingOff = true;
        FollowState();
        _loop.AddTimer(BackOffMs, () =>
        {
            _backingOff = false;
            FollowState();
            return EventLoop.NoMore;
        });
    }

    private void FollowState()
    {
        if (_paused || _backingOff) _loop.DisableReadable(this);
        else _loop.EnableReadable(this);
    }
}
