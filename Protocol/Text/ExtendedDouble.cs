using System.Buffers;
using System.Buffers.Text;
using System.Numerics;

namespace KestrelFree.Protocol;

// INCRBYFLOAT and HINCRBYFLOAT compute with C's `long double`, which on the machines that matter is x87's 80-bit format:
// 64 bits of significand instead of 53. What clients see depends on it: 10.5 + 0.1 prints as 10.6 with 17 decimals of an
// 80-bit sum, and as 10.59999999999999964 with a 64-bit one. Replicas and the AOF see the printed result, so it must be
// the same everywhere, and .NET has no such type. This is it, in integers:
//
//   value = significand * 2^exponent      significand: 64 bits, top bit set, but for zero and the subnormal range
//
// Reading and adding round once, to nearest, ties to even; printing is exact (%.17Lf, then trailing zeros cut). What
// counters hold in practice (up to 19 digits, at most 18 of them decimals, sums of like magnitude) fits 128-bit integers
// and allocates nothing; anything else takes BigInteger, a microsecond or two. Both ways give the same bits. `decimal`
// has neither the range nor these roundings.

/// <summary>An 80-bit floating-point number, as far as incrementing needs one.</summary>
public readonly struct ExtendedDouble
{
    /// <summary>Enough bytes for anything that <see cref="FormatHuman"/> prints.</summary>
    public const int MaxFormattedBytes = 5 * 1024;

    private const int SignificandBits = 64;
    private const int MinExponent = -16445;
    private const int MaxExponent = 16383 - 63;
    private const int FractionalDigits = 17;
    private const int MaxDecimalExponent = 4933;
    private const int MinDecimalExponent = -4970;
    private const int MaxWordDigits = 19;
    private const int MaxWordDecimals = 18;
    private const ulong FractionScale = 100_000_000_000_000_000;

    private readonly ulong _significand;
    private readonly int _exponent;
    private readonly Kind _kind;

    private ExtendedDouble(ulong significand, int exponent, Kind kind)
    {
        _significand = significand;
        _exponent = exponent;
        _kind = kind;
    }

    private enum Kind : byte
    {
        Positive,
        Negative,
        PositiveInfinity,
        NegativeInfinity,
        NotANumber,
    }

    /// <summary>Whether this is neither infinite nor the result of adding opposite infinities.</summary>
    public bool IsFinite => _kind <= Kind.Negative;

    /// <summary>Whether this is zero of either sign.</summary>
    public bool IsZero => IsFinite && _significand == 0;

    /// <summary>Whether this has the sign, as the negative zero has.</summary>
    public bool IsNegative => _kind is Kind.Negative or Kind.NegativeInfinity;

    /// <summary>The exact value of an integer.</summary>
    public static ExtendedDouble From(long value) => Round(value, 0, value < 0 ? Kind.Negative : Kind.Positive);

    /// <summary>The exact value of a double.</summary>
    public static ExtendedDouble From(double value)
    {
        if (double.IsNaN(value)) return new ExtendedDouble(0, 0, Kind.NotANumber);
        if (double.IsInfinity(value))
            return new ExtendedDouble(0, 0, value < 0 ? Kind.NegativeInfinity : Kind.PositiveInfinity);

        long bits = BitConverter.DoubleToInt64Bits(value);
        int biased = (int)(bits >> 52) & 0x7FF;
        long fraction = bits & ((1L << 52) - 1);
        long significand = biased == 0 ? fraction : fraction | (1L << 52);
        int exponent = Math.Max(biased, 1) - 1075;
        return Round(significand, exponent, bits < 0 ? Kind.Negative : Kind.Positive);
    }

    /// <summary>Reads a number as C's strtold does, refusing what it leaves over, over- and underflow, and NaN. O(length squared).</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ExtendedDouble value)
    {
        value = default;
        if (text.Length >= MaxFormattedBytes) return false;

        FloatForm form = FloatSyntax.Classify(text);
        bool negative = text.Length > 0 && text[0] == '-';
        if (form == FloatForm.Infinity)
            value = new ExtendedDouble(0, 0, negative ? Kind.NegativeInfinity : Kind.PositiveInfinity);
        if (form is FloatForm.Invalid or FloatForm.Infinity) return form == FloatForm.Infinity;

        if (form == FloatForm.Decimal && TryParseShort(text, negative ? Kind.Negative : Kind.Positive, out value))
            return true;
        int radix = form == FloatForm.Decimal ? 10 : 16;
        ReadOnlySpan<byte> unsigned = FloatSyntax.WithoutSign(text);
        BigInteger digits = TakeDigits(radix == 16 ? unsigned[2..] : unsigned, radix, out int exponent, out int count);
        Kind kind = negative ? Kind.Negative : Kind.Positive;
        if (digits.IsZero) value = new ExtendedDouble(0, 0, kind);
        else if (radix == 16) value = Round(digits, Math.Clamp(exponent, -200_000, 200_000), kind);
        else if (exponent + count > MaxDecimalExponent || exponent + count < MinDecimalExponent) return false;
        else value = RoundDecimal(digits, exponent, kind);
        return value.IsFinite && (digits.IsZero || value._significand != 0);
    }

    /// <summary>The sum, rounded to nearest even.</summary>
    public static ExtendedDouble operator +(ExtendedDouble left, ExtendedDouble right)
    {
        if (!left.IsFinite || !right.IsFinite) return AddNonFinite(left, right);

        if (TryAddNear(left, right, out ExtendedDouble near)) return near;
        int exponent = Math.Min(left._exponent, right._exponent);
        BigInteger sum = left.ScaledTo(exponent) + right.ScaledTo(exponent);
        bool negative = sum.Sign < 0 || (sum.IsZero && left.IsNegative && right.IsNegative);
        return Round(BigInteger.Abs(sum), exponent, negative ? Kind.Negative : Kind.Positive);
    }

    /// <summary>The sum; the named form of the operator.</summary>
    public static ExtendedDouble Add(ExtendedDouble left, ExtendedDouble right) => left + right;

    /// <summary>The nearest double, give or take its last bit in the subnormal range.</summary>
    public double ToDouble() => _kind switch
    {
        Kind.NotANumber => double.NaN,
        Kind.PositiveInfinity => double.PositiveInfinity,
        Kind.NegativeInfinity => double.NegativeInfinity,
        Kind.Negative => -Math.ScaleB((double)_significand, _exponent),
        _ => Math.ScaleB((double)_significand, _exponent),
    };

    /// <summary>Prints with at most 17 decimals and no trailing zeros, never with an exponent.</summary>
    /// <returns>The bytes written; <see cref="MaxFormattedBytes"/> at most.</returns>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int FormatHuman(Span<byte> destination)
    {
        ReadOnlySpan<byte> name = _kind switch
        {
            Kind.NotANumber => "nan"u8,
            Kind.PositiveInfinity => "inf"u8,
            Kind.NegativeInfinity => "-inf"u8,
            _ => [],
        };
        if (!name.IsEmpty)
        {
            name.CopyTo(destination);
            return name.Length;
        }

        if (_exponent is <= 0 and > -128) return FormatShort(destination);
        BigInteger scaled = _significand * BigInteger.Pow(10, FractionalDigits);
        scaled = _exponent >= 0 ? scaled << _exponent : ShiftRightToEven(scaled, -_exponent);
        // One digit before the point at least.
        string digits = scaled.ToString().PadLeft(FractionalDigits + 1, '0');
        ReadOnlySpan<char> integer = digits.AsSpan(0, digits.Length - FractionalDigits);
        ReadOnlySpan<char> fraction = digits.AsSpan(digits.Length - FractionalDigits).TrimEnd('0');
        int written = 0;
        if (IsNegative && !scaled.IsZero) destination[written++] = (byte)'-';
        written += System.Text.Encoding.ASCII.GetBytes(integer, destination[written..]);
        if (fraction.IsEmpty) return written;
        destination[written++] = (byte)'.';
        return written + System.Text.Encoding.ASCII.GetBytes(fraction, destination[written..]);
    }

    /// <summary>Reads plain digits and decimals that fit one word; false leaves the rest of the work to BigInteger.</summary>
    private static bool TryParseShort(ReadOnlySpan<byte> text, Kind kind, out ExtendedDouble value)
    {
        value = default;
        ulong digits = 0;
        int count = 0;
        int decimals = 0;
        bool fraction = false;
        foreach (byte letter in FloatSyntax.WithoutSign(text))
        {
            if (letter == '.')
            {
                fraction = true;
                continue;
            }

            if (letter is < (byte)'0' or > (byte)'9') return false;
            // Before the digit is added: a twentieth one may wrap the word round, to zero even.
            if ((digits != 0 || letter != '0') && ++count > MaxWordDigits) return false;
            digits = (digits * 10) + (ulong)(letter - '0');
            if (fraction && ++decimals > MaxWordDecimals) return false;
        }

        if (digits == 0)
        {
            value = new ExtendedDouble(0, 0, kind);
            return true;
        }

        // Shifted up to 127 bits, a quotient by 10^18 (60 bits) keeps at least 67: enough to round, with the remainder
        // as the sticky last bit.
        ulong divisor = PowerOfTen(decimals);
        int shift = 126 - BitOperations.Log2(digits);
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem((UInt128)digits << shift, divisor);
        value = RoundWords(quotient | (remainder == 0 ? UInt128.Zero : UInt128.One), -shift, kind);
        return true;
    }

    private static ulong PowerOfTen(int exponent)
    {
        ulong power = 1;
        for (; exponent > 0; exponent--)
            power *= 10;
        return power;
    }

    /// <summary>Adds numbers whose exponents are so near that their exact sum fits 128 bits.</summary>
    private static bool TryAddNear(ExtendedDouble left, ExtendedDouble right, out ExtendedDouble sum)
    {
        const int NearBits = 60;
        sum = default;
        if (left._significand == 0 || right._significand == 0) return false;
        if (left._exponent < right._exponent) (left, right) = (right, left);
        int distance = left._exponent - right._exponent;
        if (distance > NearBits || right._exponent < MinExponent / 2 || left._exponent > MaxExponent / 2) return false;

        UInt128 larger = (UInt128)left._significand << distance;
        UInt128 smaller = right._significand;
        Kind kind = left._kind;
        if (left._kind == right._kind)
        {
            sum = RoundWords(larger + smaller, right._exponent, kind);
        }
        else if (larger >= smaller)
        {
            bool cancelled = larger == smaller;
            sum = RoundWords(larger - smaller, right._exponent, cancelled ? Kind.Positive : kind);
        }
        else
        {
            sum = RoundWords(smaller - larger, right._exponent, right._kind);
        }

        return true;
    }

    /// <summary>The number nearest to magnitude * 2^exponent, which must be far from the limits of the range.</summary>
    private static ExtendedDouble RoundWords(UInt128 magnitude, int exponent, Kind kind)
    {
        if (magnitude == 0) return new ExtendedDouble(0, 0, kind);
        int excess = SignificandBits - (int)UInt128.LeadingZeroCount(magnitude);
        if (excess <= 0) return new ExtendedDouble((ulong)magnitude << -excess, exponent + excess, kind);
        UInt128 rounded = ShiftRightToEven(magnitude, excess);
        // Rounding up may carry into a 65th bit; then all others are zero.
        return rounded >> SignificandBits == 0
            ? new ExtendedDouble((ulong)rounded, exponent + excess, kind)
            : new ExtendedDouble(1UL << 63, exponent + excess + 1, kind);
    }

    private static UInt128 ShiftRightToEven(UInt128 value, int bits)
    {
        if (bits == 0) return value;
        UInt128 quotient = value >> bits;
        UInt128 remainder = value - (quotient << bits);
        UInt128 half = UInt128.One << (bits - 1);
        return remainder > half || (remainder == half && UInt128.IsOddInteger(quotient)) ? quotient + 1 : quotient;
    }

    private int FormatShort(Span<byte> destination)
    {
        // 64 bits times 57 bits cannot overflow.
        UInt128 scaled = ShiftRightToEven((UInt128)_significand * FractionScale, -_exponent);
        (UInt128 integer, UInt128 fraction) = UInt128.DivRem(scaled, FractionScale);
        int written = 0;
        if (IsNegative && scaled != 0) destination[written++] = (byte)'-';
        Utf8Formatter.TryFormat((ulong)integer, destination[written..], out int length);
        written += length;
        if (fraction == 0) return written;

        destination[written++] = (byte)'.';
        Span<byte> decimals = destination.Slice(written, FractionalDigits);
        Utf8Formatter.TryFormat((ulong)fraction, decimals, out _, new StandardFormat('D', FractionalDigits));
        return written + decimals.TrimEnd((byte)'0').Length;
    }

    private static ExtendedDouble AddNonFinite(ExtendedDouble left, ExtendedDouble right)
    {
        if (left._kind == Kind.NotANumber || right._kind == Kind.NotANumber)
            return new ExtendedDouble(0, 0, Kind.NotANumber);
        if (!left.IsFinite && !right.IsFinite && left._kind != right._kind)
            return new ExtendedDouble(0, 0, Kind.NotANumber);
        return left.IsFinite ? right : left;
    }

    private BigInteger ScaledTo(int exponent)
    {
        BigInteger magnitude = (BigInteger)_significand << (_exponent - exponent);
        return IsNegative ? -magnitude : magnitude;
    }

    /// <summary>Collects a number's digits; <paramref name="exponent"/> is the last digit's (of ten, or of two for hexadecimal ones).</summary>
    private static BigInteger TakeDigits(ReadOnlySpan<byte> text, int radix, out int exponent, out int count)
    {
        BigInteger digits = BigInteger.Zero;
        int perDigit = radix == 10 ? 1 : 4;
        exponent = 0;
        count = 0;
        bool fraction = false;
        for (int i = 0; i < text.Length; i++)
        {
            byte value = text[i];
            if (value == '.')
            {
                fraction = true;
                continue;
            }

            if ((value | 0x20) == (radix == 10 ? 'e' : 'p'))
            {
                exponent += ParseExponent(text[(i + 1)..]);
                break;
            }

            digits = (digits * radix) + Numbers.HexDigit(value);
            if (!digits.IsZero) count++;
            if (fraction) exponent -= perDigit;
        }

        return digits;
    }

    private static int ParseExponent(ReadOnlySpan<byte> text)
    {
        const int Beyond = 1_000_000;
        int value = 0;
        foreach (byte digit in FloatSyntax.WithoutSign(text))
            value = Math.Min((value * 10) + digit - '0', Beyond);
        return text[0] == '-' ? -value : value;
    }

    private static ExtendedDouble RoundDecimal(BigInteger digits, int exponent, Kind kind)
    {
        if (exponent >= 0) return Round(digits * BigInteger.Pow(10, exponent), 0, kind);

        // Enough quotient bits that one more, set when there is a remainder, decides the rounding.
        BigInteger divisor = BigInteger.Pow(10, -exponent);
        int shift = (int)Math.Max(0, divisor.GetBitLength() - digits.GetBitLength() + SignificandBits + 2);
        BigInteger quotient = BigInteger.DivRem(digits << shift, divisor, out BigInteger remainder);
        quotient = (quotient << 1) | (remainder.IsZero ? 0 : 1);
        return Round(quotient, -shift - 1, kind);
    }

    /// <summary>The number nearest to magnitude * 2^exponent.</summary>
    private static ExtendedDouble Round(BigInteger magnitude, int exponent, Kind kind)
    {
        magnitude = BigInteger.Abs(magnitude);
        if (magnitude.IsZero) return new ExtendedDouble(0, 0, kind);

        int excess = (int)magnitude.GetBitLength() - SignificandBits;
        int target = Math.Max(exponent + excess, MinExponent);
        BigInteger rounded = target >= exponent
            ? ShiftRightToEven(magnitude, target - exponent)
            : magnitude << (exponent - target);
        if (rounded.GetBitLength() > SignificandBits)
        {
            rounded >>= 1;
            target++;
        }

        if (target > MaxExponent)
            return new ExtendedDouble(0, 0, kind == Kind.Negative ? Kind.NegativeInfinity : Kind.PositiveInfinity);
        return new ExtendedDouble((ulong)rounded, target, kind);
    }

    private static BigInteger ShiftRightToEven(BigInteger value, int bits)
    {
        if (bits == 0) return value;
        BigInteger quotient = value >> bits;
        BigInteger remainder = value - (quotient << bits);
        int half = remainder.CompareTo(BigInteger.One << (bits - 1));
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
