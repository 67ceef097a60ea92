using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>Who may connect, and where: addresses, Unix sockets, passwords, limits, protected mode, idle time.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class AccessTests
{
    [Test]
    public void One_client_too_many_is_told_so_and_leaves_no_trace()
    {
        using var server = KestrelFreeProcess.Start("--maxclients", "3");
        using var first = server.Connect();
        using var second = server.Connect();
        first.Ask("PING");
        second.Ask("PING");
        using var third = server.Connect();
        Eventually.True(() => AskOrClosed(third) == "+PONG", () => "the client that asked whether the server is up is still there");

        using var fourth = server.Connect();

        Assert.That(ReplyText.RenderAll(fourth.ReadToEnd()), Is.EqualTo("-ERR max number of clients reached"));
        Assert.That(first.AskPayload("INFO", "stats"), Does.Match("rejected_connections:[1-9]"));
        third.Dispose();
        Eventually.True(() => IsServed(server), () => "the free place was not given away");
    }

    [Test]
    public void Maxclients_can_be_raised_while_running()
    {
        using var server = KestrelFreeProcess.Start("--maxclients", "2");
        using var first = server.Connect();
        Eventually.True(() => IsServed(server), () => "the client that asked whether the server is up is still there");

        Assert.That(first.Ask("CONFIG", "SET", "maxclients", "5"), Is.EqualTo("+OK"));

        var more = Enumerable.Range(0, 4).Select(_ => server.Connect()).ToArray();
        Assert.That(more.Select(client => client.Ask("PING")), Is.All.EqualTo("+PONG"));
        foreach (var client in more)
            client.Dispose();
    }

    [Test]
    public void A_unix_socket_has_its_permissions_and_goes_with_the_server()
    {
        using var folder = new TempFolder();
        var path = folder.File("server.sock");
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = ["--port", "0", "--unixsocket", path, "--unixsocketperm", "770", "--save", ""] })
            .WaitForLog("eady to accept connections");

        using (var client = new RawConnection(new UnixDomainSocketEndPoint(path)))
        {
            Assert.That(client.Ask("SET", "k", "v"), Is.EqualTo("+OK"));
            Assert.That(client.AskPayload("CLIENT", "INFO"), Does.Contain($"addr={path}:0 laddr={path}:0").And.Contain("flags=U"));
        }

        Assert.That(File.GetUnixFileMode(path) & (UnixFileMode)0x1ff, Is.EqualTo((UnixFileMode)Convert.ToInt32("770", 8)));
        server.Signal(PosixSignal.Terminate);
        server.WaitForExit();
        Assert.That(path, Does.Not.Exist);
    }

    [Test]
    public void A_unix_socket_that_a_dead_server_left_is_replaced()
    {
        using var folder = new TempFolder();
        var path = folder.File("server.sock");
        using (var first = KestrelFreeProcess.Start("--unixsocket", path))
        {
            first.Signal(PosixSignal.Kill);
            first.WaitForExit();
        }

        using var second = KestrelFreeProcess.Start("--unixsocket", path);
        using var client = new RawConnection(new UnixDomainSocketEndPoint(path));

        Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void Several_addresses_are_listened_on_and_optional_ones_may_be_missing()
    {
        if (!Socket.OSSupportsIPv6) Assert.Ignore("no IPv6 here");

        using var server = KestrelFreeProcess.Start("--bind", "127.0.0.1", "::1", "-192.0.2.1");
        using var client = new RawConnection(new IPEndPoint(IPAddress.IPv6Loopback, server.Port));

        Assert.That(client.AskPayload("CLIENT", "INFO"), Does.Contain(" addr=[::1]:").And.Contain($" laddr=[::1]:{server.Port} "));
    }

    [Test]
    public void An_address_that_is_not_ours_stops_the_start()
    {
        using var server = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = ["--port", $"{FreePort.Next()}", "--bind", "192.0.2.1"] });

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(server.Log, Does.Contain("192.0.2.1").And.Contain("Failed listening on port"));
    }

    [Test]
    public void The_port_can_be_changed_while_running()
    {
        using var server = KestrelFreeProcess.Start();
        using var client = server.Connect();
        var port = FreePort.Next();

        Assert.That(client.Ask("CONFIG", "SET", "port", $"{port}"), Is.EqualTo("+OK"));

        using var newcomer = new RawConnection(new IPEndPoint(IPAddress.Loopback, port));
        Assert.That(newcomer.Ask("PING"), Is.EqualTo("+PONG"));
        Assert.That(() => server.Connect().Dispose(), Throws.InstanceOf<SocketException>());
        Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void A_port_that_is_taken_is_refused_and_the_old_one_stays()
    {
        using var other = KestrelFreeProcess.Start();
        using var server = KestrelFreeProcess.Start();
        using var client = server.Connect();

        Assert.That(client.Ask("CONFIG", "SET", "port", $"{other.Port}"), Does.StartWith("-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port"));
        Assert.That(IsServed(server), Is.True);
    }

    [Test]
    public void A_client_that_idles_too_long_is_closed()
    {
        using var server = KestrelFreeProcess.Start("--timeout", "1");
        using var idle = server.Connect();
        idle.Ask("PING");

        Assert.That(idle.IsClosedByServer(TimeSpan.FromSeconds(10)), Is.True);
    }

    [Test]
    public void A_blocked_client_does_not_idle()
    {
        using var server = KestrelFreeProcess.Start("--timeout", "1");
        using var blocked = server.Connect();

        Assert.That(blocked.Ask("WAIT", "1", "2500"), Is.EqualTo(":0"));
    }

    [Test]
    public void Protected_mode_turns_strangers_away_until_there_is_a_password()
    {
        // A network namespace of its own has an address that is not loopback, without a packet leaving the machine.
        var script = $"""
            ip link set lo up && ip addr add 10.111.111.111/32 dev lo || exit 77
            '{KestrelFreeProcess.Executable}' --port 7999 --save '' >/dev/null 2>&1 &
            for i in $(seq 200); do redis-cli -p 7999 ping 2>/dev/null | grep -q PONG && break; sleep 0.05; done
            redis-cli -h 10.111.111.111 -p 7999 ping
            redis-cli -p 7999 config set requirepass secret
            redis-cli -h 10.111.111.111 -p 7999 ping
            redis-cli -p 7999 -a secret --no-auth-warning config set requirepass '' protected-mode no
            redis-cli -h 10.111.111.111 -p 7999 ping
            """;
        Requirement.Program("redis-cli");
        if (Requirement.FindOnPath("unshare") is not { } unshare || Requirement.FindOnPath("ip") is null)
        {
            Assert.Ignore("no unshare or no ip here");
            return;
        }

        var result = CommandLine.Run(unshare, "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script);
        if (result.ExitCode != 0 && !result.Output.Contains("OK", StringComparison.Ordinal))
            Assert.Ignore($"namespaces are not allowed here: {result.Output}");

        var lines = result.Output.Replace("(error) ", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[0], Does.StartWith("DENIED Redis is running in protected mode"));
        Assert.That(string.Join('|', lines[1..]), Is.EqualTo("OK|NOAUTH Authentication required.|OK|PONG"));
    }

    private static bool IsServed(ServerProcess server)
    {
        using var client = server.Connect();
        return AskOrClosed(client) == "+PONG";
    }

    private static string AskOrClosed(RawConnection client)
    {
        try
        {
            return client.Ask("PING");
        }
        catch (Exception error) when (error is EndOfStreamException or SocketException)
        {
            return "closed";
        }
    }
}
