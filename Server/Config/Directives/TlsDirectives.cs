using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>Encrypted connections.</summary>
internal static class TlsDirectives
{
    public static readonly Directive[] Rows =
    [
        Integer("tls-port", 0, 0, MaxPort),
        YesNo("tls-cluster", No, effect: NotYet),
        YesNo("tls-replication", No, effect: NotYet),
        Choice("tls-auth-clients", TlsAuthClients.Yes, Choices.TlsAuthClients),
        OptionalText("tls-cert-file", Reread),
        OptionalText("tls-key-file", Reread),
        OptionalText("tls-key-file-pass", Sensitive),
        OptionalText("tls-client-cert-file", Reread, effect: NotYet),
        OptionalText("tls-client-key-file", Reread, effect: NotYet),
        OptionalText("tls-client-key-file-pass", effect: NotYet),
        OptionalText("tls-dh-params-file", Reread, effect: NotYet),
        OptionalText("tls-ca-cert-file", Reread),
        OptionalText("tls-ca-cert-dir", Reread),
        OptionalText("tls-protocols"),
        OptionalText("tls-ciphers"),
        OptionalText("tls-ciphersuites"),
        YesNo("tls-prefer-server-ciphers", No),
        YesNo("tls-session-caching", Yes),
        Integer("tls-session-cache-size", 20480, 0, MaxInt),
        Integer("tls-session-cache-timeout", 300, 0, MaxInt),
    ];
}
