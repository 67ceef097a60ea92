using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>For tests and maintainers: CONFIG GET shows these by their exact names only.</summary>
internal static class HiddenDirectives
{
    public static readonly Directive[] Rows =
    [
        YesNo("use-exit-on-panic", No, Hidden, effect: NotYet),
        YesNo("aof-disable-auto-gc", No, Hidden, effect: NotYet),
        YesNo("lua-enable-deprecated-api", No, Hidden | Immutable, effect: NotYet),
        Integer("rdb-key-save-delay", 0, MinInt, MaxInt, Hidden),
        Integer("key-load-delay", 0, MinInt, MaxInt, Hidden),
        Integer("loading-process-events-interval-bytes", 2 * Mb, Kb, MaxInt, Hidden),
        Integer("cluster-ping-interval", 0, 0, MaxLong, Hidden, effect: NotYet),
        Integer("watchdog-period", 0, 0, MaxInt, Hidden, effect: NotYet),
    ];
}
