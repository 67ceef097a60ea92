using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>Reads arguments the way every command does: on a bad one the error has been replied and false comes back.</summary>
internal static class ArgumentParsing
{
    /// <summary>Reads a 64-bit integer, or replies <paramref name="error"/> (by default Redis's "not an integer").</summary>
    internal static bool TryIntegerOrReply(Client client, ReadOnlySpan<byte> argument, out long value, ReadOnlySpan<byte> error = default)
    {
        if (Numbers.TryParseInteger(argument, out value)) return true;
        client.Reply.Error(error.IsEmpty ? SharedReplies.NotAnInteger : error);
        return false;
    }

    /// <summary>Reads a 32-bit integer, or replies which of the two it is not: an integer, or within range.</summary>
    internal static bool TryInt32OrReply(Client client, ReadOnlySpan<byte> argument, out int value)
    {
        value = 0;
        if (!TryIntegerOrReply(client, argument, out var wide)) return false;
        if (wide is < int.MinValue or > int.MaxValue)
        {
            client.Reply.Error("ERR value is out of range, value must between -2147483648 and 2147483647"u8);
            return false;
        }

        value = (int)wide;
        return true;
    }

    /// <summary>Reads a count that may be negative and whose negative exists too.</summary>
    internal static bool TrySymmetricCountOrReply(Client client, ReadOnlySpan<byte> argument, out long count)
    {
        if (!TryIntegerOrReply(client, argument, out count)) return false;
        if (count != long.MinValue) return true;
        client.Reply.Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"u8);
        return false;
    }

    /// <summary>Reads a count that is not negative.</summary>
    internal static bool TryCountOrReply(Client client, ReadOnlySpan<byte> argument, out long count)
    {
        if (!Numbers.TryParseInteger(argument, out count) || count < 0)
        {
            client.Reply.Error("ERR value is out of range, must be positive"u8);
            return false;
        }

        return true;
    }

    /// <summary>Reads a double, infinities included, or replies <paramref name="error"/> (by default Redis's "not a valid float").</summary>
    internal static bool TryDoubleOrReply(Client client, ReadOnlySpan<byte> argument, out double value, ReadOnlySpan<byte> error = default)
    {
        if (Numbers.TryParseDouble(argument, out value)) return true;
        client.Reply.Error(error.IsEmpty ? SharedReplies.NotAFloat : error);
        return false;
    }

    /// <summary>Reads an integer that is not negative, or replies <paramref name="error"/> (by default Redis's own).</summary>
    internal static bool TryPositiveOrReply(Client client, ReadOnlySpan<byte> argument, out long value, ReadOnlySpan<byte> error = default)
    {
        if (!TryIntegerOrReply(client, argument, out value, error)) return false;
        if (value >= 0) return true;
        client.Reply.Error(error.IsEmpty ? "ERR value is out of range, must be positive"u8 : error);
        return false;
    }

    /// <summary>Reads a timeout in milliseconds: not negative, and not past the end of time.</summary>
    internal static bool TryTimeoutMsOrReply(Client client, ReadOnlySpan<byte> argument, out long timeoutMs)
    {
        if (!TryIntegerOrReply(client, argument, out timeoutMs, "ERR timeout is not an integer or out of range"u8)) return false;
        if (timeoutMs < 0)
        {
            client.Reply.Error("ERR timeout is negative"u8);
            return false;
        }

        if (timeoutMs <= long.MaxValue - client.Server.Clock.NowMs) return true;
        client.Reply.Error("ERR timeout is out of range"u8);
        return false;
    }

    /// <summary>Reads a timeout in seconds, fractions included, as milliseconds: not negative, and not past the end of time.</summary>
    internal static bool TryTimeoutSecondsOrReply(Client client, ReadOnlySpan<byte> argument, out long timeoutMs)
    {
        timeoutMs = 0;

        // Redis reads a long double: what exceeds a double's range is still a number, and the smallest of them waits for a millisecond.
        if (!ExtendedDouble.TryParse(argument, out var exact))
        {
            client.Reply.Error("ERR timeout is not a float or out of range"u8);
            return false;
        }

        var seconds = exact.ToDouble();
        if (seconds == 0 && !exact.IsZero) seconds = exact.IsNegative ? -double.Epsilon : double.Epsilon;
        var ms = Math.Ceiling(seconds * 1000);
        if (ms < 0)
        {
            client.Reply.Error("ERR timeout is negative"u8);
            return false;
        }

        if (ms <= long.MaxValue - client.Server.Clock.NowMs)
        {
            timeoutMs = (long)ms;
            return true;
        }

        client.Reply.Error("ERR timeout is out of range"u8);
        return false;
    }

    /// <summary>True when an argument is a keyword, in any case.</summary>
    internal static bool Is(this ReadOnlySpan<byte> argument, ReadOnlySpan<byte> keyword) =>
        argument.Length == keyword.Length && AsciiText.EqualsIgnoreCase(argument, keyword);
}
