using System.Net;
using System.Net.Sockets;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Loop;

namespace KestrelFree.Server.Networking;

// All listening sockets of a server: for each address of `bind` one of `port`, `tls-port` and `metrics-port`, and one for the unix socket.
//
// Opening is all or nothing: an address that fails closes those opened before it, unless it was marked optional and this machine does not
// have it, or the system lacks its protocol altogether. Every failure is logged, skipped or not.
//
// CONFIG SET port and bind keep the sockets that the old and the new setting share, close the others, and open what is new. Closing comes
// first because a wildcard and a single address of the same port exclude each other. When something new cannot be opened, what
// was closed is opened again and the caller learns Redis's reason; clients that are connected notice nothing either way.

/// <summary>The listening sockets of a server.</summary>
internal sealed class ListenerSet : IDisposable
{
    private const string BindFailed = "Failed to bind to specified addresses.";
    private const string PortFailed = "Unable to listen on this port. Check server logs.";

    // What has a port, in the order of INFO.
    private static readonly ListenerKind[] Ported = [ListenerKind.Tcp, ListenerKind.Tls, ListenerKind.Metrics];
    private static readonly ListenerKind[] Kinds = [ListenerKind.Tcp, ListenerKind.Unix, ListenerKind.Tls, ListenerKind.Metrics];

    private readonly EventLoop _loop;
    private readonly ServerLog _log;
    private readonly ListenSettings _settings;
    private readonly AcceptHandler _onAccepted;
    private readonly List<Listener> _listeners = [];
    private bool _paused;

    /// <summary>Nothing is open before <see cref="Open"/>.</summary>
    internal ListenerSet(EventLoop loop, ServerLog log, ListenSettings settings, AcceptHandler onAccepted)
    {
        _loop = loop;
        _log = log;
        _settings = settings;
        _onAccepted = onAccepted;
    }

    /// <summary>The open listeners, by kind.</summary>
    internal IReadOnlyList<Listener> Listeners => _listeners;

    /// <summary>The TCP port listened on, also when the system chose it; 0 without TCP.</summary>
    internal int BoundPort => BoundPortOf(ListenerKind.Tcp);

    /// <summary>The port of encrypted connections, also when the system chose it; 0 without.</summary>
    internal int BoundTlsPort => BoundPortOf(ListenerKind.Tls);

    /// <summary>The port of metrics, also when the system chose it; 0 without.</summary>
    internal int BoundMetricsPort => BoundPortOf(ListenerKind.Metrics);

    /// <summary>Opens everything; false after logging why the server cannot start.</summary>
    internal bool Open()
    {
        foreach (var kind in Ported)
        {
            if (!TryOpenTcp(kind, _settings.Ports.Of(kind), _settings.Bind))
            {
                _log.Warning($"Failed listening on port {_settings.Ports.Of(kind)} ({NameOf(kind)}), aborting.");
                return false;
            }
        }

        if (_settings.UnixSocket is { } path && !TryOpenUnix(path)) return false;

        if (_listeners.Count == 0)
        {
            _log.Warning("Configured to not listen anywhere, exiting.");
            return false;
        }

        return true;
    }

    /// <summary>
    /// Moves to other ports or other addresses while running; on failure everything is as before and <paramref name="error"/> says why.
    /// </summary>
    internal bool TryRebind(ListenPorts ports, IReadOnlyList<string> bind, out string? error)
    {
        error = null;
        (var oldPorts, var oldBind) = (_settings.Ports, _settings.Bind);
        if (TryMove(ports, bind)) return true;

        error = oldBind.SequenceEqual(bind) ? PortFailed : BindFailed;
        if (!TryMove(oldPorts, oldBind))
            _log.Warning($"The former addresses of port {oldPorts.Plain} could not be opened again: the server has no TCP listener until bind or port is set.");

        return false;
    }

    /// <summary>Announces each kind of listener in the log.</summary>
    internal void LogReady()
    {
        foreach (var kind in Kinds)
        {
            if (_listeners.Exists(listener => listener.Kind == kind))
                _log.Notice($"Ready to accept connections {NameOf(kind)}");
        }
    }

    /// <summary>The values of INFO's listener0, listener1...: one for each kind that is open.</summary>
    internal IEnumerable<string> Describe()
    {
        foreach (var kind in Kinds)
        {
            var open = _listeners.FindAll(listener => listener.Kind == kind);
            if (open.Count > 0)
                yield return $"name={NameOf(kind)}" + (kind == ListenerKind.Unix ? $",bind={open[0].UnixPath}" : $"{Binds(open)},port={open[0].Port}");
        }
    }

    private static string Binds(List<Listener> open) =>
        string.Concat(open.Select(listener => $",bind={(listener.Address.IsOptional ? "-" : "")}{listener.Address}"));

