using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>
/// The commands on lists; those that pop are in <see cref="ListPopCommands"/>, those from list to list in <see cref="ListMoveCommands"/>.
/// </summary>
internal static class ListCommands
{
    private const KeySpecFlags Read = KeySpecFlags.ReadOnly | KeySpecFlags.Access;
    private const KeySpecFlags Insert = KeySpecFlags.ReadWrite | KeySpecFlags.Insert;

    internal static readonly CommandSpec[] Table =
    [
        new("lindex", LIndex)
        {
            Arity = 3, Flags = ReadOnly, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, Read)],
            Summary = "Returns the element of a list that has an index.",
            Complexity = "O(log n) for n elements; Redis's is O(n)",
        },
        new("linsert", LInsert)
        {
            Arity = 5, Flags = Write | DenyOom, Categories = AclCategory.List, Since = "2.2.0", Group = "list",
            Keys = [KeySpec.One(1, Insert)],
            Summary = "Inserts an element before or after another one of a list.",
            Complexity = "O(n) for n elements before the one that is looked for",
        },
        new("llen", LLen)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Counts the elements of a list.", Complexity = "O(1)",
        },
        new("lpos", LPos)
        {
            Arity = -3, Flags = ReadOnly, Categories = AclCategory.List, Since = "6.0.6", Group = "list",
            Keys = [KeySpec.One(1, Read)],
            Summary = "Returns the index of the elements of a list that are equal to a value.",
            Complexity = "O(n) for n elements looked at",
        },
        new("lpush", LPush)
        {
            Arity = -3, Flags = Write | DenyOom | Fast, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, Insert)],
            Summary = "Adds elements at the head of a list, one after the other.", Complexity = "O(n) for n elements added",
        },
        new("lpushx", LPushX)
        {
            Arity = -3, Flags = Write | DenyOom | Fast, Categories = AclCategory.List, Since = "2.2.0", Group = "list",
            Keys = [KeySpec.One(1, Insert)],
            Summary = "Adds elements at the head of a list if it exists.", Complexity = "O(n) for n elements added",
        },
        new("lrange", LRange)
        {
            Arity = 4, Flags = ReadOnly, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, Read)],
            Summary = "Returns the elements of a list from one index to another.", Complexity = "O(log n + m) for m elements returned of n",
        },
        new("lrem", LRem)
        {
            Arity = 4, Flags = Write, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Summary = "Takes elements that are equal to a value out of a list.", Complexity = "O(n) for n elements of the list",
        },
        new("lset", LSet)
        {
            Arity = 4, Flags = Write | DenyOom, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Replaces the element of a list that has an index.", Complexity = "O(log n) for n elements; Redis's is O(n)",
        },
        new("ltrim", LTrim)
        {
            Arity = 4, Flags = Write, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Summary = "Leaves only the elements of a list from one index to another.", Complexity = "O(n) for n elements taken away",
        },
        new("rpush", RPush)
        {
            Arity = -3, Flags = Write | DenyOom | Fast, Categories = AclCategory.List, Since = "1.0.0", Group = "list",
            Keys = [KeySpec.One(1, Insert)],
            Summary = "Adds elements at the tail of a list.", Complexity = "O(n) for n elements added",
        },
        new("rpushx", RPushX)
        {
            Arity = -3, Flags = Write | DenyOom | Fast, Categories = AclCategory.List, Since = "2.2.0", Group = "list",
            Keys = [KeySpec.One(1, Insert)],
            Summary = "Adds elements at the tail of a list if it exists.", Complexity = "O(n) for n elements added",
        },
    ];

    /// <summary>Replies so many elements, of which there are as many, from an index on towards an end.</summary>
    internal static void ReplyElements(Client client, ListRef list, long from, long count, ListEnd towards)
    {
        client.Reply.ArrayHeader(count);
        var elements = list.From(from, towards);
        while (count > 0)
        {
            if (elements.TryTakeRun(count, out var run))
            {
                count -= run.Count;
                client.Reply.Elements(run);
            }
            else
            {
                elements.MoveNext();
                count--;
                client.Reply.Element(elements.Current);
            }
        }
    }

    private static void LPush(Client client, in ArgVector args) => Push(client, args, ListEnd.Head, "lpush"u8);

    private static void RPush(Client client, in ArgVector args) => Push(client, args, ListEnd.Tail, "rpush"u8);

    private static void LPushX(Client client, in ArgVector args) => PushIfExists(client, args, ListEnd.Head, "lpush"u8);

    private static void RPushX(Client client, in ArgVector args) => PushIfExists(client, args, ListEnd.Tail, "rpush"u8);

    private static void Push(Client client, in ArgVector args, ListEnd end, ReadOnlySpan<byte> what)
    {
        if (CollectionKeys.TryWriteOrReply(client, args[1], out ListRef list)) Push(client, args, ref list, end, what);
    }

    private static void PushIfExists(Client client, in ArgVector args, ListEnd end, ReadOnlySpan<byte> what)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ListRef list)) return;
        if (list.Exists) Push(client, args, ref list, end, what);
        else client.Reply.Integer(0);
    }

    private static void Push(Client client, in ArgVector args, ref ListRef list, ListEnd end, ReadOnlySpan<byte> what)
    {
        if (args.Count == 3) list.Push(end, args[2]);
        else list.Push(end, args, 2);
        client.Reply.Integer(list.Count);
        CollectionKeys.Notify(client, what, list);
    }

    private static void LLen(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out ListRef list)) client.Reply.Integer(list.Count);
    }

    private static void LRange(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var first)) return;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[3], out var last)) return;
        if (!CollectionKeys.TryReadOrReply(client, args[1], out ListRef list)) return;
        if (TryClip(ref first, ref last, list.Count)) ReplyElements(client, list, first, last - first + 1, ListEnd.Tail);
        else client.Reply.EmptyArray();
    }

    // Resolves indices from the tail and cuts what is beyond the ends; false for an empty range.
    private static bool TryClip(ref long first, ref long last, long count)
    {
        if (first < 0) first = Math.Max(0, first + count);
        if (last < 0) last += count;
        last = Math.Min(last, count - 1);
        return first <= last && first < count;
    }

    private static void LTrim(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var first)) return;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[3], out var last)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ListRef list)) return;
        if (list.Exists)
        {
            if (!TryClip(ref first, ref last, list.Count)) (first, last) = (0, -1);
            CollectionKeys.NotifyFirst(client, "ltrim"u8, list, last - first + 1);
            list.Trim(first, last);
        }

        client.Reply.Ok();
    }

    private static void LIndex(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out ListRef list)) return;
        if (!list.Exists) client.Reply.Null();
        else if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var index)) return;
        else if (list.TryGet(index, out var element)) client.Reply.Element(element);
        else client.Reply.Null();
    }

    private static void LSet(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ListRef list)) return;
        if (!list.Exists)
        {
            client.Reply.Error(SharedReplies.NoSuchKey);
            return;
        }

        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var index)) return;
        if (!list.Set(index, args[3]))
        {
            client.Reply.Error("ERR index out of range"u8);
            return;
        }

        client.Reply.Ok();
        CollectionKeys.Notify(client, "lset"u8, list);
    }

    private static void LInsert(Client client, in ArgVector args)
    {
        ListInsertion where;
        if (args[2].Is("after"u8)) where = ListInsertion.After;
        else if (args[2].Is("before"u8)) where = ListInsertion.Before;
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ListRef list)) return;
        if (!list.Exists)
        {
            client.Reply.Integer(0);
        }
        else if (!list.Insert(where, args[3], args[4]))
        {
            client.Reply.Integer(-1);
        }
        else
        {
            CollectionKeys.Notify(client, "linsert"u8, list);
            client.Reply.Integer(list.Count);
        }
    }

    private static void LRem(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var count)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ListRef list)) return;
        if (!list.Exists)
        {
            client.Reply.Integer(0);
            return;
        }

        // No count at all is all of them; so is one whose negative does not exist.
        var atMost = count is 0 or long.MinValue ? long.MaxValue : Math.Abs(count);
        var removed = list.RemoveEqual(args[3], count < 0 ? ListEnd.Tail : ListEnd.Head, atMost);
        if (removed > 0) CollectionKeys.Notify(client, "lrem"u8, list);
        client.Reply.Integer(removed);
    }

    private static void LPos(Client client, in ArgVector args)
    {
        if (!ListSearch.TryParseOrReply(client, args, out var search)) return;
        if (CollectionKeys.TryReadOrReply(client, args[1], out ListRef list)) search.Reply(client, list, args[2]);
    }
}
