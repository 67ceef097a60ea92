using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>When a field of a hash is to expire, as clients say it: a time of 0 or more, of which one that has passed deletes the field.</summary>
internal static class FieldExpiryTime
{
    // 46 bits of milliseconds, in the year 4199.
    private const long LatestMs = (1L << 46) - 1;

    /// <summary>A time in a unit as Unix milliseconds, or replies why it is none.</summary>
    internal static bool TryParseOrReply(Client client, ReadOnlySpan<byte> argument, ExpiryUnit unit, string command, out long unixMs)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, argument, out unixMs)) return false;
        if (unixMs < 0)
        {
            client.Reply.Error("ERR invalid expire time, must be >= 0"u8);
            return false;
        }

        var from = unit is ExpiryUnit.Seconds or ExpiryUnit.Milliseconds ? client.Server.Clock.NowMs : 0;
        var scale = unit is ExpiryUnit.Seconds or ExpiryUnit.UnixSeconds ? 1000 : 1;
        if (unixMs <= LatestMs / scale && unixMs * scale <= LatestMs - from)
        {
            unixMs = unixMs * scale + from;
            return true;
        }

        client.Reply.Error($"ERR invalid expire time in '{command}' command");
        return false;
    }
}
