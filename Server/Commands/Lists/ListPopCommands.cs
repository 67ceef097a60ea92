using KestrelFree.Protocol;
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

        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ListRef list)) return;
        if (list.Exists) PopOne(client, ref list, end);
        else client.Reply.Null();
    }

    private static void PopSeveral(Client client, in ArgVector args, ListEnd end)
    {
        if (!ArgumentParsing.TryCountOrReply(client, args[2], out var count)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ListRef list)) return;
        if (!list.Exists) client.Reply.NullArray();
        else if (count == 0) client.Reply.EmptyArray();
        else PopSeveral(client, ref list, end, count);
    }

    private static void PopOne(Client client, ref ListRef list, ListEnd end)
    {
        client.Reply.Element(list.Peek(end));
        CollectionKeys.NotifyFirst(client, EventOf(end), list, list.Count - 1);
        list.Pop(end, 1);
    }

    private static void PopSeveral(Client client, ref ListRef list, ListEnd end, long atMost)
    {
        var count = Math.Min(atMost, list.Count);
        if (end == ListEnd.Head) ListCommands.ReplyElements(client, list, 0, count, ListEnd.Tail);
        else ListCommands.ReplyElements(client, list, list.Count - 1, count, ListEnd.Head);
        CollectionKeys.NotifyFirst(client, EventOf(end), list, list.Count - count);
        list.Pop(end, count);
    }

    private static void LMPop(Client client, in ArgVector args)
    {
        if (MultiPop.TryParseOrReply(client, args, 1, "left"u8, "right"u8, out var pop)) pop.PopOrReplyNull<ListRef>(client, args, PopFirst);
    }

    private static void BLMPop(Client client, in ArgVector args)
    {
        if (MultiPop.TryParseOrReply(client, args, 2, "left"u8, "right"u8, out var pop)) pop.PopOrBlock<ListRef>(client, args, 1, PopFirst);
    }

    private static void BLPop(Client client, in ArgVector args) => BlockingPop(client, args, PopEnd.First);

    private static void BRPop(Client client, in ArgVector args) => BlockingPop(client, args, PopEnd.Last);

    private static void BlockingPop(Client client, in ArgVector args, PopEnd end) =>
        new MultiPop(1, args.Count - 2, end, null).PopOrBlock<ListRef>(client, args, args.Count - 1, PopFirst);

    private static void PopFirst(Client client, ReadOnlySpan<byte> key, ref ListRef list, MultiPop pop)
    {
        var end = pop.End == PopEnd.First ? ListEnd.Head : ListEnd.Tail;
        client.Reply.ArrayHeader(2);
        client.Reply.Bulk(key);
        pop.Propagate(client, end == ListEnd.Head ? "LPOP"u8 : "RPOP"u8, key, list.Count);
        if (pop.Count is { } count) PopSeveral(client, ref list, end, count);
        else PopOne(client, ref list, end);
    }
}
