using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>Cluster nodes.</summary>
internal static class ClusterDirectives
{
    public static readonly Directive[] Rows =
    [
        YesNo("cluster-enabled", No, Immutable, effect: NotYet),
        Text("cluster-config-file", "nodes.conf", Immutable, NotYet),
        Integer("cluster-node-timeout", 15000, 0, MaxLong, effect: NotYet),
        Integer("cluster-port", 0, 0, MaxPort, Immutable, effect: NotYet),
        OptionalText("cluster-announce-ip", effect: NotYet),
        OptionalText("cluster-announce-hostname", effect: NotYet, refusal: TextChecks.Hostname),
        OptionalText("cluster-announce-human-nodename", effect: NotYet, refusal: TextChecks.NodeName),
        Integer("cluster-announce-port", 0, 0, MaxPort, effect: NotYet),
        Integer("cluster-announce-tls-port", 0, 0, MaxPort, effect: NotYet),
        Integer("cluster-announce-bus-port", 0, 0, MaxPort, effect: NotYet),
        Choice("cluster-preferred-endpoint-type", ClusterEndpointType.Ip, Choices.ClusterEndpointType, effect: NotYet),
        YesNo("cluster-require-full-coverage", Yes, effect: NotYet),
        YesNo("cluster-allow-reads-when-down", No, effect: NotYet),
        YesNo("cluster-allow-pubsubshard-when-down", Yes, effect: NotYet),
        YesNo("cluster-allow-replica-migration", Yes, effect: NotYet),
        Integer("cluster-migration-barrier", 1, 0, MaxInt, effect: NotYet),
        Integer("cluster-replica-validity-factor", 10, 0, MaxInt, alias: "cluster-slave-validity-factor", effect: NotYet),
        YesNo("cluster-replica-no-failover", No, alias: "cluster-slave-no-failover", effect: NotYet),
        Memory("cluster-link-sendbuf-limit", 0, 0, MaxUnsigned, effect: NotYet),
    ];
}