    private static string NameOf(ListenerKind kind) => kind switch
    {
        ListenerKind.Unix => "unix",
        ListenerKind.Tls => "tls",
        ListenerKind.Metrics => "metrics",
        _ => "tcp",
    };

    /// <summary>Leaves new connections waiting, for a shutdown.</summary>
    internal void Pause()
    {
        _paused = true;
        _listeners.ForEach(listener => listener.Pause());
    }

    /// <summary>Accepts again, for a shutdown that was called off.</summary>
    internal void Resume()
    {
        _paused = false;
        _listeners.ForEach(listener => listener.Resume());
    }

    /// <summary>Closes everything and removes the unix socket's file.</summary>
    public void Dispose() => Close(_listeners.ToArray());

    private int BoundPortOf(ListenerKind kind) => _listeners.Find(listener => listener.Kind == kind)?.Port ?? 0;

    // All are closed before any is opened: ports may have changed places.
    private bool TryMove(ListenPorts ports, IReadOnlyList<string> bind)
    {
        HashSet<BindAddress> wanted = [.. Parse(bind)];
        _settings.Ports = ports;
        _settings.Bind = bind;
        Close(_listeners.FindAll(listener => !listener.IsUnix && (listener.Port != ports.Of(listener.Kind) || !wanted.Contains(listener.Address))));
        return Array.TrueForAll(Ported, kind => TryOpenTcp(kind, ports.Of(kind), bind));
    }

    private bool TryOpenTcp(ListenerKind kind, int port, IReadOnlyList<string> bind)
    {
        if (port == 0) return true;

        var opened = new List<Listener>();
        foreach (var address in Parse(bind))
        {
            if (_listeners.Exists(listener => listener.Kind == kind && listener.Address.Equals(address))) continue;

            // The system's choice for the first address is the port of all.
            var wanted = port != ListenSettings.AnyPort ? port : BoundPortOf(kind);
            if (!TryOpenTcp(kind, address, wanted, opened))
            {
                Close(opened);
                return false;
            }
        }

        return true;
    }

    private bool TryOpenTcp(ListenerKind kind, BindAddress address, int port, List<Listener> opened)
    {
        try
        {
            var socket = ListenSocket.OpenTcp(address, port, _settings.TcpBacklog);
            if (_settings.SocketMarkId != 0 && !TcpOptions.TrySetMark(socket, _settings.SocketMarkId))
                _log.Warning($"socket-mark-id {_settings.SocketMarkId} could not be set on {address}:{port}: marks need Linux and the capability CAP_NET_ADMIN.");

            var boundPort = ((IPEndPoint)socket.LocalEndPoint!).Port;
            opened.Add(Watch(Listener.ForTcp(socket, kind, address, boundPort, _loop, _log, _settings, _onAccepted)));
            return true;
        }
        catch (ListenException failure)
        {
            _log.Warning($"Warning: Could not create server TCP listening socket {address}:{port}: {failure.Message}");
            return IsTolerable(failure.Error, address);
        }
    }

    private bool TryOpenUnix(string path)
    {
        try
        {
            var socket = ListenSocket.OpenUnix(path, _settings.UnixSocketPerm, _settings.TcpBacklog);
            Watch(Listener.ForUnix(socket, path, _loop, _log, _settings, _onAccepted));
            return true;
        }
        catch (ListenException failure)
        {
            _log.Warning($"Failed opening Unix socket: {failure.Message}");
            return false;
        }
    }

    private Listener Watch(Listener listener)
    {
        var place = _listeners.FindLastIndex(other => other.Kind <= listener.Kind) + 1;
        _listeners.Insert(place, listener);
        _loop.Add(listener);
        if (_paused) listener.Pause();

        return listener;
    }

    private void Close(IEnumerable<Listener> listeners)
    {
        foreach (var listener in listeners)
        {
            _loop.Remove(listener);
            _listeners.Remove(listener);

            // A unix socket's file goes with it: the runtime unlinks what it bound.
            listener.Socket.Dispose();
        }
    }

    private static bool IsTolerable(SocketError error, BindAddress address) => error switch
    {
        SocketError.AddressNotAvailable => address.IsOptional,
        SocketError.ProtocolOption or SocketError.ProtocolNotSupported or SocketError.SocketNotSupported => true,
        SocketError.ProtocolFamilyNotSupported or SocketError.AddressFamilyNotSupported => true,
        _ => false,
    };

    private static IEnumerable<BindAddress> Parse(IReadOnlyList<string> words)
    {
        foreach (var word in words)
        {
            if (BindAddress.TryParse(word, out var address)) yield return address;
        }
    }
}
