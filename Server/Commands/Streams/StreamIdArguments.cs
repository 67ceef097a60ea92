using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>Reads ids of stream entries from arguments: "ms-seq", "ms" alone, and where allowed "-", "+" and exclusive "(ms-seq".</summary>
internal static class StreamIdArguments
{
    private const int MaxLength = 127;

    private static ReadOnlySpan<byte> Invalid => "ERR Invalid stream ID specified as stream command argument"u8;

    /// <summary>Reads a complete or incomplete id, neither "-" nor "+"; false when it is none.</summary>
    internal static bool TryStrict(ReadOnlySpan<byte> argument, out StreamId id)
    {
        id = default;
        var text = Text(argument);
        return argument.Length <= MaxLength && !(text is [(byte)'-' or (byte)'+']) && StreamId.TryParse(text, 0, out id);
    }

    /// <summary>Reads a complete or incomplete id, neither "-" nor "+", or replies the error.</summary>
    internal static bool TryStrictOrReply(Client client, ReadOnlySpan<byte> argument, out StreamId id) =>
        TryStrict(argument, out id) || Refuse(client);

    /// <summary>Reads an id or "-" or "+", or replies the error.</summary>
    internal static bool TryOrReply(Client client, ReadOnlySpan<byte> argument, ulong missingSeq, out StreamId id)
    {
        id = default;
        var text = Text(argument);
        if (argument.Length > MaxLength) return Refuse(client);
        if (text is not [(byte)'-' or (byte)'+']) return StreamId.TryParse(text, missingSeq, out id) || Refuse(client);
        id = text[0] == '-' ? StreamId.Min : StreamId.Max;
        return true;
    }

    /// <summary>Reads the id of a new entry, whose sequence number "ms-*" leaves open, or replies the error.</summary>
    internal static bool TryNewOrReply(Client client, ReadOnlySpan<byte> argument, out StreamId id, out bool isSequenceOpen)
    {
        var text = Text(argument);
        isSequenceOpen = text.Length > 2 && text.EndsWith("-*"u8) && text.IndexOf((byte)'-') == text.Length - 2;
        if (!isSequenceOpen) return TryStrictOrReply(client, argument, out id);
        id = default;
        return (argument.Length <= MaxLength && StreamId.TryParse(text[..^2], 0, out id)) || Refuse(client);
    }

    /// <summary>Reads the least id of a range, or replies the error.</summary>
    internal static bool TryStartOrReply(Client client, ReadOnlySpan<byte> argument, out StreamId id)
    {
        if (!TryBoundOrReply(client, argument, 0, out id, out var isExclusive)) return false;
        if (!isExclusive || id.TryNext(out id)) return true;
        client.Reply.Error("ERR invalid start ID for the interval"u8);
        return false;
    }

    /// <summary>Reads the greatest id of a range, or replies the error.</summary>
    internal static bool TryEndOrReply(Client client, ReadOnlySpan<byte> argument, out StreamId id)
    {
        if (!TryBoundOrReply(client, argument, ulong.MaxValue, out id, out var isExclusive)) return false;
        if (!isExclusive || id.TryPrevious(out id)) return true;
        client.Reply.Error("ERR invalid end ID for the interval"u8);
        return false;
    }

    /// <summary>Reads all arguments from one on as ids, or replies the error.</summary>
    internal static bool TryAllOrReply(Client client, in ArgVector args, int first, int count, out StreamId[] ids)
    {
        ids = new StreamId[count];
        for (var i = 0; i < count; i++)
        {
            if (!TryStrictOrReply(client, args[first + i], out ids[i])) return false;
        }

        return true;
    }

    /// <summary>True when an argument is this one character.</summary>
    internal static bool IsSign(ReadOnlySpan<byte> argument, char sign) => Text(argument) is [var only] && only == sign;

    private static bool TryBoundOrReply(Client client, ReadOnlySpan<byte> argument, ulong missingSeq, out StreamId id, out bool isExclusive)
    {
        isExclusive = argument.Length > 1 && argument[0] == '(';
        if (!isExclusive) return TryOrReply(client, argument, missingSeq, out id);
        var bare = argument[1..];
        id = default;
        var text = Text(bare);
        if (bare.Length > MaxLength || text is [(byte)'-' or (byte)'+']) return Refuse(client);
        return StreamId.TryParse(text, missingSeq, out id) || Refuse(client);
    }

    // Redis copies an id into a C string, which ends at a NUL.
    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> argument)
    {
        var end = argument.IndexOf((byte)0);
        return end < 0 ? argument : argument[..end];
    }

    private static bool Refuse(Client client)
    {
        client.Reply.Error(Invalid);
        return false;
    }
}
