using KestrelFree.Server.Config.Kinds;
using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>How much memory is used, what goes when it is full, and how it is given back.</summary>
internal static class MemoryDirectives
{
    private const string NoDefragmentation = "Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified " +
        "Jemalloc like the one shipped by default with the Redis source distribution";

    public static readonly Directive[] Rows =
    [
        Number("maxmemory", NumberForm.Memory | NumberForm.Share, 0, 0, MaxUnsigned, NumberSign.Unsigned),
        Choice("maxmemory-policy", MaxMemoryPolicy.NoEviction, Choices.MaxMemoryPolicy),
        Integer("maxmemory-samples", 5, 1, 64),
        Integer("maxmemory-eviction-tenacity", 10, 0, 100),
        Number("maxmemory-clients", NumberForm.Memory | NumberForm.Percent, 0, -100, MaxLong, NumberSign.Signed),
        YesNo("replica-ignore-maxmemory", Yes, alias: "slave-ignore-maxmemory", effect: NotYet),
        Integer("lfu-log-factor", 10, 0, MaxInt),
        Integer("lfu-decay-time", 1, 0, MaxInt),
        Integer("active-expire-effort", 1, 1, 10),
        YesNo("lazyfree-lazy-eviction", No),
        YesNo("lazyfree-lazy-expire", No),
        YesNo("lazyfree-lazy-server-del", No),
        YesNo("lazyfree-lazy-user-del", No),
        YesNo("lazyfree-lazy-user-flush", No),
        YesNo("activerehashing", Yes, effect: NotYet),
        YesNo("jemalloc-bg-thread", Yes, effect: NotYet),
        YesNo("activedefrag", No, effect: NotYet, liveYesRefusal: NoDefragmentation),
        Memory("active-defrag-ignore-bytes", 100 * Mb, 1, MaxLong, effect: NotYet),
        Integer("active-defrag-threshold-lower", 10, 0, 1000, effect: NotYet),
        Integer("active-defrag-threshold-upper", 100, 0, 1000, effect: NotYet),
        Integer("active-defrag-cycle-min", 1, 1, 99, effect: NotYet),
        Integer("active-defrag-cycle-max", 25, 1, 99, effect: NotYet),
        Integer("active-defrag-max-scan-fields", 1000, 1, MaxLong, effect: NotYet),
    ];
}
