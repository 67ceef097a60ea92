using KestrelFree.Protocol;
using KestrelFree.Server.Config;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>DUMP and RESTORE: a key's value as bytes that another server takes.</summary>
internal static class DumpCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("dump", Dump)
        {
            Arity = 2, Flags = ReadOnly, Categories = AclCategory.Keyspace, Since = "2.6.0", Group = "generic",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)], Tips = ["nondeterministic_output"],
            Summary = "Returns the value at a key in the format of snapshot files.", Complexity = "O(n) for n bytes of the value",
        },
        new("restore", Restore)
        {
            Arity = -4, Flags = Write | DenyOom, Categories = AclCategory.Keyspace | AclCategory.Dangerous, Since = "2.6.0", Group = "generic",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update)],
            Summary = "Creates a key out of what DUMP returned.", Complexity = "O(n) for n bytes of the value",
        },
        new("restore-asking", Restore)
        {
            Arity = -4, Flags = Write | DenyOom | Asking, Categories = AclCategory.Keyspace | AclCategory.Dangerous, Since = "3.0.0", Group = "server",
            Keys = [KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update)],
            Summary = "Is RESTORE for a slot that is being imported; cluster nodes send it to each other.", Complexity = "O(n) for n bytes of the value",
        },
    ];

    private const long NotGiven = -1;

    private struct Options
    {
        internal bool Replace;
        internal bool AbsoluteTtl;
        internal long IdleSeconds = NotGiven;
        internal long Frequency = NotGiven;

        public Options()
        {
        }
    }

    private static void Dump(Client client, in ArgVector args)
    {
        var entry = KeyCommands.LookupRead(client, args[1]);
        var compression = client.Server.Config.RdbCompression ? RdbCompression.Lzf : RdbCompression.None;
        if (!entry.Exists) client.Reply.Null();
        else if (client.Server.Dumps.TryWrite(entry, compression, out var payload)) client.Reply.Bulk(payload);
        else client.Reply.Error("ERR this type cannot be dumped yet"u8);
    }

    private static void Restore(Client client, in ArgVector args)
    {
        if (!TryParseOrReply(client, args, out var options)) return;
        var entry = client.Database.LookupWrite(args[1]);
        if (entry.Exists && !options.Replace) client.Reply.Error(SharedReplies.BusyKey);
        else if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var ttl)) return;
        else if (ttl < 0) client.Reply.Error("ERR Invalid TTL value, must be >= 0"u8);
        else if (!IsIntact(client.Server, args[3])) client.Reply.Error("ERR DUMP payload version or checksum are wrong"u8);
        else if (!TryStore(client, args, ref entry, options, ttl)) client.Reply.Error("ERR Bad data format"u8);
        else client.Reply.Ok();
    }

    private static bool IsIntact(RedisServer server, ReadOnlySpan<byte> payload) =>
        server.Loader.SkipsChecksums ? DumpPayload.HasKnownVersion(payload) : DumpPayload.IsIntact(payload);

    private static bool TryParseOrReply(Client client, in ArgVector args, out Options options)
    {
        options = new Options();
        for (var i = 4; i < args.Count; i++)
        {
            var hasValue = i + 1 < args.Count;
            if (args[i].Is("replace"u8))
            {
                options.Replace = true;
            }
            else if (args[i].Is("absttl"u8))
            {
                options.AbsoluteTtl = true;
            }
            else if (args[i].Is("idletime"u8) && hasValue && options.Frequency == NotGiven)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out options.IdleSeconds)) return false;
                if (options.IdleSeconds < 0) return Refuse(client, "ERR Invalid IDLETIME value, must be >= 0"u8);
            }
            else if (args[i].Is("freq"u8) && hasValue && options.IdleSeconds == NotGiven)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out options.Frequency)) return false;
                if (options.Frequency is < 0 or > byte.MaxValue) return Refuse(client, "ERR Invalid FREQ value, must be >= 0 and <= 255"u8);
            }
            else
            {
                return Refuse(client, SharedReplies.SyntaxError);
            }
        }

        return true;
    }

    private static bool Refuse(Client client, ReadOnlySpan<byte> error)
    {
        client.Reply.Error(error);
        return false;
    }

    // What is loaded comes from ourselves, not from clients, and some users are trusted.
    private static PayloadCheck CheckFor(Client client) => client.Server.Config.SanitizeDumpPayload switch
    {
        SanitizeDumpPayload.Yes => PayloadCheck.Deep,
        SanitizeDumpPayload.Clients when !client.Server.Loader.IsLoading && !client.User.SkipsSanitizing => PayloadCheck.Deep,
        _ => PayloadCheck.Shallow,
    };

    // False when the payload's value is corrupt: then nothing has changed.
    private static bool TryStore(Client client, in ArgVector args, ref EntryRef entry, in Options options, long ttl)
    {
        var payload = args[3];
        var loading = new RdbLoading(client.Database, CheckFor(client));
        var now = client.Server.Clock.NowMs;

        // A sum beyond the end of time wraps into the past, and the key is as good as expired: as in Redis.
        var expiresMs = ttl == 0 || options.AbsoluteTtl ? ttl : unchecked(ttl + now);
        var isPast = ttl != 0 && client.IsPast(expiresMs);
        try
        {
            if (isPast) DumpPayload.Check(payload, loading);
            else DumpPayload.Restore(payload, ref entry, ttl == 0 ? Expiry.None : Expiry.At(expiresMs), loading);
        }
        catch (RdbException error)
        {
            client.Server.Log.Warning($"Internal error in RDB reading offset {error.Offset} -> RESTORE refused: {error.Message}");
            return false;
        }

        if (isPast) DeleteOld(client, ref entry);
        else Finish(client, ref entry, options);
        if (!isPast && ttl != 0 && !options.AbsoluteTtl) Propagate(client, args, expiresMs);
        return true;
    }

    private static void Propagate(Client client, in ArgVector args, long expiresMs)
    {
        var effect = client.Propagation.Instead(args.Count + 1);
        for (var i = 0; i < args.Count; i++)
        {
            if (i == 2) effect.Argument(expiresMs);
            else effect.Argument(args[i]);
        }

        effect.Argument("ABSTTL"u8);
    }

    private static void DeleteOld(Client client, ref EntryRef entry)
    {
        var key = entry.Key;
        if (!entry.Delete()) return;
        client.PropagateDeletion(key);
        StringCommands.NotifyGeneric(client, "del"u8, key);
    }

    private static void Finish(Client client, ref EntryRef entry, in Options options)
    {
        if (options.IdleSeconds != NotGiven) entry.SetIdle(options.IdleSeconds);
        else if (options.Frequency != NotGiven) entry.SetFrequency((int)options.Frequency);
        else entry.SetUnused();
        StringCommands.NotifyGeneric(client, "restore"u8, entry.Key);
    }
}
