using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;

namespace KestrelFree.Server.Tls;

// What all handshakes from one moment on have in common: the server's certificate with its chain, whom clients' certificates are checked
// against, versions and ciphers. Nothing is ever fetched over the network: no revocation lists, no missing issuers, no OCSP.
//
// Where the platform decides: ciphers are chosen on Linux only, by OpenSSL's own names (see OpenSslCiphers), and doing so ends the resumption of
// sessions, because the platform keeps those of contexts with its own ciphers alone; parameters for Diffie-Hellman cannot be given.

/// <summary>Certificates and settings for new encrypted connections; immutable but for the demand for clients' certificates.</summary>
internal sealed class TlsContext
{
    private const string NoCertificate = "peer did not return a certificate";
    private const string BadCertificate = "certificate verify failed";

    private readonly TlsCredentials _credentials;
    private readonly SslServerAuthenticationOptions _options;
    private TlsAuthClients _demand;

    private TlsContext(TlsCredentials credentials, SslServerAuthenticationOptions options, long nowMs)
    {
        _credentials = credentials;
        _options = options;
        CreatedMs = nowMs;
        options.ServerCertificateContext = credentials.ToContext();
        options.RemoteCertificateValidationCallback = Accepts;
    }

    /// <summary>When it was made, in Unix milliseconds.</summary>
    internal long CreatedMs { get; }

    /// <summary>Reads the files that the configuration names; null, and logged, when something is missing or wrong.</summary>
    internal static TlsContext? Load(ServerConfig config, ServerLog log, long nowMs)
    {
        if (config.TlsCertFile.Length == 0) return Refuse(log, "No tls-cert-file configured!");
        if (config.TlsKeyFile.Length == 0) return Refuse(log, "No tls-key-file configured!");
        if (config.TlsAuthClients != TlsAuthClients.No && config.TlsCaCertFile.Length == 0 && config.TlsCaCertDir.Length == 0)
            return Refuse(log, "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or tls-auth-clients are enabled!");
        if (!TryParseProtocols(config.TlsProtocols, out var protocols))
            return Refuse(log, "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.");
        if (!TryChooseCiphers(config, log, out var ciphers)) return null;
        SayWhatCannotBe(config, log);
        RememberSessions(config.TlsSessionCacheSize);
        try
        {
            var credentials = TlsCredentials.Read(config);
            return new TlsContext(credentials, Options(config, protocols, ciphers, credentials), nowMs);
        }
        catch (TlsFileException broken)
        {
            return Refuse(log, broken.Message);
        }
    }

    /// <summary>The same with no memory of sessions.</summary>
    internal TlsContext Renew(long nowMs) => new(_credentials, _options, nowMs);

    /// <summary>What a handshake takes, with clients asked for certificates as told.</summary>
    internal SslServerAuthenticationOptions OptionsFor(TlsAuthClients demand)
    {
        _options.ClientCertificateRequired = demand != TlsAuthClients.No;
        _demand = demand;
        Refusal = null;
        return _options;
    }

    /// <summary>Why the present handshake's certificate was refused, if it was.</summary>
    internal string? Refusal { get; private set; }

    private static TlsContext? Refuse(ServerLog log, string reason)
    {
        log.Warning(reason);
        return null;
    }

    private static void SayWhatCannotBe(ServerConfig config, ServerLog log)
    {
        if (!config.TlsPreferServerCiphers)
            log.Notice("TLS: the server's order of ciphers counts on this platform, as with tls-prefer-server-ciphers yes");
        if (config.TlsSessionCaching && (config.TlsCiphers.Length > 0 || config.TlsCipherSuites.Length > 0))
            log.Notice("TLS: no sessions are resumed on this platform where tls-ciphers or tls-ciphersuites are given");
    }

    // The runtime asks once, when it makes the first context.
    private static void RememberSessions(int count) => AppContext.SetData("System.Net.Security.TlsCacheSize", count.ToString(CultureInfo.InvariantCulture));

    private static SslServerAuthenticationOptions Options(ServerConfig config, SslProtocols protocols, CipherSuitesPolicy? ciphers, TlsCredentials credentials) => new()
    {
        EnabledSslProtocols = protocols,
        CipherSuitesPolicy = ciphers,
        AllowRenegotiation = false,
        AllowTlsResume = config.TlsSessionCaching,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = credentials.ClientPolicy(),
    };

    private static bool TryParseProtocols(string text, out SslProtocols protocols)
    {
        protocols = text.Length == 0 ? SslProtocols.None : default;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            SslProtocols? version = word.ToUpperInvariant() switch
            {
#pragma warning disable CS0618, SYSLIB0039, CA5397 // Old versions are the operator's choice, and the platform's policy has the last word.
                "TLSV1" => SslProtocols.Tls,
                "TLSV1.1" => SslProtocols.Tls11,
#pragma warning restore CS0618, SYSLIB0039, CA5397
                "TLSV1.2" => SslProtocols.Tls12,
                "TLSV1.3" => SslProtocols.Tls13,
                _ => null,
            };
            if (version is null) return false;
            protocols |= version.Value;
        }

        return true;
    }

    private static bool TryChooseCiphers(ServerConfig config, ServerLog log, out CipherSuitesPolicy? policy)
    {
        policy = null;
        if (config.TlsCiphers.Length == 0 && config.TlsCipherSuites.Length == 0) return true;
        if (!OperatingSystem.IsLinux() || !OpenSslCiphers.TryLoad(out var library))
        {
            log.Warning("tls-ciphers and tls-ciphersuites cannot be chosen on this platform");
            return false;
        }

        using (library)
        {
            if (library.TryExpand(config.TlsCiphers, config.TlsCipherSuites, out var suites, out var refused))
            {
                policy = new CipherSuitesPolicy(suites);
                return true;
            }

            log.Warning(refused);
            return false;
        }
    }

    private bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null && _demand == TlsAuthClients.Yes) Refusal = NoCertificate;
        else if (certificate is not null && errors != SslPolicyErrors.None) Refusal = BadCertificate;
        return Refusal is null;
    }
}
