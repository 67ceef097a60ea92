using System.Globalization;
using KestrelFree.Protocol;

namespace KestrelFree.Server.Config;

/// <summary>Numbers as the configuration's readers take them; each method names the strictness it stands for.</summary>
internal static class ConfNumbers
{
    /// <summary>An integer in its only canonical form: no blanks, no plus sign, no leading zero, within 64 bits.</summary>
    public static bool TryParseStrict(string text, out long value) => Numbers.TryParseInteger(ByteText.ToBytes(text), out value);

    /// <summary>
    /// An integer as C's strtoll followed by a test for the end: leading blanks and a sign are fine, overflow saturates, and empty text is 0.
    /// </summary>
    public static bool TryParseLenient(string text, int radix, out long value, out bool overflowed)
    {
        var at = 0;
        while (at < text.Length && text[at] is ' ' or (>= '\t' and <= '\r'))
            at++;
        var negative = at < text.Length && text[at] == '-';
        if (at < text.Length && text[at] is '-' or '+') at++;
        UInt128 magnitude = 0;
        var start = at;
        for (; at < text.Length && text[at] >= '0' && text[at] < '0' + radix; at++)
            magnitude = magnitude > ulong.MaxValue ? magnitude : (magnitude * (uint)radix) + (uint)(text[at] - '0');
        var limit = negative ? (UInt128)1 << 63 : long.MaxValue;
        overflowed = magnitude > limit;
        magnitude = overflowed ? limit : magnitude;
        value = negative ? (long)(-(Int128)magnitude) : (long)magnitude;
        return at == text.Length && (at > start || text.Length == 0);
    }

    /// <summary>A double as <see cref="Numbers.TryParseDouble"/> takes it; not a NaN.</summary>
    public static bool TryParseDouble(string text, out double value) =>
        Numbers.TryParseDouble(ByteText.ToBytes(text), out value) && !double.IsNaN(value);

    /// <summary>A double with at most six decimals and no trailing zeros.</summary>
    public static string FormatDouble(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>Digits with an optional unit (b, k, kb, m, mb, g, gb); kb and its like count in 1024s, k in 1000s. Empty digits are 0.</summary>
    public static bool TryParseMemory(string text, out ulong bytes)
    {
        bytes = 0;
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
            digits++;
        var unit = UnitOf(text[digits..].ToLowerInvariant());
        if (unit == 0 || digits >= 128) return false;
        if (digits > 0 && !ulong.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out bytes))
            bytes = ulong.MaxValue;
        bytes = unchecked(bytes * unit);
        return true;
    }

    /// <summary>The shortest exact form with a unit, as CONFIG REWRITE writes it: 1048576 is "1mb".</summary>
    public static string FormatMemory(long bytes)
    {
        if (bytes == 0) return "0";
        if (bytes % (1L << 30) == 0) return $"{bytes >> 30}gb";
        if (bytes % (1L << 20) == 0) return $"{bytes >> 20}mb";
        return bytes % (1L << 10) == 0 ? $"{bytes >> 10}kb" : $"{bytes}";
    }

    private static ulong UnitOf(string unit) => unit switch
    {
        "" or "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1000 * 1000,
        "mb" => 1 << 20,
        "g" => 1000 * 1000 * 1000,
        "gb" => 1 << 30,
        _ => 0,
    };
}
