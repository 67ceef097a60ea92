using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// ZPOPMIN, ZPOPMAX and ZMPOP, and their blocking forms, which wait for a sorted set when there is none. Each replies elements in a shape of its own:
//
//     ZPOPMIN key             [m, s]                  however many there are, side by side
//     ZPOPMIN key count       [m, s, m, s ...]        pairs in RESP3
//     BZPOPMIN key ...        [key, m, s]
//     (B)ZMPOP                [key, [[m, s] ...]]     pairs in RESP2 too

/// <summary>The commands that take elements at the ends of sorted sets.</summary>
internal static class ZsetPopCommands
{
    private const KeySpecFlags Taken = KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete;

    internal static readonly CommandSpec[] Table =
    [
        new("zpopmin", ZPopMin)
        {
            Arity = -2, Flags = Write | Fast, Categories = AclCategory.SortedSet, Since = "5.0.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, Taken)],
            Summary = "Takes the members with the lowest scores out of a sorted set and returns them.", Complexity = "O(m log n) for m of n members",
        },
        new("zpopmax", ZPopMax)
        {
            Arity = -2, Flags = Write | Fast, Categories = AclCategory.SortedSet, Since = "5.0.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, Taken)],
            Summary = "Takes the members with the highest scores out of a sorted set and returns them.", Complexity = "O(m log n) for m of n members",
        },
        new("zmpop", ZMPop)
        {
            Arity = -4, Flags = Write, Categories = AclCategory.SortedSet, Since = "7.0.0", Group = "sorted-set",
            Keys = [new() { Index = 1, Find = FindKeys.KeyCount, FirstKey = 1, Flags = Taken }],
            Summary = "Takes members at an end of the first of several sorted sets that exists.", Complexity = "O(k + m log n) for k keys and m of n members",
        },
        new("bzpopmin", BZPopMin)
        {
            Arity = -3, Flags = Write | CommandFlags.Blocking | Fast, Categories = AclCategory.SortedSet, Since = "5.0.0", Group = "sorted-set",
            Keys = [new() { Index = 1, LastKey = -2, Flags = Taken }],
            Summary = "Takes the member with the lowest score out of the first of several sorted sets that exists, or waits for one.",
            Complexity = "O(k + log n) for k keys",
        },
        new("bzpopmax", BZPopMax)
        {
            Arity = -3, Flags = Write | CommandFlags.Blocking | Fast, Categories = AclCategory.SortedSet, Since = "5.0.0", Group = "sorted-set",
            Keys = [new() { Index = 1, LastKey = -2, Flags = Taken }],
            Summary = "Takes the member with the highest score out of the first of several sorted sets that exists, or waits for one.",
            Complexity = "O(k + log n) for k keys",
        },
        new("bzmpop", BZMPop)
        {
            Arity = -5, Flags = Write | CommandFlags.Blocking, Categories = AclCategory.SortedSet, Since = "7.0.0", Group = "sorted-set",
            Keys = [new() { Index = 2, Find = FindKeys.KeyCount, FirstKey = 1, Flags = Taken }],
            Summary = "Takes members at an end of the first of several sorted sets that exists, or waits for one.",
            Complexity = "O(k + m log n) for k keys and m of n members",
        },
    ];

    private static void ZPopMin(Client client, in ArgVector args) => Pop(client, args, ZsetOrder.Ascending);

    private static void ZPopMax(Client client, in ArgVector args) => Pop(client, args, ZsetOrder.Descending);

    private static void Pop(Client client, in ArgVector args, ZsetOrder from)
    {
        if (args.Count > 3)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        long count = 1;
        if (args.Count == 3 && !ArgumentParsing.TryCountOrReply(client, args[2], out count)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ZsetRef zset)) return;
        if (zset.Exists && count > 0) Pop(client, zset, from, count, args.Count == 3 ? ZsetParts.MembersAndScores : ZsetParts.SideBySide);
        else client.Reply.EmptyArray();
    }

    private static void Pop(Client client, ZsetRef zset, ZsetOrder from, long atMost, ZsetParts parts)
    {
        var count = Math.Min(atMost, zset.Count);
        var range = new ZsetRange(from == ZsetOrder.Ascending ? 0 : zset.Count - count, count);
        ZsetReply.Range(client.Reply, zset, range, from, parts);
        Remove(client, zset, range, from);
    }

    private static void Remove(Client client, ZsetRef zset, ZsetRange range, ZsetOrder from)
    {
        CollectionKeys.NotifyOnly(client, from == ZsetOrder.Ascending ? "zpopmin"u8 : "zpopmax"u8, zset);
        zset.RemoveRange(range);
        if (!zset.Exists) CollectionKeys.NotifyGone(client, zset);
    }

    private static void ZMPop(Client client, in ArgVector args)
    {
        if (MultiPop.TryParseOrReply(client, args, 1, "min"u8, "max"u8, out var pop)) pop.PopOrReplyNull<ZsetRef>(client, args, PopFirst);
    }

    private static void BZMPop(Client client, in ArgVector args)
    {
        if (MultiPop.TryParseOrReply(client, args, 2, "min"u8, "max"u8, out var pop)) pop.PopOrBlock<ZsetRef>(client, args, 1, PopFirst);
    }

    private static void BZPopMin(Client client, in ArgVector args) => BlockingPop(client, args, PopEnd.First);

    private static void BZPopMax(Client client, in ArgVector args) => BlockingPop(client, args, PopEnd.Last);

    private static void BlockingPop(Client client, in ArgVector args, PopEnd end) =>
        new MultiPop(1, args.Count - 2, end, null).PopOrBlock<ZsetRef>(client, args, args.Count - 1, PopFirst);

    private static void PopFirst(Client client, ReadOnlySpan<byte> key, ref ZsetRef zset, MultiPop pop)
    {
        var from = pop.End == PopEnd.First ? ZsetOrder.Ascending : ZsetOrder.Descending;
        client.Reply.ArrayHeader(pop.Count is null ? 3 : 2);
        client.Reply.Bulk(key);
        pop.Propagate(client, from == ZsetOrder.Ascending ? "ZPOPMIN"u8 : "ZPOPMAX"u8, key, zset.Count);
        if (pop.Count is { } count) Pop(client, zset, from, count, ZsetParts.Pairs);
        else PopOne(client, zset, from);
    }

    private static void PopOne(Client client, ZsetRef zset, ZsetOrder from)
    {
        var elements = zset.From(0, from);
        elements.MoveNext();
        ZsetReply.Element(client.Reply, elements.Member, elements.Score, ZsetParts.SideBySide);
        Remove(client, zset, new ZsetRange(from == ZsetOrder.Ascending ? 0 : zset.Count - 1, 1), from);
    }
}
