using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>
/// DELEX, DIGEST and MSETEX, which Redis 8.4 brought: a delete that compares first, its digest, and an MSET with conditions and expiry.
/// </summary>
internal static class ConditionalCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("delex", DelEx)
        {
            Arity = -2, Flags = Write | Fast, Categories = AclCategory.String, Since = "8.4.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete | KeySpecFlags.VariableFlags)], KeyFinder = KeyFinders.DelEx,
            Summary = "Deletes a key, if its string or the digest of it compares as asked.",
            Complexity = "O(1), and O(n) for n bytes that are compared or digested",
        },
        new("digest", Digest)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.String, Since = "8.4.0", Group = "string",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns the XXH3 digest of a string in hexadecimal digits.", Complexity = "O(n) for n bytes",
        },
        new("msetex", MSetEx)
        {
            Arity = -4, Flags = Write | DenyOom, Categories = AclCategory.String, Since = "8.4.0", Group = "string",
            Keys = [new KeySpec { Index = 1, Find = FindKeys.KeyCount, FirstKey = 1, Step = 2, Flags = KeySpecFlags.Overwrite | KeySpecFlags.Update }],
            Summary = "Sets several keys at once, with conditions on all of them and one expiry.", Complexity = "O(n) for n keys",
        },
    ];

    private struct MSetOptions
    {
        internal bool IfMissing;
        internal bool IfExists;
        internal ExpiryArgument Expiry;
    }

    private static void Digest(Client client, in ArgVector args)
    {
        Span<byte> digits = stackalloc byte[ValueCondition.DigestDigits];
        var entry = KeyCommands.LookupRead(client, args[1]);
        if (!StringCommands.IsStringOrReply(client, entry)) return;
        if (entry.Exists) client.Reply.Bulk(ValueCondition.Digest(entry, digits));
        else client.Reply.Null();
    }

    private static void DelEx(Client client, in ArgVector args)
    {
        if (args.Count is not (2 or 4))
        {
            client.Reply.Error("ERR wrong number of arguments for 'delex' command"u8);
            return;
        }

        var entry = client.Database.LookupWrite(args[1]);
        if (!entry.Exists) client.Reply.Integer(0);
        else if (args.Count == 2) Delete(client, entry);
        else DeleteIf(client, args, entry);
    }

    private static void DeleteIf(Client client, in ArgVector args, EntryRef entry)
    {
        var condition = default(ValueCondition);
        var i = 2;
        if (entry.Type != DataType.String) client.Reply.Error("ERR Key should be of string type if conditions are specified"u8);
        else if (!condition.TryTake(args, ref i)) client.Reply.Error("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"u8);
        else if (!condition.TryJudgeOrReply(client, args, entry, out var holds)) return;
        else if (holds) Delete(client, entry);
        else client.Reply.Integer(0);
    }

    private static void Delete(Client client, EntryRef entry)
    {
        var key = entry.Key;
        entry.Delete();
        client.Propagation.Instead(2).Argument("DEL"u8).Argument(key);
        StringCommands.NotifyGeneric(client, "del"u8, key);
        client.Reply.Integer(1);
    }

    private static void MSetEx(Client client, in ArgVector args)
    {
        if (!Numbers.TryParseInteger(args[1], out var keys) || keys is <= 0 or > int.MaxValue)
        {
            client.Reply.Error("ERR invalid numkeys value"u8);
            return;
        }

        if (keys > (args.Count - 2) / 2) client.Reply.Error("ERR wrong number of key-value pairs"u8);
        else if (!TryParse(args, 2 + ((int)keys * 2), out var options)) client.Reply.Error(SharedReplies.SyntaxError);
        else if (options.Expiry.TryResolveOrReply(client, args, "msetex", out var expiry)) SetPairs(client, args, (int)keys, options, expiry);
    }

    private static bool TryParse(in ArgVector args, int first, out MSetOptions options)
    {
        options = default;
        for (var i = first; i < args.Count; i++)
        {
            if (args[i].Is("nx"u8)) options.IfMissing = true;
            else if (args[i].Is("xx"u8)) options.IfExists = true;
            else if (args[i].Is("keepttl"u8) && options.Expiry.TryTakeWord(ExpiryUnit.Keep)) continue;
            else if (!options.Expiry.TryTake(args, ref i)) return false;
        }

        return !(options.IfMissing && options.IfExists);
    }

    private static void SetPairs(Client client, in ArgVector args, int keys, in MSetOptions options, Expiry expiry)
    {
        var end = 2 + (keys * 2);
        var isConditional = options.IfMissing || options.IfExists;
        for (var i = 2; isConditional && i < end; i += 2)
        {
            if (client.Database.LookupWrite(args[i]).Exists == options.IfExists) continue;
            client.Reply.Integer(0);
            return;
        }

        for (var i = 2; i < end; i += 2)
        {
            client.Database.SetString(args[i], args[i + 1], expiry);
            StringCommands.NotifySet(client, args[i]);
            if (options.Expiry.ValueIndex != 0) StringCommands.NotifyGeneric(client, "expire"u8, args[i]);
        }

        if (options.Expiry.ValueIndex != 0) PropagatePairs(client, args, keys, client.Database.Peek(args[2]).ExpiryMs);
        client.Reply.Integer(1);
    }

    private static void PropagatePairs(Client client, in ArgVector args, int keys, long unixMs)
    {
        var pairs = keys * 2;
        var effect = client.Propagation.Instead(4 + pairs).Argument("MSETEX"u8).Argument(keys);
        for (var i = 2; i < 2 + pairs; i++) effect.Argument(args[i]);
        effect.Argument("PXAT"u8).Argument(unixMs);
    }
}
