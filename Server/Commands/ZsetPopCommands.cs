using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
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
        if (!ZsetCommands.TryWriteOrReply(client, args[1], out var zset)) return;
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
        zset.RemoveRange(range);
        ZsetCommands.Notify(client, from == ZsetOrder.Ascending ? "zpopmin"u8 : "zpopmax"u8, zset);
    }

    private static void ZMPop(Client client, in ArgVector args)
    {
        if (!MultiPop.TryParseOrReply(client, args, 1, out var pop)) return;
        if (!TryPopFirst(client, args, pop)) client.Reply.NullArray();
    }

    private static void BZMPop(Client client, in ArgVector args)
    {
        if (!MultiPop.TryParseOrReply(client, args, 2, out var pop)) return;
        if (ArgumentParsing.TryTimeoutSecondsOrReply(client, args[1], out var timeoutMs)) PopOrBlock(client, args, pop, timeoutMs);
    }

    private static void BZPopMin(Client client, in ArgVector args) => BlockingPop(client, args, ZsetOrder.Ascending);

    private static void BZPopMax(Client client, in ArgVector args) => BlockingPop(client, args, ZsetOrder.Descending);

    private static void BlockingPop(Client client, in ArgVector args, ZsetOrder from)
    {
        if (ArgumentParsing.TryTimeoutSecondsOrReply(client, args[args.Count - 1], out var timeoutMs))
            PopOrBlock(client, args, new MultiPop(1, args.Count - 2, from, null), timeoutMs);
    }

    private static void PopOrBlock(Client client, in ArgVector args, MultiPop pop, long timeoutMs)
    {
        if (!TryPopFirst(client, args, pop))
            client.Server.KeyWaits.Block(client, args, pop.FirstKey, pop.KeyCount, new KeyWait(DataType.SortedSet), timeoutMs);
    }

    // False, and nothing replied, if none of the sets exists. A key of another type before the first set is an error.
    private static bool TryPopFirst(Client client, in ArgVector args, MultiPop pop)
    {
        for (var i = pop.FirstKey; i < pop.FirstKey + pop.KeyCount; i++)
        {
            if (!ZsetCommands.TryWriteOrReply(client, args[i], out var zset)) return true;
            if (!zset.Exists) continue;
            client.Reply.ArrayHeader(pop.Count is null ? 3 : 2);
            client.Reply.Bulk(args[i]);
            Propagate(client, args[i], pop, zset.Count);
            if (pop.Count is { } count) Pop(client, zset, pop.From, count, ZsetParts.Pairs);
            else PopOne(client, zset, pop.From);
            return true;
        }

        return false;
    }

    // As a pop that neither chooses nor waits.
    private static void Propagate(Client client, ReadOnlySpan<byte> key, MultiPop pop, long members)
    {
        var name = pop.From == ZsetOrder.Ascending ? "ZPOPMIN"u8 : "ZPOPMAX"u8;
        var effect = client.Propagation.Instead(pop.Count is null ? 2 : 3).Argument(name).Argument(key);
        if (pop.Count is { } count) effect.Argument(Math.Min(count, members));
    }

    private static void PopOne(Client client, ZsetRef zset, ZsetOrder from)
    {
        var elements = zset.From(0, from);
        elements.MoveNext();
        ZsetReply.Element(client.Reply, elements.Member, elements.Score, ZsetParts.SideBySide);
        Remove(client, zset, new ZsetRange(from == ZsetOrder.Ascending ? 0 : zset.Count - 1, 1), from);
    }

    /// <summary>What ZMPOP and its relatives take.</summary>
    /// <param name="FirstKey">The argument that is the first key.</param>
    /// <param name="KeyCount">How many follow each other from there.</param>
    /// <param name="From">From which end on elements are taken.</param>
    /// <param name="Count">How many at most, in an array; null for one that is not.</param>
    private readonly record struct MultiPop(int FirstKey, int KeyCount, ZsetOrder From, long? Count)
    {
        /// <summary>Reads numkeys, which is this argument, the keys, the end and COUNT.</summary>
        internal static bool TryParseOrReply(Client client, in ArgVector args, int at, out MultiPop pop)
        {
            pop = default;
            if (!Numbers.TryParseInteger(args[at], out var keys) || keys < 1)
            {
                client.Reply.Error("ERR numkeys should be greater than 0"u8);
                return false;
            }

            var isComplete = keys < args.Count - at - 1;
            var where = isComplete ? at + 1 + (int)keys : 0;
            if (!isComplete || !(args[where].Is("min"u8) || args[where].Is("max"u8)))
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            if (!TryCountOrReply(client, args, where + 1, out var count)) return false;
            pop = new MultiPop(at + 1, (int)keys, args[where].Is("min"u8) ? ZsetOrder.Ascending : ZsetOrder.Descending, count);
            return true;
        }

        private static bool TryCountOrReply(Client client, in ArgVector args, int at, out long count)
        {
            count = 1;
            if (at == args.Count) return true;
            if (!args[at].Is("count"u8) || at + 1 == args.Count)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            if (!Numbers.TryParseInteger(args[at + 1], out count) || count < 1)
            {
                client.Reply.Error("ERR count should be greater than 0"u8);
                return false;
            }

            if (at + 2 == args.Count) return true;
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }
    }
}
