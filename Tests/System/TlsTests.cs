using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using KestrelFree.Tests.Support;
using NUnit.Framework;
using StackExchange.Redis;

namespace KestrelFree.Tests.Executable;

/// <summary>The executable with a TLS port: its settings while it runs, its log, and the tools and clients that people use.</summary>
internal sealed class TlsTests
{
    private TestCertificates _certificates = null!;
    private ServerProcess _server = null!;
    private int _port;

    private IPEndPoint EndPoint => new(IPAddress.Loopback, _port);

    [SetUp]
    public void Start()
    {
        _certificates = new TestCertificates();
        _port = FreePort.Next();
        _server = KestrelFreeProcess.Start(_certificates.Arguments(_port));
    }

    [TearDown]
    public void Stop()
    {
        _server?.Dispose();
        _certificates?.Dispose();
    }

    [Test]
    public void Clients_and_listeners_are_listed_as_ever()
    {
        using var client = Connect();
        using var plain = _server.Connect();

        Assert.That(plain.AskPayload("INFO", "server"), Does.Contain($"listener1:name=tls,bind=127.0.0.1,port={_port}"));
        Assert.That(plain.AskPayload("CLIENT", "LIST"), Does.Contain($"laddr=127.0.0.1:{_port} "));
        _server.WaitForLog("Ready to accept connections tls");
    }

