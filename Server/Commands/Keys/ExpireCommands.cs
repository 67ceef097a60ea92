using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, TTL, PTTL, EXPIRETIME, PEXPIRETIME and PERSIST: when a key goes.</summary>
internal static class ExpireCommands
{
    private const long NoSuchKey = -2;
    private const long NoExpiry = -1;

    internal static readonly CommandSpec[] Table =
    [
        Setting("expire", Expire, "1.0.0", "Lets a key expire after so many seconds."),
        Setting("pexpire", PExpire, "2.6.0", "Lets a key expire after so many milliseconds."),
        Setting("expireat", ExpireAt, "1.2.0", "Lets a key expire at a Unix time in seconds."),
        Setting("pexpireat", PExpireAt, "2.6.0", "Lets a key expire at a Unix time in milliseconds."),
        Asking("ttl", Ttl, "1.0.0", "Tells how many seconds a key has left.", "nondeterministic_output"),
        Asking("pttl", PTtl, "2.6.0", "Tells how many milliseconds a key has left.", "nondeterministic_output"),
        Asking("expiretime", ExpireTime, "7.0.0", "Tells the Unix time in seconds at which a key expires."),
        Asking("pexpiretime", PExpireTime, "7.0.0", "Tells the Unix time in milliseconds at which a key expires."),
        new("persist", Persist)
        {
            Arity = 2, Flags = Write | Fast, Categories = AclCategory.Keyspace, Since = "2.2.0", Group = "generic",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Lets a key stay for good that would have expired.", Complexity = "O(1)",
        },
    ];

    /// <summary>On which keys an expiry is set.</summary>
    [Flags]
    private enum Conditions
    {
        None = 0,
        HasNone = 1,
        HasOne = 2,
        IsLater = 4,
        IsEarlier = 8,
    }

    private static CommandSpec Setting(string name, CommandHandler handler, string since, string summary) => new(name, handler)
    {
        Arity = -3, Flags = Write | Fast, Categories = AclCategory.Keyspace, Since = since, Group = "generic",
        Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
        Summary = summary, Complexity = "O(1)",
    };

    private static CommandSpec Asking(string name, CommandHandler handler, string since, string summary, params string[] tips) => new(name, handler)
    {
        Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.Keyspace, Since = since, Group = "generic", Tips = tips,
        Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
        Summary = summary, Complexity = "O(1)",
    };

    private static void Expire(Client client, in ArgVector args) => SetExpiry(client, args, ExpiryUnit.Seconds, "expire");

    private static void PExpire(Client client, in ArgVector args) => SetExpiry(client, args, ExpiryUnit.Milliseconds, "pexpire");

    private static void ExpireAt(Client client, in ArgVector args) => SetExpiry(client, args, ExpiryUnit.UnixSeconds, "expireat");

    private static void PExpireAt(Client client, in ArgVector args) => SetExpiry(client, args, ExpiryUnit.UnixMilliseconds, "pexpireat");

