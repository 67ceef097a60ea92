using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>GET, MGET, MSET and their relatives, which read and write whole strings; SET with its options is in <see cref="SetCommand"/>.</summary>
internal static class StringCommands
{
    private const KeySpecFlags Read = KeySpecFlags.ReadOnly | KeySpecFlags.Access;

    internal static readonly CommandSpec[] Table =
    [
        new("get", Get)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.One(1, Read)],
            Summary = "Returns the string at a key.", Complexity = "O(1)",
        },
        new("getdel", GetDel)
        {
            Arity = 2, Flags = Write | Fast, Categories = AclCategory.String, Since = "6.2.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Delete)],
            Summary = "Returns the string at a key and deletes the key.", Complexity = "O(1)",
        },
        new("getex", GetEx)
        {
            Arity = -2, Flags = Write | Fast, Categories = AclCategory.String, Since = "6.2.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update)],
            Summary = "Returns the string at a key and sets or takes away its expiry.", Complexity = "O(1)",
        },
        new("getset", GetSet)
        {
            Arity = 3, Flags = Write | DenyOom | Fast, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update)],
            Summary = "Sets a key to a string and returns the one that it held.", Complexity = "O(1)",
        },
        new("mget", MGet)
        {
            Arity = -2, Flags = ReadOnly | Fast, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.AllFrom(1, Read)], Tips = ["request_policy:multi_shard"],
            Summary = "Returns the strings at several keys in one reply.", Complexity = "O(n) for n keys",
        },
        new("mset", MSet)
        {
            Arity = -3, Flags = Write | DenyOom, Categories = AclCategory.String, Since = "1.0.1", Group = "string",
            Keys = [KeySpec.EveryFrom(1, 2, KeySpecFlags.Overwrite | KeySpecFlags.Update)],
            Tips = ["request_policy:multi_shard", "response_policy:all_succeeded"],
            Summary = "Sets several keys at once.", Complexity = "O(n) for n keys",
        },
        new("msetnx", MSetNx)
        {
            Arity = -3, Flags = Write | DenyOom, Categories = AclCategory.String, Since = "1.0.1", Group = "string",
            Keys = [KeySpec.EveryFrom(1, 2, KeySpecFlags.Overwrite | KeySpecFlags.Insert)],
            Summary = "Sets several keys at once, unless one of them exists.", Complexity = "O(n) for n keys",
        },
        new("psetex", PSetEx)
        {
            Arity = 4, Flags = Write | DenyOom, Categories = AclCategory.String, Since = "2.6.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update)],
            Summary = "Sets a key with an expiry in milliseconds.", Complexity = "O(1)",
        },
        SetCommand.Spec,
        new("setex", SetEx)
        {
            Arity = 4, Flags = Write | DenyOom, Categories = AclCategory.String, Since = "2.0.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update)],
            Summary = "Sets a key with an expiry in seconds.", Complexity = "O(1)",
        },
        new("setnx", SetNx)
        {
            Arity = 3, Flags = Write | DenyOom | Fast, Categories = AclCategory.String, Since = "1.0.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Insert)],
            Summary = "Sets a key unless it exists.", Complexity = "O(1)",
        },
    ];

    /// <inheritdoc cref="KeyCommands.LookupRead"/>
    internal static EntryRef LookupRead(Client client, ReadOnlySpan<byte> key) => KeyCommands.LookupRead(client, key);

    /// <summary>Replies a string, or nil for a missing key; a key of another type is an error and gives false.</summary>
    internal static bool ReplyString(Client client, EntryRef entry)
    {
        if (!IsStringOrReply(client, entry)) return false;
        if (!entry.Exists) client.Reply.Null();
        else ReplyExisting(client, entry);
        return true;
    }

    /// <summary>True for a string and for a missing key; otherwise Redis's error has been replied.</summary>
    internal static bool IsStringOrReply(Client client, EntryRef entry)
    {
        if (!entry.Exists || entry.Type == DataType.String) return true;
        client.Reply.Error(SharedReplies.WrongType);
        return false;
    }

    private static void Get(Client client, in ArgVector args) => ReplyString(client, LookupRead(client, args[1]));

    private static void MGet(Client client, in ArgVector args)
    {
        client.Reply.ArrayHeader(args.Count - 1);
        for (var i = 1; i < args.Count; i++)
        {
            var entry = LookupRead(client, args[i]);
            if (!entry.Exists || entry.Type != DataType.String) client.Reply.Null();
            else ReplyExisting(client, entry);
        }
    }

    private static void GetSet(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupWrite(args[1]);
        entry.CountRead();
        if (!ReplyString(client, entry)) return;
        entry.SetString(args[2], Expiry.None);
        client.Propagation.Instead(3).Argument("SET"u8).Argument(args[1]).Argument(args[2]);
        NotifySet(client, args[1]);
    }

    private static void GetDel(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupWrite(args[1]);
        entry.CountRead();
        if (!ReplyString(client, entry) || !entry.Exists) return;
        entry.Delete();
        client.Propagation.Instead(2).Argument("DEL"u8).Argument(args[1]);
        NotifyGeneric(client, "del"u8, args[1]);
    }

    private static void GetEx(Client client, in ArgVector args)
    {
        var options = default(ExpiryArgument);
        for (var i = 2; i < args.Count; i++)
        {
            if ((args[i].Is("persist"u8) && options.TryTakeWord(ExpiryUnit.Persist)) || options.TryTake(args, ref i)) continue;
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        var entry = client.Database.LookupWrite(args[1]);
        entry.CountRead();
        if (!IsStringOrReply(client, entry)) return;
        if (!entry.Exists) client.Reply.Null();
        else if (options.TryResolveUnixMsOrReply(client, args, "getex", out var unixMs))
        {
            ReplyExisting(client, entry);
            if (options.Unit != ExpiryUnit.None) ChangeExpiry(client, entry, options.Unit, unixMs);
        }
    }

    private static void ChangeExpiry(Client client, EntryRef entry, ExpiryUnit unit, long unixMs)
    {
        var key = entry.Key;
        if (unit == ExpiryUnit.Persist)
        {
            if (!entry.ClearExpiry()) return;
            client.Propagation.Instead(2).Argument("PERSIST"u8).Argument(key);
            NotifyGeneric(client, "persist"u8, key);
        }
        else if (!client.IsPast(unixMs))
        {
            entry.SetExpiry(unixMs);
            client.Propagation.Instead(3).Argument("PEXPIREAT"u8).Argument(key).Argument(unixMs);
            NotifyGeneric(client, "expire"u8, key);
        }
        else
        {
            entry.Delete();
            client.PropagateDeletion(key);
            NotifyGeneric(client, "del"u8, key);
        }
    }

    private static void MSet(Client client, in ArgVector args)
    {
        if (!IsPairedOrReply(client, args, "mset")) return;
        SetPairs(client, args);
        client.Reply.Ok();
    }

    private static void MSetNx(Client client, in ArgVector args)
    {
        if (!IsPairedOrReply(client, args, "msetnx")) return;
        for (var i = 1; i < args.Count; i += 2)
        {
            if (!client.Database.LookupWrite(args[i]).Exists) continue;
            client.Reply.Integer(0);
            return;
        }

        SetPairs(client, args);
        client.Reply.Integer(1);
    }

    private static void SetPairs(Client client, in ArgVector args)
    {
        for (var i = 1; i < args.Count; i += 2)
        {
            client.Database.SetString(args[i], args[i + 1]);
            NotifySet(client, args[i]);
        }
    }

    private static void SetNx(Client client, in ArgVector args)
    {
        var entry = client.Database.LookupWrite(args[1]);
        if (entry.Exists)
        {
            client.Reply.Integer(0);
            return;
        }

        entry.SetString(args[2], Expiry.None);
        NotifySet(client, args[1]);
        client.Reply.Integer(1);
    }

    private static void SetEx(Client client, in ArgVector args) => SetWithExpiry(client, args, ExpiryUnit.Seconds, "setex");

    private static void PSetEx(Client client, in ArgVector args) => SetWithExpiry(client, args, ExpiryUnit.Milliseconds, "psetex");

    private static void SetWithExpiry(Client client, in ArgVector args, ExpiryUnit unit, string command)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var value)) return;
        if (!ExpiryArgument.TryUnixMs(client, unit, value, out var unixMs))
        {
            client.Reply.Error($"ERR invalid expire time in '{command}' command");
            return;
        }

        client.Database.SetString(args[1], args[3], Expiry.At(unixMs));
        client.Propagation.Instead(5).Argument("SET"u8).Argument(args[1]).Argument(args[3]).Argument("PXAT"u8).Argument(unixMs);
        NotifySet(client, args[1]);
        NotifyGeneric(client, "expire"u8, args[1]);
        client.Reply.Ok();
    }

    /// <summary>Tells of a string that was set.</summary>
    internal static void NotifySet(Client client, ReadOnlySpan<byte> key) =>
        client.Server.Observer.Notify(NotifyClasses.String, "set"u8, client.Database, key);

    /// <summary>Tells of an event of the class that all types share.</summary>
    internal static void NotifyGeneric(Client client, ReadOnlySpan<byte> what, ReadOnlySpan<byte> key) =>
        client.Server.Observer.Notify(NotifyClasses.Generic, what, client.Database, key);

    private static bool IsPairedOrReply(Client client, in ArgVector args, string command)
    {
        if (args.Count % 2 == 1) return true;
        client.Reply.Error($"ERR wrong number of arguments for '{command}' command");
        return false;
    }

    private static void ReplyExisting(Client client, EntryRef entry)
    {
        if (entry.TryGetInteger(out var number)) client.Reply.BulkInteger(number);
        else client.Reply.Bulk(entry.StringBytes);
    }
}
