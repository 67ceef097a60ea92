using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// When single fields of a hash expire.
//
//     HEXPIRE key seconds [NX | XX | GT | LT] FIELDS count field ...      a reply for each field: -2 no such field, 0 condition not met, 1 set,
//                                                                         2 deleted, since the time has passed
//     HTTL key FIELDS count field ...                                     -2 no such field, -1 it does not expire, or the time
//     HPERSIST key FIELDS count field ...                                 -2, -1, or 1
//
// A missing key is a hash without fields.

/// <summary>The HEXPIRE and HTTL families and HPERSIST.</summary>
internal static class HashExpiryCommands
{
    private const long NoSuchField = -2;
    private const long NoExpiry = -1;
    private const long Refused = 0;
    private const long Done = 1;
    private const long Deleted = 2;

    internal static readonly CommandSpec[] Table =
    [
        Setting("hexpire", HExpire, "Lets fields of a hash expire after so many seconds."),
        Setting("hpexpire", HPExpire, "Lets fields of a hash expire after so many milliseconds."),
        Setting("hexpireat", HExpireAt, "Lets fields of a hash expire at a Unix time in seconds."),
        Setting("hpexpireat", HPExpireAt, "Lets fields of a hash expire at a Unix time in milliseconds."),
        Asking("httl", HTtl, "Tells how many seconds fields of a hash have left.", "nondeterministic_output"),
        Asking("hpttl", HPTtl, "Tells how many milliseconds fields of a hash have left.", "nondeterministic_output"),
        Asking("hexpiretime", HExpireTime, "Tells the Unix times in seconds at which fields of a hash expire."),
        Asking("hpexpiretime", HPExpireTime, "Tells the Unix times in milliseconds at which fields of a hash expire."),
        new("hpersist", HPersist)
        {
            Arity = -5, Flags = Write | Fast, Categories = AclCategory.Hash, Since = "7.4.0", Group = "hash",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Lets fields of a hash stay for good that would have expired.", Complexity = "O(n) for n fields",
        },
    ];

    private enum Condition
    {
        None,
        HasNone,
        HasOne,
        IsLater,
        IsEarlier,
    }

    private static CommandSpec Setting(string name, CommandHandler handler, string summary) => new(name, handler)
    {
        Arity = -6, Flags = Write | DenyOom | Fast, Categories = AclCategory.Hash, Since = "7.4.0", Group = "hash",
        Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
        Summary = summary, Complexity = "O(n) for n fields",
    };

    private static CommandSpec Asking(string name, CommandHandler handler, string summary, params string[] tips) => new(name, handler)
    {
        Arity = -5, Flags = ReadOnly | Fast, Categories = AclCategory.Hash, Since = "7.4.0", Group = "hash", Tips = tips,
        Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
        Summary = summary, Complexity = "O(n) for n fields",
    };

    private static void HExpire(Client client, in ArgVector args) => SetExpiry(client, args, ExpiryUnit.Seconds, "hexpire");

    private static void HPExpire(Client client, in ArgVector args) => SetExpiry(client, args, ExpiryUnit.Milliseconds, "hpexpire");

    private static void HExpireAt(Client client, in ArgVector args) => SetExpiry(client, args, ExpiryUnit.UnixSeconds, "hexpireat");

    private static void HPExpireAt(Client client, in ArgVector args) => SetExpiry(client, args, ExpiryUnit.UnixMilliseconds, "hpexpireat");

    private static void SetExpiry(Client client, in ArgVector args, ExpiryUnit unit, string command)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        if (!FieldExpiryTime.TryParseOrReply(client, args[2], unit, command, out var unixMs)) return;
        var condition = ConditionOf(args[3]);
        var fieldsAt = condition == Condition.None ? 3 : 4;
        if (!HashFieldList.TryTakeOrReply(client, args, fieldsAt, HashFieldList.NoPositiveParameter, out var fields)) return;
        client.Reply.ArrayHeader(fields.Count);
        var set = 0;
        var deleted = 0;
        for (var i = 0; i < fields.Count; i++)
        {
            var outcome = SetExpiry(client, args[1], ref hash, fields[i], unixMs, condition);
            client.Reply.Integer(outcome);
            if (outcome == Done) set++;
            else if (outcome == Deleted) deleted++;
        }

