namespace KestrelFree.Protocol;

/// <summary>The ways in which C's strtod accepts a number.</summary>
internal enum FloatForm
{
    /// <summary>No number, or one with something behind it, or not a number.</summary>
    Invalid,

    /// <summary>Digits, a point, an exponent.</summary>
    Decimal,

    /// <summary>0x, hexadecimal digits, a point, a power of two.</summary>
    Hexadecimal,

    /// <summary>"inf" or "infinity" in any case, with or without a sign.</summary>
    Infinity,
}

/// <summary>Decides what a text is as a floating-point number, before its value is computed.</summary>
internal static class FloatSyntax
{
    /// <summary>The form of the whole text; O(length).</summary>
    internal static FloatForm Classify(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> rest = WithoutSign(text);
        if (AsciiText.EqualsIgnoreCase(rest, "inf"u8) || AsciiText.EqualsIgnoreCase(rest, "infinity"u8))
            return FloatForm.Infinity;
        if (IsHexadecimal(rest))
            return IsNumber(rest[2..], Radix.Hexadecimal) ? FloatForm.Hexadecimal : FloatForm.Invalid;
        return IsNumber(rest, Radix.Decimal) ? FloatForm.Decimal : FloatForm.Invalid;
    }

    /// <summary>Whether a valid decimal or hexadecimal number has no digit but zeros before its exponent.</summary>
    internal static bool IsZero(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> rest = WithoutSign(text);
        bool hexadecimal = IsHexadecimal(rest);
        foreach (byte value in hexadecimal ? rest[2..] : rest)
        {
            if ((value | 0x20) == (hexadecimal ? 'p' : 'e')) return true;
            if (value is not ((byte)'0' or (byte)'.')) return false;
        }

        return true;
    }

    /// <summary>The text behind its sign, if it has one.</summary>
    internal static ReadOnlySpan<byte> WithoutSign(ReadOnlySpan<byte> text) =>
        text.Length > 0 && text[0] is ((byte)'+' or (byte)'-') ? text[1..] : text;

    /// <summary>Whether the text, without a sign, begins like a hexadecimal number.</summary>
    internal static bool IsHexadecimal(ReadOnlySpan<byte> unsigned) =>
        unsigned.Length > 2 && unsigned[0] == '0' && (unsigned[1] | 0x20) == 'x';

    private static bool IsNumber(ReadOnlySpan<byte> text, Radix radix)
    {
        int position = 0;
        int digits = SkipDigits(text, ref position, radix);
        if (position < text.Length && text[position] == '.')
        {
            position++;
            digits += SkipDigits(text, ref position, radix);
        }

        if (digits == 0) return false;
        if (position < text.Length && (text[position] | 0x20) == (radix == Radix.Hexadecimal ? 'p' : 'e'))
        {
            position++;
            if (position < text.Length && text[position] is ((byte)'+' or (byte)'-')) position++;
            if (SkipDigits(text, ref position, Radix.Decimal) == 0) return false;
        }

        return position == text.Length;
    }

    private static int SkipDigits(ReadOnlySpan<byte> text, ref int position, Radix radix)
    {
        int start = position;
        while (position < text.Length && IsDigit(text[position], radix))
            position++;
        return position - start;
    }

    private static bool IsDigit(byte value, Radix radix) =>
        radix == Radix.Hexadecimal ? char.IsAsciiHexDigit((char)value) : char.IsAsciiDigit((char)value);

    private enum Radix
    {
        Decimal,
        Hexadecimal,
    }
}
