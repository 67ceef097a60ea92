using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>OBJECT ENCODING, FREQ, IDLETIME and REFCOUNT: how a value is stored and when it was used.</summary>
internal static class ObjectCommands
{
    // What Redis replies for the integers that all keys share there. Nothing is shared here, but clients and tests know the number.
    private const long SharedIntegers = 10_000;
    private const long SharedReferences = int.MaxValue;

    internal static readonly CommandSpec[] Table =
    [
        new("object",
        [
            Subcommand("encoding", Encoding, "2.2.3", "Names the encoding of the value at a key."),
            Subcommand("freq", Frequency, "4.0.0", "Returns how often a key is used, on a logarithmic scale."),
            new("help", Help)
            {
                Arity = 2, Flags = Loading | Stale, Categories = AclCategory.Keyspace, Since = "6.2.0", Group = "generic",
                Summary = "Lists the subcommands.", Complexity = "O(1)",
            },
            Subcommand("idletime", IdleTime, "2.2.3", "Returns for how many seconds a key has not been used."),
            Subcommand("refcount", ReferenceCount, "2.2.3", "Returns how many keys share the value at a key."),
        ])
        {
            Arity = -2, Since = "2.2.3", Group = "generic", Summary = "A container for commands about how values are stored.", Complexity = "O(1)",
        },
    ];

    private static CommandSpec Subcommand(string name, CommandHandler handler, string since, string summary) => new(name, handler)
    {
        Arity = 3, Flags = ReadOnly, Categories = AclCategory.Keyspace, Since = since, Group = "generic", Summary = summary, Complexity = "O(1)",
        Keys = [KeySpec.One(2, KeySpecFlags.ReadOnly)], Tips = ["nondeterministic_output"],
    };

    private static bool TryFindOrReplyNull(Client client, ReadOnlySpan<byte> key, out EntryRef entry)
    {
        entry = client.Database.LookupRead(key, Touch.Unseen);
        if (!entry.Exists) client.Reply.Null();
        return entry.Exists;
    }

    private static void Encoding(Client client, in ArgVector args)
    {
        if (TryFindOrReplyNull(client, args[2], out var entry)) client.Reply.Bulk(entry.EncodingName);
    }

    private static void Frequency(Client client, in ArgVector args)
    {
        if (!TryFindOrReplyNull(client, args[2], out var entry)) return;
        if (client.Server.Keyspace.AccessPolicy == AccessPolicy.Lfu) client.Reply.Integer(entry.Frequency);
        else
        {
            client.Reply.Error(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies "u8 +
                "at runtime LRU and LFU data will take some time to adjust."u8);
        }
    }

    private static void IdleTime(Client client, in ArgVector args)
    {
        if (!TryFindOrReplyNull(client, args[2], out var entry)) return;
        if (client.Server.Keyspace.AccessPolicy != AccessPolicy.Lfu) client.Reply.Integer(entry.IdleMs / 1000);
        else
        {
            client.Reply.Error(
                "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime "u8 +
                "LRU and LFU data will take some time to adjust."u8);
        }
    }

    private static void ReferenceCount(Client client, in ArgVector args)
    {
        if (!TryFindOrReplyNull(client, args[2], out var entry)) return;
        var wouldBeShared = entry.Type == DataType.String && entry.TryGetInteger(out var value) && value is >= 0 and < SharedIntegers;
        client.Reply.Integer(wouldBeShared && !KeepsClocksPerValue(client.Server) ? SharedReferences : 1);
    }

    // Redis shares integers unless eviction needs an access clock for each.
    private static bool KeepsClocksPerValue(RedisServer server) =>
        server.Memory.IsSet
        && server.Config.MaxMemoryPolicy is Config.MaxMemoryPolicy.AllKeysLru or Config.MaxMemoryPolicy.VolatileLru
            or Config.MaxMemoryPolicy.AllKeysLfu or Config.MaxMemoryPolicy.VolatileLfu
            or Config.MaxMemoryPolicy.AllKeysLrm or Config.MaxMemoryPolicy.VolatileLrm;

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "OBJECT",
        "ENCODING <key>", "    Name the encoding of the value.",
        "FREQ <key>", "    Reply how often the key is used, as the logarithmic counter that LFU eviction goes by.",
        "IDLETIME <key>", "    Reply for how many seconds the key has not been used.",
        "REFCOUNT <key>", "    Reply how many keys share the value.");
}