        if (set > 0) Propagate(client, args, unixMs);
        if (set > 0) CollectionKeys.NotifyOnly(client, "hexpire"u8, hash);
        if (deleted > 0) CollectionKeys.Notify(client, "hdel"u8, hash);
    }

    // The condition holds for the same fields where the data is the same.
    private static void Propagate(Client client, in ArgVector args, long unixMs)
    {
        var effect = client.Propagation.Instead(args.Count).Argument("HPEXPIREAT"u8).Argument(args[1]).Argument(unixMs);
        for (var i = 3; i < args.Count; i++) effect.Argument(args[i]);
    }

    private static long SetExpiry(Client client, ReadOnlySpan<byte> key, ref HashRef hash, scoped ReadOnlySpan<byte> field, long unixMs, Condition condition)
    {
        if (!hash.TryGetExpiry(field, out var old)) return NoSuchField;
        if (!IsMet(condition, old, unixMs)) return Refused;
        if (client.IsPast(unixMs))
        {
            client.Propagation.Instead(3).Argument("HDEL"u8).Argument(key).Argument(field);
            hash.Delete(field);
            return Deleted;
        }

        hash.SetExpiry(field, unixMs);
        return Done;
    }

    // A field that does not expire counts as one that does so at the end of time.
    private static bool IsMet(Condition condition, long old, long unixMs) => condition switch
    {
        Condition.HasNone => old == NoExpiry,
        Condition.HasOne => old != NoExpiry,
        Condition.IsLater => old != NoExpiry && unixMs > old,
        Condition.IsEarlier => old == NoExpiry || unixMs < old,
        _ => true,
    };

    private static Condition ConditionOf(ReadOnlySpan<byte> word)
    {
        if (word.Is("nx"u8)) return Condition.HasNone;
        if (word.Is("xx"u8)) return Condition.HasOne;
        if (word.Is("gt"u8)) return Condition.IsLater;
        return word.Is("lt"u8) ? Condition.IsEarlier : Condition.None;
    }

    private static void HTtl(Client client, in ArgVector args) => ReplyTimes(client, args, ExpiryUnit.Seconds);

    private static void HPTtl(Client client, in ArgVector args) => ReplyTimes(client, args, ExpiryUnit.Milliseconds);

    private static void HExpireTime(Client client, in ArgVector args) => ReplyTimes(client, args, ExpiryUnit.UnixSeconds);

    private static void HPExpireTime(Client client, in ArgVector args) => ReplyTimes(client, args, ExpiryUnit.UnixMilliseconds);

    private static void ReplyTimes(Client client, in ArgVector args, ExpiryUnit unit)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) return;
        if (!HashFieldList.TryTakeOrReply(client, args, 2, HashFieldList.NoPositiveNumber, out var fields)) return;
        var from = unit is ExpiryUnit.Seconds or ExpiryUnit.Milliseconds ? client.Server.Clock.NowMs : 0;
        client.Reply.ArrayHeader(fields.Count);
        for (var i = 0; i < fields.Count; i++)
        {
            if (!hash.TryGetExpiry(fields[i], out var unixMs)) client.Reply.Integer(NoSuchField);
            else if (unixMs == NoExpiry) client.Reply.Integer(NoExpiry);
            else if (unit is ExpiryUnit.Seconds or ExpiryUnit.UnixSeconds) client.Reply.Integer((unixMs - from + 999) / 1000);
            else client.Reply.Integer(unixMs - from);
        }
    }

    private static void HPersist(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out HashRef hash)) return;
        if (!HashFieldList.TryTakeOrReply(client, args, 2, HashFieldList.NoPositiveNumber, out var fields)) return;
        client.Reply.ArrayHeader(fields.Count);
        var persisted = 0;
        for (var i = 0; i < fields.Count; i++)
        {
            if (!hash.TryGetExpiry(fields[i], out var unixMs))
            {
                client.Reply.Integer(NoSuchField);
                continue;
            }

            client.Reply.Integer(unixMs == NoExpiry ? NoExpiry : Done);
            if (unixMs == NoExpiry) continue;
            hash.ClearExpiry(fields[i]);
            persisted++;
        }

        if (persisted > 0) CollectionKeys.NotifyOnly(client, "hpersist"u8, hash);
    }
}
