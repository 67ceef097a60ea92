using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>The commands on hashes; those on the expiry of fields are in <see cref="HashExpiryCommands"/>.</summary>
internal static class HashCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("hdel", HDel)
        {
            Arity = -3, Flags = Write | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Summary = "Takes fields out of a hash, and the hash with its last one.", Complexity = "O(n) for n fields",
        },
        new("hexists", HExists)
        {
            Arity = 3, Flags = ReadOnly | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Tells whether a hash has a field.", Complexity = "O(1)",
        },
        new("hget", HGet)
        {
            Arity = 3, Flags = ReadOnly | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns the value of a field of a hash.", Complexity = "O(1)",
        },
        new("hgetall", HGetAll)
        {
            Arity = 2, Flags = ReadOnly, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output_order"],
            Summary = "Returns all fields of a hash with their values.", Complexity = "O(n) for n fields of the hash",
        },
        new("hincrby", HIncrBy)
        {
            Arity = 4, Flags = Write | DenyOom | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update)],
            Summary = "Adds a number to the integer in a field of a hash, 0 when it is missing.", Complexity = "O(1)",
        },
        new("hincrbyfloat", HIncrByFloat)
        {
            Arity = 4, Flags = Write | DenyOom | Fast, Categories = AclCategory.Hash, Since = "2.6.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update)],
            Summary = "Adds a floating-point number to the one in a field of a hash, 0 when it is missing.", Complexity = "O(1)",
        },
        new("hkeys", HKeys)
        {
            Arity = 2, Flags = ReadOnly, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output_order"],
            Summary = "Returns the names of all fields of a hash.", Complexity = "O(n) for n fields of the hash",
        },
        new("hlen", HLen)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Counts the fields of a hash.", Complexity = "O(1)",
        },
        new("hmget", HMGet)
        {
            Arity = -3, Flags = ReadOnly | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns the values of several fields of a hash.", Complexity = "O(n) for n fields",
        },
        new("hmset", HMSet)
        {
            Arity = -4, Flags = Write | DenyOom | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Sets several fields of a hash.", Complexity = "O(n) for n fields",
        },
        new("hrandfield", HashRandom.HRandField)
        {
            Arity = -2, Flags = ReadOnly, Categories = AclCategory.Hash, Since = "6.2.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output"],
            Summary = "Returns fields of a hash drawn at random.", Complexity = "O(n) for n fields returned, or at most the fields of the hash",
        },
        new("hscan", CollectionScan.HScan)
        {
            Arity = -3, Flags = ReadOnly, Categories = AclCategory.Hash, Since = "2.8.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output"],
            Summary = "Lists the fields of a hash in portions.", Complexity = "O(n) for a portion of n fields",
        },
        new("hset", HSet)
        {
            Arity = -4, Flags = Write | DenyOom | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Sets fields of a hash and tells how many are new.", Complexity = "O(n) for n fields",
        },
        new("hsetnx", HSetNx)
        {
            Arity = 4, Flags = Write | DenyOom | Fast, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Insert)],
            Summary = "Sets a field of a hash unless it exists.", Complexity = "O(1)",
        },
        new("hstrlen", HStrLen)
        {
            Arity = 3, Flags = ReadOnly | Fast, Categories = AclCategory.Hash, Since = "3.2.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Returns the length of the value in a field of a hash.", Complexity = "O(1)",
        },
        new("hvals", HVals)
        {
            Arity = 2, Flags = ReadOnly, Categories = AclCategory.Hash, Since = "2.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output_order"],
            Summary = "Returns the values of all fields of a hash.", Complexity = "O(n) for n fields of the hash",
        },
    ];

    private static void HSet(Client client, in ArgVector args)
    {
        if (TrySetAllOrReply(client, args, "hset", out var added)) client.Reply.Integer(added);
    }

    private static void HMSet(Client client, in ArgVector args)
    {
        if (TrySetAllOrReply(client, args, "hmset", out _)) client.Reply.Ok();
    }

    private static bool TrySetAllOrReply(Client client, in ArgVector args, string command, out int added)
    {
        added = 0;
        if (args.Count % 2 == 1)
        {
            client.Reply.Error($"ERR wrong number of arguments for '{command}' command");
            return false;
        }

        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return false;
        added = hash.SetAll(args, 2);
        CollectionKeys.Notify(client, "hset"u8, hash);
        return true;
    }

    private static void HSetNx(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        if (hash.Contains(args[2]))
        {
            client.Reply.Integer(0);
            return;
        }

        hash.Set(args[2], args[3]);
        client.Reply.Integer(1);
        CollectionKeys.Notify(client, "hset"u8, hash);
    }

    private static void HGet(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) ReplyValue(client, hash, args[2]);
    }

    private static void HMGet(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) return;
        client.Reply.ArrayHeader(args.Count - 2);
        for (var i = 2; i < args.Count; i++) ReplyValue(client, hash, args[i]);
    }

    private static void ReplyValue(Client client, HashRef hash, ReadOnlySpan<byte> field)
    {
        if (hash.TryGet(field, out var value)) client.Reply.Element(value);
        else client.Reply.Null();
    }

    private static void HDel(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        var deleted = 0;
        for (var i = 2; i < args.Count; i++)
        {
            if (hash.Delete(args[i])) deleted++;
        }

        if (deleted > 0) CollectionKeys.Notify(client, "hdel"u8, hash);
        client.Reply.Integer(deleted);
    }

    private static void HExists(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) client.Reply.Integer(hash.Contains(args[2]) ? 1 : 0);
    }

    private static void HLen(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) client.Reply.Integer(hash.Count);
    }

    private static void HStrLen(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash))
            client.Reply.Integer(hash.TryGet(args[2], out var value) ? value.TextLength : 0);
    }

    private static void HGetAll(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) return;
        client.Reply.MapHeader(hash.CountLive());
        for (var fields = hash.Fields; fields.MoveNext();)
        {
            client.Reply.Element(fields.Field);
            client.Reply.Element(fields.Value);
        }
    }

    private static void HKeys(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) return;
        client.Reply.ArrayHeader(hash.CountLive());
        for (var fields = hash.Fields; fields.MoveNext();) client.Reply.Element(fields.Field);
    }

    private static void HVals(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) return;
        client.Reply.ArrayHeader(hash.CountLive());
        for (var fields = hash.Fields; fields.MoveNext();) client.Reply.Element(fields.Value);
    }

    private static void HIncrBy(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[3], out var increment) || !CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        var value = 0L;
        if (hash.TryGet(args[2], out var old) && !old.TryGetInteger(out value))
        {
            client.Reply.Error("ERR hash value is not an integer"u8);
            return;
        }

        if (!Increments.TryAddOrReply(client, value, increment, out var sum)) return;
        Span<byte> text = stackalloc byte[Numbers.MaxIntegerBytes];
        hash.Set(args[2], text[..Numbers.FormatInteger(text, sum)], Expiry.Keep);
        client.Reply.Integer(sum);
        CollectionKeys.Notify(client, "hincrby"u8, hash);
    }

    private static void HIncrByFloat(Client client, in ArgVector args)
    {
        Span<byte> scratch = stackalloc byte[ExtendedDouble.MaxFormattedBytes];
        if (!TryIncrementOrReply(client, args[3], out var increment) || !CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        var value = ExtendedDouble.From(0);
        if (hash.TryGet(args[2], out var old) && !ExtendedDouble.TryParse(old.GetText(scratch), out value))
        {
            client.Reply.Error("ERR hash value is not a float"u8);
            return;
        }

        if (!Increments.TryAddOrReply(client, value, increment, out var sum)) return;
        var text = scratch[..sum.FormatHuman(scratch)];
        hash.Set(args[2], text, Expiry.Keep);
        PropagateValue(client, hash, args[1], args[2], text);
        client.Reply.Bulk(text);
        CollectionKeys.Notify(client, "hincrbyfloat"u8, hash);
    }

    // HSET would take the field's expiry away.
    private static void PropagateValue(Client client, HashRef hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        if (!client.Propagation.IsGathering) return;
        var expires = hash.TryGetExpiry(field, out var unixMs) && unixMs >= 0;
        var effect = expires
            ? client.Propagation.Instead(7).Argument("HSETEX"u8).Argument(key).Argument("KEEPTTL"u8).Argument("FIELDS"u8).Argument(1)
            : client.Propagation.Instead(4).Argument("HSET"u8).Argument(key);
        effect.Argument(field).Argument(value);
    }

    private static bool TryIncrementOrReply(Client client, ReadOnlySpan<byte> argument, out ExtendedDouble increment)
    {
        if (!ExtendedDouble.TryParse(argument, out increment)) client.Reply.Error(SharedReplies.NotAFloat);
        else if (!increment.IsFinite) client.Reply.Error("ERR value is NaN or Infinity"u8);
        else return true;
        return false;
    }
}
