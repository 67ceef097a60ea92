using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KestrelFree.Server.Tls;
using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Tls;

/// <summary>Encrypted connections to a server in this process: requests and replies of every size, and who is let in.</summary>
internal sealed class TlsConnectionTests
{
    private TestCertificates _certificates = null!;
    private InProcessServer _server = null!;

    [OneTimeSetUp]
    public void Start()
    {
        _certificates = new TestCertificates();
        _server = new InProcessServer([.. _certificates.Directives, ("client-output-buffer-limit", "normal 0 0 0")]);
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _server?.Dispose();
        _certificates?.Dispose();
    }

    [TestCase(SslProtocols.Tls12)]
    [TestCase(SslProtocols.Tls13)]
    public void Values_of_every_size_come_back_as_they_went(SslProtocols version)
    {
        using var client = Connect(version);
        Assert.That(client.Protocol, Is.EqualTo(version));
        foreach (var size in new[] { 0, 1, 100, 16_300, 16_384, 16_385, 40_000, 65_536, 300_000, 3_000_000 })
        {
            var value = new string((char)('a' + (size % 26)), size);
            Assert.That(client.Ask("SET", "value", value), Is.EqualTo("+OK"));

            client.Send(RequestBytes.Of(["GET", "value"]));

            Assert.That(Encoding.ASCII.GetString(client.ReadReply()), Is.EqualTo($"${size}\r\n{value}\r\n"), $"{size} bytes");
        }
    }

