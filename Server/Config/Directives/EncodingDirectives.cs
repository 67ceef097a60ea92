using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>When a value moves from its compact encoding to its large one.</summary>
internal static class EncodingDirectives
{
    public static readonly Directive[] Rows =
    [
        Integer("hash-max-listpack-entries", 512, 0, MaxLong, alias: "hash-max-ziplist-entries"),
        Memory("hash-max-listpack-value", 64, 0, MaxLong, alias: "hash-max-ziplist-value"),
        Integer("list-max-listpack-size", -2, MinInt, MaxInt, alias: "list-max-ziplist-size"),
        Integer("list-compress-depth", 0, 0, MaxInt),
        Integer("set-max-intset-entries", 512, 0, MaxLong),
        Integer("set-max-listpack-entries", 128, 0, MaxLong),
        Integer("set-max-listpack-value", 64, 0, MaxLong),
        Integer("zset-max-listpack-entries", 128, 0, MaxLong, alias: "zset-max-ziplist-entries"),
        Memory("zset-max-listpack-value", 64, 0, MaxLong, alias: "zset-max-ziplist-value"),
        Memory("hll-sparse-max-bytes", 3000, 0, MaxLong),
        Memory("stream-node-max-bytes", 4096, 0, MaxLong),
        Integer("stream-node-max-entries", 100, 0, MaxLong),
    ];
}
