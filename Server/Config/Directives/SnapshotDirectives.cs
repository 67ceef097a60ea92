using KestrelFree.Server.Config.Kinds;
using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>RDB files.</summary>
internal static class SnapshotDirectives
{
    public static readonly Directive[] Rows =
    [
        new SaveDirective("save", new(3600, 1), new(300, 100), new(60, 10000)) { Flags = Several },
        Text("dbfilename", "dump.rdb", Protected, refusal: TextChecks.DbFilename),
        YesNo("stop-writes-on-bgsave-error", Yes),
        YesNo("rdbcompression", Yes),
        YesNo("rdbchecksum", Yes, Immutable),
        YesNo("rdb-del-sync-files", No, effect: NotYet),
        YesNo("rdb-save-incremental-fsync", Yes),
        Choice("sanitize-dump-payload", SanitizeDumpPayload.No, Choices.SanitizeDumpPayload),
    ];
}
