using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>Consumer groups: making and unmaking them and their consumers, and acknowledging what they have read.</summary>
internal static class StreamGroupCommands
{
    private const int MostCreateArguments = 8;

    internal static readonly CommandSpec[] Table =
    [
        new("xack", XAck)
        {
            Arity = -4, Flags = Write | Fast, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Acknowledges entries, which a consumer group then has pending no more.", Complexity = "O(1) for an entry",
        },
        new("xgroup",
        [
            Subcommand("create", Create, -5, "5.0.0", Write | DenyOom, KeySpecFlags.Insert, "Makes a consumer group."),
            Subcommand("createconsumer", CreateConsumer, 5, "6.2.0", Write | DenyOom, KeySpecFlags.Insert, "Makes a consumer of a group."),
            Subcommand("delconsumer", DelConsumer, 5, "5.0.0", Write, KeySpecFlags.Delete, "Takes a consumer away, with all that it has pending."),
            Subcommand("destroy", Destroy, 4, "5.0.0", Write, KeySpecFlags.Delete, "Takes a consumer group away."),
            new("help", Help)
            {
                Arity = 2, Flags = Loading | Stale, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
                Summary = "Lists the subcommands.", Complexity = "O(1)",
            },
            Subcommand("setid", SetId, -5, "5.0.0", Write, KeySpecFlags.Update, "Says up to where a consumer group has read."),
        ])
        {
            Arity = -2, Since = "5.0.0", Group = "stream", Summary = "A container for commands on consumer groups.",
        },
    ];

    /// <summary>Replies that there is no such key or group.</summary>
    internal static void RefuseKeyOrGroup(Client client, ReadOnlySpan<byte> key, ReadOnlySpan<byte> group, string where = "") =>
        client.Reply.Error(Encoding.Latin1.GetBytes(
            $"NOGROUP No such key '{Encoding.Latin1.GetString(key)}' or consumer group '{Encoding.Latin1.GetString(group)}'{where}"));

    /// <summary>Replies that there is no such group in a stream.</summary>
    internal static void RefuseGroup(Client client, ReadOnlySpan<byte> key, ReadOnlySpan<byte> group) =>
        client.Reply.Error(Encoding.Latin1.GetBytes(
            $"NOGROUP No such consumer group '{Encoding.Latin1.GetString(group)}' for key name '{Encoding.Latin1.GetString(key)}'"));

    /// <summary>Finds or makes a consumer for a command that acts for it, and notes that it was heard of.</summary>
    internal static Consumer Hear(Client client, ReadOnlySpan<byte> key, ref StreamRef stream, ConsumerGroup group, ReadOnlySpan<byte> name)
    {
        var now = client.Server.Clock.NowMs;
        var consumer = group.GetOrAddConsumer(name, now, out var added);
        consumer.SeenMs = now;
        if (!added) return consumer;
        stream.SignalChanged();
        StreamCommands.Notify(client, "xgroup-createconsumer"u8, key);
        StreamEffects.PropagateConsumer(client, key, group, consumer);
        return consumer;
    }

