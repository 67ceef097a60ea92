using KestrelFree.Server.Config.Kinds;
using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>What the server tells about itself and its keys.</summary>
internal static class ObservationDirectives
{
    public static readonly Directive[] Rows =
    [
        Integer("slowlog-log-slower-than", 10000, -1, MaxLong),
        Integer("slowlog-max-len", 128, 0, MaxLong),
        Integer("latency-monitor-threshold", 0, 0, MaxLong),
        YesNo("latency-tracking", Yes),
        new PercentilesDirective("latency-tracking-info-percentiles", 50, 99, 99.9) { Flags = Several },
        new NotifyDirective("notify-keyspace-events"),
        Integer("tracking-table-max-keys", 1000000, 0, MaxLong),
    ];
}
