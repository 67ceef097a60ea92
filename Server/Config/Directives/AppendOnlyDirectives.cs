using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>The append-only file.</summary>
internal static class AppendOnlyDirectives
{
    public static readonly Directive[] Rows =
    [
        YesNo("appendonly", No, DenyLoading),
        Text("appendfilename", "appendonly.aof", Immutable, refusal: TextChecks.AppendFilename),
        Text("appenddirname", "appendonlydir", Immutable, refusal: TextChecks.AppendDirname),
        Choice("appendfsync", AppendFsync.EverySec, Choices.AppendFsync),
        YesNo("no-appendfsync-on-rewrite", No),
        Integer("auto-aof-rewrite-percentage", 100, 0, MaxInt),
        Memory("auto-aof-rewrite-min-size", 64 * Mb, 0, MaxLong),
        YesNo("aof-load-truncated", Yes),
        Memory("aof-load-corrupt-tail-max-size", 0, 0, MaxLong),
        YesNo("aof-use-rdb-preamble", Yes),
        YesNo("aof-timestamp-enabled", No),
        YesNo("aof-rewrite-incremental-fsync", Yes),
        Choice("propagation-error-behavior", PropagationErrorBehavior.Ignore, Choices.PropagationErrorBehavior),
    ];
}
