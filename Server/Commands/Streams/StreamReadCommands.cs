using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// XREAD and XREADGROUP: the entries of several streams behind an id each, waiting for some if there are none.
//
// Both run twice at most: a blocked client's request runs again from the start when one of its keys has changed (KeyWaits). "$" stands for the
// last id as of the first run, so the request that waits has ids in its place.
//
// XREADGROUP reads either what nobody of the group has been given (">"), which it then owes an acknowledgement for unless NOACK, or what the
// consumer itself has pending. With CLAIM it takes over what others have had pending for too long before it reads what is new, and while it waits it is
// woken when the next of those is due. How much both reply is told in ReadBudget.

/// <summary>Reading the entries behind an id.</summary>
internal static class StreamReadCommands
{
    private const int IdsOnStack = 16;
    private const long NoBlocking = -1;

    // The id that stands for ">": no entry can be behind it.
    private static StreamId Undelivered => StreamId.Max;

    internal static readonly CommandSpec[] Table =
    [
        new("xread", XRead)
        {
            Arity = -4, Flags = ReadOnly | CommandFlags.Blocking, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [StreamKeys(1)],
            Summary = "Returns the entries of streams behind given ids, and waits for them if asked to.", Complexity = "O(n) for n entries returned",
        },
        new("xreadgroup", XReadGroup)
        {
            Arity = -7, Flags = Write | CommandFlags.Blocking, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [StreamKeys(4)],
            Summary = "Returns entries that nobody of a consumer group has got, or what a consumer has pending.", Complexity = "O(n) for n entries returned",
        },
    ];

    private enum Reader
    {
        Client,
        Consumer,
    }

    private struct ReadOptions
    {
        public long TimeoutMs;
        public long Count;
        public long MaxCount;
        public long MaxSize;
        public int FirstKey;
        public int Keys;
        public int GroupAt;
        public bool NoAck;
        public long? MinIdleMs;
    }

    private static KeySpec StreamKeys(int startFrom) => new()
    {
        Begin = BeginSearch.Keyword, Keyword = "STREAMS", Index = startFrom, LastKey = -1, Limit = 2, Flags = KeySpecFlags.ReadOnly | KeySpecFlags.Access,
    };

    private static void XRead(Client client, in ArgVector args) => Read(client, args, Reader.Client);

    private static void XReadGroup(Client client, in ArgVector args) => Read(client, args, Reader.Consumer);

    private static void Read(Client client, in ArgVector args, Reader reader)
    {
        if (!TryOptionsOrReply(client, args, reader, out var options)) return;
        var ids = options.Keys <= IdsOnStack ? stackalloc StreamId[options.Keys] : new StreamId[options.Keys];
        if (!TryIdsOrReply(client, args, options, ids)) return;
        KeepIds(client, args, options, ids);
        if (TryServe(client, args, options, ids, out var retryMs)) return;
        if (options.TimeoutMs == NoBlocking)
        {
            client.Reply.NullArray();
            return;
        }

        var wake = reader == Reader.Client ? WakeOn.Type : WakeOn.TypeOrDeletion;
        var wait = new KeyWait(DataType.Stream, TimeoutReply.NullArray, wake, options.MinIdleMs is null ? null : retryMs, ids.ToArray());
        client.Server.KeyWaits.Block(client, args, options.FirstKey, options.Keys, wait, options.TimeoutMs);
    }

