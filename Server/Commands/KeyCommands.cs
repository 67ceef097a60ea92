using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>DEL, EXISTS and TYPE: commands on keys whatever they hold.</summary>
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
        new("type", Type)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "generic",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Names the type of the value at a key.", Complexity = "O(1)",
        },
    ];

    private static void Del(Client client, in ArgVector args)
    {
        var deleted = 0;
        for (var i = 1; i < args.Count; i++)
        {
            if (client.Database.Delete(args[i])) deleted++;
        }

        client.Reply.Integer(deleted);
    }

    private static void Exists(Client client, in ArgVector args)
    {
        var found = 0;
        for (var i = 1; i < args.Count; i++)
        {
            if (client.Database.LookupRead(args[i], Touch.No).Exists) found++;
        }

        client.Reply.Integer(found);
    }

    private static void Type(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupRead(args[1], Touch.No);
        client.Reply.SimpleString(entry.Exists ? entry.TypeName : "none"u8);
    }
}
