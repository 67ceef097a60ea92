using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// Deleting entries with a view to the consumer groups that refer to them, which have them pending or have yet to read them:
//
//     KEEPREF   the entry goes, and stays pending where it is (what XDEL does)
//     DELREF    the entry goes, and is pending nowhere any more
//     ACKED     the entry goes only when no group refers to it
//
// The reply has a number for each id: -1 there is none such, 1 it is gone, 2 it stays since it is referred to.

/// <summary>XDELEX and XACKDEL.</summary>
internal static class StreamDeleteCommands
{
    private const int NotThere = -1;
    private const int Gone = 1;
    private const int StillReferred = 2;

    internal static readonly CommandSpec[] Table =
    [
        new("xackdel", XAckDel)
        {
            Arity = -6, Flags = Write | Fast, Categories = AclCategory.Stream, Since = "8.2.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update | KeySpecFlags.Delete)],
            Summary = "Acknowledges entries for a consumer group and deletes them.", Complexity = "O(1) for an entry",
        },
        new("xdelex", XDelEx)
        {
            Arity = -5, Flags = Write | Fast, Categories = AclCategory.Stream, Since = "8.2.0", Group = "stream",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Summary = "Deletes entries, with a choice of what becomes of references to them.", Complexity = "O(1) for an entry",
        },
    ];

    private static void XDelEx(Client client, in ArgVector args)
    {
        if (!TryArgumentsOrReply(client, args, 2, out var references, out var ids)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out StreamRef stream)) return;
        client.Reply.ArrayHeader(ids.Length);
        if (!stream.Exists)
        {
            ReplyNotThere(client, ids);
            return;
        }

        var log = stream.OpenOrCreate();
        var deleted = 0;
        foreach (var id in ids)
        {
            var outcome = log.Contains(id) ? Delete(log, id, references) : NotThere;
            if (outcome == Gone) deleted++;
            client.Reply.Integer(outcome);
        }

        NotifyDeleted(client, stream, deleted, args[1]);
    }

    private static void XAckDel(Client client, in ArgVector args)
    {
        if (!TryArgumentsOrReply(client, args, 3, out var references, out var ids)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out StreamRef stream)) return;
        client.Reply.ArrayHeader(ids.Length);
        if (!stream.Exists || stream.Log.FindGroup(args[2]) is null)
        {
            ReplyNotThere(client, ids);
            return;
        }

        var log = stream.OpenOrCreate();
        var length = log.Length;
        foreach (var id in ids)
        {
            var outcome = NotThere;
            if (log.WritableGroup(args[2])!.Acknowledge(id))
            {
                stream.SignalChanged();
                outcome = Delete(log, id, references);
            }

            client.Reply.Integer(outcome);
        }

        NotifyDeleted(client, stream, length - log.Length, args[1]);
    }

    private static int Delete(StreamLog log, StreamId id, ReferencePolicy references)
    {
        if (references == ReferencePolicy.Acked && log.IsReferenced(id)) return StillReferred;
        if (references == ReferencePolicy.Delete) log.DropReferences(id);
        log.Delete(id);
        return Gone;
    }

    private static void NotifyDeleted(Client client, StreamRef stream, long deleted, ReadOnlySpan<byte> key)
    {
        if (deleted == 0) return;
        stream.SignalModified(deleted);
        StreamCommands.Notify(client, "xdel"u8, key);
    }

    private static void ReplyNotThere(Client client, StreamId[] ids)
    {
        foreach (var _ in ids) client.Reply.Integer(NotThere);
    }

    private static bool TryArgumentsOrReply(Client client, in ArgVector args, int first, out ReferencePolicy references, out StreamId[] ids)
    {
        references = ReferencePolicy.Keep;
        ids = [];
        var hasPolicy = false;
        var idsAt = 0;
        var count = 0L;
        for (var i = first; i < args.Count; i++)
        {
            var more = args.Count - i - 1;
            if (!hasPolicy && ReferenceArguments.TryPolicy(args[i], out references))
            {
                hasPolicy = true;
            }
            else if (idsAt == 0 && args[i].Is("ids"u8) && more > 0)
            {
                if (!TryCountOrReply(client, args[i + 1], more - 1, out count)) return false;
                idsAt = i + 2;
                i += 1 + (int)count;
            }
            else
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }
        }

        if (idsAt != 0) return StreamIdArguments.TryAllOrReply(client, args, idsAt, (int)count, out ids);
        client.Reply.Error("ERR IDS option is required"u8);
        return false;
    }

    private static bool TryCountOrReply(Client client, ReadOnlySpan<byte> argument, int most, out long count)
    {
        if (!Numbers.TryParseInteger(argument, out count) || count < 1)
        {
            client.Reply.Error("ERR Number of IDs must be a positive integer"u8);
            return false;
        }

        if (count <= most) return true;
        client.Reply.Error("ERR The `numids` parameter must match the number of arguments"u8);
        return false;
    }
}
