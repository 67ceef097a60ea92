using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>The append-only file.</summary>
internal static class AppendOnlyDirectives
{
    public static readonly Directive[] Rows =
    [
        YesNo("appendonly", No, DenyLoading, effect: NotYet),
        Text("appendfilename", "appendonly.aof", Immutable, NotYet, TextChecks.AppendFilename),
        Text("appenddirname", "appendonlydir", Immutable, NotYet, TextChecks.AppendDirname),
        Choice("appendfsync", AppendFsync.EverySec, Choices.AppendFsync, effect: NotYet),
        YesNo("no-appendfsync-on-rewrite", No, effect: NotYet),
        Integer("auto-aof-rewrite-percentage", 100, 0, MaxInt, effect: NotYet),
        Memory("auto-aof-rewrite-min-size", 64 * Mb, 0, MaxLong, effect: NotYet),
        YesNo("aof-load-truncated", Yes, effect: NotYet),
        YesNo("aof-use-rdb-preamble", Yes, effect: NotYet),
        YesNo("aof-timestamp-enabled", No, effect: NotYet),
        YesNo("aof-rewrite-incremental-fsync", Yes, effect: NotYet),
        Choice("propagation-error-behavior", PropagationErrorBehavior.Ignore, Choices.PropagationErrorBehavior, effect: NotYet),
    ];
}
