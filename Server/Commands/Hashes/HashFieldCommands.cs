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
        var unit = args[2].Is("persist"u8) ? ExpiryUnit.Persist : ExpiryArgument.UnitOf(args[2]);
        var unixMs = 0L;
        var isTimed = unit is not (ExpiryUnit.None or ExpiryUnit.Persist);
        if (isTimed && !FieldExpiryTime.TryParseOrReply(client, args[3], unit, "hgetex", out unixMs)) return;
        var fieldsAt = isTimed ? 4 : unit == ExpiryUnit.Persist ? 3 : 2;
        if (!HashFieldList.TryTakeOrReply(client, args, fieldsAt, HashFieldList.NoPositiveNumber, out var fields)) return;
        var isPast = isTimed && client.IsPast(unixMs);
        client.Reply.ArrayHeader(fields.Count);
        var changed = 0;
        for (var i = 0; i < fields.Count; i++)
        {
            if (!TryReplyValue(client, hash, fields[i])) continue;
            if (isPast) Delete(client, ref hash, args[1], fields[i]);
            else if (isTimed) hash.SetExpiry(fields[i], unixMs);
            else if (unit != ExpiryUnit.Persist || !hash.TryGetExpiry(fields[i], out var old) || old < 0) continue;
            else hash.ClearExpiry(fields[i]);
            changed++;
        }

        if (changed == 0) return;
        if (!isPast) PropagateExpiry(client, args[1], fields, isTimed ? unixMs : null);
        if (isPast) CollectionKeys.Notify(client, "hdel"u8, hash);
        else CollectionKeys.NotifyOnly(client, unit == ExpiryUnit.Persist ? "hpersist"u8 : "hexpire"u8, hash);
    }

    // The arguments are judged before the key is looked at.
    private static void HSetEx(Client client, in ArgVector args)
    {
        if (!SetOptions.TryParseOrReply(client, args, out var options) || !HashFieldList.TryTakePairsOrReply(client, args, options.FieldsAt, out var fields)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        if (!IsMet(options.Condition, hash, fields))
        {
            client.Reply.Integer(0);
            return;
        }

        Set(client, ref hash, args[1], fields, options);
        client.Reply.Integer(1);
    }

    private static void Set(Client client, ref HashRef hash, ReadOnlySpan<byte> key, scoped HashFieldList fields, in SetOptions options)
    {
        var isPast = options.IsTimed && client.IsPast(options.UnixMs);
        for (var i = 0; i < fields.Count; i++)
        {
            hash.Set(fields[i], fields.ValueOf(i), options.Unit == ExpiryUnit.Keep ? Expiry.Keep : Expiry.None);
            if (!isPast && options.IsTimed) hash.SetExpiry(fields[i], options.UnixMs);
        }

        CollectionKeys.NotifyOnly(client, "hset"u8, hash);
        if (!isPast && options.IsTimed)
        {
            PropagateSet(client, key, fields, options.UnixMs);
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

    private static Condition ConditionOf(ReadOnlySpan<byte> word) =>
        word.Is("fnx"u8) ? Condition.IfNoneExists : word.Is("fxx"u8) ? Condition.IfAllExist : Condition.Always;

    /// <summary>What stands before FIELDS in HSETEX, in any order.</summary>
    private struct SetOptions
    {
        internal Condition Condition { get; private set; }

        internal ExpiryUnit Unit { get; private set; }

        internal long UnixMs { get; private set; }

        /// <summary>Where FIELDS stands.</summary>
        internal int FieldsAt { get; private set; }

        /// <summary>Whether a time is given.</summary>
        internal readonly bool IsTimed => Unit is not (ExpiryUnit.None or ExpiryUnit.Keep);

        internal static bool TryParseOrReply(Client client, in ArgVector args, out SetOptions options)
        {
            options = default;
            var at = 2;
            for (; at < args.Count && !args[at].Is("fields"u8); at++)
            {
                var condition = ConditionOf(args[at]);
                var unit = args[at].Is("keepttl"u8) ? ExpiryUnit.Keep : ExpiryArgument.UnitOf(args[at]);
                if (condition == Condition.Always && unit == ExpiryUnit.None)
                {
                    client.Reply.Error([.. "ERR unknown argument: "u8, .. args[at]]);
                    return false;
                }

                var taken = condition != Condition.Always ? options.TryTakeOrReply(client, condition) : options.TryTakeOrReply(client, args, ref at, unit);
                if (!taken) return false;
            }

            options.FieldsAt = at;
            return true;
        }

        private bool TryTakeOrReply(Client client, Condition condition)
        {
            if (Condition == Condition.Always)
            {
                Condition = condition;
                return true;
            }

            client.Reply.Error("ERR Only one of FXX or FNX arguments can be specified"u8);
            return false;
        }

        private bool TryTakeOrReply(Client client, in ArgVector args, ref int at, ExpiryUnit unit)
        {
            if (Unit != ExpiryUnit.None)
            {
                client.Reply.Error("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"u8);
                return false;
            }

            Unit = unit;
            if (unit == ExpiryUnit.Keep) return true;
            if (++at == args.Count)
            {
                client.Reply.Error("ERR missing expire time"u8);
                return false;
            }

            if (!FieldExpiryTime.TryParseOrReply(client, args[at], unit, "hsetex", out var unixMs)) return false;
            UnixMs = unixMs;
            return true;
        }
    }
}
