using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Server.Commands;

// HRANDFIELD key [count [WITHVALUES]]
//
//     count < 0     as many draws, with repeats
//     count >= n    all fields
//     otherwise     distinct ones: drawn one by one, and again if drawn before, while that is likely to succeed; from a third of the hash on
//                   by one pass over it that takes each field with the probability that keeps the choice fair (Knuth's algorithm S)

/// <summary>HRANDFIELD.</summary>
internal static class HashRandom
{
    private const int DrawUpToFraction = 3;

    private enum Parts
    {
        Fields,
        FieldsAndValues,
    }

    /// <summary>The handler.</summary>
    internal static void HRandField(Client client, in ArgVector args)
    {
        if (args.Count == 2)
        {
            if (!CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) return;
            if (hash.TryGetRandom(out var field, out _)) client.Reply.Element(field);
            else client.Reply.Null();
            return;
        }

        if (!TryCountOrReply(client, args, out var count, out var parts) || !CollectionKeys.TryReadOrReply(client, args[1], out HashRef many)) return;
        if (count == 0 || !many.Exists) client.Reply.EmptyArray();
        else if (count < 0) ReplyDraws(client, many, -count, parts);
        else if (count >= many.Count) ReplyAll(client, many, parts);
        else if (many.IsPacked || many.MayExpire || count > many.Count / DrawUpToFraction) ReplySelection(client, many, count, parts);
        else ReplyDistinctDraws(client, many, count, parts);
    }

    private static bool TryCountOrReply(Client client, in ArgVector args, out long count, out Parts parts)
    {
        parts = Parts.Fields;
        if (!ArgumentParsing.TrySymmetricCountOrReply(client, args[2], out count)) return false;
        if (args.Count == 3) return true;
        if (args.Count > 4 || !args[3].Is("withvalues"u8))
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        parts = Parts.FieldsAndValues;
        if (count is >= -long.MaxValue / 2 and <= long.MaxValue / 2) return true;
        client.Reply.Error("ERR value is out of range"u8);
        return false;
    }

    private static void ReplyDraws(Client client, HashRef hash, long count, Parts parts)
    {
        WriteHeader(client, count, parts);
        for (; count > 0 && !client.Is(ClientFlags.CloseAsap); count--)
        {
            hash.TryGetRandom(out var field, out var value);
            Write(client, field, value, parts);
        }
    }

    private static void ReplyAll(Client client, HashRef hash, Parts parts)
    {
        var header = client.Reply.BeginDeferred();
        var count = 0;
        for (var fields = hash.Fields; fields.MoveNext(); count++) Write(client, fields.Field, fields.Value, parts);
        EndHeader(client, header, count, parts);
    }

    private static void ReplySelection(Client client, HashRef hash, long count, Parts parts)
    {
        var header = client.Reply.BeginDeferred();
        var selection = new FairSelection(client.Server.Keyspace, hash.CountLive(), count);
        var taken = 0;
        for (var fields = hash.Fields; fields.MoveNext();)
        {
            if (!selection.TakesNext()) continue;
            Write(client, fields.Field, fields.Value, parts);
            taken++;
        }

        EndHeader(client, header, taken, parts);
    }

    private static void ReplyDistinctDraws(Client client, HashRef hash, long count, Parts parts)
    {
        var drawn = new DrawnElements(client.Server.Keyspace);
        WriteHeader(client, count, parts);
        while (drawn.Count < count)
        {
            hash.TryGetRandom(out var field, out var value);
            if (drawn.Add(field)) Write(client, field, value, parts);
        }
    }

    private static void WriteHeader(Client client, long count, Parts parts) =>
        client.Reply.ArrayHeader(parts == Parts.FieldsAndValues && client.Reply.Version == 2 ? count * 2 : count);

    private static void EndHeader(Client client, DeferredLength header, long count, Parts parts) =>
        client.Reply.EndDeferredArray(header, parts == Parts.FieldsAndValues && client.Reply.Version == 2 ? count * 2 : count);

    // RESP3 makes a pair of each field and its value, RESP2 has them side by side.
    private static void Write(Client client, ListpackValue field, ListpackValue value, Parts parts)
    {
        if (parts == Parts.FieldsAndValues && client.Reply.Version > 2) client.Reply.ArrayHeader(2);
        client.Reply.Element(field);
        if (parts == Parts.FieldsAndValues) client.Reply.Element(value);
    }
}
