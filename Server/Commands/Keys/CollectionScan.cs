using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Server.Commands;

/// <summary>
/// SSCAN, HSCAN and ZSCAN: the elements of a collection in portions. As in Redis a missing key is answered before the options are read.
/// </summary>
internal static class CollectionScan
{
    /// <summary>SSCAN.</summary>
    internal static void SScan(Client client, in ArgVector args)
    {
        if (!ScanOptions.TryCursorOrReply(client, args[2], out var cursor) || !CollectionKeys.TryReadOrReply(client, args[1], out SetRef set)) return;
        if (!set.Exists)
            ReplyEnd(client);
        else if (ScanOptions.TryParseOrReply(client, args, 3, ScanSubject.Elements, out var options))
            Reply(client, set.Scan(cursor, options.Count), options, ScanSubject.Elements);
    }

    /// <summary>HSCAN.</summary>
    internal static void HScan(Client client, in ArgVector args)
    {
        if (!ScanOptions.TryCursorOrReply(client, args[2], out var cursor) || !CollectionKeys.TryReadOrReply(client, args[1], out HashRef hash)) return;
        if (!hash.Exists)
            ReplyEnd(client);
        else if (ScanOptions.TryParseOrReply(client, args, 3, ScanSubject.Fields, out var options))
            Reply(client, hash.Scan(cursor, options.Count), options, options.HasNoValues ? ScanSubject.Elements : ScanSubject.Fields);
    }

    /// <summary>ZSCAN.</summary>
    internal static void ZScan(Client client, in ArgVector args)
    {
        if (!ScanOptions.TryCursorOrReply(client, args[2], out var cursor) || !CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) return;
        if (!zset.Exists)
            ReplyEnd(client);
        else if (ScanOptions.TryParseOrReply(client, args, 3, ScanSubject.Elements, out var options))
            Reply(client, zset.Scan(cursor, options.Count), options, ScanSubject.Members);
    }

    private static void Reply(Client client, ElementScan scan, ScanOptions options, ScanSubject subject)
    {
        Span<byte> scratch = stackalloc byte[ListpackValue.MaxIntegerText];
        client.Reply.ArrayHeader(2);
        // The cursor comes before the elements, but is known after them.
        var cursorMark = client.Reply.BeginDeferred();
        var elementsMark = client.Reply.BeginDeferred();
        var count = 0L;
        while (scan.MoveNext())
        {
            var element = scan.Element.GetText(scratch);
            if (!options.Accepts(element)) continue;
            client.Reply.Bulk(element);
            if (subject == ScanSubject.Fields) client.Reply.Element(scan.Value);
            else if (subject == ScanSubject.Members) ReplyScore(client, scan);
            count += subject == ScanSubject.Elements ? 1 : 2;
        }

        client.Reply.EndDeferredArray(elementsMark, count);
        client.Reply.EndDeferredBulkInteger(cursorMark, (long)scan.Cursor);
    }

    // A string in either protocol: the one that a listpack holds, else 17 digits.
    private static void ReplyScore(Client client, ElementScan scan)
    {
        Span<byte> text = stackalloc byte[Numbers.MaxDoubleBytes];
        var length = scan.IsPacked ? Numbers.FormatDouble(text, scan.Score) : Numbers.FormatGeneral(text, scan.Score);
        client.Reply.Bulk(text[..length]);
    }

    private static void ReplyEnd(Client client)
    {
        client.Reply.ArrayHeader(2);
        client.Reply.BulkInteger(0);
        client.Reply.EmptyArray();
    }
}
