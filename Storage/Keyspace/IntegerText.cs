using System.Buffers.Text;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>Which strings are integers: those that are exactly what the integer prints as.</summary>
internal static class IntegerText
{
    /// <summary>The most characters that an integer takes.</summary>
    public const int MaxLength = 20;

    /// <summary>Reads a string that is the decimal form of a 64-bit integer: no sign but '-', no leading zero, nothing around it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length is 0 or > MaxLength)
            return false;
        ReadOnlySpan<byte> digits = text[0] == (byte)'-' ? text[1..] : text;
        if (digits.Length == 0 || !char.IsAsciiDigit((char)digits[0]) || !char.IsAsciiDigit((char)digits[^1]))
            return false;
        if (digits[0] == (byte)'0')
            return text.Length == 1;
        return Utf8Parser.TryParse(text, out value, out int used) && used == text.Length;
    }

    /// <summary>Prints an integer; returns the characters used.</summary>
    public static int Format(long value, Span<byte> destination)
    {
        bool formatted = Utf8Formatter.TryFormat(value, destination, out int length);
        Invariant.Check(formatted);
        return length;
    }

    /// <summary>The characters that an integer prints as.</summary>
    public static int LengthOf(long value)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        return Format(value, text);
    }
}
