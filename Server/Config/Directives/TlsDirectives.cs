using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>Encrypted connections.</summary>
internal static class TlsDirectives
{
    public static readonly Directive[] Rows =
    [
        Integer("tls-port", 0, 0, MaxPort, effect: NotYet),
        YesNo("tls-cluster", No, effect: NotYet),
        YesNo("tls-replication", No, effect: NotYet),
        Choice("tls-auth-clients", TlsAuthClients.Yes, Choices.TlsAuthClients, effect: NotYet),
        OptionalText("tls-cert-file", Reread, effect: NotYet),
        OptionalText("tls-key-file", Reread, effect: NotYet),
        OptionalText("tls-key-file-pass", effect: NotYet),
        OptionalText("tls-client-cert-file", Reread, effect: NotYet),
        OptionalText("tls-client-key-file", Reread, effect: NotYet),
        OptionalText("tls-client-key-file-pass", effect: NotYet),
        OptionalText("tls-dh-params-file", Reread, effect: NotYet),
        OptionalText("tls-ca-cert-file", Reread, effect: NotYet),
        OptionalText("tls-ca-cert-dir", Reread, effect: NotYet),
        OptionalText("tls-protocols", effect: NotYet),
        OptionalText("tls-ciphers", effect: NotYet),
        OptionalText("tls-ciphersuites", effect: NotYet),
        YesNo("tls-prefer-server-ciphers", No, effect: NotYet),
        YesNo("tls-session-caching", Yes, effect: NotYet),
        Integer("tls-session-cache-size", 20480, 0, MaxInt, effect: NotYet),
        Integer("tls-session-cache-timeout", 300, 0, MaxInt, effect: NotYet),
    ];
}
