using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>KEYS, RANDOMKEY and SCAN: keys that are found without being named.</summary>
internal static class KeyIterationCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("keys", Keys)
        {
            Arity = 2, Flags = ReadOnly, Categories = AclCategory.Keyspace | AclCategory.Dangerous, Since = "1.0.0", Group = "generic",
            Tips = ["request_policy:all_shards", "nondeterministic_output_order"],
            Summary = "Lists all keys that match a pattern.", Complexity = "O(n) for n keys in the database; O(1) for a pattern without wildcards",
        },
        new("randomkey", RandomKey)
        {
            Arity = 1, Flags = ReadOnly, Categories = AclCategory.Keyspace, Since = "1.0.0", Group = "generic",
            Tips = ["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
            Summary = "Returns a key chosen at random.", Complexity = "O(1)",
        },
        new("scan", Scan)
        {
            Arity = -2, Flags = ReadOnly, Categories = AclCategory.Keyspace, Since = "2.8.0", Group = "generic",
            Tips = ["nondeterministic_output", "request_policy:special", "response_policy:special"],
            Summary = "Lists the keys of the database in portions.", Complexity = "O(n) for a portion of n keys",
        },
    ];

    private static void Keys(Client client, in ArgVector args)
    {
        var pattern = args[1];
        if (!Glob.HasWildcards(pattern))
        {
            ReplyNamed(client, pattern);
            return;
        }

        var matchesAll = pattern.SequenceEqual("*"u8);
        var count = 0L;
        var marker = client.Reply.BeginDeferred();
        for (var scan = client.Database.Walk(); scan.MoveNext();)
        {
            var key = scan.Entry.Key;
            if (!matchesAll && !Glob.IsMatch(pattern, key, CaseSensitivity.Sensitive)) continue;
            client.Reply.Bulk(key);
            count++;
        }

        client.Reply.EndDeferredArray(marker, count);
    }

    private static void ReplyNamed(Client client, ReadOnlySpan<byte> key)
    {
        var exists = client.Database.Peek(key).Exists;
        client.Reply.ArrayHeader(exists ? 1 : 0);
        if (exists) client.Reply.Bulk(key);
    }

    private static void RandomKey(Client client, in ArgVector args)
    {
        if (client.Database.TryGetRandomKey(out var entry)) client.Reply.Bulk(entry.Key);
        else client.Reply.Null();
    }

    private static void Scan(Client client, in ArgVector args)
    {
        if (!ScanOptions.TryCursorOrReply(client, args[1], out var cursor)) return;
        if (!ScanOptions.TryParseOrReply(client, args, 2, ScanSubject.Keys, out var options)) return;
        client.Reply.ArrayHeader(2);
        // The cursor comes before the keys, but is known after them.
        var cursorMark = client.Reply.BeginDeferred();
        var keysMark = client.Reply.BeginDeferred();
        var found = 0L;
        var scan = client.Database.Scan(cursor, options.Count);
        while (scan.MoveNext())
        {
            var entry = scan.Entry;
            if (!options.Accepts(entry)) continue;
            client.Reply.Bulk(entry.Key);
            found++;
        }

        client.Reply.EndDeferredArray(keysMark, found);
        client.Reply.EndDeferredBulkInteger(cursorMark, (long)scan.Cursor);
    }
}
