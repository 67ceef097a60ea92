using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Tls;

/// <summary>A certificate or key file that cannot be used; the message names it and says why.</summary>
internal sealed class TlsFileException(string message) : Exception(message);

/// <summary>The server's certificate with its key and its chain, and the authorities that clients' certificates must come from.</summary>
internal sealed class TlsCredentials
{
    private readonly X509Certificate2 _certificate;
    private readonly string _path;
    private readonly X509Certificate2Collection _chain;
    private readonly X509Certificate2Collection _authorities;

    private TlsCredentials(string path, X509Certificate2 certificate, X509Certificate2Collection chain, X509Certificate2Collection authorities)
    {
        _path = path;
        _certificate = certificate;
        _chain = chain;
        _authorities = authorities;
    }

    /// <summary>Reads the configured PEM files; throws <see cref="TlsFileException"/>.</summary>
    internal static TlsCredentials Read(ServerConfig config)
    {
        var chain = ReadCertificates(config.TlsCertFile, "certificate");
        var certificate = WithKey(config);
        if (chain.Count > 0) chain.RemoveAt(0);
        return new TlsCredentials(config.TlsCertFile, certificate, chain, ReadAuthorities(config));
    }

    /// <summary>What handshakes present: a new memory of sessions with each call; throws <see cref="TlsFileException"/>.</summary>
    internal SslStreamCertificateContext ToContext()
    {
        try
        {
            return SslStreamCertificateContext.Create(_certificate, _chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException or ArgumentException)
        {
            throw Broken("certificate", _path, "the platform cannot use its kind of key");
        }
    }

    /// <summary>How clients' certificates are checked: against the configured authorities alone.</summary>
    internal X509ChainPolicy ClientPolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        foreach (var authority in _authorities)
        {
            var isRoot = authority.SubjectName.RawData.AsSpan().SequenceEqual(authority.IssuerName.RawData);
            (isRoot ? policy.CustomTrustStore : policy.ExtraStore).Add(authority);
        }

        return policy;
    }

    private static X509Certificate2 WithKey(ServerConfig config)
    {
        var key = ReadText(config.TlsKeyFile, "private key");
        var isEncrypted = key.Contains("ENCRYPTED", StringComparison.Ordinal);
        if (isEncrypted && config.TlsKeyFilePass.Length == 0) throw Broken("private key", config.TlsKeyFile, "it is encrypted, and tls-key-file-pass is not set");
        try
        {
            var certificate = ReadText(config.TlsCertFile, "certificate");
            return Usable(isEncrypted ? X509Certificate2.CreateFromEncryptedPem(certificate, key, config.TlsKeyFilePass) : X509Certificate2.CreateFromPem(certificate, key));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            var why = isEncrypted ? "the passphrase is wrong, or the key is not this certificate's" : "it is not this certificate's key in PEM form";
            throw Broken("private key", config.TlsKeyFile, why + ", or of a kind that the platform cannot use");
        }
    }

    // Windows does not take a key that lives in memory only.
    private static X509Certificate2 Usable(X509Certificate2 certificate)
    {
        if (!OperatingSystem.IsWindows()) return certificate;
        using (certificate) return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }

    private static X509Certificate2Collection ReadAuthorities(ServerConfig config)
    {
        var authorities = new X509Certificate2Collection();
        if (config.TlsCaCertFile.Length > 0) authorities.AddRange(ReadCertificates(config.TlsCaCertFile, "CA certificate"));
        if (config.TlsCaCertDir.Length == 0) return authorities;
        if (!Directory.Exists(config.TlsCaCertDir)) throw Broken("CA certificates", config.TlsCaCertDir, SystemErrorText.NoSuchFile);
        foreach (var path in FilesIn(config.TlsCaCertDir))
        {
            // Keys and the like may lie beside certificates.
            if (ReadText(path, "CA certificate").Contains("BEGIN CERTIFICATE", StringComparison.Ordinal)) authorities.AddRange(ReadCertificates(path, "CA certificate"));
        }

        return authorities;
    }

    private static string[] FilesIn(string folder)
    {
        try
        {
            return Directory.GetFiles(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Broken("CA certificates", folder, SystemErrorText.Of(e));
        }
    }

    private static X509Certificate2Collection ReadCertificates(string path, string what)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(ReadText(path, what));
        }
        catch (CryptographicException)
        {
            throw Broken(what, path, "it is no certificate in PEM form");
        }

        return certificates.Count > 0 ? certificates : throw Broken(what, path, "it holds no certificate in PEM form");
    }

    private static string ReadText(string path, string what)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Broken(what, path, SystemErrorText.Of(e));
        }
    }

    private static TlsFileException Broken(string what, string path, string why) => new($"Failed to load {what}: {path}: {why}");
}
