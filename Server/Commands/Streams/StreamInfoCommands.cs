using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>XINFO: what streams, consumer groups and consumers are made of.</summary>
internal static class StreamInfoCommands
{
    private const long DefaultCount = 10;

    internal static readonly CommandSpec[] Table =
    [
        new("xinfo",
        [
            new("consumers", Consumers)
            {
                Arity = 4, Flags = ReadOnly, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
                Keys = [KeySpec.One(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access)], Tips = ["nondeterministic_output"],
                Summary = "Lists the consumers of a group.", Complexity = "O(n) for n consumers",
            },
            new("groups", Groups)
            {
                Arity = 3, Flags = ReadOnly, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
                Keys = [KeySpec.One(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
                Summary = "Lists the consumer groups of a stream.", Complexity = "O(n) for n groups",
            },
            new("help", Help)
            {
                Arity = 2, Flags = Loading | Stale, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
                Summary = "Lists the subcommands.", Complexity = "O(1)",
            },
            new("stream", Stream)
            {
                Arity = -3, Flags = ReadOnly, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
                Keys = [KeySpec.One(2, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
                Summary = "Describes a stream, with its entries and groups if asked for all.", Complexity = "O(1), O(n) for n entries and groups of all",
            },
        ])
        {
            Arity = -2, Since = "5.0.0", Group = "stream", Summary = "A container for commands that describe streams.",
        },
    ];

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "XINFO",
        "CONSUMERS <key> <group>",
        "    List the consumers of a group.",
        "GROUPS <key>",
        "    List the groups of a stream.",
        "STREAM <key> [FULL [COUNT <count>]]",
        "    Describe a stream; FULL adds entries and what groups have pending.");

    private static bool TryOpenOrReply(Client client, ReadOnlySpan<byte> key, out StreamLog log)
    {
        log = null!;
        var entry = KeyCommands.LookupRead(client, key);
        if (!entry.Exists) client.Reply.Error(SharedReplies.NoSuchKey);
        else if (entry.Type != DataType.Stream) client.Reply.Error(SharedReplies.WrongType);
        else log = new StreamRef(entry).Log;
        return log is not null;
    }

    private static void Consumers(Client client, in ArgVector args)
    {
        if (!TryOpenOrReply(client, args[2], out var log)) return;
        if (log.FindGroup(args[3]) is not { } group)
        {
            StreamGroupCommands.RefuseGroup(client, args[2], args[3]);
            return;
        }

        var now = client.Server.Clock.NowMs;
        var reply = client.Reply;
        reply.ArrayHeader(group.ConsumerCount);
        foreach (var consumer in group.Consumers())
        {
            reply.MapHeader(4);
            Name(reply, consumer.Name);
            Number(reply, "pending"u8, consumer.PendingCount);
            Number(reply, "idle"u8, Math.Max(0, now - consumer.SeenMs));
            Number(reply, "inactive"u8, consumer.ActiveMs == -1 ? -1 : now - consumer.ActiveMs);
        }
    }

    private static void Groups(Client client, in ArgVector args)
    {
        if (!TryOpenOrReply(client, args[2], out var log)) return;
        var reply = client.Reply;
        reply.ArrayHeader(log.GroupCount);
        foreach (var group in log.Groups())
        {
            reply.MapHeader(6);
            Name(reply, group.Name);
            Number(reply, "consumers"u8, group.ConsumerCount);
            Number(reply, "pending"u8, group.PendingCount);
            Progress(reply, log, group);
        }
    }

    private static void Stream(Client client, in ArgVector args)
    {
        if (!TryOpenOrReply(client, args[2], out var log)) return;
        if (args.Count == 3)
        {
            client.Reply.MapHeader(10);
            Head(client.Reply, log);
            Ends(client.Reply, log);
            return;
        }

        var count = DefaultCount;
        if (args.Count is not 4 and not 6 || !args[3].Is("full"u8) || (args.Count == 6 && !args[4].Is("count"u8)))
        {
            HelpReply.PointTo(client, "XINFO", args[1]);
            return;
        }

        if (args.Count == 6 && !ArgumentParsing.TryIntegerOrReply(client, args[5], out count)) return;
        if (count < 0) count = DefaultCount;
        client.Reply.MapHeader(9);
        Head(client.Reply, log);
        Full(client.Reply, log, count);
    }

    private static void Head(ReplyWriter reply, StreamLog log)
    {
        Number(reply, "length"u8, log.Length);
        Number(reply, "radix-tree-keys"u8, log.NodeCount);
        Number(reply, "radix-tree-nodes"u8, log.RadixNodes);
        Id(reply, "last-generated-id"u8, log.LastId);
        Id(reply, "max-deleted-entry-id"u8, log.MaxDeletedId);
        Number(reply, "entries-added"u8, log.EntriesAdded);
        Id(reply, "recorded-first-entry-id"u8, log.FirstId);
    }

    private static void Ends(ReplyWriter reply, StreamLog log)
    {
        Number(reply, "groups"u8, log.GroupCount);
        reply.Bulk("first-entry"u8);
        End(reply, log.Read(StreamId.Min, StreamId.Max));
        reply.Bulk("last-entry"u8);
        End(reply, log.Read(StreamId.Min, StreamId.Max, StreamOrder.Backward));
    }

    private static void End(ReplyWriter reply, StreamCursor cursor)
    {
        if (cursor.MoveNext()) reply.StreamEntry(ref cursor);
        else reply.Null();
    }

    private static void Full(ReplyWriter reply, StreamLog log, long count)
    {
        reply.Bulk("entries"u8);
        reply.StreamEntries(log.Read(StreamId.Min, StreamId.Max), count);
        reply.Bulk("groups"u8);
        reply.ArrayHeader(log.GroupCount);
        foreach (var group in log.Groups())
        {
            reply.MapHeader(7);
            Name(reply, group.Name);
            Progress(reply, log, group);
            Number(reply, "pel-count"u8, group.PendingCount);
            Pending(reply, group, consumer: null, count);
            reply.Bulk("consumers"u8);
            reply.ArrayHeader(group.ConsumerCount);
            foreach (var consumer in group.Consumers()) FullConsumer(reply, group, consumer, count);
        }
    }

    private static void FullConsumer(ReplyWriter reply, ConsumerGroup group, Consumer consumer, long count)
    {
        reply.MapHeader(5);
        Name(reply, consumer.Name);
        Number(reply, "seen-time"u8, consumer.SeenMs);
        Number(reply, "active-time"u8, consumer.ActiveMs);
        Number(reply, "pel-count"u8, consumer.PendingCount);
        Pending(reply, group, consumer, count);
    }

    // Entries of one consumer do not name it.
    private static void Pending(ReplyWriter reply, ConsumerGroup group, Consumer? consumer, long count)
    {
        reply.Bulk("pending"u8);
        var length = reply.BeginDeferred();
        var entries = 0L;
        var found = group.TryPendingFrom(StreamId.Min, consumer, out var id, out var entry);
        while (found && (count == 0 || entries < count))
        {
            reply.ArrayHeader(consumer is null ? 4 : 3);
            reply.StreamId(id);
            if (consumer is null) reply.Bulk(entry.Consumer);
            reply.Integer(entry.DeliveredMs);
            reply.Integer(entry.Deliveries);
            entries++;
            found = id.TryNext(out var next) && group.TryPendingFrom(next, consumer, out id, out entry);
        }

        reply.EndDeferredArray(length, entries);
    }

    private static void Progress(ReplyWriter reply, StreamLog log, ConsumerGroup group)
    {
        Id(reply, "last-delivered-id"u8, group.LastId);
        Number(reply, "entries-read"u8, group.EntriesRead == ConsumerGroup.UnknownEntriesRead ? null : group.EntriesRead);
        Number(reply, "lag"u8, StreamProgress.Lag(log, group));
    }

    private static void Name(ReplyWriter reply, byte[] name)
    {
        reply.Bulk("name"u8);
        reply.Bulk(name);
    }

    private static void Number(ReplyWriter reply, ReadOnlySpan<byte> name, long? value)
    {
        reply.Bulk(name);
        if (value is { } number) reply.Integer(number);
        else reply.Null();
    }

    private static void Id(ReplyWriter reply, ReadOnlySpan<byte> name, StreamId id)
    {
        reply.Bulk(name);
        reply.StreamId(id);
    }
}
