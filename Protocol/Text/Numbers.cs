using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace KestrelFree.Protocol;

// Numbers as text, by Redis's rules. An integer has one spelling only: no plus sign, no leading zeros, no blanks, no "-0".
// What is an integer decides how a value is stored, so this must be exact.
//
// A double reads as C's strtod reads it, provided that nothing is left over: "1e3", ".5", "5.", "+inf", "Infinity",
// "0x1p-3". NaN, a leading blank, and what over- or underflows are refused. It prints in the fewest digits that read back,
// laid out in one of three ways, where K is the exponent of the last of n digits and E of the first:
//
//   integers within +-2^62            as integers
//   K >= 0 and |E| < n + 7            digits and zeros                 123000
//   -7 < K < 0, or K < 0 and |E| < 4  a decimal point                  0.0001 12.5
//   otherwise                         d.ddde+XX                        1.5e-9

/// <summary>Reads and prints numbers; culture never takes part, and nothing is allocated.</summary>
public static class Numbers
{
    /// <summary>Enough bytes for any <see cref="long"/>.</summary>
    public const int MaxIntegerBytes = 20;

    /// <summary>Enough bytes for any <see cref="double"/> that <see cref="FormatDouble"/> prints.</summary>
    public const int MaxDoubleBytes = 32;

    private const int MostExactDigits = 15;
    private const double MaxExactInteger = long.MaxValue / 2;

