using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using KestrelFree.Server.Loop;
using KestrelFree.Server.Networking;
using KestrelFree.Tests.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

/// <summary>Opening, accepting and moving of listening sockets, through real loopback connections.</summary>
public sealed class ListenerSetTests : IDisposable
{
    private const int LongMs = 20_000;

    private readonly List<(Socket Socket, Listener From)> _accepted = [];
    private readonly List<Socket> _clients = [];
    private CapturedLog _log = null!;
    private EventLoop _loop = null!;
    private TempFolder _folder = null!;
    private ListenerSet? _set;

    [SetUp]
    public void Open()
    {
        _log = new CapturedLog();
        _loop = new EventLoop();
        _folder = new TempFolder();
    }

    [TearDown]
    public void Dispose()
    {
        _clients.ForEach(socket => socket.Dispose());
        _accepted.ForEach(accepted => accepted.Socket.Dispose());
        _clients.Clear();
        _accepted.Clear();
        _set?.Dispose();
        _set = null;
        _loop?.Dispose();
        _folder?.Dispose();
        _log?.Dispose();
    }

    [Test]
    public void An_accepted_connection_is_non_blocking_without_delay_and_probed_when_silent()
    {
        Listen(Tcp("127.0.0.1"));

        var connection = AcceptOne(IPAddress.Loopback);

        Assert.That(connection.Blocking, Is.False);
        Assert.That(connection.NoDelay, Is.True);
        Assert.That(connection.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive), Is.Not.Zero);
        Assert.That(connection.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime), Is.EqualTo(300));
        Assert.That(connection.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval), Is.EqualTo(100));
        Assert.That(connection.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount), Is.EqualTo(3));
    }

    [Test]
    public void Keepalive_can_be_off_and_set_while_running()
    {
        var settings = Tcp("127.0.0.1");
        settings.TcpKeepaliveSeconds = 0;
        Listen(settings);
        var without = AcceptOne(IPAddress.Loopback);

        settings.TcpKeepaliveSeconds = 2;
        var with = AcceptOne(IPAddress.Loopback);

        Assert.That(without.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive), Is.Zero);
        Assert.That(with.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval), Is.EqualTo(1));
    }

    [Test]
    public void Peer_and_local_address_are_those_of_the_connection()
    {
        Listen(Tcp("127.0.0.1"));

        var connection = AcceptOne(IPAddress.Loopback);

        var peer = (IPEndPoint)_clients[^1].LocalEndPoint!;
        Assert.That(PeerAddress.OfPeer(connection, _accepted[^1].From), Is.EqualTo($"127.0.0.1:{peer.Port}"));
        Assert.That(PeerAddress.OfLocal(connection, _accepted[^1].From), Is.EqualTo($"127.0.0.1:{_set!.BoundPort}"));
        Assert.That(PeerAddress.IsLoopback(connection), Is.True);
        Assert.That(_log.Lines, Has.Some.EqualTo($"- Accepted 127.0.0.1:{peer.Port}"));
    }

    [Test]
    public void The_default_addresses_take_ipv4_and_ipv6_clients_on_one_port()
    {
        RequireIPv6();
        Listen(Tcp("*", "-::*"));

        AcceptOne(IPAddress.Loopback);
        var six = AcceptOne(IPAddress.IPv6Loopback);

        Assert.That(PeerAddress.OfPeer(six, null), Does.StartWith("[::1]:"));
        Assert.That(PeerAddress.IsLoopback(six), Is.True);
        Assert.That(_set!.Describe(), Is.EqualTo(new[] { $"name=tcp,bind=*,bind=-::*,port={_set.BoundPort}" }));
    }

    [Test]
    public void A_turn_accepts_no_more_than_allowed()
    {
        var settings = Tcp("127.0.0.1");
        settings.MaxNewConnectionsPerCycle = 3;
        Listen(settings);
        for (var i = 0; i < 8; i++)
            Connect(IPAddress.Loopback);

        var perTurn = new List<int>();
        while (_accepted.Count < 8)
        {
            var before = _accepted.Count;
            _loop.RunTurn(LongMs);
            perTurn.Add(_accepted.Count - before);
        }

        Assert.That(perTurn, Is.EqualTo(new[] { 3, 3, 2 }));
        Assert.That(_set!.Listeners[0].AcceptedCount, Is.EqualTo(8));
    }

    [Test]
    public void An_optional_address_that_the_machine_lacks_is_skipped_with_a_warning()
    {
        Listen(Tcp("127.0.0.1", "-192.0.2.1"));

        Assert.That(_set!.Listeners, Has.Count.EqualTo(1));
        Assert.That(_log.Lines, Has.Some.EqualTo(
            $"# Warning: Could not create server TCP listening socket 192.0.2.1:{_set.BoundPort}: bind: Cannot assign requested address"));
    }

    [Test]
    public void A_required_address_that_the_machine_lacks_stops_the_start_and_leaves_nothing_open()
    {
        _set = NewSet(Tcp("127.0.0.1", "192.0.2.1"));

        Assert.That(_set.Open(), Is.False);

        Assert.That(_set.Listeners, Is.Empty);
        Assert.That(_loop.WatchedCount, Is.EqualTo(1));
    }

    [Test]
    public void A_port_in_use_stops_the_start_in_redis_s_words()
    {
        using var other = OccupyPort(out var port);
        var settings = Tcp("127.0.0.1");
        settings.Ports = new ListenPorts(port);
        _set = NewSet(settings);

        Assert.That(_set.Open(), Is.False);

        Assert.That(_log.Lines, Is.EqualTo(new[]
        {
            $"# Warning: Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address already in use",
            $"# Failed listening on port {port} (tcp), aborting.",
        }));
    }

    [Test]
    public void A_port_whose_connections_wait_in_time_wait_can_be_bound_again()
    {
        Listen(Tcp("127.0.0.1"));
        var port = _set!.BoundPort;
        AcceptOne(IPAddress.Loopback).Dispose();
        _set.Dispose();

        var again = Tcp("127.0.0.1");
        again.Ports = new ListenPorts(port);
        Listen(again);

        Assert.That(_set.BoundPort, Is.EqualTo(port));
    }

    [Test]
    public void A_name_that_does_not_resolve_is_reported_as_the_resolver_does()
    {
        _set = NewSet(Tcp("no-such-host.invalid"));

        Assert.That(_set.Open(), Is.False);

        Assert.That(_log.Lines[0], Does.StartWith("# Warning: Could not create server TCP listening socket no-such-host.invalid:0: "));
    }

    [Test]
    public void Nothing_to_listen_on_stops_the_start()
    {
        var settings = Tcp();
        settings.Ports = new ListenPorts(0);
        _set = NewSet(settings);

        Assert.That(_set.Open(), Is.False);

        Assert.That(_log.Lines, Is.EqualTo(new[] { "# Configured to not listen anywhere, exiting." }));
    }

    [Test]
    [Platform(Exclude = "Win")]
    [UnsupportedOSPlatform("windows")]
    public void A_unix_socket_replaces_a_stale_file_has_its_mode_and_is_unlinked_at_the_end()
    {
        var path = _folder.Write("redis.sock", "left behind by a crash");
        Listen(new ListenSettings { Ports = new ListenPorts(0), UnixSocket = path, UnixSocketPerm = 0x1C0 });

        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _clients.Add(client);
        client.Connect(new UnixDomainSocketEndPoint(path));
        _loop.RunTurn(LongMs);

        (var connection, var from) = _accepted[0];
        Assert.That(File.GetUnixFileMode(path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
        Assert.That(PeerAddress.OfPeer(connection, from), Is.EqualTo($"{path}:0"));
        Assert.That(PeerAddress.OfLocal(connection, from), Is.EqualTo($"{path}:0"));
        Assert.That(PeerAddress.IsLoopback(connection), Is.True);
        Assert.That(_set!.Describe(), Is.EqualTo(new[] { $"name=unix,bind={path}" }));

        _set.Dispose();
        Assert.That(File.Exists(path), Is.False);
    }

    [Test]
    public void A_unix_socket_that_cannot_be_opened_stops_the_start()
    {
        _set = NewSet(new ListenSettings { Ports = new ListenPorts(0), UnixSocket = _folder.File("missing/redis.sock") });
        Assert.That(_set.Open(), Is.False);
        Assert.That(_log.Lines[^1], Is.EqualTo("# Failed opening Unix socket: bind: No such file or directory"));

        _set = NewSet(new ListenSettings { Ports = new ListenPorts(0), UnixSocket = _folder.File(new string('x', 120)) });
        Assert.That(_set.Open(), Is.False);
        Assert.That(_log.Lines[^1], Does.Match("^# Failed opening Unix socket: unix socket path too long \\(\\d+\\), must be under 108$"));
    }

    [Test]
    public void Readiness_is_announced_for_each_kind()
    {
        ListenSettings settings = new() { Ports = new ListenPorts(ListenSettings.AnyPort), Bind = ["127.0.0.1"], UnixSocket = _folder.File("s") };
        Listen(settings);

        _set!.LogReady();

        Assert.That(_log.Lines, Is.EqualTo(new[] { "* Ready to accept connections tcp", "* Ready to accept connections unix" }));
    }

    [Test]
    public void Rebinding_to_another_port_moves_the_listeners_and_keeps_the_clients()
    {
        Listen(Tcp("127.0.0.1"));
        var connection = AcceptOne(IPAddress.Loopback);
        var oldPort = _set!.BoundPort;
        var newPort = FreePort.Next();

        Assert.That(_set.TryRebind(new ListenPorts(newPort), ["127.0.0.1"], out var error), Is.True);

        Assert.That(error, Is.Null);
        Assert.That(_set.BoundPort, Is.EqualTo(newPort));
        Assert.That(() => Connect(IPAddress.Loopback, oldPort), Throws.InstanceOf<SocketException>());
        AcceptOne(IPAddress.Loopback);
        Assert.That(_clients[0].Send("x"u8), Is.EqualTo(1));
        Assert.That(connection.Poll(LongMs * 1000, SelectMode.SelectRead), Is.True);
    }

    [Test]
    public void Rebinding_keeps_the_sockets_that_both_settings_share()
    {
        RequireIPv6();
        var settings = Tcp("127.0.0.1");
        settings.Ports = new ListenPorts(FreePort.Next());
        Listen(settings);
        var kept = _set!.Listeners[0];

        Assert.That(_set.TryRebind(settings.Ports, ["127.0.0.1", "::1"], out _), Is.True);
        Assert.That(_set.Listeners, Has.Count.EqualTo(2));
        Assert.That(_set.Listeners[0], Is.SameAs(kept));

        Assert.That(_set.TryRebind(settings.Ports, ["127.0.0.1"], out _), Is.True);
        Assert.That(_set.Listeners, Is.EqualTo(new[] { kept }));
    }

    [Test]
    public void Rebinding_from_the_wildcard_to_one_address_of_the_same_port_works_and_back()
    {
        var settings = Tcp("*");
        settings.Ports = new ListenPorts(FreePort.Next());
        Listen(settings);

        Assert.That(_set!.TryRebind(settings.Ports, ["127.0.0.1"], out _), Is.True);
        Assert.That(_set.TryRebind(settings.Ports, ["*"], out _), Is.True);

        AcceptOne(IPAddress.Loopback);
    }

    [Test]
    public void A_failed_rebind_to_other_addresses_leaves_everything_as_it_was()
    {
        var settings = Tcp("127.0.0.1");
        settings.Ports = new ListenPorts(FreePort.Next());
        Listen(settings);

        Assert.That(_set!.TryRebind(settings.Ports, ["*", "192.0.2.1"], out var error), Is.False);

        Assert.That(error, Is.EqualTo("Failed to bind to specified addresses."));
        Assert.That(_set.Describe(), Is.EqualTo(new[] { $"name=tcp,bind=127.0.0.1,port={settings.Ports.Plain}" }));
        AcceptOne(IPAddress.Loopback);
    }

    [Test]
    public void A_failed_rebind_to_another_port_leaves_everything_as_it_was()
    {
        using var other = OccupyPort(out var taken);
        var settings = Tcp("127.0.0.1");
        settings.Ports = new ListenPorts(FreePort.Next());
        Listen(settings);

        Assert.That(_set!.TryRebind(new ListenPorts(taken), ["127.0.0.1"], out var error), Is.False);

        Assert.That(error, Is.EqualTo("Unable to listen on this port. Check server logs."));
        Assert.That(_set.BoundPort, Is.EqualTo(settings.Ports.Plain));
        AcceptOne(IPAddress.Loopback);
    }

    [Test]
    public void Port_0_closes_tcp_and_keeps_the_unix_socket()
    {
        Listen(new ListenSettings { Ports = new ListenPorts(ListenSettings.AnyPort), Bind = ["127.0.0.1"], UnixSocket = _folder.File("s") });

        Assert.That(_set!.TryRebind(new ListenPorts(0), ["127.0.0.1"], out _), Is.True);

        Assert.That(_set.Listeners.Single().IsUnix, Is.True);
        Assert.That(_set.BoundPort, Is.Zero);
    }

    [Test]
    public void A_paused_set_leaves_connections_waiting_until_it_is_resumed()
    {
        Listen(Tcp("127.0.0.1"));
        _set!.Pause();
        Connect(IPAddress.Loopback);

        _loop.RunTurn(20);
        Assert.That(_accepted, Is.Empty);

        _set.Resume();
        _loop.RunTurn(LongMs);
        Assert.That(_accepted, Has.Count.EqualTo(1));
    }

    [Test]
    [Platform("Linux")]
    public void Without_free_descriptors_it_logs_backs_off_and_recovers()
    {
        Listen(Tcp("127.0.0.1"));
        Connect(IPAddress.Loopback);
        var watch = Stopwatch.StartNew();
        using (DescriptorShortage.Begin())
        {
            _loop.RunTurn(LongMs);
            _loop.RunTurn(20);
            _loop.RunTurn(20);
        }

        Assert.That(_accepted, Is.Empty);
        Assert.That(_log.Lines, Is.Not.Empty.And.All.EqualTo("# Accepting client connection: accept: Too many open files"));

        // It tries again every 100 ms; a busy machine may take longer than that for these turns.
        Assert.That(_log.Lines, Has.Length.AtMost(1 + watch.ElapsedMilliseconds / 100));

        while (_accepted.Count == 0)
            _loop.RunTurn(LongMs);
    }

    private static ListenSettings Tcp(params string[] bind) => new() { Ports = new ListenPorts(ListenSettings.AnyPort), Bind = bind };

    private static Socket OccupyPort(out int port)
    {
        var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        port = ((IPEndPoint)other.LocalEndPoint!).Port;
        return other;
    }

    private static void RequireIPv6()
    {
        using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        }
        catch (SocketException)
        {
            Assert.Ignore("This machine has no IPv6 loopback.");
        }
    }

    private ListenerSet NewSet(ListenSettings settings) =>
        new(_loop, _log.Log, settings, (connection, listener) => _accepted.Add((connection, listener)));

    private void Listen(ListenSettings settings)
    {
        _set = NewSet(settings);
        Assert.That(_set.Open(), Is.True, () => string.Join('\n', _log.Lines));
    }

    private void Connect(IPAddress address, int? port = null)
    {
        var client = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        client.Connect(new IPEndPoint(address, port ?? _set!.BoundPort));
    }

    private Socket AcceptOne(IPAddress address)
    {
        var before = _accepted.Count;
        Connect(address);
        while (_accepted.Count == before)
            _loop.RunTurn(LongMs);

        return _accepted[^1].Socket;
    }
}
