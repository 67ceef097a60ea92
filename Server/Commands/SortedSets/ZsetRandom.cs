using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// ZRANDMEMBER key [count [WITHSCORES]]
//
//     count < 0     as many draws, with repeats
//     otherwise     distinct elements: ranks drawn one by one, and again if drawn before, while that is likely to succeed; from a third of the set
//                   on by one pass over it (FairSelection)
//
// To draw an element is to draw its rank: exactly fair, and O(log n).

/// <summary>ZRANDMEMBER.</summary>
internal static class ZsetRandom
{
    private const int DrawUpToFraction = 3;

    /// <summary>The handler.</summary>
    internal static void ZRandMember(Client client, in ArgVector args)
    {
        if (args.Count == 2)
        {
            if (!CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) return;
            if (zset.Exists) Write(client, zset, zset.DrawRank(), ZsetParts.Members);
            else client.Reply.Null();
            return;
        }

        if (!TryCountOrReply(client, args, out var count, out var parts) || !CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef many)) return;
        if (count == 0 || !many.Exists) client.Reply.EmptyArray();
        else if (count < 0) WriteDraws(client, many, -count, parts);
        else if (many.IsPacked || count > many.Count / DrawUpToFraction) WriteSelection(client, many, Math.Min(count, many.Count), parts);
        else WriteDistinctDraws(client, many, count, parts);
    }

    private static bool TryCountOrReply(Client client, in ArgVector args, out long count, out ZsetParts parts)
    {
        parts = ZsetReply.PartsFor(args.Count > 3);
        if (!ArgumentParsing.TrySymmetricCountOrReply(client, args[2], out count)) return false;
        if (args.Count > 4 || (args.Count == 4 && !args[3].Is("withscores"u8)))
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        if (args.Count == 3 || count is >= -long.MaxValue / 2 and <= long.MaxValue / 2) return true;
        client.Reply.Error("ERR value is out of range"u8);
        return false;
    }

    private static void WriteDraws(Client client, ZsetRef zset, long count, ZsetParts parts)
    {
        ZsetReply.Header(client.Reply, count, parts);
        for (; count > 0 && !client.Is(ClientFlags.CloseAsap); count--) Write(client, zset, zset.DrawRank(), parts);
    }

    private static void WriteSelection(Client client, ZsetRef zset, long count, ZsetParts parts)
    {
        ZsetReply.Header(client.Reply, count, parts);
        var selection = new FairSelection(client.Server.Keyspace, zset.Count, count);
        for (var elements = zset.From(0, ZsetOrder.Ascending); elements.MoveNext();)
        {
            if (selection.TakesNext()) ZsetReply.Element(client.Reply, elements.Member, elements.Score, parts);
        }
    }

    private static void WriteDistinctDraws(Client client, ZsetRef zset, long count, ZsetParts parts)
    {
        var drawn = new HashSet<long>();
        ZsetReply.Header(client.Reply, count, parts);
        while (drawn.Count < count)
        {
            var rank = zset.DrawRank();
            if (drawn.Add(rank)) Write(client, zset, rank, parts);
        }
    }

    private static void Write(Client client, ZsetRef zset, long rank, ZsetParts parts)
    {
        var elements = zset.From(rank, ZsetOrder.Ascending);
        elements.MoveNext();
        ZsetReply.Element(client.Reply, elements.Member, elements.Score, parts);
    }
}
