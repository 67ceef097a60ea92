using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// HGETDEL key FIELDS count field ...
// HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS count field ...
// HSETEX key [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS count field value ...
//
// A time that has passed deletes the fields: HGETEX replies them for the last time, HSETEX sets them for nobody to see.

/// <summary>The commands that read or set fields and their expiry, or delete them, in one go.</summary>
internal static class HashFieldCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("hgetdel", HGetDel)
        {
            Arity = -5, Flags = Write | Fast, Categories = AclCategory.Hash, Since = "8.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete)],
            Summary = "Returns the values of fields of a hash and takes the fields away.", Complexity = "O(n) for n fields",
        },
        new("hgetex", HGetEx)
        {
            Arity = -5, Flags = Write | Fast, Categories = AclCategory.Hash, Since = "8.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update)],
            Summary = "Returns the values of fields of a hash and sets or takes away their expiry.", Complexity = "O(n) for n fields",
        },
        new("hsetex", HSetEx)
        {
            Arity = -6, Flags = Write | DenyOom | Fast, Categories = AclCategory.Hash, Since = "8.0.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Sets fields of a hash with an expiry, with conditions.", Complexity = "O(n) for n fields",
        },
    ];

    private enum Condition
    {
        Always,
        IfNoneExists,
        IfAllExist,
    }

    private static void HGetDel(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        if (!HashFieldList.TryTakeOrReply(client, args, 2, HashFieldList.NoPositiveNumber, out var fields)) return;
        client.Reply.ArrayHeader(fields.Count);
        var deleted = 0;
        for (var i = 0; i < fields.Count; i++)
        {
            if (!TryReplyValue(client, hash, fields[i])) continue;
            client.Propagation.Instead(3).Argument("HDEL"u8).Argument(args[1]).Argument(fields[i]);
            hash.Delete(fields[i]);
            deleted++;
        }

        if (deleted > 0) CollectionKeys.Notify(client, "hdel"u8, hash);
    }

    private static void HGetEx(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        if (!TryOptionsOrReply(client, args, "hgetex", ExpiryUnit.Persist, out var expiry, out _, out var at)) return;
        if (!HashFieldList.TryTakeOrReply(client, args, at, HashFieldList.NoPositiveNumber, out var fields)) return;
        if (!expiry.TryResolveUnixMsOrReply(client, args, "hgetex", out var unixMs)) return;
        var isPast = expiry.ValueIndex != 0 && client.IsPast(unixMs);
        client.Reply.ArrayHeader(fields.Count);
        var changed = 0;
        for (var i = 0; i < fields.Count; i++)
        {
            if (!TryReplyValue(client, hash, fields[i])) continue;
            if (isPast) Delete(client, ref hash, args[1], fields[i]);
            else if (expiry.ValueIndex != 0) hash.SetExpiry(fields[i], unixMs);
            else if (expiry.Unit != ExpiryUnit.Persist || !hash.TryGetExpiry(fields[i], out var old) || old < 0) continue;
            else hash.ClearExpiry(fields[i]);
            changed++;
        }

        if (changed == 0) return;
        if (!isPast) PropagateExpiry(client, args[1], fields, expiry.ValueIndex != 0 ? unixMs : null);
        if (isPast) CollectionKeys.Notify(client, "hdel"u8, hash);
        else CollectionKeys.NotifyOnly(client, expiry.Unit == ExpiryUnit.Persist ? "hpersist"u8 : "hexpire"u8, hash);
    }

    private static void HSetEx(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        if (!TryOptionsOrReply(client, args, "hsetex", ExpiryUnit.Keep, out var expiry, out var condition, out var at)) return;
        if (!HashFieldList.TryTakeOrReply(client, args, at, HashFieldList.NoPositiveNumber, out var fields, stride: 2)) return;
        if (!expiry.TryResolveOrReply(client, args, "hsetex", out _) || !expiry.TryResolveUnixMsOrReply(client, args, "hsetex", out var unixMs)) return;
        if (!IsMet(condition, hash, fields))
        {
            client.Reply.Integer(0);
            return;
        }

        Set(client, ref hash, args[1], fields, expiry, unixMs);
        client.Reply.Integer(1);
    }

    private static void Set(Client client, ref HashRef hash, ReadOnlySpan<byte> key, scoped HashFieldList fields, ExpiryArgument expiry, long unixMs)
    {
        var isPast = expiry.ValueIndex != 0 && client.IsPast(unixMs);
        for (var i = 0; i < fields.Count; i++)
        {
            hash.Set(fields[i], fields.ValueOf(i), expiry.Unit == ExpiryUnit.Keep ? Expiry.Keep : Expiry.None);
            if (!isPast && expiry.ValueIndex != 0) hash.SetExpiry(fields[i], unixMs);
        }

        CollectionKeys.NotifyOnly(client, "hset"u8, hash);
        if (!isPast && expiry.ValueIndex != 0)
        {
            PropagateSet(client, key, fields, unixMs);
            CollectionKeys.NotifyOnly(client, "hexpire"u8, hash);
        }

        if (!isPast) return;
        for (var i = 0; i < fields.Count; i++) Delete(client, ref hash, key, fields[i]);
        CollectionKeys.Notify(client, "hdel"u8, hash);
    }

    private static void Delete(Client client, ref HashRef hash, ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> field)
    {
        client.Propagation.Instead(3).Argument("HDEL"u8).Argument(key).Argument(field);
        hash.Delete(field);
    }

    private static void PropagateExpiry(Client client, ReadOnlySpan<byte> key, HashFieldList fields, long? unixMs)
    {
        var effect = unixMs is { } time
            ? client.Propagation.Instead(5 + fields.Count).Argument("HPEXPIREAT"u8).Argument(key).Argument(time)
            : client.Propagation.Instead(4 + fields.Count).Argument("HPERSIST"u8).Argument(key);
        effect.Argument("FIELDS"u8).Argument(fields.Count);
        for (var i = 0; i < fields.Count; i++) effect.Argument(fields[i]);
    }

    private static void PropagateSet(Client client, ReadOnlySpan<byte> key, HashFieldList fields, long unixMs)
    {
        var effect = client.Propagation.Instead(6 + (2 * fields.Count)).Argument("HSETEX"u8).Argument(key).Argument("PXAT"u8).Argument(unixMs);
        effect.Argument("FIELDS"u8).Argument(fields.Count);
        for (var i = 0; i < fields.Count; i++) effect.Argument(fields[i]).Argument(fields.ValueOf(i));
    }

    private static bool IsMet(Condition condition, HashRef hash, HashFieldList fields)
    {
        for (var i = 0; condition != Condition.Always && i < fields.Count; i++)
        {
            if (hash.Contains(fields[i]) != (condition == Condition.IfAllExist)) return false;
        }

        return true;
    }

    private static bool TryReplyValue(Client client, HashRef hash, ReadOnlySpan<byte> field)
    {
        if (hash.TryGet(field, out var value))
        {
            client.Reply.Element(value);
            return true;
        }

        client.Reply.Null();
        return false;
    }

    // What stands before FIELDS, in any order.
    private static bool TryOptionsOrReply(
        Client client, in ArgVector args, string command, ExpiryUnit word, out ExpiryArgument expiry, out Condition condition, out int at)
    {
        expiry = default;
        condition = Condition.Always;
        for (at = 2; at < args.Count && !args[at].Is("fields"u8); at++)
        {
            if (command == "hsetex" && condition == Condition.Always && TryCondition(args[at], out condition)) continue;
            if (args[at].Is(word == ExpiryUnit.Keep ? "keepttl"u8 : "persist"u8) && expiry.TryTakeWord(word)) continue;
            if (expiry.TryTake(args, ref at)) continue;
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        return true;
    }

    private static bool TryCondition(ReadOnlySpan<byte> word, out Condition condition)
    {
        condition = word.Is("fnx"u8) ? Condition.IfNoneExists : word.Is("fxx"u8) ? Condition.IfAllExist : Condition.Always;
        return condition != Condition.Always;
    }
}
