namespace KestrelFree.Protocol;

// How a line of text becomes arguments, in an inline request as in a line of redis.conf:
//
//   word          ends at a space, tab, CR, LF or NUL; before a word vertical tab and form feed are skipped too
//   "text"        \n \r \t \b \a and \xHH are decoded, a backslash before any other byte yields that byte
//   'text'        only \' is decoded
//
// A quote may open in the middle of a word (a"b c" is one argument, `ab c`), but what follows a closing quote must be a
// blank or the end of the line. Otherwise, and when a quote stays open, the whole line is refused.

/// <summary>Splits a line into arguments by Redis's quoting rules.</summary>
public static class ArgumentSplitter
{
    /// <summary>Splits a line into copies of its arguments; false when quotes do not balance. O(length).</summary>
    /// <param name="line">One line, without its end.</param>
    /// <param name="arguments">Receives the arguments; some may have been added when the result is false.</param>
    public static bool TrySplit(ReadOnlySpan<byte> line, ICollection<byte[]> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        byte[] decoded = new byte[line.Length];
        var slices = new SliceList();
        int length = 0;
        if (!TrySplitQuoted(line, decoded, ref length, slices)) return false;
        foreach (ArgSlice slice in slices.Items.AsSpan(0, slices.Count))
            arguments.Add(decoded.AsSpan(slice.Offset, slice.Length).ToArray());
        return true;
    }

    /// <summary>Splits a line without quotes; the slices point into the line, moved by <paramref name="offset"/>.</summary>
    internal static void SplitWords(ReadOnlySpan<byte> line, int offset, SliceList slices)
    {
        int position = 0;
        while (true)
        {
            while (position < line.Length && IsBlank(line[position]))
                position++;
            if (position == line.Length) return;
            int start = position;
            while (position < line.Length && !EndsWord(line[position]))
                position++;
            slices.Add(new ArgSlice(offset + start, position - start));
        }
    }

    /// <summary>Splits and unquotes a line; the slices point into <paramref name="decoded"/>, which has room for the whole line.</summary>
    internal static bool TrySplitQuoted(ReadOnlySpan<byte> line, byte[] decoded, ref int decodedLength, SliceList slices)
    {
        int position = 0;
        while (true)
        {
            while (position < line.Length && IsBlank(line[position]))
                position++;
            if (position == line.Length || line[position] == 0) return true;
            int start = decodedLength;
            if (!TryTakeWord(line, ref position, decoded, ref decodedLength)) return false;
            slices.Add(new ArgSlice(start, decodedLength - start));
        }
    }

    private static bool TryTakeWord(ReadOnlySpan<byte> line, ref int position, byte[] decoded, ref int decodedLength)
    {
        while (position < line.Length)
        {
            byte value = line[position];
            if (EndsWord(value)) return true;
            position++;
            if (value is (byte)'"' or (byte)'\'')
            {
                bool closed = value == '"'
                    ? TryTakeDoubleQuoted(line, ref position, decoded, ref decodedLength)
                    : TryTakeSingleQuoted(line, ref position, decoded, ref decodedLength);
                return closed && (position == line.Length || line[position] == 0 || IsBlank(line[position]));
            }

            decoded[decodedLength++] = value;
        }

        return true;
    }

    private static bool TryTakeDoubleQuoted(ReadOnlySpan<byte> line, ref int position, byte[] decoded, ref int decodedLength)
    {
        while (position < line.Length && line[position] != 0)
        {
            byte value = line[position++];
            if (value == '"') return true;
            bool escapes = value == '\\' && position < line.Length && line[position] != 0;
            decoded[decodedLength++] = escapes ? TakeEscaped(line, ref position) : value;
        }

        return false;
    }

    private static bool TryTakeSingleQuoted(ReadOnlySpan<byte> line, ref int position, byte[] decoded, ref int decodedLength)
    {
        while (position < line.Length && line[position] != 0)
        {
            byte value = line[position++];
            if (value == '\'') return true;
            if (value == '\\' && position < line.Length && line[position] == '\'') value = line[position++];
            decoded[decodedLength++] = value;
        }

        return false;
    }

    private static byte TakeEscaped(ReadOnlySpan<byte> line, ref int position)
    {
        byte value = line[position++];
        if (value == 'x' && position + 1 < line.Length
            && char.IsAsciiHexDigit((char)line[position]) && char.IsAsciiHexDigit((char)line[position + 1]))
        {
            int decoded = (Numbers.HexDigit(line[position]) << 4) | Numbers.HexDigit(line[position + 1]);
            position += 2;
            return (byte)decoded;
        }

        return value switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'a' => (byte)'\a',
            _ => value,
        };
    }

    private static bool IsBlank(byte value) => value is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r');

    private static bool EndsWord(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or 0;
}
