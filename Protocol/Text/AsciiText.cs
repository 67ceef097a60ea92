namespace KestrelFree.Protocol;

/// <summary>Comparisons of bytes that hold ASCII keywords; other bytes are compared as they are.</summary>
public static class AsciiText
{
    /// <summary>Whether both are equal but for the case of ASCII letters; O(length).</summary>
    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        left.Length == right.Length && CompareIgnoreCase(left, right) == 0;

    /// <summary>Orders like strcasecmp in the C locale: negative, zero or positive; O(length).</summary>
    public static int CompareIgnoreCase(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int common = Math.Min(left.Length, right.Length);
        for (int i = 0; i < common; i++)
        {
            int difference = left[i] - right[i];
            if (difference != 0 && (difference = ToLower(left[i]) - ToLower(right[i])) != 0) return difference;
        }

        return left.Length - right.Length;
    }

    /// <summary>The lower-case form of an ASCII letter; any other byte as it is.</summary>
    public static byte ToLower(byte value) => (uint)(value - 'A') <= 'Z' - 'A' ? (byte)(value | 0x20) : value;

    /// <summary>The upper-case form of an ASCII letter; any other byte as it is.</summary>
    public static byte ToUpper(byte value) => (uint)(value - 'a') <= 'z' - 'a' ? (byte)(value & ~0x20) : value;

    /// <summary>Writes the lower-case form of <paramref name="source"/>; O(length).</summary>
    /// <returns>The written part of <paramref name="destination"/>.</returns>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static Span<byte> ToLower(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (destination.Length < source.Length)
            throw new ArgumentException("The destination is too short.", nameof(destination));
        for (int i = 0; i < source.Length; i++)
            destination[i] = ToLower(source[i]);
        return destination[..source.Length];
    }
}
