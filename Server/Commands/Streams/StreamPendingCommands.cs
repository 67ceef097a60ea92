using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// What consumers were given and have not acknowledged: XPENDING tells of it, XCLAIM gives chosen entries to another consumer, XAUTOCLAIM those that
// nobody has touched for long. Entries that are pending but were deleted from the stream fall out of the list when either comes across them.

/// <summary>The commands on pending entries.</summary>
internal static class StreamPendingCommands
{
    // XAUTOCLAIM gives up after looking at so many entries for each that it may return.
    private const long LooksPerEntry = 10;
    private const long DefaultCount = 100;
    private const long MostCount = long.MaxValue / 16;

    internal static readonly CommandSpec[] Table =
    [
        new("xautoclaim", XAutoClaim)
        {
            Arity = -6, Flags = Write | Fast, Categories = AclCategory.Stream, Since = "6.2.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Tips = ["nondeterministic_output"],
            Summary = "Gives a consumer the entries that others have had pending for long.", Complexity = "O(1) for a small count",
        },
        new("xclaim", XClaim)
        {
            Arity = -6, Flags = Write | Fast, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Tips = ["nondeterministic_output"],
            Summary = "Gives a consumer entries that another one has pending.", Complexity = "O(log n) for an entry, n being pending",
        },
        new("xpending", XPending)
        {
            Arity = -3, Flags = ReadOnly, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output"],
            Summary = "Tells what a consumer group has pending, in all or entry by entry.", Complexity = "O(n) for n entries returned",
        },
    ];

    private enum ClaimReply
    {
        Entries,
        Ids,
    }

    private struct PendingRange
    {
        public StreamId First;
        public StreamId Last;
        public long Count;
        public long MinIdleMs;
        public int ConsumerAt;
    }

    private struct ClaimOptions
    {
        public int Ids;
        public long? DeliveredMs;
        public long Deliveries;
        public bool IsForced;
        public ClaimReply Reply;
        public StreamId LastId;
    }

    private static void XPending(Client client, in ArgVector args)
    {
        if (args.Count != 3 && args.Count is < 6 or > 9)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        var range = default(PendingRange);
        if (args.Count > 3 && !TryRangeOrReply(client, args, out range)) return;
        if (!CollectionKeys.TryReadOrReply(client, args[1], out StreamRef stream)) return;
        if (!stream.Exists || stream.Log.FindGroup(args[2]) is not { } group) StreamGroupCommands.RefuseKeyOrGroup(client, args[1], args[2]);
        else if (args.Count == 3) ReplySummary(client.Reply, group);
        else ReplyRange(client, args, group, range);
    }

    private static bool TryRangeOrReply(Client client, in ArgVector args, out PendingRange range)
    {
        range = default;
        var at = 3;
        if (args[at].Is("idle"u8))
        {
            if (!ArgumentParsing.TryIntegerOrReply(client, args[4], out range.MinIdleMs)) return false;
            if (args.Count < 8)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            at = 5;
        }

        if (!ArgumentParsing.TryIntegerOrReply(client, args[at + 2], out range.Count)) return false;
        if (at + 3 < args.Count) range.ConsumerAt = at + 3;
        return StreamIdArguments.TryStartOrReply(client, args[at], out range.First) && StreamIdArguments.TryEndOrReply(client, args[at + 1], out range.Last);
    }

    private static void ReplySummary(ReplyWriter reply, ConsumerGroup group)
    {
        reply.ArrayHeader(4);
        reply.Integer(group.PendingCount);
        if (!group.TryPendingRange(out var first, out var last))
        {
            reply.Null();
            reply.Null();
            reply.NullArray();
            return;
        }

        reply.StreamId(first);
        reply.StreamId(last);
        var length = reply.BeginDeferred();
        var consumers = 0;
        foreach (var consumer in group.Consumers())
        {
            if (consumer.PendingCount == 0) continue;
            consumers++;
            reply.ArrayHeader(2);
            reply.Bulk(consumer.Name);
            reply.BulkInteger(consumer.PendingCount);
        }

        reply.EndDeferredArray(length, consumers);
    }

