using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>DEL, EXISTS, TOUCH, TYPE and UNLINK: commands on keys whatever they hold.</summary>
internal static class KeyCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("del", Del)
        {
            Arity = -2, Flags = Write, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "generic",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.Remove | KeySpecFlags.Delete)],
            Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
            Summary = "Deletes keys.", Complexity = "O(n) for n keys; the memory of a large value is given back in slices",
        },
        new("exists", Exists)
        {
            Arity = -2, Flags = ReadOnly | Fast, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "generic",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.ReadOnly)],
            Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
            Summary = "Counts how many of the named keys exist.", Complexity = "O(n) for n keys",
        },
        new("touch", MarkUsed)
        {
            Arity = -2, Flags = ReadOnly | Fast, Categories = AclCategory.Keyspace, Since = "3.2.1", Group = "generic",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.ReadOnly)],
            Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
            Summary = "Marks keys as just used and counts those that exist.", Complexity = "O(n) for n keys",
        },
        new("type", Type)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "generic",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Names the type of the value at a key.", Complexity = "O(1)",
        },
        new("unlink", Unlink)
        {
            Arity = -2, Flags = Write | Fast, Categories = AclCategory.Keyspace, Since = "4.0.0", Group = "generic",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.Remove | KeySpecFlags.Delete)],
            Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
            Summary = "Deletes keys, leaving the work of freeing large values for later.", Complexity = "O(n) for n keys, however large their values",
        },
    ];

    /// <summary>Looks a key up for reading, in the database that a client has selected.</summary>
    internal static EntryRef LookupRead(Client client, ReadOnlySpan<byte> key) => client.Database.LookupRead(key);

    private static void Del(Client client, in ArgVector args)
    {
        var deleted = 0;
        for (var i = 1; i < args.Count; i++)
        {
            if (client.Database.Delete(args[i])) deleted += CountDeleted(client, args[i]);
        }

        client.Reply.Integer(deleted);
    }

    private static void Unlink(Client client, in ArgVector args)
    {
        var deleted = 0;
        for (var i = 1; i < args.Count; i++)
        {
            if (client.Database.Unlink(args[i])) deleted += CountDeleted(client, args[i]);
        }

        client.Reply.Integer(deleted);
    }

    private static int CountDeleted(Client client, ReadOnlySpan<byte> key)
    {
        client.Server.Observer.Notify(NotifyClasses.Generic, "del"u8, client.Database, key);
        return 1;
    }

    private static void Exists(Client client, in ArgVector args) => CountExisting(client, args, Touch.No);

    // Touches even for a client with NO-TOUCH: that is what it is called for.
    private static void MarkUsed(Client client, in ArgVector args)
    {
        client.Server.Keyspace.Touching = Touch.Yes;
        CountExisting(client, args, Touch.Yes);
    }

    private static void CountExisting(Client client, in ArgVector args, Touch touch)
    {
        var found = 0;
        for (var i = 1; i < args.Count; i++)
        {
            if (client.Database.LookupRead(args[i], touch).Exists) found++;
        }

        client.Reply.Integer(found);
    }

    private static void Type(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupRead(args[1], Touch.No);
        client.Reply.SimpleString(entry.Exists ? entry.TypeName : "none"u8);
    }
}
