using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>The commands on sets; what combines several is in <see cref="SetAlgebra"/>, what draws at random in <see cref="SetRandom"/>.</summary>
internal static class SetCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("sadd", SAdd)
        {
            Arity = -3, Flags = Write | DenyOom | Fast, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Insert)],
            Summary = "Adds members to a set.", Complexity = "O(n) for n members",
        },
        new("scard", SCard)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Counts the members of a set.", Complexity = "O(1)",
        },
        new("sdiff", SetAlgebra.SDiff)
        {
            Arity = -2, Flags = ReadOnly, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output_order"],
            Summary = "Returns what is in the first set and in none of the others.", Complexity = "O(n) for n members of all sets",
        },
        new("sdiffstore", SetAlgebra.SDiffStore)
        {
            Arity = -3, Flags = Write | DenyOom, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update), KeySpec.AllFrom(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Stores what is in the first set and in none of the others.", Complexity = "O(n) for n members of all sets",
        },
        new("sinter", SetAlgebra.SInter)
        {
            Arity = -2, Flags = ReadOnly, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output_order"],
            Summary = "Returns what is in all of several sets.", Complexity = "O(n*m) for n members of the smallest of m sets",
        },
        new("sintercard", SetAlgebra.SInterCard)
        {
            Arity = -3, Flags = ReadOnly, Categories = AclCategory.Set, Since = "7.0.0", Group = "set",
            Keys = [new() { Index = 1, Find = FindKeys.KeyCount, FirstKey = 1, Flags = KeySpecFlags.ReadOnly | KeySpecFlags.Access }],
            Summary = "Counts what is in all of several sets, up to a limit.", Complexity = "O(n*m) for n members of the smallest of m sets",
        },
        new("sinterstore", SetAlgebra.SInterStore)
        {
            Arity = -3, Flags = Write | DenyOom, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update), KeySpec.AllFrom(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Stores what is in all of several sets.", Complexity = "O(n*m) for n members of the smallest of m sets",
        },
        new("sismember", SIsMember)
        {
            Arity = 3, Flags = ReadOnly | Fast, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Tells whether a set has a member.", Complexity = "O(1)",
        },
        new("smembers", SMembers)
        {
            Arity = 2, Flags = ReadOnly, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output_order"],
            Summary = "Returns all members of a set.", Complexity = "O(n) for n members of the set",
        },
        new("smismember", SMIsMember)
        {
            Arity = -3, Flags = ReadOnly | Fast, Categories = AclCategory.Set, Since = "6.2.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Tells for each of several members whether a set has it.", Complexity = "O(n) for n members",
        },
        new("smove", SMove)
        {
            Arity = 4, Flags = Write | Fast, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete), KeySpec.One(2, KeySpecFlags.ReadWrite | KeySpecFlags.Insert)],
            Summary = "Moves a member from one set to another.", Complexity = "O(1)",
        },
        new("spop", SetRandom.SPop)
        {
            Arity = -2, Flags = Write | Fast, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete)],
            Tips = ["nondeterministic_output"],
            Summary = "Takes members drawn at random out of a set and returns them.", Complexity = "O(n) for n members returned",
        },
        new("srandmember", SetRandom.SRandMember)
        {
            Arity = -2, Flags = ReadOnly, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output"],
            Summary = "Returns members of a set drawn at random.", Complexity = "O(n) for n members returned, or at most the members of the set",
        },
        new("srem", SRem)
        {
            Arity = -3, Flags = Write | Fast, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Summary = "Takes members out of a set, and the set with its last one.", Complexity = "O(n) for n members",
        },
        new("sscan", CollectionScan.SScan)
        {
            Arity = -3, Flags = ReadOnly, Categories = AclCategory.Set, Since = "2.8.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output"],
            Summary = "Lists the members of a set in portions.", Complexity = "O(n) for a portion of n members",
        },
        new("sunion", SetAlgebra.SUnion)
        {
            Arity = -2, Flags = ReadOnly, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output_order"],
            Summary = "Returns what is in any of several sets.", Complexity = "O(n) for n members of all sets",
        },
        new("sunionstore", SetAlgebra.SUnionStore)
        {
            Arity = -3, Flags = Write | DenyOom, Categories = AclCategory.Set, Since = "1.0.0", Group = "set",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update), KeySpec.AllFrom(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Stores what is in any of several sets.", Complexity = "O(n) for n members of all sets",
        },
    ];

    private static void SAdd(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out SetRef set)) return;
        var added = set.AddAll(args, 2);
        client.Reply.Integer(added);
        if (added > 0) CollectionKeys.Notify(client, "sadd"u8, set);
    }

    private static void SRem(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out SetRef set)) return;
        var removed = 0;
        for (var i = 2; i < args.Count; i++)
        {
            if (set.Remove(args[i])) removed++;
        }

        if (removed > 0) CollectionKeys.Notify(client, "srem"u8, set);
        client.Reply.Integer(removed);
    }

    private static void SCard(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out SetRef set)) client.Reply.Integer(set.Count);
    }

    private static void SIsMember(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out SetRef set)) client.Reply.Integer(set.Contains(args[2]) ? 1 : 0);
    }

    private static void SMIsMember(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out SetRef set)) return;
        client.Reply.ArrayHeader(args.Count - 2);
        for (var i = 2; i < args.Count; i++) client.Reply.Integer(set.Contains(args[i]) ? 1 : 0);
    }

    private static void SMembers(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out SetRef set)) return;
        client.Reply.SetHeader(set.Count);
        for (var members = set.Members; members.MoveNext();) client.Reply.Element(members.Current);
    }

    private static void SMove(Client client, in ArgVector args)
    {
        var database = client.Database;
        // Both are looked up, so that both expire, before either is judged; a look-up that deletes ends the life of an earlier one.
        database.LookupWrite(args[2]);
        var source = database.LookupWrite(args[1]);
        if (!source.Exists)
        {
            client.Reply.Integer(0);
            return;
        }

        var target = database.Peek(args[2]);
        if (source.Type != DataType.Set || (target.Exists && target.Type != DataType.Set))
        {
            client.Reply.Error(SharedReplies.WrongType);
            return;
        }

        var from = new SetRef(source);
        if (args[1].SequenceEqual(args[2]))
        {
            client.Reply.Integer(from.Contains(args[3]) ? 1 : 0);
            return;
        }

        if (!from.Take(args[3]))
        {
            client.Reply.Integer(0);
            return;
        }

        // As in Redis: the target is there before the source signals, and each has its events in its own order.
        CollectionKeys.NotifyFirst(client, "srem"u8, from, from.Count);
        var isNew = new SetRef(database.LookupWrite(args[2])).Put(args[3]);
        new SetRef(database.LookupWrite(args[1])).SignalTaken();
        if (isNew)
        {
            var to = new SetRef(database.LookupWrite(args[2]));
            to.SignalPut();
            CollectionKeys.Notify(client, "sadd"u8, to);
        }

        client.Reply.Integer(1);
    }
}