    private static void ReplyRange(Client client, in ArgVector args, ConsumerGroup group, in PendingRange range)
    {
        var consumer = range.ConsumerAt == 0 ? null : group.FindConsumer(args[range.ConsumerAt]);
        if (consumer is null && range.ConsumerAt != 0)
        {
            client.Reply.EmptyArray();
            return;
        }

        var reply = client.Reply;
        var now = client.Server.Clock.NowMs;
        var length = reply.BeginDeferred();
        var entries = 0L;
        var found = group.TryPendingFrom(range.First, consumer, out var id, out var entry);
        while (found && entries < range.Count && id <= range.Last)
        {
            if (range.MinIdleMs == 0 || now - entry.DeliveredMs >= range.MinIdleMs)
            {
                entries++;
                reply.ArrayHeader(4);
                reply.StreamId(id);
                reply.Bulk(entry.Consumer);
                reply.Integer(Math.Max(0, now - entry.DeliveredMs));
                reply.Integer(entry.Deliveries);
            }

            found = id.TryNext(out var next) && group.TryPendingFrom(next, consumer, out id, out entry);
        }

        reply.EndDeferredArray(length, entries);
    }

    private static void XClaim(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out StreamRef stream)) return;
        if (!stream.Exists || stream.Log.FindGroup(args[2]) is null)
        {
            StreamGroupCommands.RefuseKeyOrGroup(client, args[1], args[2]);
            return;
        }

        if (!ArgumentParsing.TryIntegerOrReply(client, args[4], out var minIdle, "ERR Invalid min-idle-time argument for XCLAIM"u8)) return;
        if (!TryClaimOptionsOrReply(client, args, out var options)) return;
        client.Propagation.Nothing();
        var log = stream.OpenOrCreate();
        var group = log.WritableGroup(args[2])!;
        if (options.LastId > group.LastId)
        {
            group.LastId = options.LastId;
            stream.SignalChanged();
            StreamEffects.PropagateProgress(client, args[1], group);
        }

        var consumer = StreamGroupCommands.Hear(client, args[1], ref stream, group, args[3]);
        var length = client.Reply.BeginDeferred();
        var claimed = 0;
        var oldest = group.OldestDeliveryMs;
        for (var i = 0; i < options.Ids; i++)
        {
            StreamIdArguments.TryStrict(args[5 + i], out var id);
            if (TryClaim(client, ref stream, log, group, consumer, id, minIdle, options)) claimed++;
        }

        if (group.OldestDeliveryMs < oldest) client.Server.KeyWaits.SignalOlder(client.Database, args[1]);
        client.Reply.EndDeferredArray(length, claimed);
    }

    private static bool TryClaimOptionsOrReply(Client client, in ArgVector args, out ClaimOptions options)
    {
        options = new ClaimOptions { Deliveries = -1 };
        var i = 5;
        while (i < args.Count && StreamIdArguments.TryStrict(args[i], out _)) i++;
        options.Ids = i - 5;
        var now = client.Server.Clock.NowMs;
        for (; i < args.Count; i++)
        {
            var isLast = i + 1 == args.Count;
            if (args[i].Is("force"u8)) options.IsForced = true;
            else if (args[i].Is("justid"u8)) options.Reply = ClaimReply.Ids;
            else if (args[i].Is("idle"u8) && !isLast)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out var idle, "ERR Invalid IDLE option argument for XCLAIM"u8)) return false;
                options.DeliveredMs = unchecked(now - idle);
            }
            else if (args[i].Is("time"u8) && !isLast)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out var time, "ERR Invalid TIME option argument for XCLAIM"u8)) return false;
                options.DeliveredMs = time;
            }
            else if (args[i].Is("retrycount"u8) && !isLast)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out options.Deliveries, "ERR Invalid RETRYCOUNT option argument for XCLAIM"u8)) return false;
            }
            else if (args[i].Is("lastid"u8) && !isLast)
            {
                if (!StreamIdArguments.TryStrictOrReply(client, args[++i], out options.LastId)) return false;
            }
            else
            {
                client.Reply.Error(Encoding.Latin1.GetBytes($"ERR Unrecognized XCLAIM option '{Encoding.Latin1.GetString(args[i])}'"));
                return false;
            }
        }

        // A time that cannot be is taken for a clock that differs from ours, and the entry counts as delivered now.
        if (options.DeliveredMs is not { } delivered || delivered < 0 || delivered > now) options.DeliveredMs = now;
        return true;
    }

    private static bool TryClaim(
        Client client, ref StreamRef stream, StreamLog log, ConsumerGroup group, Consumer consumer, StreamId id, long minIdle, in ClaimOptions options)
    {
        var isPending = group.TryGetPending(id, out var entry);
        if (!log.Contains(id))
        {
            if (isPending) Forget(client, ref stream, group, id);
            return false;
        }

        var now = client.Server.Clock.NowMs;
        if (!isPending && !options.IsForced) return false;
        if (isPending && minIdle > 0 && now - entry.DeliveredMs < minIdle) return false;

        // An entry that FORCE makes pending counts as delivered once before.
        var deliveries = isPending ? entry.Deliveries : 1;
        if (options.Deliveries >= 0) deliveries = options.Deliveries;
        else if (options.Reply == ClaimReply.Entries) deliveries++;
        group.Deliver(id, consumer, options.DeliveredMs!.Value, deliveries);
        consumer.ActiveMs = now;
        stream.SignalChanged();
        StreamEffects.PropagatePending(client, stream.Key, group, id);
        Reply(client.Reply, log, id, options.Reply);
        return true;
    }

    /// <summary>Takes an entry that is no longer in the stream out of what is pending.</summary>
    internal static void Forget(Client client, ref StreamRef stream, ConsumerGroup group, StreamId id)
    {
        group.Acknowledge(id);
        stream.SignalChanged();
        StreamEffects.PropagateAcknowledged(client, stream.Key, group, id);
    }

    private static void Reply(ReplyWriter reply, StreamLog log, StreamId id, ClaimReply form)
    {
        if (form == ClaimReply.Ids) reply.StreamId(id);
        else reply.TryStreamEntry(log, id);
    }

    private static void XAutoClaim(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[4], out var minIdle, "ERR Invalid min-idle-time argument for XAUTOCLAIM"u8)) return;
        if (!StreamIdArguments.TryStartOrReply(client, args[5], out var start)) return;
        if (!TryAutoClaimOptionsOrReply(client, args, out var count, out var form)) return;
        if (!CollectionKeys.TryReadOrReply(client, args[1], out StreamRef stream)) return;
        if (!stream.Exists || stream.Log.FindGroup(args[2]) is null)
        {
            StreamGroupCommands.RefuseKeyOrGroup(client, args[1], args[2]);
            return;
        }

        client.Propagation.Nothing();
        var log = stream.OpenOrCreate();
        var group = log.WritableGroup(args[2])!;
        var consumer = StreamGroupCommands.Hear(client, args[1], ref stream, group, args[3]);
        var claimed = new List<StreamId>();
        var deleted = new List<StreamId>();
        var end = ClaimIdle(client, ref stream, group, consumer, start, minIdle, count, form, claimed, deleted);
        client.Reply.ArrayHeader(3);
        client.Reply.StreamId(end);
        client.Reply.ArrayHeader(claimed.Count);
        foreach (var id in claimed) Reply(client.Reply, log, id, form);
        client.Reply.ArrayHeader(deleted.Count);
        foreach (var id in deleted) client.Reply.StreamId(id);
    }

    private static bool TryAutoClaimOptionsOrReply(Client client, in ArgVector args, out long count, out ClaimReply form)
    {
        count = DefaultCount;
        form = ClaimReply.Entries;
        for (var i = 6; i < args.Count; i++)
        {
            if (args[i].Is("count"u8) && i + 1 < args.Count)
            {
                if (Numbers.TryParseInteger(args[++i], out count) && count is >= 1 and <= MostCount) continue;
                client.Reply.Error("ERR COUNT must be > 0"u8);
                return false;
            }

            if (!args[i].Is("justid"u8))
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            form = ClaimReply.Ids;
        }

        return true;
    }

    /// <summary>Claims what has been idle, and forgets what is deleted; returns the id to go on from, or the least when all was seen.</summary>
    private static StreamId ClaimIdle(
        Client client,
        ref StreamRef stream,
        ConsumerGroup group,
        Consumer consumer,
        StreamId start,
        long minIdle,
        long count,
        ClaimReply form,
        List<StreamId> claimed,
        List<StreamId> deleted)
    {
        var now = client.Server.Clock.NowMs;
        var found = group.TryPendingFrom(start, null, out var id, out var entry);
        for (var looks = count * LooksPerEntry; found && looks > 0 && claimed.Count + deleted.Count < count; looks--)
        {
            if (!stream.Log.Contains(id))
            {
                Forget(client, ref stream, group, id);
                deleted.Add(id);
            }
            else if (minIdle <= 0 || now - entry.DeliveredMs >= minIdle)
            {
                group.Deliver(id, consumer, now, entry.Deliveries + (form == ClaimReply.Entries ? 1 : 0));
                consumer.ActiveMs = now;
                stream.SignalChanged();
                StreamEffects.PropagatePending(client, stream.Key, group, id);
                claimed.Add(id);
            }

            found = id.TryNext(out var next) && group.TryPendingFrom(next, null, out id, out entry);
        }

        return found ? id : StreamId.Min;
    }
}
