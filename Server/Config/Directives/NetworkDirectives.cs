using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Loop;
using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>Where the server listens, and what a connection may cost.</summary>
internal static class NetworkDirectives
{
    private const long MaxUnsignedInt = uint.MaxValue;

    public static readonly Directive[] Rows =
    [
        new BindDirective("bind", "*", "-::*") { Flags = Several },
        OptionalText("bind-source-addr", effect: NotYet),
        Integer("port", 6379, 0, MaxPort),
        Integer("metrics-port", 0, 0, MaxPort),
        OptionalText("unixsocket", Immutable),
        Number("unixsocketperm", NumberForm.Octal, 0, 0, 511, NumberSign.Unsigned, Immutable),
        Integer("tcp-backlog", 511, 0, MaxInt, Immutable),
        Integer("tcp-keepalive", 300, 0, MaxInt),
        Integer("timeout", 0, 0, MaxInt),
        Integer("maxclients", 10000, 1, MaxUnsignedInt),
        Integer("max-new-connections-per-cycle", 10, 1, 1000),
        Integer("max-new-tls-connections-per-cycle", 1, 1, 1000),
        YesNo("protected-mode", Yes),
        Number("socket-mark-id", NumberForm.Integer, 0, 0, MaxUnsignedInt, NumberSign.Unsigned, Immutable),
        Memory("client-query-buffer-limit", Gb, Mb, MaxLong),
        Memory("proto-max-bulk-len", 512 * Mb, Mb, MaxLong),
        new OutputBufferLimitDirective(
            "client-output-buffer-limit", default, new(256 * Mb, 64 * Mb, 60), new(32 * Mb, 8 * Mb, 60)) { Flags = Several },
        Choice("event-backend", EventBackend.Auto, Choices.EventBackend),
        Integer("io-threads", 1, 1, 128, Immutable, effect: NotYet),
        YesNo("io-threads-do-reads", No, Immutable, effect: NotYet),
    ];
}
