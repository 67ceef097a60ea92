using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>LMOVE and RPOPLPUSH, which take an element out of one list and add it to another, and their blocking forms.</summary>
internal static class ListMoveCommands
{
    private const int BLMoveArguments = 6;
    private const int BRPopLPushArguments = 4;

    private const KeySpecFlags Taken = KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete;
    private const KeySpecFlags Insert = KeySpecFlags.ReadWrite | KeySpecFlags.Insert;

    internal static readonly CommandSpec[] Table =
    [
        new("blmove", BLMove)
        {
            Arity = 6, Flags = Write | DenyOom | CommandFlags.Blocking, Categories = AclCategory.List, Since = "6.2.0", Group = "list",
            Keys = [KeySpec.One(1, Taken), KeySpec.One(2, Insert)],
            Summary = "Moves an element from an end of a list to an end of another, or waits for one.", Complexity = "O(1)",
        },
        new("brpoplpush", BRPopLPush)
        {
            Arity = 4, Flags = Write | DenyOom | CommandFlags.Blocking, Categories = AclCategory.List, Since = "2.2.0", Group = "list",
            Keys = [KeySpec.One(1, Taken), KeySpec.One(2, Insert)],
            Summary = "Moves the tail of a list to the head of another, or waits for one.", Complexity = "O(1)",
        },
        new("lmove", LMove)
        {
            Arity = 5, Flags = Write | DenyOom, Categories = AclCategory.List, Since = "6.2.0", Group = "list",
            Keys = [KeySpec.One(1, Taken), KeySpec.One(2, Insert)],
            Summary = "Moves an element from an end of a list to an end of another and returns it.", Complexity = "O(1)",
        },
        new("rpoplpush", RPopLPush)
        {
            Arity = 3, Flags = Write | DenyOom, Categories = AclCategory.List, Since = "1.2.0", Group = "list",
            Keys = [KeySpec.One(1, Taken), KeySpec.One(2, Insert)],
            Summary = "Moves the tail of a list to the head of another and returns it.", Complexity = "O(1)",
        },
    ];

    /// <summary>Reads LEFT or RIGHT.</summary>
    internal static bool TryEndOrReply(Client client, ReadOnlySpan<byte> argument, out ListEnd end)
    {
        end = argument.Is("right"u8) ? ListEnd.Tail : ListEnd.Head;
        if (end == ListEnd.Tail || argument.Is("left"u8)) return true;
        client.Reply.Error(SharedReplies.SyntaxError);
        return false;
    }

    private static void LMove(Client client, in ArgVector args)
    {
        if (!TryEndOrReply(client, args[3], out var from) || !TryEndOrReply(client, args[4], out var to)) return;
        if (!TryMove(client, args, from, to)) client.Reply.Null();
    }

    private static void RPopLPush(Client client, in ArgVector args)
    {
        if (!TryMove(client, args, ListEnd.Tail, ListEnd.Head)) client.Reply.Null();
    }

    private static void BLMove(Client client, in ArgVector args)
    {
        if (!TryEndOrReply(client, args[3], out var from) || !TryEndOrReply(client, args[4], out var to)) return;
        if (ArgumentParsing.TryTimeoutSecondsOrReply(client, args[5], out var timeoutMs)) MoveOrBlock(client, args, from, to, timeoutMs);
    }

    private static void BRPopLPush(Client client, in ArgVector args)
    {
        if (ArgumentParsing.TryTimeoutSecondsOrReply(client, args[3], out var timeoutMs))
            MoveOrBlock(client, args, ListEnd.Tail, ListEnd.Head, timeoutMs);
    }

    private static void MoveOrBlock(Client client, in ArgVector args, ListEnd from, ListEnd to, long timeoutMs)
    {
        if (!TryMove(client, args, from, to))
            client.Server.KeyWaits.Block(client, args, 1, 1, new KeyWait(DataType.List, TimeoutReply.Null), timeoutMs);
    }

    // False, and nothing replied, if the source does not exist.
    private static bool TryMove(Client client, in ArgVector args, ListEnd from, ListEnd to)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ListRef source)) return true;
        if (!source.Exists) return false;
        if (args[1].SequenceEqual(args[2]))
        {
            client.Reply.Bulk(source.Rotate(from, to));
            client.Server.Observer.Notify(NotifyClasses.List, PushEventOf(to), client.Database, args[2]);
            CollectionKeys.Notify(client, ListPopCommands.EventOf(from), source);
            Propagate(client, args);
            return true;
        }

        // Looking the destination up may delete it, as expired, and so end the life of what was looked up before.
        if (!CollectionKeys.TryWriteOrReply(client, args[2], out ListRef _) || !CollectionKeys.TryWriteOrReply(client, args[1], out source)) return true;
        // The destination has the element before the source loses it: in this order those who watch the keys hear of it.
        var element = source.Carry(from);
        client.Reply.Bulk(element);
        var destination = new ListRef(client.Database.LookupWrite(args[2]));
        destination.Receive(to, element);
        CollectionKeys.Notify(client, PushEventOf(to), destination);
        source = new ListRef(client.Database.LookupWrite(args[1]));
        CollectionKeys.NotifyFirst(client, ListPopCommands.EventOf(from), source, source.Count - 1);
        source.Pop(from, 1);
        Propagate(client, args);
        return true;
    }

    // Those that wait have a timeout as their last argument, and are propagated as those that do not.
    private static void Propagate(Client client, in ArgVector args)
    {
        if (args.Count == BLMoveArguments)
            client.Propagation.Instead(5).Argument("LMOVE"u8).Argument(args[1]).Argument(args[2]).Argument(args[3]).Argument(args[4]);
        else if (args.Count == BRPopLPushArguments)
            client.Propagation.Instead(3).Argument("RPOPLPUSH"u8).Argument(args[1]).Argument(args[2]);
    }

    private static ReadOnlySpan<byte> PushEventOf(ListEnd end) => end == ListEnd.Head ? "lpush"u8 : "rpush"u8;
}
