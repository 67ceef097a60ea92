using KestrelFree.Server.Config.Kinds;
using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>RDB files.</summary>
internal static class SnapshotDirectives
{
    public static readonly Directive[] Rows =
    [
        new SaveDirective("save", new(3600, 1), new(300, 100), new(60, 10000)) { Flags = Several, Effect = NotYet },
        Text("dbfilename", "dump.rdb", Protected, NotYet, TextChecks.DbFilename),
        YesNo("stop-writes-on-bgsave-error", Yes, effect: NotYet),
        YesNo("rdbcompression", Yes),
        YesNo("rdbchecksum", Yes, Immutable, effect: NotYet),
        YesNo("rdb-del-sync-files", No, effect: NotYet),
        YesNo("rdb-save-incremental-fsync", Yes, effect: NotYet),
        Choice("sanitize-dump-payload", SanitizeDumpPayload.No, Choices.SanitizeDumpPayload),
    ];
}