    /// <summary>Reads a canonical decimal integer; O(length).</summary>
    public static bool TryParseInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        bool negative = text.Length > 0 && text[0] == '-';
        if (text.Length > MaxIntegerBytes || !TryParseMagnitude(negative ? text[1..] : text, out ulong magnitude))
            return false;
        if (magnitude > (negative ? 1UL << 63 : long.MaxValue) || (negative && magnitude == 0)) return false;
        value = negative ? (long)(0 - magnitude) : (long)magnitude;
        return true;
    }

    /// <summary>
    /// Reads an unsigned decimal integer; as Redis does, one without a canonical spelling is read like C's strtoull, a sign included.
    /// </summary>
    public static bool TryParseUnsigned(ReadOnlySpan<byte> text, out ulong value)
    {
        if (TryParseInteger(text, out long signed))
        {
            value = (ulong)Math.Max(signed, 0);
            return signed >= 0;
        }

        ReadOnlySpan<byte> digits = text.TrimStart(" \t\n\v\f\r"u8);
        bool negative = digits.Length > 0 && digits[0] == '-';
        if (digits.Length > 0 && digits[0] is ((byte)'+' or (byte)'-')) digits = digits[1..];
        value = 0;
        if (digits.IsEmpty || digits[0] is (< (byte)'0' or > (byte)'9')) return false;
        if (!Utf8Parser.TryParse(digits, out ulong magnitude, out int consumed) || consumed != digits.Length)
            return false;
        value = negative ? 0 - magnitude : magnitude;
        return true;
    }

    /// <summary>Reads a double; O(length).</summary>
    public static bool TryParseDouble(ReadOnlySpan<byte> text, out double value)
    {
        if (TryParseDigits(text, out value)) return true;
        switch (FloatSyntax.Classify(text))
        {
            case FloatForm.Infinity:
                value = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
                return true;
            case FloatForm.Decimal:
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
                    && double.IsFinite(value)
                    && (value != 0 || FloatSyntax.IsZero(text));
            case FloatForm.Hexadecimal:
                if (!ExtendedDouble.TryParse(text, out ExtendedDouble extended)) return false;
                value = extended.ToDouble();
                return double.IsFinite(value) && (value != 0 || extended.IsZero);
            default:
                return false;
        }
    }

    /// <summary>
    /// Reads a double as C's strtod does, up to a NUL: what over- or underflows becomes an infinity or 0, blanks may come before it, and nothing at
    /// all is 0. NaN is refused.
    /// </summary>
    public static bool TryParseLooseDouble(ReadOnlySpan<byte> text, out double value)
    {
        int nul = text.IndexOf((byte)0);
        if (nul >= 0) text = text[..nul];
        value = 0;
        if (text.IsEmpty || TryParseDouble(text, out value)) return true;
        text = text.TrimStart(" \t\n\v\f\r"u8);
        switch (FloatSyntax.Classify(text))
        {
            case FloatForm.Infinity:
                value = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
                return true;
            case FloatForm.Decimal:
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
            case FloatForm.Hexadecimal when ExtendedDouble.TryParse(text, out ExtendedDouble extended):
                value = extended.ToDouble();
                return true;
            default:
                return false;
        }
    }

    /// <summary>Prints an integer; O(digits).</summary>
    /// <returns>The bytes written; <see cref="MaxIntegerBytes"/> at most.</returns>
    public static int FormatInteger(Span<byte> destination, long value)
    {
        if (!Utf8Formatter.TryFormat(value, destination, out int written)) ThrowTooShort();
        return written;
    }

    /// <summary>Prints a double in the fewest digits that read back.</summary>
    /// <returns>The bytes written; <see cref="MaxDoubleBytes"/> at most.</returns>
    public static int FormatDouble(Span<byte> destination, double value)
    {
        if (double.IsNaN(value)) return Copy("nan"u8, destination);
        if (double.IsInfinity(value)) return Copy(value < 0 ? "-inf"u8 : "inf"u8, destination);
        if (value == 0) return Copy(double.IsNegative(value) ? "-0"u8 : "0"u8, destination);
        if (Math.Abs(value) <= MaxExactInteger && (long)value == value) return FormatInteger(destination, (long)value);
        return FormatShortest(destination, value);
    }

    /// <summary>Prints a double in 17 digits without the zeros at their end, as C's %.17g does.</summary>
    /// <returns>The bytes written; <see cref="MaxDoubleBytes"/> at most.</returns>
    public static int FormatGeneral(Span<byte> destination, double value)
    {
        if (!double.IsFinite(value) || value == 0) return FormatDouble(destination, value);
        Span<byte> scientific = stackalloc byte[MaxDoubleBytes];
        Span<byte> digits = stackalloc byte[MaxDoubleBytes];
        value.TryFormat(scientific, out int length, "E16", CultureInfo.InvariantCulture);
        int count = TakeDigits(scientific[..length], digits, out int lastExponent);
        int written = 0;
        if (value < 0) destination[written++] = (byte)'-';
        return written + LayOutGeneral(destination[written..], digits[..count], lastExponent);
    }

    /// <summary>Prints a double with a fixed number of fractional digits, as INFO does; O(digits).</summary>
    /// <returns>The bytes written.</returns>
    public static int FormatFixed(Span<byte> destination, double value, int fractionalDigits)
    {
        var format = new StandardFormat('F', (byte)fractionalDigits);
        if (!Utf8Formatter.TryFormat(value, destination, out int written, format)) ThrowTooShort();
        return written;
    }

    /// <summary>How many bytes <see cref="FormatInteger"/> writes.</summary>
    public static int DigitCount(long value)
    {
        Span<byte> digits = stackalloc byte[MaxIntegerBytes];
        return FormatInteger(digits, value);
    }

    /// <summary>The value of a hexadecimal digit of either case; undefined for other bytes.</summary>
    internal static int HexDigit(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static bool TryParseMagnitude(ReadOnlySpan<byte> digits, out ulong value)
    {
        value = 0;
        if (digits.IsEmpty || digits.Length > 19 || (digits[0] == '0' && digits.Length > 1)) return false;
        // 19 digits always fit 64 bits, so overflow needs no look here.
        foreach (byte digit in digits)
        {
            uint number = (uint)(digit - '0');
            if (number > 9) return false;
            value = (value * 10) + number;
        }

        return true;
    }

    private static int FormatShortest(Span<byte> destination, double value)
    {
        // .NET's "E16"-like round-trip form is d.dddE+XXX: the digits and the exponent are all that is taken from it.
        Span<byte> scientific = stackalloc byte[MaxDoubleBytes];
        Span<byte> digits = stackalloc byte[MaxDoubleBytes];
        value.TryFormat(scientific, out int length, "R", CultureInfo.InvariantCulture);
        int count = TakeDigits(scientific[..length], digits, out int lastExponent);
        int written = 0;
        if (value < 0) destination[written++] = (byte)'-';
        return written + LayOut(destination[written..], digits[..count], lastExponent, 18 - written);
    }

    /// <summary>Takes the significant digits out of a printed number; <paramref name="lastExponent"/> is the last one's power of ten.</summary>
    private static int TakeDigits(ReadOnlySpan<byte> printed, Span<byte> digits, out int lastExponent)
    {
        int count = 0;
        lastExponent = 0;
        bool fraction = false;
        for (int i = 0; i < printed.Length; i++)
        {
            byte value = printed[i];
            if (value == '.')
            {
                fraction = true;
            }
            else if (value == 'E')
            {
                int sign = printed[i + 1] == '-' ? -1 : 1;
                lastExponent += sign * int.Parse(printed[(i + 2)..], NumberStyles.None, CultureInfo.InvariantCulture);
                break;
            }
            else if (value != '-')
            {
                if (fraction) lastExponent--;
                if (count > 0 || value != '0') digits[count++] = value;
            }
        }

        while (count > 1 && digits[count - 1] == '0')
        {
            count--;
            lastExponent++;
        }

        return count;
    }

    private static int LayOut(Span<byte> destination, ReadOnlySpan<byte> digits, int lastExponent, int maxScientificDigits)
    {
        int firstExponent = lastExponent + digits.Length - 1;
        if (lastExponent >= 0 && Math.Abs(firstExponent) < digits.Length + 7)
        {
            digits.CopyTo(destination);
            destination.Slice(digits.Length, lastExponent).Fill((byte)'0');
            return digits.Length + lastExponent;
        }

        if (lastExponent < 0 && (lastExponent > -7 || Math.Abs(firstExponent) < 4))
            return LayOutDecimal(destination, digits, digits.Length + lastExponent);
        return LayOutScientific(destination, digits[..Math.Min(digits.Length, maxScientificDigits)], firstExponent);
    }

    private static int LayOutGeneral(Span<byte> destination, ReadOnlySpan<byte> digits, int lastExponent)
    {
        int firstExponent = lastExponent + digits.Length - 1;
        if (firstExponent is >= -4 and < 17)
        {
            if (lastExponent < 0) return LayOutDecimal(destination, digits, digits.Length + lastExponent);
            digits.CopyTo(destination);
            destination.Slice(digits.Length, lastExponent).Fill((byte)'0');
            return digits.Length + lastExponent;
        }

        int written = LayOutScientific(destination, digits, firstExponent);
        if (Math.Abs(firstExponent) >= 10) return written;
        // C prints two digits of an exponent at least.
        destination[written] = destination[written - 1];
        destination[written - 1] = (byte)'0';
        return written + 1;
    }

    private static int LayOutDecimal(Span<byte> destination, ReadOnlySpan<byte> digits, int integerDigits)
    {
        if (integerDigits > 0)
        {
            digits[..integerDigits].CopyTo(destination);
            destination[integerDigits] = (byte)'.';
            digits[integerDigits..].CopyTo(destination[(integerDigits + 1)..]);
            return digits.Length + 1;
        }

        "0."u8.CopyTo(destination);
        destination.Slice(2, -integerDigits).Fill((byte)'0');
        digits.CopyTo(destination[(2 - integerDigits)..]);
        return 2 - integerDigits + digits.Length;
    }

    private static int LayOutScientific(Span<byte> destination, ReadOnlySpan<byte> digits, int exponent)
    {
        int written = 0;
        destination[written++] = digits[0];
        if (digits.Length > 1)
        {
            destination[written++] = (byte)'.';
            digits[1..].CopyTo(destination[written..]);
            written += digits.Length - 1;
        }

        destination[written++] = (byte)'e';
        destination[written++] = exponent < 0 ? (byte)'-' : (byte)'+';
        return written + FormatInteger(destination[written..], Math.Abs(exponent));
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        text.CopyTo(destination);
        return text.Length;
    }

    // What most scores and weights are: so few digits that the integer is exact. A zero with a sign is for others.
    private static bool TryParseDigits(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > MostExactDigits) return false;
        bool isNegative = text[0] == '-';
        long number = 0;
        for (int i = isNegative ? 1 : 0; i < text.Length; i++)
        {
            int digit = text[i] - '0';
            if ((uint)digit > 9) return false;
            number = number * 10 + digit;
        }

        value = isNegative ? -number : number;
        return !isNegative || number != 0;
    }

    private static void ThrowTooShort() => throw new ArgumentException("The destination is too short.");

}
