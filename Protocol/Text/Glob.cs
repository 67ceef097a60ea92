namespace KestrelFree.Protocol;

// Redis's patterns for keys, channels and parameters:
//
//   ?        any byte                     [abc]  one of them; [^abc] none of them; [a-z] a range, either way round
//   *        any bytes, also none         \x     x itself, inside brackets too
//
// The usual recursive matcher takes exponential time for `a*a*a*a*b`. Here only the last star is ever returned to: once
// the text between two stars has matched at its earliest place, a later place cannot help what follows. So the cost is at
// most pattern times text.
//
// Quirks kept, since clients see them: an empty text matches only the empty pattern (not even `*`); a bracket that is not
// closed ends with the pattern; ranges compare signed bytes; an escaped byte in brackets is case-sensitive.

/// <summary>Glob-style matching of bytes.</summary>
public static class Glob
{
    private const int NoStar = -1;

    /// <summary>Whether all of <paramref name="text"/> matches <paramref name="pattern"/>; O(pattern * text) at worst, no allocation.</summary>
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, CaseSensitivity sensitivity) =>
        IsMatch(pattern, text, sensitivity, out _);

    /// <summary>The same, and how many steps it took, for tests of the bound.</summary>
    internal static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, CaseSensitivity sensitivity, out long steps)
    {
        steps = 0;
        if (text.IsEmpty) return pattern.IsEmpty;

        int p = 0;
        int t = 0;
        int afterStar = NoStar;
        int starText = 0;
        while (t < text.Length)
        {
            steps++;
            if (p < pattern.Length && pattern[p] == '*')
            {
                while (p < pattern.Length && pattern[p] == '*')
                    p++;
                if (p == pattern.Length) return true;
                afterStar = p;
                starText = t;
            }
            else if (p < pattern.Length && MatchesOne(pattern, ref p, text[t], sensitivity))
            {
                t++;
            }
            else if (afterStar == NoStar)
            {
                return false;
            }
            else
            {
                p = afterStar;
                t = ++starText;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    /// <summary>Whether the pattern may match more than one text, or must be unescaped; O(pattern).</summary>
    public static bool HasWildcards(ReadOnlySpan<byte> pattern) => pattern.IndexOfAny("*?[\\"u8) >= 0;

    /// <summary>Matches one byte against the element at <paramref name="p"/>, and steps over the element.</summary>
    private static bool MatchesOne(ReadOnlySpan<byte> pattern, ref int p, byte value, CaseSensitivity sensitivity)
    {
        switch (pattern[p])
        {
            case (byte)'?':
                p++;
                return true;
            case (byte)'[':
                p++;
                return MatchesClass(pattern, ref p, value, sensitivity);
            case (byte)'\\' when p + 1 < pattern.Length:
                p += 2;
                return Same(pattern[p - 1], value, sensitivity);
            default:
                p++;
                return Same(pattern[p - 1], value, sensitivity);
        }
    }

    private static bool MatchesClass(ReadOnlySpan<byte> pattern, ref int p, byte value, CaseSensitivity sensitivity)
    {
        bool negated = p < pattern.Length && pattern[p] == '^';
        if (negated) p++;
        bool found = false;
        while (p < pattern.Length && pattern[p] != ']')
        {
            if (pattern[p] == '\\' && p + 1 < pattern.Length)
            {
                found |= pattern[p + 1] == value;
                p += 2;
            }
            else if (p + 2 < pattern.Length && pattern[p + 1] == '-')
            {
                found |= InRange(pattern[p], pattern[p + 2], value, sensitivity);
                p += 3;
            }
            else
            {
                found |= Same(pattern[p], value, sensitivity);
                p++;
            }
        }

        if (p < pattern.Length) p++;
        return found != negated;
    }

    private static bool InRange(byte first, byte last, byte value, CaseSensitivity sensitivity)
    {
        sbyte low = (sbyte)Math.Min((sbyte)first, (sbyte)last);
        sbyte high = (sbyte)Math.Max((sbyte)first, (sbyte)last);
        if (sensitivity == CaseSensitivity.Insensitive)
        {
            low = (sbyte)AsciiText.ToLower((byte)low);
            high = (sbyte)AsciiText.ToLower((byte)high);
            value = AsciiText.ToLower(value);
        }

        return (sbyte)value >= low && (sbyte)value <= high;
    }

    private static bool Same(byte left, byte right, CaseSensitivity sensitivity) =>
        left == right || (sensitivity == CaseSensitivity.Insensitive && AsciiText.ToLower(left) == AsciiText.ToLower(right));
}