    private static CommandSpec Subcommand(
        string name, CommandHandler handler, int arity, string since, CommandFlags flags, KeySpecFlags effect, string summary) => new(name, handler)
        {
            Arity = arity, Flags = flags, Categories = AclCategory.Stream, Since = since, Group = "stream",
            Keys = [KeySpec.One(2, KeySpecFlags.ReadWrite | effect)],
            Summary = summary, Complexity = "O(1)",
        };

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "XGROUP",
        "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
        "    Make a group that has read up to an id; MKSTREAM makes a missing stream.",
        "CREATECONSUMER <key> <group> <consumer>",
        "    Make a consumer.",
        "DELCONSUMER <key> <group> <consumer>",
        "    Take a consumer away.",
        "DESTROY <key> <group>",
        "    Take a group away.",
        "SETID <key> <group> <id|$> [ENTRIESREAD <count>]",
        "    Say up to where a group has read.");

    private static void Create(Client client, in ArgVector args)
    {
        if (!TryOptionsOrReply(client, args, out var makesStream, out var entriesRead)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[2], out StreamRef stream)) return;
        if (!stream.Exists && !makesStream)
        {
            RefuseMissingKey(client);
            return;
        }

        if (args.Count > MostCreateArguments)
        {
            HelpReply.PointTo(client, "XGROUP", args[1]);
            return;
        }

        StreamId id;
        if (StreamIdArguments.IsSign(args[4], '$')) id = stream.Exists ? stream.Log.LastId : StreamId.Min;
        else if (!StreamIdArguments.TryStrictOrReply(client, args[4], out id)) return;
        if (stream.Exists && stream.Log.FindGroup(args[3]) is not null)
        {
            client.Reply.Error("BUSYGROUP Consumer Group name already exists"u8);
            return;
        }

        var isNew = !stream.Exists;
        var group = stream.OpenOrCreate().AddGroup(args[3]);
        group.LastId = id;
        group.EntriesRead = entriesRead;
        client.Reply.Ok();
        if (isNew) stream.SignalModified();
        else stream.SignalChanged();
        StreamCommands.Notify(client, "xgroup-create"u8, args[2]);
    }

    private static bool TryOptionsOrReply(Client client, in ArgVector args, out bool makesStream, out long entriesRead)
    {
        makesStream = false;
        entriesRead = ConsumerGroup.UnknownEntriesRead;
        for (var i = 5; i < args.Count; i++)
        {
            if (args[1].Is("create"u8) && args[i].Is("mkstream"u8))
            {
                makesStream = true;
            }
            else if (args[i].Is("entriesread"u8) && i + 1 < args.Count)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out entriesRead)) return false;
                if (entriesRead >= ConsumerGroup.UnknownEntriesRead) continue;
                client.Reply.Error("ERR value for ENTRIESREAD must be positive or -1"u8);
                return false;
            }
            else
            {
                HelpReply.PointTo(client, "XGROUP", args[1]);
                return false;
            }
        }

        return true;
    }

    private static void RefuseMissingKey(Client client) => client.Reply.Error(
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."u8);

    /// <summary>Opens a group for writing, or replies what is missing: the key or the group.</summary>
    private static bool TryGroupOrReply(Client client, in ArgVector args, out StreamRef stream, out ConsumerGroup group)
    {
        group = null!;
        if (!TryStreamOrReply(client, args, out stream)) return false;
        if (stream.Log.FindGroup(args[3]) is null)
        {
            RefuseGroup(client, args[2], args[3]);
            return false;
        }

        group = stream.OpenOrCreate().WritableGroup(args[3])!;
        return true;
    }

    private static bool TryStreamOrReply(Client client, in ArgVector args, out StreamRef stream)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[2], out stream)) return false;
        if (!stream.Exists) RefuseMissingKey(client);
        return stream.Exists;
    }

    private static void SetId(Client client, in ArgVector args)
    {
        if (!TryOptionsOrReply(client, args, out _, out var entriesRead)) return;
        if (!TryGroupOrReply(client, args, out var stream, out var group)) return;
        if (args.Count is not 5 and not 7)
        {
            HelpReply.PointTo(client, "XGROUP", args[1]);
            return;
        }

        StreamId id;
        if (StreamIdArguments.IsSign(args[4], '$')) id = stream.Log.LastId;
        else if (!StreamIdArguments.TryOrReply(client, args[4], 0, out id)) return;
        group.LastId = id;
        group.EntriesRead = entriesRead;
        client.Reply.Ok();
        stream.SignalChanged();
        StreamCommands.Notify(client, "xgroup-setid"u8, args[2]);
    }

    private static void Destroy(Client client, in ArgVector args)
    {
        if (!TryStreamOrReply(client, args, out var stream)) return;
        if (stream.Log.FindGroup(args[3]) is null)
        {
            client.Reply.Integer(0);
            return;
        }

        stream.OpenOrCreate().RemoveGroup(args[3]);
        client.Reply.Integer(1);
        stream.SignalChanged();
        StreamCommands.Notify(client, "xgroup-destroy"u8, args[2]);
        // Consumers that wait for the group must learn that it is gone.
        stream.SignalReady();
    }

    private static void CreateConsumer(Client client, in ArgVector args)
    {
        if (!TryGroupOrReply(client, args, out var stream, out var group)) return;
        group.GetOrAddConsumer(args[4], client.Server.Clock.NowMs, out var added);
        if (added)
        {
            stream.SignalChanged();
            StreamCommands.Notify(client, "xgroup-createconsumer"u8, args[2]);
        }

        client.Reply.Integer(added ? 1 : 0);
    }

    private static void DelConsumer(Client client, in ArgVector args)
    {
        if (!TryGroupOrReply(client, args, out var stream, out var group)) return;
        var pending = group.RemoveConsumer(args[4]);
        if (pending >= 0)
        {
            stream.SignalChanged();
            StreamCommands.Notify(client, "xgroup-delconsumer"u8, args[2]);
        }

        client.Reply.Integer(Math.Max(0, pending));
    }

    private static void XAck(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out StreamRef stream)) return;
        if (!stream.Exists || stream.Log.FindGroup(args[2]) is null)
        {
            client.Reply.Integer(0);
            return;
        }

        if (!StreamIdArguments.TryAllOrReply(client, args, 3, args.Count - 3, out var ids)) return;
        var group = stream.OpenOrCreate().WritableGroup(args[2])!;
        var acknowledged = 0;
        foreach (var id in ids)
        {
            if (!group.Acknowledge(id)) continue;
            acknowledged++;
            stream.SignalChanged();
        }

        client.Reply.Integer(acknowledged);
    }
}
