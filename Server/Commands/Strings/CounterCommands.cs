using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>INCR, DECR, INCRBY, DECRBY and INCRBYFLOAT: numbers kept in strings.</summary>
internal static class CounterCommands
{
    private const KeySpecFlags Change = KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update;

    internal static readonly CommandSpec[] Table =
    [
        new("decr", Decr)
        {
            Arity = 2, Flags = Write | DenyOom | Fast, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.One(1, Change)],
            Summary = "Subtracts one from the integer at a key, 0 when it is missing.", Complexity = "O(1)",
        },
        new("decrby", DecrBy)
        {
            Arity = 3, Flags = Write | DenyOom | Fast, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.One(1, Change)],
            Summary = "Subtracts a number from the integer at a key, 0 when it is missing.", Complexity = "O(1)",
        },
        new("incr", Incr)
        {
            Arity = 2, Flags = Write | DenyOom | Fast, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.One(1, Change)],
            Summary = "Adds one to the integer at a key, 0 when it is missing.", Complexity = "O(1)",
        },
        new("incrby", IncrBy)
        {
            Arity = 3, Flags = Write | DenyOom | Fast, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.One(1, Change)],
            Summary = "Adds a number to the integer at a key, 0 when it is missing.", Complexity = "O(1)",
        },
        new("incrbyfloat", IncrByFloat)
        {
            Arity = 3, Flags = Write | DenyOom | Fast, Categories = AclCategory.String, Since = "2.6.0", Group = "string",
            Keys = [KeySpec.One(1, Change)],
            Summary = "Adds a floating-point number to the one at a key, 0 when it is missing.", Complexity = "O(1)",
        },
    ];

    private static void Incr(Client client, in ArgVector args) => Add(client, args[1], 1);

    private static void Decr(Client client, in ArgVector args) => Add(client, args[1], -1);

    private static void IncrBy(Client client, in ArgVector args)
    {
        if (ArgumentParsing.TryIntegerOrReply(client, args[2], out var increment)) Add(client, args[1], increment);
    }

    private static void DecrBy(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var decrement)) return;
        if (decrement == long.MinValue) client.Reply.Error("ERR decrement would overflow"u8);
        else Add(client, args[1], -decrement);
    }

    private static void Add(Client client, ReadOnlySpan<byte> key, long increment)
    {
        var entry = client.Database.LookupWrite(key);
        if (!TryGetIntegerOrReply(client, entry, out var value)) return;
        if (!Increments.TryAddOrReply(client, value, increment, out var sum)) return;
        entry.SetInteger(sum);
        client.Server.Observer.Notify(NotifyClasses.String, "incrby"u8, client.Database, key);
        client.Reply.Integer(sum);
    }

    private static bool TryGetIntegerOrReply(Client client, EntryRef entry, out long value)
    {
        value = 0;
        if (!entry.Exists) return true;
        if (!StringCommands.IsStringOrReply(client, entry)) return false;
        if (entry.TryGetInteger(out value)) return true;
        return ArgumentParsing.TryIntegerOrReply(client, entry.StringBytes, out value);
    }

    private static void IncrByFloat(Client client, in ArgVector args)
    {
        Span<byte> scratch = stackalloc byte[ExtendedDouble.MaxFormattedBytes];
        scoped var entry = client.Database.LookupWrite(args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        var value = ExtendedDouble.From(0);
        if ((entry.Exists && !ExtendedDouble.TryParse(entry.GetString(scratch), out value)) || !ExtendedDouble.TryParse(args[2], out var increment))
        {
            client.Reply.Error(SharedReplies.NotAFloat);
            return;
        }

        if (!Increments.TryAddOrReply(client, value, increment, out var sum)) return;
        var text = scratch[..sum.FormatHuman(scratch)];
        entry.SetString(text, Expiry.Keep, StringForm.Text);
        client.Propagation.Instead(4).Argument("SET"u8).Argument(args[1]).Argument(text).Argument("KEEPTTL"u8);
        client.Server.Observer.Notify(NotifyClasses.String, "incrbyfloat"u8, client.Database, args[1]);
        client.Reply.Bulk(text);
    }
}