    private static void SetExpiry(Client client, in ArgVector args, ExpiryUnit unit, string command)
    {
        if (!TryConditionsOrReply(client, args, out var conditions)) return;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var time)) return;
        if (!TryUnixMs(client.Server.Clock.NowMs, unit, time, out var unixMs))
        {
            client.Reply.Error($"ERR invalid expire time in '{command}' command");
            return;
        }

        var entry = client.Database.LookupWrite(args[1]);
        if (!entry.Exists || !Hold(conditions, entry.ExpiryMs, unixMs))
        {
            client.Reply.Integer(0);
            return;
        }

        Apply(client, ref entry, unixMs, args);
        client.Reply.Integer(1);
    }

    // A time that is not in the future is a deletion, and called so.
    private static void Apply(Client client, scoped ref EntryRef entry, long unixMs, in ArgVector args)
    {
        var key = args[1];
        if (client.IsPast(unixMs))
        {
            entry.Delete();
            client.PropagateDeletion(key);
            client.Server.Observer.Notify(NotifyClasses.Generic, "del"u8, client.Database, key);
            return;
        }

        entry.SetExpiry(unixMs);
        var effect = client.Propagation.Instead(args.Count).Argument("PEXPIREAT"u8).Argument(key).Argument(unixMs);
        for (var i = 3; i < args.Count; i++) effect.Argument(args[i]);
        client.Server.Observer.Notify(NotifyClasses.Generic, "expire"u8, client.Database, key);
    }

    private static bool TryConditionsOrReply(Client client, in ArgVector args, out Conditions conditions)
    {
        conditions = Conditions.None;
        for (var i = 3; i < args.Count; i++)
        {
            var condition = ConditionOf(args[i]);
            if (condition == Conditions.None)
            {
                client.Reply.Error([.. "ERR Unsupported option "u8, .. args[i]]);
                return false;
            }

            conditions |= condition;
        }

        const Conditions existing = Conditions.HasOne | Conditions.IsLater | Conditions.IsEarlier;
        const Conditions order = Conditions.IsLater | Conditions.IsEarlier;
        if ((conditions & Conditions.HasNone) != 0 && (conditions & existing) != 0)
            client.Reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible"u8);
        else if ((conditions & order) == order)
            client.Reply.Error("ERR GT and LT options at the same time are not compatible"u8);
        else
            return true;
        return false;
    }

    private static Conditions ConditionOf(ReadOnlySpan<byte> word)
    {
        if (word.Is("nx"u8)) return Conditions.HasNone;
        if (word.Is("xx"u8)) return Conditions.HasOne;
        if (word.Is("gt"u8)) return Conditions.IsLater;
        return word.Is("lt"u8) ? Conditions.IsEarlier : Conditions.None;
    }

    /// <summary>Whether a key's present expiry allows the new one. A key that does not expire is taken to expire at the end of time.</summary>
    private static bool Hold(Conditions conditions, long present, long unixMs)
    {
        var expires = present != NoExpiry;
        if ((conditions & Conditions.HasNone) != 0 && expires) return false;
        if ((conditions & Conditions.HasOne) != 0 && !expires) return false;
        if ((conditions & Conditions.IsLater) != 0 && (!expires || unixMs <= present)) return false;
        return (conditions & Conditions.IsEarlier) == 0 || !expires || unixMs < present;
    }

    // Unlike the options of SET this takes any time in the past, but none that 64 bits of milliseconds do not hold.
    private static bool TryUnixMs(long nowMs, ExpiryUnit unit, long time, out long unixMs)
    {
        unixMs = 0;
        var inSeconds = unit is ExpiryUnit.Seconds or ExpiryUnit.UnixSeconds;
        if (inSeconds && time is > long.MaxValue / 1000 or < long.MinValue / 1000) return false;
        var ms = inSeconds ? time * 1000 : time;
        var from = unit is ExpiryUnit.Seconds or ExpiryUnit.Milliseconds ? nowMs : 0;
        if (ms > long.MaxValue - from) return false;
        unixMs = ms + from;
        return true;
    }

    private static void Ttl(Client client, in ArgVector args) => client.Reply.Integer(Rounded(TimeLeft(client, args[1])));

    private static void PTtl(Client client, in ArgVector args) => client.Reply.Integer(TimeLeft(client, args[1]));

    private static void ExpireTime(Client client, in ArgVector args) => client.Reply.Integer(Rounded(ExpiryOf(client, args[1])));

    private static void PExpireTime(Client client, in ArgVector args) => client.Reply.Integer(ExpiryOf(client, args[1]));

    private static long ExpiryOf(Client client, ReadOnlySpan<byte> key)
    {
        var entry = client.Database.LookupRead(key, Touch.No);
        return entry.Exists ? entry.ExpiryMs : NoSuchKey;
    }

    private static long TimeLeft(Client client, ReadOnlySpan<byte> key)
    {
        var expiry = ExpiryOf(client, key);
        return expiry < 0 ? expiry : Math.Max(0, expiry - client.Server.Clock.NowMs);
    }

    // To the nearest second; what is not a time stays as it is.
    private static long Rounded(long ms) => ms < 0 ? ms : ms / 1000 + (ms % 1000 >= 500 ? 1 : 0);

    private static void Persist(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupWrite(args[1]);
        var changed = entry.Exists && entry.ClearExpiry();
        if (changed) client.Server.Observer.Notify(NotifyClasses.Generic, "persist"u8, client.Database, args[1]);
        client.Reply.Integer(changed ? 1 : 0);
    }
}
