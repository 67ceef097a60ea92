using System.Buffers.Binary;

namespace KestrelFree.Storage.Encodings;

// The zipmap: what small hashes were before Redis 2.6. It occurs in very old RDB files, and is read only.
//
//     [pairs : 8] { length field  length free : 8 value  free bytes } [0xff]
//     length    1 byte up to 253, or 0xFE and 4 bytes, low byte first
//
// 254 pairs stand for "count them".

/// <summary>Reads zipmaps.</summary>
internal static class Zipmap
{
    private const byte End = 0xFF;
    private const byte LongLength = 0xFE;
    private const int UnknownCount = 254;

    /// <summary>
    /// Appends fields and values to a listpack; false, with some of them appended, for bytes that are no zipmap through and through. O(bytes).
    /// </summary>
    public static bool TryAppendTo(ref PackedBuffer target, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2 || bytes[^1] != End) return false;
        ReadOnlySpan<byte> left = bytes[1..^1];
        int count = 0;
        while (!left.IsEmpty)
        {
            if (!TryReadLength(ref left, out int length) || length > left.Length) return false;
            ReadOnlySpan<byte> field = left[..length];
            left = left[length..];
            if (!TryReadLength(ref left, out length) || left.IsEmpty) return false;
            int free = left[0];
            left = left[1..];
            if (length + (long)free > left.Length || !Listpack.CanGrow(target.Bytes, field.Length + length + 32L))
                return false;
            ListpackEdits.Append(ref target, field, left[..length]);
            left = left[(length + free)..];
            count++;
        }

        return bytes[0] >= UnknownCount || bytes[0] == count;
    }

    private static bool TryReadLength(ref ReadOnlySpan<byte> bytes, out int length)
    {
        length = bytes.IsEmpty ? End : bytes[0];
        if (length == End) return false;
        int width = 1;
        if (length == LongLength)
        {
            width = 5;
            if (bytes.Length < width) return false;
            length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes[1..]), int.MaxValue);
        }

        bytes = bytes[width..];
        return true;
    }
}
