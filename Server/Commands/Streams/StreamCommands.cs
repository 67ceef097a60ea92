using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>The commands on the entries of streams; what reads as a consumer or asks about groups has files of its own.</summary>
internal static class StreamCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("xadd", XAdd)
        {
            Arity = -5, Flags = Write | DenyOom | Fast, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Tips = ["nondeterministic_output"],
            Summary = "Appends an entry to a stream, and trims the stream if asked to.", Complexity = "O(1), and O(n) for n entries trimmed",
        },
        new("xdel", XDel)
        {
            Arity = -3, Flags = Write | Fast, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Summary = "Deletes entries of a stream.", Complexity = "O(1) for an entry",
        },
        new("xlen", XLen)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Counts the entries of a stream.", Complexity = "O(1)",
        },
        new("xrange", XRange)
        {
            Arity = -4, Flags = ReadOnly, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns the entries of a stream between two ids.", Complexity = "O(n) for n entries returned",
        },
        new("xrevrange", XRevRange)
        {
            Arity = -4, Flags = ReadOnly, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns the entries of a stream between two ids, the newest first.", Complexity = "O(n) for n entries returned",
        },
        new("xsetid", XSetId)
        {
            Arity = -3, Flags = Write | DenyOom | Fast, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Sets the last id of a stream, and what it remembers of entries that are gone.", Complexity = "O(1)",
        },
        new("xtrim", XTrim)
        {
            Arity = -4, Flags = Write, Categories = AclCategory.Stream, Since = "5.0.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Tips = ["nondeterministic_output"],
            Summary = "Deletes the oldest entries of a stream.", Complexity = "O(n) for n entries deleted",
        },
    ];

    /// <summary>Tells of what a command did to a stream.</summary>
    internal static void Notify(Client client, ReadOnlySpan<byte> what, ReadOnlySpan<byte> key) =>
        client.Server.Observer.Notify(NotifyClasses.Stream, what, client.Database, key);

    private static void XAdd(Client client, in ArgVector args)
    {
        if (!StreamAddOptions.TryParseOrReply(client, args, StreamWriter.Add, out var options)) return;
        var words = args.Count - options.IdAt - 1;
        if (words < 2 || words % 2 != 0)
        {
            client.Reply.Error("ERR wrong number of arguments for 'xadd' command"u8);
            return;
        }

        if (options.Open == StreamAddOptions.OpenId.None && options.Id == StreamId.Min)
        {
            client.Reply.Error("ERR The ID specified in XADD must be greater than 0-0"u8);
            return;
        }

        if (!CollectionKeys.TryWriteOrReply(client, args[1], out StreamRef stream)) return;
        if (!stream.Exists && options.NoMakeStream)
        {
            client.Reply.Null();
            return;
        }

        if (stream.Exists && stream.Log.LastId == StreamId.Max)
        {
            client.Reply.Error("ERR The stream has exhausted the last possible ID, unable to add more items"u8);
            return;
        }

        Append(client, args, options, ref stream);
    }

    private static void Append(Client client, in ArgVector args, in StreamAddOptions options, ref StreamRef stream)
    {
        var log = stream.OpenOrCreate();
        var outcome = AppendOutcome.NotGreater;
        if (TryChooseId(client, options, log.LastId, out var id)) outcome = log.Append(id, args.From(options.IdAt + 1), stream.Limits);
        if (outcome != AppendOutcome.Added)
        {
            client.Reply.Error(outcome == AppendOutcome.NotGreater
                ? "ERR The ID specified in XADD is equal or smaller than the target stream top item"u8
                : "ERR Elements are too large to be stored"u8);
            return;
        }

        client.Reply.StreamId(id);
        stream.SignalModified();
        Notify(client, "xadd"u8, args[1]);
        if (options.Trim is { } trim && log.Trim(trim) > 0) Notify(client, "xtrim"u8, args[1]);
        StreamEffects.PropagateAdd(client, args, options, id, log.Length);
    }

    /// <summary>The id of a new entry: the one that was given, completed; false when there is none behind the last.</summary>
    private static bool TryChooseId(Client client, in StreamAddOptions options, StreamId last, out StreamId id)
    {
        id = options.Id;
        if (options.Open == StreamAddOptions.OpenId.None) return true;
        if (options.Open == StreamAddOptions.OpenId.All) id = new StreamId((ulong)client.Server.Clock.NowMs, 0);

        // A clock that went back, or a millisecond with more than one entry, goes on from the last.
        if (options.Open == StreamAddOptions.OpenId.All && id.Ms <= last.Ms) return last.TryNext(out id);
        if (id.Ms != last.Ms) return true;
        id = last with { Seq = unchecked(last.Seq + 1) };
        return last.Seq != ulong.MaxValue;
    }

    private static void XTrim(Client client, in ArgVector args)
    {
        if (!StreamAddOptions.TryParseOrReply(client, args, StreamWriter.Trim, out var options)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out StreamRef stream)) return;
        var deleted = stream.Exists ? stream.OpenOrCreate().Trim(options.Trim!.Value) : 0;
        if (deleted > 0)
        {
            Notify(client, "xtrim"u8, args[1]);
            stream.SignalModified(deleted);
            StreamEffects.PropagateTrim(client, args[1], options.Trim!.Value.References, stream.Log.Length);
        }

        client.Reply.Integer(deleted);
    }

    private static void XDel(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out StreamRef stream)) return;
        if (!stream.Exists)
        {
            client.Reply.Integer(0);
            return;
        }

        if (!StreamIdArguments.TryAllOrReply(client, args, 2, args.Count - 2, out var ids)) return;
        var log = stream.OpenOrCreate();
        var deleted = 0;
        foreach (var id in ids)
        {
            if (log.Delete(id)) deleted++;
        }

        if (deleted > 0)
        {
            stream.SignalModified(deleted);
            Notify(client, "xdel"u8, args[1]);
        }

        client.Reply.Integer(deleted);
    }

    private static void XLen(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out StreamRef stream)) client.Reply.Integer(stream.Exists ? stream.Log.Length : 0);
    }

    private static void XRange(Client client, in ArgVector args) => Range(client, args, args[2], args[3], StreamOrder.Forward);

    private static void XRevRange(Client client, in ArgVector args) => Range(client, args, args[3], args[2], StreamOrder.Backward);

    private static void Range(Client client, in ArgVector args, ReadOnlySpan<byte> start, ReadOnlySpan<byte> end, StreamOrder order)
    {
        if (!StreamIdArguments.TryStartOrReply(client, start, out var first)) return;
        if (!StreamIdArguments.TryEndOrReply(client, end, out var last)) return;
        long? count = null;
        for (var i = 4; i < args.Count; i += 2)
        {
            if (!args[i].Is("count"u8) || i + 1 == args.Count)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return;
            }

            if (!ArgumentParsing.TryIntegerOrReply(client, args[i + 1], out var number)) return;
            count = number;
        }

        var entry = KeyCommands.LookupRead(client, args[1]);
        if (!entry.Exists) client.Reply.EmptyArray();
        else if (!CollectionKeys.TryOpenOrReply(client, entry, out StreamRef stream)) return;
        else if (count <= 0) client.Reply.NullArray();
        else client.Reply.StreamEntries(stream.Log.Read(first, last, order), count ?? 0);
    }

    private static void XSetId(Client client, in ArgVector args)
    {
        if (!StreamIdArguments.TryStrictOrReply(client, args[2], out var id)) return;
        if (!TrySetIdOptionsOrReply(client, args, id, out var entriesAdded, out var maxDeleted)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out StreamRef stream)) return;
        if (!stream.Exists)
        {
            client.Reply.Error(SharedReplies.NoSuchKey);
            return;
        }

        if (!MaySetIdOrReply(client, stream.Log, id, entriesAdded)) return;
        var log = stream.OpenOrCreate();
        log.LastId = id;
        if (entriesAdded >= 0) log.EntriesAdded = entriesAdded;
        if (maxDeleted != StreamId.Min) log.MaxDeletedId = maxDeleted;
        client.Reply.Ok();
        stream.SignalChanged();
        Notify(client, "xsetid"u8, args[1]);
    }

    private static bool TrySetIdOptionsOrReply(Client client, in ArgVector args, StreamId id, out long entriesAdded, out StreamId maxDeleted)
    {
        entriesAdded = -1;
        maxDeleted = StreamId.Min;
        for (var i = 3; i < args.Count; i += 2)
        {
            var isLast = i + 1 == args.Count;
            if (args[i].Is("entriesadded"u8) && !isLast)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[i + 1], out entriesAdded)) return false;
                if (entriesAdded >= 0) continue;
                client.Reply.Error("ERR entries_added must be positive"u8);
                return false;
            }

            if (!args[i].Is("maxdeletedid"u8) || isLast)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            if (!StreamIdArguments.TryStrictOrReply(client, args[i + 1], out maxDeleted)) return false;
            if (id >= maxDeleted) continue;
            client.Reply.Error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"u8);
            return false;
        }

        return true;
    }

    private static bool MaySetIdOrReply(Client client, StreamLog log, StreamId id, long entriesAdded)
    {
        var error = ""u8;
        if (id < log.MaxDeletedId) error = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"u8;
        else if (log.Length == 0) return true;
        else if (id < log.NewestId()) error = "ERR The ID specified in XSETID is smaller than the target stream top item"u8;
        else if (entriesAdded >= 0 && log.Length > entriesAdded) error = "ERR The entries_added specified in XSETID is smaller than the target stream length"u8;
        if (error.IsEmpty) return true;
        client.Reply.Error(error);
        return false;
    }
}
