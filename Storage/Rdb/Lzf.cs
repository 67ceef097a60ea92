using System.Runtime.CompilerServices;

namespace KestrelFree.Storage;

// LZF, the compression of strings in RDB files: one pass, byte-aligned, made for speed.
//
//     000nnnnn  n + 1 bytes follow as they are                                     (1 .. 32)
//     lllddddd  dddddddd             copy l + 2 bytes from d + 1 bytes back        (3 .. 8 bytes, 1 .. 8192 back)
//     111ddddd  nnnnnnnn  dddddddd   copy n + 9 bytes from d + 1 bytes back        (9 .. 264 bytes)
//
// A copy may overlap what it produces: "one byte back, 100 bytes" repeats a byte.
//
// The compressor remembers for each hash of three bytes where they were last seen, and takes a copy wherever one is to be had. Its table is never
// cleared: positions are counted on from one input to the next, so that what earlier inputs left is too far back to count. After a
// run without a copy it looks at fewer places, so that what is compressed already costs little.
//
// Source: the format as liblzf's decoder reads it.

/// <summary>Compresses and decompresses LZF. An instance holds the compressor's table of 64 KB; not thread-safe.</summary>
public sealed class Lzf
{
    private const int MaxLiterals = 32;
    private const int MaxDistance = 1 << 13;
    private const int MinCopy = 3;
    private const int LongCopy = 9;
    private const int MaxCopy = 264;
    private const int TableBits = 14;
    private const int MissesPerStep = 128;

    private readonly int[] _table = new int[1 << TableBits];
    private int _base = MaxDistance + 1;

    /// <summary>Compresses; 0 if the output is too small for the result, which is what too small a gain comes to. O(length), no allocation.</summary>
    public int Compress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (_base > int.MaxValue - input.Length - MaxDistance - 1)
        {
            Array.Clear(_table);
            _base = MaxDistance + 1;
        }

        int length = Compress(input, output, _base);
        _base += input.Length + MaxDistance + 1;
        return length;
    }

    /// <summary>Decompresses; false unless the input is sound and yields exactly as many bytes as the output has. O(length).</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int at = 0;
        while (!input.IsEmpty)
        {
            int control = input[0];
            input = input[1..];
            bool sound = control < MaxLiterals
                ? TryTakeLiterals(ref input, control + 1, output, ref at)
                : TryTakeCopy(ref input, control, output, ref at);
            if (!sound) return false;
        }

        return at == output.Length;
    }

    private int Compress(ReadOnlySpan<byte> input, Span<byte> output, int start)
    {
        int written = 0;
        int literals = 0;
        int at = 0;
        while (at + MinCopy <= input.Length)
        {
            ref int seen = ref _table[HashOf(input, at)];
            int distance = start + at - seen;
            seen = start + at;
            int copied = distance <= MaxDistance ? CopyLength(input, at, distance) : 0;
            if (copied < MinCopy)
            {
                at += 1 + ((at - literals) / MissesPerStep);
                continue;
            }

            if (!TryPutLiterals(input[literals..at], output, ref written) || !TryPutCopy(copied, distance - 1, output, ref written))
                return 0;
            at += copied;
            literals = at;
            if (at + 1 <= input.Length && copied > MinCopy) _table[HashOf(input, at - 2)] = start + at - 2;
        }

        return TryPutLiterals(input[literals..], output, ref written) ? written : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int HashOf(ReadOnlySpan<byte> input, int at)
    {
        uint triple = input[at] | ((uint)input[at + 1] << 8) | ((uint)input[at + 2] << 16);
        return (int)((triple * 0x9E3779B1) >> (32 - TableBits));
    }

    private static int CopyLength(ReadOnlySpan<byte> input, int at, int distance)
    {
        ReadOnlySpan<byte> ahead = input.Slice(at, Math.Min(MaxCopy, input.Length - at));
        return ahead.CommonPrefixLength(input.Slice(at - distance, ahead.Length));
    }

    private static bool TryPutLiterals(ReadOnlySpan<byte> bytes, Span<byte> output, ref int written)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(bytes.Length, MaxLiterals);
            if (output.Length - written < count + 1) return false;
            output[written++] = (byte)(count - 1);
            bytes[..count].CopyTo(output[written..]);
            written += count;
            bytes = bytes[count..];
        }

        return true;
    }

    private static bool TryPutCopy(int length, int offset, Span<byte> output, ref int written)
    {
        if (output.Length - written < (length < LongCopy ? 2 : 3)) return false;
        if (length < LongCopy)
        {
            output[written++] = (byte)(((length - 2) << 5) | (offset >> 8));
        }
        else
        {
            output[written++] = (byte)((7 << 5) | (offset >> 8));
            output[written++] = (byte)(length - LongCopy);
        }

        output[written++] = (byte)offset;
        return true;
    }

    private static bool TryTakeLiterals(ref ReadOnlySpan<byte> input, int count, Span<byte> output, ref int at)
    {
        if (count > input.Length || count > output.Length - at) return false;
        input[..count].CopyTo(output[at..]);
        input = input[count..];
        at += count;
        return true;
    }

    private static bool TryTakeCopy(ref ReadOnlySpan<byte> input, int control, Span<byte> output, ref int at)
    {
        bool isLong = control >> 5 == 7;
        int header = isLong ? 2 : 1;
        if (input.Length < header) return false;
        int length = isLong ? input[0] + LongCopy : (control >> 5) + 2;
        int distance = (((control & 0x1f) << 8) | input[header - 1]) + 1;
        input = input[header..];
        if (distance > at || length > output.Length - at) return false;
        if (distance >= length) output.Slice(at - distance, length).CopyTo(output[at..]);
        else Repeat(output.Slice(at - distance, distance + length), distance);
        at += length;
        return true;
    }

    // Fills a span with its first bytes over and over; each copy doubles what there is to copy.
    private static void Repeat(Span<byte> span, int period)
    {
        for (int filled = period; filled < span.Length; filled *= 2)
            span[..Math.Min(filled, span.Length - filled)].CopyTo(span[filled..]);
    }
}
