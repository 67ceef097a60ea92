using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KestrelFree.Tests.Support;

/// <summary>An authority and certificates of it, made for one fixture, as PEM files.</summary>
internal sealed class TestCertificates : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly TempFolder _folder = new();
    private readonly X509Certificate2 _authority;

    /// <summary>Makes an authority, a server's certificate and a client's.</summary>
    public TestCertificates()
    {
        _authority = NewAuthority("Test authority");
        AuthorityFile = _folder.Write("ca.crt", _authority.ExportCertificatePem());
        (ServerFile, ServerKeyFile) = NewServer("server");
        (ClientFile, ClientKeyFile) = Write("client", Issue(_authority, "CN=client", ClientUse));
        Client = WithKey(ClientFile, ClientKeyFile);
    }

    /// <summary>The authority's certificate.</summary>
    public string AuthorityFile { get; }

    /// <summary>The server's certificate, for localhost and 127.0.0.1.</summary>
    public string ServerFile { get; }

    /// <summary>The server's key.</summary>
    public string ServerKeyFile { get; }

    /// <summary>A client's certificate.</summary>
    public string ClientFile { get; }

    /// <summary>The client's key.</summary>
    public string ClientKeyFile { get; }

    /// <summary>The client's certificate with its key.</summary>
    public X509Certificate2 Client { get; }

    /// <summary>The files' folder.</summary>
    public TempFolder Folder => _folder;

    /// <summary>The directives of a server that uses them.</summary>
    public (string Name, string Value)[] Directives =>
        [("tls-cert-file", ServerFile), ("tls-key-file", ServerKeyFile), ("tls-ca-cert-file", AuthorityFile)];

    /// <summary>The same as arguments, with a port.</summary>
    public string[] Arguments(int port) => ["--tls-port", $"{port}", .. Directives.SelectMany(directive => new[] { "--" + directive.Name, directive.Value })];

    /// <summary>Makes another certificate for the server; the file names begin with the name given.</summary>
    public (string Certificate, string Key) NewServer(string name) => Write(name, Issue(_authority, "CN=" + name, ServerUse));

    /// <summary>A client's certificate of an authority that nobody knows.</summary>
    public static X509Certificate2 Foreign()
    {
        using var authority = NewAuthority("Another authority");
        return Issue(authority, "CN=stranger", ClientUse);
    }

    public void Dispose()
    {
        Client.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    private (string Certificate, string Key) Write(string name, X509Certificate2 certificate)
    {
        using (certificate)
        {
            using var key = certificate.GetECDsaPrivateKey()!;
            return (_folder.Write(name + ".crt", certificate.ExportCertificatePem()), _folder.Write(name + ".key", key.ExportPkcs8PrivateKeyPem()));
        }
    }

    private static X509Certificate2 WithKey(string certificate, string key) => X509Certificate2.CreateFromPemFile(certificate, key);

    private static X509Certificate2 NewAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string subject, string use)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], critical: false));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        var issued = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(20), RandomNumberGenerator.GetBytes(8));
        using (issued) return issued.CopyWithPrivateKey(key);
    }
}