    [Test]
    public void A_bad_handshake_is_one_line_in_the_log()
    {
        using var broken = new RawConnection(EndPoint);
        broken.Send("PING\r\n"u8);
        broken.ReadToEnd();

        _server.WaitForLog("Error accepting a client connection: wrong version number");
        Assert.That(_server.Log.Split('\n').Count(line => line.Contains("Error accepting", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public void A_new_certificate_is_for_new_connections_and_a_bad_one_for_none()
    {
        using var early = Connect();
        var (certificate, key) = _certificates.NewServer("second");
        using var plain = _server.Connect();

        Assert.That(plain.Ask("CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key), Is.EqualTo("+OK"));
        AssertServedAs("CN=second");

        Assert.That(plain.Ask("CONFIG", "SET", "tls-key-file", _certificates.ClientKeyFile),
            Is.EqualTo("-ERR CONFIG SET failed (possibly related to argument 'tls-key-file') - Unable to update TLS configuration. Check server logs."));
        Assert.That(plain.Ask("CONFIG", "SET", "tls-cert-file", "/nosuch"), Does.Contain("Unable to update TLS configuration"));
        AssertServedAs("CN=second");
        Assert.That(early.Ask("PING"), Is.EqualTo("+PONG"));
        _server.WaitForLog($"Failed to load private key: {_certificates.ClientKeyFile}").WaitForLog("Failed to load certificate: /nosuch: No such file or directory");
    }

    [Test]
    public void Files_that_change_are_read_again()
    {
        var (certificate, key) = _certificates.NewServer("renewed");

        // In between the two do not belong together, and the old ones go on.
        File.Copy(certificate, _certificates.ServerFile, overwrite: true);
        _server.WaitForLog("cannot be used: the former ones go on");
        AssertServedAs("CN=server");
        File.Copy(key, _certificates.ServerKeyFile, overwrite: true);

        _server.WaitForLog("have changed and were read again");
        AssertServedAs("CN=renewed");
    }

    [Test]
    public void An_encrypted_key_needs_its_passphrase()
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(_certificates.ServerKeyFile));
        var encrypted = _certificates.Folder.Write("encrypted.key", key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        using var plain = _server.Connect();

        Assert.That(plain.Ask("CONFIG", "SET", "tls-key-file", encrypted), Does.Contain("Unable to update TLS configuration"));
        Assert.That(plain.Ask("CONFIG", "SET", "tls-key-file-pass", "wrong", "tls-key-file", encrypted), Does.Contain("Unable to update TLS configuration"));
        Assert.That(plain.Ask("CONFIG", "SET", "tls-key-file-pass", "secret", "tls-key-file", encrypted), Is.EqualTo("+OK"));

        AssertServedAs("CN=server");
        Assert.That(_server.Log, Does.Not.Contain("secret"));
    }

    [Test]
    public void Versions_and_ciphers_are_those_chosen()
    {
        using var plain = _server.Connect();
        Assert.That(plain.Ask("CONFIG", "SET", "tls-protocols", "TLSv1.2", "tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=1"), Is.EqualTo("+OK"));

        using (var client = Connect())
        {
            Assert.That(client.Protocol, Is.EqualTo(SslProtocols.Tls12));
            Assert.That($"{client.Cipher}", Is.EqualTo("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
        }

        Assert.That(() => new TlsConnection(EndPoint, _certificates.Client, SslProtocols.Tls13), Throws.InstanceOf<Exception>());
        Eventually.True(() => _server.Log.Contains("no sessions are resumed", StringComparison.Ordinal), () => _server.Log);
        Assert.That(_server.Log, Does.Contain("the server's order of ciphers counts"));
        Assert.That(plain.Ask("CONFIG", "SET", "tls-ciphers", "no-such-cipher"), Does.Contain("Unable to update TLS configuration"));
        Assert.That(plain.Ask("CONFIG", "SET", "tls-protocols", "SSLv3"), Does.Contain("Unable to update TLS configuration"));
        Assert.That(plain.Ask("CONFIG", "SET", "tls-protocols", "TLSv1.3", "tls-ciphers", "", "tls-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"), Is.EqualTo("+OK"));
        using (var client = Connect()) Assert.That($"{client.Cipher}", Is.EqualTo("TLS_CHACHA20_POLY1305_SHA256"));
    }

    [Test]
    public void A_port_becomes_encrypted_and_plain_again()
    {
        using var first = Connect();
        Assert.That(first.Ask("CONFIG", "SET", "tls-port", "0"), Is.EqualTo("+OK"));
        Assert.That(() => new RawConnection(EndPoint), Throws.InstanceOf<SocketException>());
        Assert.That(first.Ask("CONFIG", "SET", "port", $"{_port}"), Is.EqualTo("+OK"));
        using (var plain = new RawConnection(EndPoint)) Assert.That(plain.Ask("PING"), Is.EqualTo("+PONG"));

        Assert.That(first.Ask("CONFIG", "SET", "port", "0", "tls-port", $"{_port}"), Is.EqualTo("+OK"));

        using var second = Connect();
        Assert.That(second.Ask("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public void Openssl_resumes_a_session()
    {
        var openssl = Requirement.Program("openssl");
        var session = _certificates.Folder.File("session");
        foreach (var version in new[] { "-tls1_2", "-tls1_3" })
        {
            Assert.That(Shake(version, "-sess_out", session), Does.Contain("New, TLSv1."), version);
            Assert.That(Shake(version, "-sess_in", session), Does.Contain("Reused, TLSv1."), version);
        }

        using var plain = _server.Connect();
        plain.Ask("CONFIG", "SET", "tls-session-caching", "no");
        Assert.That(Shake("-tls1_2", "-sess_in", session), Does.Contain("New, TLSv1."));

        string Shake(params string[] more) => CommandLine.RunWithInput(
            openssl, "PING\r\nQUIT\r\n", ["s_client", "-ign_eof", "-connect", $"127.0.0.1:{_port}", "-CAfile", _certificates.AuthorityFile, "-verify_return_error", "-cert", _certificates.ClientFile, "-key", _certificates.ClientKeyFile, .. more]).Output;
    }

    [Test]
    public void Redis_cli_connects()
    {
        var tool = Requirement.Program("redis-cli");

        var result = CommandLine.Run(tool, "-p", $"{_port}", "--tls", "--cacert", _certificates.AuthorityFile, "--cert", _certificates.ClientFile, "--key", _certificates.ClientKeyFile, "ECHO", "heard");

        Assert.That(result.Output.Trim(), Is.EqualTo("heard"));
    }

    [Test]
    public void Redis_py_connects()
    {
        var python = Requirement.FirstProgram("/usr/bin/python3", "python3");
        if (CommandLine.Run(python, "-c", "import redis").ExitCode != 0) throw Requirement.Missing("python3-redis is not installed.");

        var result = CommandLine.Run(
            python, Repository.PathTo("Tests", "Clients", "redis_py_tls.py"), $"{_port}", _certificates.AuthorityFile, _certificates.ClientFile, _certificates.ClientKeyFile);

        Assert.That(result.Output.TrimEnd(), Does.EndWith("ok"));
    }

    [Test]
    public void StackExchange_redis_connects()
    {
        var options = new ConfigurationOptions { Ssl = true, SslHost = "localhost", AbortOnConnectFail = true, ConnectTimeout = 30_000, SyncTimeout = 30_000, SslProtocols = SslProtocols.Tls12 };
        options.EndPoints.Add("127.0.0.1", _port);
        options.CertificateSelection += (_, _, _, _, _) => _certificates.Client;
        options.CertificateValidation += (_, shown, _, _) => shown is not null;
        using var multiplexer = ConnectionMultiplexer.Connect(options);
        var database = multiplexer.GetDatabase();

        Assert.That(database.StringSet("key", new string('v', 100_000)), Is.True);
        Assert.That(((string)database.StringGet("key")!).Length, Is.EqualTo(100_000));
    }

    [Test]
    public void Bad_settings_keep_a_server_from_starting()
    {
        using var launched = ServerProcess.Launch(new ServerLaunch(KestrelFreeProcess.Executable) { Arguments = ["--port", "0", "--tls-port", $"{FreePort.Next()}", "--save", ""] });

        Assert.That(launched.WaitForExit(), Is.EqualTo(1));
        Assert.That(launched.Log, Does.Contain("No tls-cert-file configured!").And.Contain("Failed to configure TLS. Check logs for more info."));
    }

    private TlsConnection Connect() => new(EndPoint, _certificates.Client);

    private void AssertServedAs(string name)
    {
        using var client = Connect();
        Assert.That(client.ServerName, Is.EqualTo(name));
        Assert.That(client.Ask("PING"), Is.EqualTo("+PONG"));
    }
}