    private static bool TryOptionsOrReply(Client client, in ArgVector args, Reader reader, out ReadOptions options)
    {
        options = new ReadOptions { TimeoutMs = NoBlocking };
        for (var i = 1; i < args.Count && options.FirstKey == 0; i++)
        {
            var more = args.Count - i - 1;
            if (args[i].Is("block"u8) && more > 0)
            {
                if (!ArgumentParsing.TryTimeoutMsOrReply(client, args[++i], out options.TimeoutMs)) return false;
            }
            else if (args[i].Is("count"u8) && more > 0)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out options.Count)) return false;
                options.Count = Math.Max(0, options.Count);
            }
            else if (args[i].Is("maxcount"u8) && more > 0)
            {
                if (!TryLimitOrReply(client, args[++i], out options.MaxCount, "ERR MAXCOUNT must be a positive integer"u8)) return false;
            }
            else if (args[i].Is("maxsize"u8) && more > 0)
            {
                if (!TryLimitOrReply(client, args[++i], out options.MaxSize, "ERR MAXSIZE must be a positive integer"u8)) return false;
            }
            else if (args[i].Is("streams"u8) && more > 0)
            {
                options.FirstKey = i + 1;
                options.Keys = more / 2;
                if (more % 2 != 0) return Refuse(client, Unbalanced(reader));
            }
            else if (args[i].Is("group"u8) && more >= 2)
            {
                if (reader == Reader.Client) return Refuse(client, "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."u8);
                options.GroupAt = i + 1;
                i += 2;
            }
            else if (args[i].Is("noack"u8))
            {
                if (reader == Reader.Client) return Refuse(client, "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."u8);
                options.NoAck = true;
            }
            else if (args[i].Is("claim"u8) && more > 0)
            {
                if (reader == Reader.Client) return Refuse(client, "ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead."u8);
                if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out var minIdle, "ERR min-idle-time is not an integer"u8)) return false;
                if (minIdle < 0) return Refuse(client, "ERR min-idle-time must be a positive integer"u8);
                options.MinIdleMs = minIdle;
            }
            else
            {
                return Refuse(client, SharedReplies.SyntaxError);
            }
        }

        if (options.FirstKey == 0) return Refuse(client, SharedReplies.SyntaxError);
        if (reader == Reader.Consumer && options.GroupAt == 0) return Refuse(client, "ERR Missing GROUP option for XREADGROUP"u8);
        return options.MaxCount == 0 || options.MaxCount >= options.Count || Refuse(client, "ERR MAXCOUNT must be greater than or equal to COUNT"u8);
    }

    private static bool TryLimitOrReply(Client client, ReadOnlySpan<byte> argument, out long limit, ReadOnlySpan<byte> error) =>
        ArgumentParsing.TryIntegerOrReply(client, argument, out limit) && (limit > 0 || Refuse(client, error));

    private static ReadOnlySpan<byte> Unbalanced(Reader reader) => reader == Reader.Client
        ? "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified."u8
        : "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified."u8;

    private static bool TryIdsOrReply(Client client, in ArgVector args, in ReadOptions options, Span<StreamId> ids)
    {
        for (var i = 0; i < ids.Length; i++)
        {
            var key = args[options.FirstKey + i];
            if (!CollectionKeys.TryReadOrReply(client, key, out StreamRef stream)) return false;
            if (options.GroupAt != 0 && !(stream.Exists && stream.Log.FindGroup(args[options.GroupAt]) is not null))
            {
                StreamGroupCommands.RefuseKeyOrGroup(client, key, args[options.GroupAt], " in XREADGROUP with GROUP option");
                return false;
            }

            if (!TryIdOrReply(client, args[options.FirstKey + ids.Length + i], stream, options.GroupAt != 0 ? Reader.Consumer : Reader.Client, out ids[i])) return false;
        }

        return true;
    }

    private static bool TryIdOrReply(Client client, ReadOnlySpan<byte> argument, StreamRef stream, Reader reader, out StreamId id)
    {
        id = StreamId.Min;
        var isLast = StreamIdArguments.IsSign(argument, '$');
        var isNewest = StreamIdArguments.IsSign(argument, '+');
        if (isLast || isNewest)
        {
            if (reader == Reader.Consumer) return RefuseSign(client, isLast ? '$' : '+');
            if (stream.Exists && (isLast || stream.Log.Length == 0)) id = stream.Log.LastId;
            else if (stream.Exists) stream.Log.NewestId().TryPrevious(out id);
            return true;
        }

        if (!StreamIdArguments.IsSign(argument, '>')) return StreamIdArguments.TryStrictOrReply(client, argument, out id);
        id = Undelivered;
        return reader == Reader.Consumer
            || Refuse(client, "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."u8);
    }

    /// <summary>Replies what there is; if that is nothing, says when something pending will be old enough to be claimed.</summary>
    private static bool TryServe(Client client, in ArgVector args, in ReadOptions options, Span<StreamId> ids, out long retryMs)
    {
        retryMs = long.MaxValue;
        var reply = client.Reply;
        var budget = new ReadBudget(OrUnlimited(options.Count), OrUnlimited(options.MaxCount), OrUnlimited(options.MaxSize));
        var length = default(DeferredLength);
        var served = 0;
        for (var i = 0; i < ids.Length && !budget.IsSpent(reply); i++)
        {
            var key = args[options.FirstKey + i];
            if (!CollectionKeys.TryReadOrReply(client, key, out StreamRef stream) || !stream.Exists) continue;
            budget.BeginStream();
            var reading = options.GroupAt == 0 ? default : Open(client, args, options, key, ref stream);
            var isHistory = options.GroupAt != 0 && ids[i] != Undelivered;
            var minIdle = isHistory ? null : options.MinIdleMs;
            var overdue = minIdle is { } ms ? StreamClaims.Overdue(client, ref stream, reading.Group, ms, budget.Left) : null;
            var behind = options.GroupAt == 0 || isHistory ? ids[i] : reading.Group.LastId;
            if (!isHistory && overdue is null && !HasBehind(stream.Log, behind))
            {
                if (minIdle is not null) retryMs = Math.Min(retryMs, StreamClaims.NextDueMs(reading.Group, minIdle.Value));
                continue;
            }

            if (served++ == 0)
            {
                length = reply.BeginDeferred();
                budget.BeginReply(reply);
            }

            if (reply.Version == 2) reply.ArrayHeader(2);
            reply.Bulk(key);
            behind.TryNext(out var first);
            var entries = budget.BeginEntries(reply);
            if (options.GroupAt == 0) ReplyEntries(reply, stream.Log.Read(first, StreamId.Max), ref budget);
            else if (isHistory) ReplyHistory(client, key, stream.Log, reading, first, ref budget);
            else ReplyDeliveries(client, stream, reading, overdue, first, options, ref budget);
            budget.EndEntries(reply, entries);
            if (options.GroupAt != 0) stream.SignalChanged();
        }

        if (served == 0) return false;
        if (reply.Version == 2) reply.EndDeferredArray(length, served);
        else reply.EndDeferredMap(length, served);
        return true;
    }

    private static long OrUnlimited(long limit) => limit == 0 ? ReadBudget.Unlimited : limit;

    private static bool HasBehind(StreamLog log, StreamId id) => log.LastId > id && log.NewestId() > id;

    private static (ConsumerGroup Group, Consumer Consumer) Open(
        Client client, in ArgVector args, in ReadOptions options, ReadOnlySpan<byte> key, ref StreamRef stream)
    {
        client.Propagation.Nothing();
        var group = stream.OpenOrCreate().WritableGroup(args[options.GroupAt])!;
        return (group, StreamGroupCommands.Hear(client, key, ref stream, group, args[options.GroupAt + 1]));
    }

    private static void ReplyEntries(ReplyWriter reply, StreamCursor cursor, ref ReadBudget budget)
    {
        while (budget.HasRoom(reply) && cursor.MoveNext())
        {
            reply.StreamEntry(ref cursor);
            budget.Take();
        }
    }

    /// <summary>Replies what is overdue and what is new to the group, and gives it to the consumer.</summary>
    private static void ReplyDeliveries(
        Client client,
        in StreamRef stream,
        (ConsumerGroup Group, Consumer Consumer) reading,
        List<StreamId>? overdue,
        StreamId first,
        in ReadOptions options,
        ref ReadBudget budget)
    {
        var (group, consumer) = reading;
        var oldest = group.OldestDeliveryMs;
        if (overdue is not null) StreamClaims.ReplyAndClaim(client, stream, group, consumer, overdue, ref budget);
        ReplyNew(client, stream, group, consumer, first, options, ref budget);
        if (group.OldestDeliveryMs < oldest) client.Server.KeyWaits.SignalOlder(client.Database, stream.Key);
    }

    private static void ReplyNew(
        Client client, in StreamRef stream, ConsumerGroup group, Consumer consumer, StreamId first, in ReadOptions options, ref ReadBudget budget)
    {
        var now = client.Server.Clock.NowMs;
        var anyNew = false;
        var cursor = stream.Log.Read(first, StreamId.Max);
        while (budget.HasRoom(client.Reply) && cursor.MoveNext())
        {
            stream.Log.NoteRead(group, cursor.Id);
            if (!options.NoAck)
            {
                group.Deliver(cursor.Id, consumer, now, 1);
                consumer.ActiveMs = now;
                StreamEffects.PropagatePending(client, stream.Key, group, cursor.Id);
            }

            if (options.MinIdleMs is null) client.Reply.StreamEntry(ref cursor);
            else client.Reply.StreamDelivery(ref cursor, 0, 0);
            budget.Take();
            anyNew = true;
        }

        if (anyNew) StreamEffects.PropagateProgress(client, stream.Key, group);
    }

    /// <summary>Replies what the consumer has pending, which counts as another delivery, with null for entries that are gone.</summary>
    private static void ReplyHistory(
        Client client, ReadOnlySpan<byte> key, StreamLog log, (ConsumerGroup Group, Consumer Consumer) reading, StreamId first, ref ReadBudget budget)
    {
        var now = client.Server.Clock.NowMs;
        var reply = client.Reply;
        var found = reading.Group.TryPendingFrom(first, reading.Consumer, out var id, out var entry);
        while (found && budget.HasRoom(reply))
        {
            if (reply.TryStreamEntry(log, id))
            {
                reading.Group.Deliver(id, reading.Consumer, now, entry.Deliveries + 1);
                StreamEffects.PropagatePending(client, key, reading.Group, id);
            }
            else
            {
                reply.ArrayHeader(2);
                reply.StreamId(id);
                reply.NullArray();
            }

            budget.Take();
            found = id.TryNext(out var next) && reading.Group.TryPendingFrom(next, reading.Consumer, out id, out entry);
        }
    }

    // What "$" meant when the waiting began; where entries have come since, it means something else by now.
    private static void KeepIds(Client client, in ArgVector args, in ReadOptions options, Span<StreamId> ids)
    {
        if (client.ReexecutedFrom?.Wait.Ids is not { } first) return;
        for (var i = 0; i < ids.Length; i++)
        {
            if (StreamIdArguments.IsSign(args[options.FirstKey + options.Keys + i], '$')) ids[i] = first[i];
        }
    }

    private static bool Refuse(Client client, ReadOnlySpan<byte> error)
    {
        client.Reply.Error(error);
        return false;
    }

    private static bool RefuseSign(Client client, char sign)
    {
        client.Reply.Error($"ERR The {sign} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, "
            + $"or use the > ID to get new messages. The {sign} ID would just return an empty result set.");
        return false;
    }
}
