using System.Buffers.Text;

namespace KestrelFree.Tests.Support;

// Finds where one reply ends, in RESP2 and RESP3, and nothing more.
//
// The product has a reader of its own (Protocol/ReplyReader). It is left out here on purpose: a comparison that read
// replies with the product's own code would share its blind spots, and would need the bytes to be right to be read.

/// <summary>Measures RESP frames.</summary>
internal static class ReplyFrames
{
    /// <summary>The length of the first whole frame with all its elements; false while bytes are missing. O(elements).</summary>
    /// <exception cref="FormatException">The bytes are no reply.</exception>
    public static bool TryMeasure(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        for (var wanted = 1L; wanted > 0; wanted--)
        {
            if (!TryMeasureHead(bytes[length..], out var head, out var children)) return false;

            length += head;
            wanted += children;
        }

        return true;
    }

    /// <summary>One line with its payload, and how many frames must follow before the reply is whole.</summary>
    private static bool TryMeasureHead(ReadOnlySpan<byte> bytes, out int length, out long children)
    {
        length = 0;
        children = 0;
        var end = bytes.IndexOf("\r\n"u8);
        if (end < 0) return false;

        length = end + 2;
        switch ((char)bytes[0])
        {
            case '+' or '-' or ':' or ',' or '#' or '_' or '(':
                return true;
            case '$' or '=' or '!':
                var payload = Count(bytes[1..end]);
                length += payload < 0 ? 0 : checked((int)payload + 2);
                return length <= bytes.Length;
            case '*' or '~' or '>':
                children = Math.Max(0, Count(bytes[1..end]));
                return true;
            case '%':
                children = 2 * Count(bytes[1..end]);
                return true;
            case '|':
                // An attribute stands before the reply that it belongs to.
                children = (2 * Count(bytes[1..end])) + 1;
                return true;
            default:
                throw new FormatException($"Not a reply: {ByteText.Quote(bytes[..Math.Min(80, bytes.Length)])}");
        }
    }

    private static long Count(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out long value, out var used) && used == digits.Length
            ? value
            : throw new FormatException($"Not a length: {ByteText.Quote(digits)}");
}