    [Test]
    public void A_pipeline_is_answered_in_order()
    {
        using var client = Connect();
        const int Requests = 20_000;
        var pipeline = string.Concat(Enumerable.Range(0, Requests).Select(i => $"ECHO {i}\r\n"));
        var sender = Task.Run(() => client.Send(Encoding.ASCII.GetBytes(pipeline)));

        for (var i = 0; i < Requests; i++) Assert.That(ReplyText.Render(client.ReadReply()), Is.EqualTo($"$\"{i}\""));
        sender.Wait();
    }

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(1000)]
    public void Records_in_pieces_are_put_together(int pieceBytes)
    {
        using var client = new TlsConnection(_server.TlsEndPoint, _certificates.Client, pieceBytes: pieceBytes);
        var value = new string('v', 50 * pieceBytes);

        Assert.That(client.Ask("SET", "pieces", value), Is.EqualTo("+OK"));
        Assert.That(client.Ask("STRLEN", "pieces"), Is.EqualTo($":{value.Length}"));
    }

    [Test]
    public void A_client_that_does_not_read_holds_up_nobody_and_gets_everything_in_the_end()
    {
        using var slow = Connect();
        using var other = Connect();
        other.Ask("SET", "big", new string('b', 1_000_000));
        for (var i = 0; i < 30; i++) slow.Send(RequestBytes.Of(["GET", "big"]));

        Assert.That(other.Ask("PING"), Is.EqualTo("+PONG"));
        for (var i = 0; i < 30; i++) Assert.That(slow.ReadReply(), Has.Length.EqualTo(1_000_000 + "$1000000\r\n\r\n".Length));
    }

    [Test]
    public void A_pushed_message_reaches_an_encrypted_subscriber()
    {
        using var subscriber = Connect();
        using var publisher = _server.Connect();
        subscriber.Ask("SUBSCRIBE", "channel");

        Assert.That(publisher.Ask("PUBLISH", "channel", "message"), Is.EqualTo(":1"));

        Assert.That(Encoding.ASCII.GetString(subscriber.ReadReply()), Does.EndWith("message\r\n"));
    }

    [Test]
    public void Quit_ends_the_connection_in_order()
    {
        using var client = Connect();

        Assert.That(client.Ask("QUIT"), Is.EqualTo("+OK"));
        Assert.That(client.IsClosed(), Is.True);
    }

    [TestCase("yes", false, true, false)]
    [TestCase("optional", true, true, false)]
    [TestCase("no", true, true, true)]
    public void Clients_show_certificates_as_demanded(string demand, bool without, bool ours, bool foreign)
    {
        using var stranger = TestCertificates.Foreign();
        Demand(demand);
        try
        {
            Assert.Multiple(() =>
            {
                Assert.That(IsLetIn(null), Is.EqualTo(without), "without a certificate");
                Assert.That(IsLetIn(_certificates.Client), Is.EqualTo(ours), "with a certificate of the authority");
                Assert.That(IsLetIn(stranger), Is.EqualTo(foreign), "with a certificate of another authority");
            });
        }
        finally
        {
            Demand("yes");
        }
    }

    [Test]
    public void Two_hundred_connections_at_once_are_all_served()
    {
        var clients = new TlsConnection[200];
        Parallel.For(0, clients.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i => clients[i] = Connect());

        foreach (var client in clients)
        {
            Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
            client.Dispose();
        }
    }

    [TestCase("PING\r\n")]
    [TestCase("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [TestCase("\u0016\u0003\u0001\u0000\u0005hello")]
    [TestCase("\u0016\u0003\u0001\u007f\u00ff")]
    [TestCase("\u0015\u0003\u0001\u0000\u0002\u0002\u0028")]
    public void What_is_no_handshake_costs_its_own_connection_only(string bytes)
    {
        using var healthy = Connect();
        using var broken = new RawConnection(_server.TlsEndPoint);

        broken.Send(Encoding.Latin1.GetBytes(bytes));

        broken.ReadToEnd();
        Assert.That(healthy.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void A_broken_record_costs_its_own_connection_only()
    {
        using var healthy = Connect();
        using var broken = Connect();

        broken.Socket.Send([23, 3, 3, 0, 20, .. new byte[20]]);

        Assert.That(broken.IsClosed(), Is.True);
        Assert.That(healthy.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void Requests_that_come_with_the_end_of_the_handshake_and_of_the_connection_are_executed()
    {
        using var healthy = Connect();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(_server.TlsEndPoint);
        var wire = new HeldBackStream(socket);
        using var hasty = new SslStream(wire);
        hasty.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ClientCertificates = [_certificates.Client],
            EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        });
        hasty.Write(RequestBytes.Of(["SET", "hasty", "1"]));

        // On the loop's thread, so that all of it is there when the loop looks.
        _server.OnLoop(() =>
        {
            socket.Send(wire.Held);
            socket.Shutdown(SocketShutdown.Send);
            return true;
        });

        Eventually.True(() => healthy.Ask("GET", "hasty") == "$\"1\"", () => "the request was lost");
    }

    [Test]
    public void Nobody_but_the_loop_may_work_on_a_connection()
    {
        // The same check passed with every byte of the other tests.
        var wire = new CipherStream(new TlsBuffers());
        var elsewhere = Task.Run(() => wire.Write([1]));

        Assert.That(elsewhere.GetAwaiter().GetResult, Throws.InstanceOf<InvariantException>());
        Assert.That(() => wire.Write([1]), Throws.Nothing);
    }

    [Test]
    public void An_idle_connection_owns_no_buffers()
    {
        using var client = Connect();
        client.Ask("SET", "some", new string('x', 100_000));

        var id = long.Parse(client.Ask("CLIENT", "ID")[1..], CultureInfo.InvariantCulture);

        Assert.That(_server.OnLoop(() => _server.Server.Clients.Find(id)!.Tls!.OwnedBytes), Is.Zero);
    }

    [Test]
    public void Requests_allocate_nothing()
    {
        using var client = Connect();
        const int Requests = 5000;
        Ping(Requests);
        var before = Allocated();

        Ping(Requests);

        // The loop's timers and this test's messages allocate a little, over all less than one smallest object a request.
        Assert.That(Allocated() - before, Is.LessThan(20 * Requests));

        long Allocated() => _server.OnLoop(GC.GetAllocatedBytesForCurrentThread);

        void Ping(int times)
        {
            for (var i = 0; i < times; i++) client.Ask("PING");
        }
    }

    private TlsConnection Connect(SslProtocols version = SslProtocols.None) => new(_server.TlsEndPoint, _certificates.Client, version);

    private void Demand(string demand) => _server.OnLoop(() => _server.Server.Config.Set("tls-auth-clients", [demand]));

    private bool IsLetIn(X509Certificate2? certificate)
    {
        try
        {
            using var client = new TlsConnection(_server.TlsEndPoint, certificate);
            return client.Ask("PING") == "+PONG";
        }
        catch (Exception e) when (e is AuthenticationException or IOException or EndOfStreamException)
        {
            return false;
        }
    }

    // Sends a ClientHello, and keeps what is written afterwards.
    private sealed class HeldBackStream(Socket socket) : NetworkStream(socket)
    {
        private readonly MemoryStream _held = new();
        private bool _hasBegun;

        public byte[] Held => _held.ToArray();

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (_hasBegun) _held.Write(buffer, offset, count);
            else base.Write(buffer, offset, count);
            _hasBegun = true;
        }
    }
}
