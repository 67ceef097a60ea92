using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// LCS key key [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]
//
// Redis fills a table of 4 bytes per pair of bytes and refuses what would need more than proto-max-bulk-len for it. CommonSubsequence needs a bit per
// pair, but the limit is kept: it is what bounds the time that a client may take.

/// <summary>LCS: what two strings have in common.</summary>
internal static class LcsCommand
{
    internal static readonly CommandSpec[] Table =
    [
        new("lcs", Lcs)
        {
            Arity = -3, Flags = ReadOnly, Categories = AclCategory.String, Since = "7.0.0", Group = "string",
            Keys = [new KeySpec { Index = 1, LastKey = 1, Flags = KeySpecFlags.ReadOnly | KeySpecFlags.Access }],
            Summary = "Finds the longest sequence of bytes that two strings have in common.",
            Complexity = "O(n*m) for strings of n and m bytes, 64 pairs at a time",
        },
    ];

    private const int CellBytes = sizeof(uint);

    private struct Options
    {
        internal bool Length;
        internal bool Indexes;
        internal bool MatchLengths;
        internal long MinMatchLength;
    }

    private static void Lcs(Client client, in ArgVector args)
    {
        // Looking up may delete what has expired; what Peek finds stays.
        KeyCommands.LookupRead(client, args[1]);
        KeyCommands.LookupRead(client, args[2]);
        Span<byte> scratchA = stackalloc byte[Numbers.MaxIntegerBytes];
        Span<byte> scratchB = stackalloc byte[Numbers.MaxIntegerBytes];
        var (first, second) = (client.Database.Peek(args[1]).Type, client.Database.Peek(args[2]).Type);
        if (first is not (DataType.String or DataType.None) || second is not (DataType.String or DataType.None))
        {
            client.Reply.Error("ERR The specified keys must contain string values"u8);
            return;
        }

        var a = first == DataType.None ? default : client.Database.Peek(args[1]).GetString(scratchA);
        var b = second == DataType.None ? default : client.Database.Peek(args[2]).GetString(scratchB);
        if (!TryParseOrReply(client, args, out var options) || !FitsOrReply(client, a.Length, b.Length)) return;
        if (options.Indexes) ReplyIndexes(client, a, b, options);
        else if (options.Length) client.Reply.Integer(CommonSubsequence.LengthOf(a, b));
        else ReplyBytes(client, a, b);
    }

    private static bool TryParseOrReply(Client client, in ArgVector args, out Options options)
    {
        options = default;
        for (var i = 3; i < args.Count; i++)
        {
            if (args[i].Is("idx"u8)) options.Indexes = true;
            else if (args[i].Is("len"u8)) options.Length = true;
            else if (args[i].Is("withmatchlen"u8)) options.MatchLengths = true;
            else if (!args[i].Is("minmatchlen"u8) || i + 1 >= args.Count) return Refuse(client, SharedReplies.SyntaxError);
            else if (!ArgumentParsing.TryIntegerOrReply(client, args[++i], out options.MinMatchLength)) return false;
        }

        return !(options.Length && options.Indexes) || Refuse(client, "ERR If you want both the length and indexes, please just use IDX."u8);
    }

    private static bool FitsOrReply(Client client, int a, int b)
    {
        // 4 * (a + 1) * (b + 1) does not overflow: both are less than 2^31.
        var bytes = ((ulong)a + 1) * ((ulong)b + 1) * CellBytes;
        if (bytes > (ulong)client.Server.Config.ProtoMaxBulkLen)
            return Refuse(client, "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"u8);
        return CommonSubsequence.Fits(a, b) || Refuse(client, "ERR Insufficient memory, failed allocating transient memory for LCS"u8);
    }

    private static bool Refuse(Client client, ReadOnlySpan<byte> error)
    {
        client.Reply.Error(error);
        return false;
    }

    private static void ReplyBytes(Client client, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        using var common = new CommonSubsequence(a, b);
        var bytes = new byte[common.Length];
        var left = bytes.Length;
        while (common.MoveNext(out var run))
        {
            left -= run.Length;
            a.Slice(run.InA, run.Length).CopyTo(bytes.AsSpan(left));
        }

        client.Reply.Bulk(bytes);
    }

    private static void ReplyIndexes(Client client, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, in Options options)
    {
        using var common = new CommonSubsequence(a, b);
        var reply = client.Reply;
        reply.MapHeader(2);
        reply.Bulk("matches"u8);
        var matches = reply.BeginDeferred();
        var count = 0;
        while (common.MoveNext(out var run))
        {
            if (run.Length < options.MinMatchLength) continue;
            reply.ArrayHeader(options.MatchLengths ? 3 : 2);
            ReplyRange(reply, run.InA, run.Length);
            ReplyRange(reply, run.InB, run.Length);
            if (options.MatchLengths) reply.Integer(run.Length);
            count++;
        }

        reply.EndDeferredArray(matches, count);
        reply.Bulk("len"u8);
        reply.Integer(common.Length);
    }

    private static void ReplyRange(ReplyWriter reply, int start, int length)
    {
        reply.ArrayHeader(2);
        reply.Integer(start);
        reply.Integer(start + length - 1);
    }
}
