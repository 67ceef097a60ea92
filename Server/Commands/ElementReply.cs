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
}
