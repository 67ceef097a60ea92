using KestrelFree.Protocol;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>Replies what streams consist of.</summary>
internal static class StreamReply
{
    /// <summary>An id, as a bulk string.</summary>
    internal static void StreamId(this ReplyWriter reply, StreamId id)
    {
        Span<byte> text = stackalloc byte[Storage.StreamId.MaxText];
        reply.Bulk(text[..id.Format(text)]);
    }

    /// <summary>The cursor's entry: an array of its id and the array of its fields and values.</summary>
    internal static void StreamEntry(this ReplyWriter reply, ref StreamCursor cursor)
    {
        reply.ArrayHeader(2);
        reply.IdAndFields(ref cursor);
    }

    /// <summary>The cursor's entry, and behind it how long ago it was delivered before and how often: 0 and 0 for the first delivery.</summary>
    internal static void StreamDelivery(this ReplyWriter reply, ref StreamCursor cursor, long idleMs, long deliveries)
    {
        reply.ArrayHeader(4);
        reply.IdAndFields(ref cursor);
        reply.Integer(idleMs);
        reply.Integer(deliveries);
    }

    /// <summary>An array of the cursor's entries, of so many at most (0: all).</summary>
    internal static void StreamEntries(this ReplyWriter reply, StreamCursor cursor, long count)
    {
        var length = reply.BeginDeferred();
        var entries = 0L;
        while ((count == 0 || entries < count) && cursor.MoveNext())
        {
            reply.StreamEntry(ref cursor);
            entries++;
        }

        reply.EndDeferredArray(length, entries);
    }

    /// <summary>The entry with an id, without a frame around it; false, and nothing replied, when there is none.</summary>
    internal static bool TryStreamEntry(this ReplyWriter reply, StreamLog log, StreamId id)
    {
        var cursor = log.Read(id, id);
        if (!cursor.MoveNext()) return false;
        reply.StreamEntry(ref cursor);
        return true;
    }

    private static void IdAndFields(this ReplyWriter reply, ref StreamCursor cursor)
    {
        reply.StreamId(cursor.Id);
        reply.ArrayHeader(cursor.FieldCount * 2L);
        while (cursor.TryReadField(out var field, out var value))
        {
            reply.Element(field);
            reply.Element(value);
        }
    }
}
