using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>The commands on ranges of sorted sets: by rank, by score, by member.</summary>
internal static class ZsetRangeCommands
{
    private const string RangeComplexity = "O(log n + m) for m of n members returned";
    private const string RemoveComplexity = "O(m log n) for m of n members removed";

    internal static readonly CommandSpec[] Table =
    [
        Reader("zcount", ZCount, 4, "2.0.0", "Counts the members of a sorted set with scores in a range.", "O(log n)", Fast),
        Reader("zlexcount", ZLexCount, 4, "2.8.9", "Counts the members of a sorted set in a range of members.", "O(log n)", Fast),
        Reader("zrange", ZRange, -4, "1.2.0", "Returns the members of a sorted set in a range of any kind.", RangeComplexity),
        Reader("zrangebyscore", ZRangeByScore, -4, "1.0.5", "Returns the members of a sorted set with scores in a range.", RangeComplexity),
        Reader("zrevrangebyscore", ZRevRangeByScore, -4, "2.2.0", "Returns the members of a sorted set with scores in a range, highest first.", RangeComplexity),
        Reader("zrangebylex", ZRangeByLex, -4, "2.8.9", "Returns the members of a sorted set in a range of members.", RangeComplexity),
        Reader("zrevrangebylex", ZRevRangeByLex, -4, "2.8.9", "Returns the members of a sorted set in a range of members, last first.", RangeComplexity),
        Reader("zrevrange", ZRevRange, -4, "1.2.0", "Returns the members of a sorted set in a range of ranks, highest scores first.", RangeComplexity),
        new("zrangestore", ZRangeStore)
        {
            Arity = -5, Flags = Write | DenyOom, Categories = AclCategory.SortedSet, Since = "6.2.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update), KeySpec.One(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Stores the members of a sorted set in a range as another one.", Complexity = "O(log n + m) for m of n members stored",
        },
        Remover("zremrangebyrank", ZRemRangeByRank, "2.0.0", "Takes the members in a range of ranks out of a sorted set."),
        Remover("zremrangebyscore", ZRemRangeByScore, "1.2.0", "Takes the members with scores in a range out of a sorted set."),
        Remover("zremrangebylex", ZRemRangeByLex, "2.8.9", "Takes the members in a range of members out of a sorted set."),
    ];

    private static CommandSpec Reader(
        string name, CommandHandler handler, int arity, string since, string summary, string complexity, CommandFlags more = None) =>
        new(name, handler)
        {
            Arity = arity, Flags = ReadOnly | more, Categories = AclCategory.SortedSet, Since = since, Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = summary, Complexity = complexity,
        };

    private static CommandSpec Remover(string name, CommandHandler handler, string since, string summary) =>
        new(name, handler)
        {
            Arity = 4, Flags = Write, Categories = AclCategory.SortedSet, Since = since, Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Summary = summary, Complexity = RemoveComplexity,
        };

    private static void ZCount(Client client, in ArgVector args)
    {
        if (ZsetBounds.TryScoresOrReply(client, args[2], args[3], out var from, out var to)) ReplyCount(client, args[1], from, to);
    }

    private static void ZLexCount(Client client, in ArgVector args)
    {
        if (ZsetBounds.TryMembersOrReply(client, args[2], args[3], out var from, out var to)) ReplyCount(client, args[1], from, to);
    }

    private static void ReplyCount(Client client, ReadOnlySpan<byte> key, ScoreBound from, ScoreBound to)
    {
        if (CollectionKeys.TryReadOrReply(client, key, out ZsetRef zset)) client.Reply.Integer(zset.RangeOf(from, to).Count);
    }

    private static void ZRange(Client client, in ArgVector args) => Reply(client, args, new ZsetRangeQuery(ZsetRangeType.Auto, null));

    private static void ZRevRange(Client client, in ArgVector args) =>
        Reply(client, args, new ZsetRangeQuery(ZsetRangeType.Rank, ZsetOrder.Descending));

    private static void ZRangeByScore(Client client, in ArgVector args) =>
        Reply(client, args, new ZsetRangeQuery(ZsetRangeType.Score, ZsetOrder.Ascending));

    private static void ZRevRangeByScore(Client client, in ArgVector args) =>
        Reply(client, args, new ZsetRangeQuery(ZsetRangeType.Score, ZsetOrder.Descending));

    private static void ZRangeByLex(Client client, in ArgVector args) =>
        Reply(client, args, new ZsetRangeQuery(ZsetRangeType.Lex, ZsetOrder.Ascending));

    private static void ZRevRangeByLex(Client client, in ArgVector args) =>
        Reply(client, args, new ZsetRangeQuery(ZsetRangeType.Lex, ZsetOrder.Descending));

    private static void Reply(Client client, in ArgVector args, scoped ZsetRangeQuery query)
    {
        if (!query.TryParseOrReply(client, args, 2, ZsetRangeUse.Reply) || !CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) return;
        if (zset.Exists) ZsetReply.Range(client.Reply, zset, query.Resolve(zset), query.Order, ZsetReply.PartsFor(query.WithScores));
        else client.Reply.EmptyArray();
    }

    private static void ZRangeStore(Client client, in ArgVector args)
    {
        var query = new ZsetRangeQuery(ZsetRangeType.Auto, null);
        if (!query.TryParseOrReply(client, args, 3, ZsetRangeUse.Store) || !CollectionKeys.TryReadOrReply(client, args[2], out ZsetRef zset)) return;
        var builder = new ZsetBuilder(client.Server.Keyspace);
        if (zset.Exists) builder.Append(zset, query.Resolve(zset));
        ZsetReply.Store(client, args[1], builder, "zrangestore"u8);
    }

    private static void ZRemRangeByRank(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var start) || !ArgumentParsing.TryIntegerOrReply(client, args[3], out var end)) return;
        if (CollectionKeys.TryWriteOrReply(client, args[1], out ZsetRef zset))
            Remove(client, zset, ZsetRangeQuery.FromRanks(start, end, zset.Count), "zremrangebyrank"u8);
    }

    private static void ZRemRangeByScore(Client client, in ArgVector args)
    {
        if (!ZsetBounds.TryScoresOrReply(client, args[2], args[3], out var from, out var to)) return;
        if (CollectionKeys.TryWriteOrReply(client, args[1], out ZsetRef zset)) Remove(client, zset, zset.RangeOf(from, to), "zremrangebyscore"u8);
    }

    private static void ZRemRangeByLex(Client client, in ArgVector args)
    {
        if (!ZsetBounds.TryMembersOrReply(client, args[2], args[3], out var from, out var to)) return;
        if (CollectionKeys.TryWriteOrReply(client, args[1], out ZsetRef zset)) Remove(client, zset, zset.RangeOf(from, to), "zremrangebylex"u8);
    }

    private static void Remove(Client client, ZsetRef zset, ZsetRange range, ReadOnlySpan<byte> what)
    {
        if (range.Count > 0)
        {
            zset.RemoveRange(range);
            CollectionKeys.Notify(client, what, zset);
        }

        client.Reply.Integer(range.Count);
    }
}
