using System.Numerics;
using System.Runtime.InteropServices;

namespace KestrelFree.Storage.Types;

// A bitmap is a string. Bit 0 is the most significant bit of the first byte, bit 8 that of the second, and what is behind the end is 0.
//
// Counting keeps four sums, so that the latency of the popcount instruction is hidden; the search for a bit skips bytes that cannot hold it
// with the runtime's own vectorised search.

/// <summary>Reads and changes single bits, and counts and finds them.</summary>
public static class Bitmaps
{
    private const int WordsAtATime = 4;

    /// <summary>The bit at a position; 0 behind the end. O(1).</summary>
    public static int Get(ReadOnlySpan<byte> bytes, long position)
    {
        long at = position >> 3;
        return at < bytes.Length ? (bytes[(int)at] >> ShiftOf(position)) & 1 : 0;
    }

    /// <summary>Sets the bit at a position, which exists, and returns what it was. O(1).</summary>
    public static int Exchange(Span<byte> bytes, long position, int bit)
    {
        ref byte place = ref bytes[(int)(position >> 3)];
        int shift = ShiftOf(position);
        int old = (place >> shift) & 1;
        place = (byte)((place & ~(1 << shift)) | (bit << shift));
        return old;
    }

    /// <summary>The number of ones. O(bytes).</summary>
    public static long Count(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        long count = CountWords(words);
        foreach (byte value in bytes[(words.Length * sizeof(ulong))..])
            count += BitOperations.PopCount(value);
        return count;
    }

    /// <summary>The number of ones from one position to another, both included and both there. O(bytes).</summary>
    public static long Count(ReadOnlySpan<byte> bytes, long first, long last)
    {
        if (first > last) return 0;
        int head = (int)(first >> 3);
        int tail = (int)(last >> 3);
        return Count(bytes[head..(tail + 1)])
            - BitOperations.PopCount(bytes[head] & ~MaskFrom(first))
            - BitOperations.PopCount(bytes[tail] & ~MaskTo(last));
    }

    /// <summary>
    /// The position of the first bit of this value from one position to another, both included and both there; -1 if there is none. O(bytes).
    /// </summary>
    public static long IndexOf(ReadOnlySpan<byte> bytes, int bit, long first, long last)
    {
        if (first > last) return -1;
        // Looking for a zero is looking for a one in what is inverted.
        uint flip = bit == 0 ? 0xffu : 0;
        int at = (int)(first >> 3);
        int tail = (int)(last >> 3);
        uint found = (bytes[at] ^ flip) & MaskFrom(first);
        if (at < tail && found == 0)
        {
            int skipped = bytes[(at + 1)..tail].IndexOfAnyExcept((byte)flip);
            at = skipped < 0 ? tail : at + 1 + skipped;
            found = bytes[at] ^ flip;
        }

        if (at == tail) found &= MaskTo(last);
        return found == 0 ? -1 : ((long)at << 3) + BitOperations.LeadingZeroCount(found) - 24;
    }

    private static int ShiftOf(long position) => 7 - (int)(position & 7);

    private static uint MaskFrom(long position) => 0xffu >> (int)(position & 7);

    private static uint MaskTo(long position) => (0xffu << ShiftOf(position)) & 0xff;

    private static long CountWords(ReadOnlySpan<ulong> words)
    {
        long first = 0, second = 0, third = 0, fourth = 0;
        int i = 0;
        for (; i <= words.Length - WordsAtATime; i += WordsAtATime)
        {
            ReadOnlySpan<ulong> group = words.Slice(i, WordsAtATime);
            first += BitOperations.PopCount(group[0]);
            second += BitOperations.PopCount(group[1]);
            third += BitOperations.PopCount(group[2]);
            fourth += BitOperations.PopCount(group[3]);
        }

        for (; i < words.Length; i++)
            first += BitOperations.PopCount(words[i]);
        return first + second + third + fourth;
    }
}
