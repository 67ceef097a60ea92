using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>LPOP, RPOP and LMPOP, and their blocking forms, which wait for a list when there is none.</summary>
internal static class ListPopCommands
{
    private const KeySpecFlags Taken = KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete;

    internal static readonly CommandSpec[] Table =
    [
        new("blmpop", BLMPop)
        {
            Arity = -5, Flags = Write | CommandFlags.Blocking, Categories = AclCategory.List, Since = "7.0.0", Group = "list",
            Keys = [new() { Index = 2, Find = FindKeys.KeyCount, FirstKey = 1, Flags = Taken }],
            Summary = "Takes elements out of the first of several lists that exists, or waits for one.",
            Complexity = "O(k + n) for k keys and n elements returned",
        },
        new("blpop", BLPop)
        {
            Arity = -3, Flags = Write | CommandFlags.Blocking, Categories = AclCategory.List, Since = "2.0.0", Group = "list",
            Keys = [new() { Index = 1, LastKey = -2, Flags = Taken }],
            Summary = "Takes the head of the first of several lists that exists, or waits for one.",
            Complexity = "O(k) for k keys",
        },
        new("brpop", BRPop)
        {
            Arity = -3, Flags = Write | CommandFlags.Blocking, Categories = AclCategory.List, Since = "2.0.0", Group = "list",
            Keys = [new() { Index = 1, LastKey = -2, Flags = Taken }],
            Summary = "Takes the tail of the first of several lists that exists, or waits for one.",
            Complexity = "O(k) for k keys",
        },
        new("lmpop", LMPop)
        {
            Arity = -4, Flags = Write, Categories = AclCategory.List, Since = "7.0.0", Group = "list",
            Keys = [new() { Index = 1, Find = FindKeys.KeyCount, FirstKey = 1, Flags = Taken }],
            Summary = "Takes elements out of the first of several lists that exists.",
            Complexity = "O(k + n) for k keys and n elements returned",
        },
        new("lpop", LPop)
        {
            Arity = -2, Flags = Write | Fast, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, Taken)],
            Summary = "Takes elements at the head of a list and returns them.", Complexity = "O(n) for n elements returned",
        },
        new("rpop", RPop)
        {
            Arity = -2, Flags = Write | Fast, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, Taken)],
            Summary = "Takes elements at the tail of a list and returns them.", Complexity = "O(n) for n elements returned",
        },
    ];

    /// <summary>What is told of a pop at an end.</summary>
    internal static ReadOnlySpan<byte> EventOf(ListEnd end) => end == ListEnd.Head ? "lpop"u8 : "rpop"u8;

    private static void LPop(Client client, in ArgVector args) => Pop(client, args, ListEnd.Head);

    private static void RPop(Client client, in ArgVector args) => Pop(client, args, ListEnd.Tail);

    private static void Pop(Client client, in ArgVector args, ListEnd end)
    {
        if (args.Count == 3)
        {
            PopSeveral(client, args, end);
            return;
        }

        if (args.Count > 3)
        {
            client.Reply.Error($"ERR wrong number of arguments for '{(end == ListEnd.Head ? "lpop" : "rpop")}' command");
            return;
        }

        if (!ListCommands.TryWriteOrReply(client, args[1], out var list)) return;
        if (list.Exists) PopOne(client, ref list, end);
        else client.Reply.Null();
    }

    private static void PopSeveral(Client client, in ArgVector args, ListEnd end)
    {
        if (!ArgumentParsing.TryCountOrReply(client, args[2], out var count)) return;
        if (!ListCommands.TryWriteOrReply(client, args[1], out var list)) return;
        if (!list.Exists) client.Reply.NullArray();
        else if (count == 0) client.Reply.EmptyArray();
        else PopSeveral(client, ref list, end, count);
    }

    private static void PopOne(Client client, ref ListRef list, ListEnd end)
    {
        client.Reply.Element(list.Peek(end));
        list.Pop(end, 1);
        ListCommands.Notify(client, EventOf(end), list);
    }

    private static void PopSeveral(Client client, ref ListRef list, ListEnd end, long atMost)
    {
        var count = Math.Min(atMost, list.Count);
        if (end == ListEnd.Head) ListCommands.ReplyElements(client, list, 0, count, ListEnd.Tail);
        else ListCommands.ReplyElements(client, list, list.Count - 1, count, ListEnd.Head);
        list.Pop(end, count);
        ListCommands.Notify(client, EventOf(end), list);
    }

    private static void LMPop(Client client, in ArgVector args)
    {
        if (!MultiPop.TryParseOrReply(client, args, 1, out var pop)) return;
        if (!TryPopFirst(client, args, pop)) client.Reply.NullArray();
    }

    private static void BLMPop(Client client, in ArgVector args)
    {
        if (!MultiPop.TryParseOrReply(client, args, 2, out var pop)) return;
        if (ArgumentParsing.TryTimeoutSecondsOrReply(client, args[1], out var timeoutMs)) PopOrBlock(client, args, pop, timeoutMs);
    }

    private static void BLPop(Client client, in ArgVector args) => BlockingPop(client, args, ListEnd.Head);

    private static void BRPop(Client client, in ArgVector args) => BlockingPop(client, args, ListEnd.Tail);

    private static void BlockingPop(Client client, in ArgVector args, ListEnd end)
    {
        if (ArgumentParsing.TryTimeoutSecondsOrReply(client, args[args.Count - 1], out var timeoutMs))
            PopOrBlock(client, args, new MultiPop(1, args.Count - 2, end, null), timeoutMs);
    }

    private static void PopOrBlock(Client client, in ArgVector args, MultiPop pop, long timeoutMs)
    {
        if (!TryPopFirst(client, args, pop))
            client.Server.KeyWaits.Block(client, args, pop.FirstKey, pop.KeyCount, new KeyWait(DataType.List), timeoutMs);
    }

    // False, and nothing replied, if none of the lists exists. A key of another type before the first list is an error.
    private static bool TryPopFirst(Client client, in ArgVector args, MultiPop pop)
    {
        for (var i = pop.FirstKey; i < pop.FirstKey + pop.KeyCount; i++)
        {
            if (!ListCommands.TryWriteOrReply(client, args[i], out var list)) return true;
            if (!list.Exists) continue;
            client.Reply.ArrayHeader(2);
            client.Reply.Bulk(args[i]);
            Propagate(client, args[i], pop, list.Count);
            if (pop.Count is { } count) PopSeveral(client, ref list, pop.End, count);
            else PopOne(client, ref list, pop.End);
            return true;
        }

        return false;
    }

    // As a pop that neither chooses nor waits.
    private static void Propagate(Client client, ReadOnlySpan<byte> key, MultiPop pop, long length)
    {
        var effect = client.Propagation.Instead(pop.Count is null ? 2 : 3).Argument(pop.End == ListEnd.Head ? "LPOP"u8 : "RPOP"u8).Argument(key);
        if (pop.Count is { } count) effect.Argument(Math.Min(count, length));
    }

    /// <summary>What LMPOP and its relatives take.</summary>
    /// <param name="FirstKey">The argument that is the first key.</param>
    /// <param name="KeyCount">How many follow each other from there.</param>
    /// <param name="End">At which end elements are taken.</param>
    /// <param name="Count">How many at most, in an array; null for one that is not.</param>
    private readonly record struct MultiPop(int FirstKey, int KeyCount, ListEnd End, long? Count)
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

            if (keys >= args.Count - at - 1)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            var where = at + 1 + (int)keys;
            if (!ListMoveCommands.TryEndOrReply(client, args[where], out var end) || !TryCountOrReply(client, args, where + 1, out var count)) return false;
            pop = new MultiPop(at + 1, (int)keys, end, count);
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
