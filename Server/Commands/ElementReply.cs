using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Server.Commands;

/// <summary>Replies an element of a collection.</summary>
internal static class ElementReply
{
    /// <summary>An element as a bulk string, whether it is stored as an integer or as bytes.</summary>
    internal static void Element(this ReplyWriter reply, ListpackValue element)
    {
        if (element.IsInteger) reply.BulkInteger(element.Integer);
        else reply.Bulk(element.Bytes);
    }

    /// <summary>Elements as bulk strings.</summary>
    internal static void Elements(this ReplyWriter reply, ListpackRun elements)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        var run = new BulkRun(reply.Buffer);
        while (elements.TryRead(out var element))
        {
            if (run.TryAdd(element.IsInteger ? element.GetText(digits) : element.Bytes)) continue;
            run.End();
            reply.Bulk(element.Bytes);
            run = new BulkRun(reply.Buffer);
        }

        run.End();
    }
}
