using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Server.Commands;

/// <summary>What is replied of each element.</summary>
internal enum ZsetParts
{
    /// <summary>The member.</summary>
    Members,

    /// <summary>The member and its score: side by side in RESP2, as a pair in RESP3.</summary>
    MembersAndScores,

    /// <summary>The member and its score, as a pair.</summary>
    Pairs,

    /// <summary>The member and its score, side by side.</summary>
    SideBySide,
}

/// <summary>Replies elements of sorted sets, and the outcome of commands that store.</summary>
internal static class ZsetReply
{
    /// <summary>What WITHSCORES asks for.</summary>
    internal static ZsetParts PartsFor(bool withScores) => withScores ? ZsetParts.MembersAndScores : ZsetParts.Members;

    /// <summary>Begins an array of elements.</summary>
    internal static void Header(ReplyWriter reply, long count, ZsetParts parts) =>
        reply.ArrayHeader(parts == ZsetParts.Members || ArePairs(reply, parts) ? count : count * 2);

    /// <summary>One of them.</summary>
    internal static void Element(ReplyWriter reply, ListpackValue member, double score, ZsetParts parts)
    {
        if (ArePairs(reply, parts)) reply.ArrayHeader(2);
        reply.Element(member);
        if (parts != ZsetParts.Members) reply.Double(score);
    }

    /// <summary>An array of the elements of a range, in an order.</summary>
    internal static void Range(ReplyWriter reply, ZsetRef zset, ZsetRange range, ZsetOrder order, ZsetParts parts)
    {
        Header(reply, range.Count, parts);
        var first = order == ZsetOrder.Ascending ? range.Start : zset.Count - range.Start - range.Count;
        var elements = zset.From(first, order);
        for (var left = range.Count; left > 0; left--)
        {
            elements.MoveNext();
            Element(reply, elements.Member, parts == ZsetParts.Members ? 0 : elements.Score, parts);
        }
    }

    /// <summary>Puts what a command has built in the place of a key, or deletes it if that is nothing; replies the number of elements.</summary>
    internal static void Store(Client client, ReadOnlySpan<byte> key, ZsetBuilder builder, ReadOnlySpan<byte> what, long changes = 1)
    {
        // A key past its time that nothing takes the place of is deleted, not expired.
        var count = builder.Count;
        var entry = count == 0 ? client.Database.PeekStored(key) : client.Database.LookupWrite(key);
        if (builder.StoreTo(entry, changes)) client.Server.Observer.Notify(NotifyClasses.SortedSet, what, client.Database, key);
        else if (entry.Exists) client.Server.Observer.Notify(NotifyClasses.Generic, "del"u8, client.Database, key);
        client.Reply.Integer(count);
    }

    private static bool ArePairs(ReplyWriter reply, ZsetParts parts) =>
        parts == ZsetParts.Pairs || (parts == ZsetParts.MembersAndScores && reply.Version > 2);
}
