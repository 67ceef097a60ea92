using KestrelFree.Server.Config.Kinds;
using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>Masters and replicas.</summary>
internal static class ReplicationDirectives
{
    public static readonly Directive[] Rows =
    [
        new ReplicaOfDirective("replicaof") { Alias = "slaveof", Flags = Immutable | Several, Effect = NotYet },
        OptionalText("masteruser", Sensitive, effect: NotYet),
        OptionalText("masterauth", Sensitive, effect: NotYet),
        YesNo("replica-serve-stale-data", Yes, alias: "slave-serve-stale-data", effect: NotYet),
        YesNo("replica-read-only", Yes, alias: "slave-read-only", effect: NotYet),
        YesNo("replica-lazy-flush", No, alias: "slave-lazy-flush", effect: NotYet),
        Integer("replica-priority", 100, 0, MaxInt, alias: "slave-priority", effect: NotYet),
        OptionalText("replica-announce-ip", alias: "slave-announce-ip", effect: NotYet),
        Integer("replica-announce-port", 0, 0, MaxPort, alias: "slave-announce-port", effect: NotYet),
        YesNo("replica-announced", Yes, effect: NotYet),
        YesNo("replica-ignore-disk-write-errors", No, effect: NotYet),
        AtLeast("repl-backlog-size", Mb, 1, 16 * Kb, NotYet),
        Integer("repl-backlog-ttl", 3600, 0, MaxLong, effect: NotYet),
        Integer("repl-timeout", 60, 1, MaxInt, effect: NotYet),
        Integer("repl-ping-replica-period", 10, 1, MaxInt, alias: "repl-ping-slave-period", effect: NotYet),
        YesNo("repl-disable-tcp-nodelay", No, effect: NotYet),
        YesNo("repl-diskless-sync", Yes, effect: NotYet),
        Integer("repl-diskless-sync-delay", 5, 0, MaxInt, effect: NotYet),
        Integer("repl-diskless-sync-max-replicas", 0, 0, MaxInt, effect: NotYet),
        Choice("repl-diskless-load", ReplDisklessLoad.Disabled, Choices.ReplDisklessLoad, DenyLoading, NotYet),
        Integer("min-replicas-to-write", 0, 0, MaxInt, alias: "min-slaves-to-write", effect: NotYet),
        Integer("min-replicas-max-lag", 10, 0, MaxInt, alias: "min-slaves-max-lag", effect: NotYet),
    ];
}
