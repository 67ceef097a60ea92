using System.Buffers.Binary;

namespace KestrelFree.Storage.Encodings;

// The ziplist: what listpacks were before Redis 7.0. It occurs in older RDB files and payloads, and is read only.
//
//     [total bytes : 32][offset of the last entry : 32][entries : 16] [entry] [entry] ... [0xff]
//     entry    bytes of the entry before (1, or 0xFE and 4)   encoding   data
//
//     encoding  00xxxxxx                     a string of up to 63 bytes
//               01xxxxxx xxxxxxxx            one of up to 16383, high byte first
//               10000000 + 4                 a longer one, high byte first
//               11000000, 11010000, 11100000, 11110000, 11111110     an integer of 2, 4, 8, 3 or 1 bytes
//               1111xxxx                     the integer xxxx - 1, from 0 to 12
//
// Integers are low byte first. 65535 entries stand for "count them".
// Source: what redis-server before 7.0 writes (src/ziplist.c for the facts of the format).

/// <summary>Reads ziplists.</summary>
internal static class Ziplist
{
    private const int HeaderBytes = 10;
    private const byte End = 0xFF;
    private const byte LongBack = 0xFE;
    private const int UnknownCount = ushort.MaxValue;

    /// <summary>
    /// Appends all elements to a listpack; false, with some of them appended, for bytes that are no ziplist through and through. O(bytes).
    /// </summary>
    public static bool TryAppendTo(ref PackedBuffer target, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != (uint)bytes.Length || bytes[^1] != End)
            return false;
        int end = bytes.Length - 1;
        int previous = 0;
        int at = HeaderBytes;
        int count = 0;
        while (at < end)
        {
            int length = EntryBytes(bytes[at..end], previous, out ReadOnlySpan<byte> text, out long integer);
            if (length == 0 || !Listpack.CanGrow(target.Bytes, length + 16L)) return false;
            ListpackEdits.Append(ref target, IsInteger(bytes[at..end]) ? new ListpackValue(integer) : new ListpackValue(text));
            previous = length;
            at += length;
            count++;
        }

        int expected = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        int tail = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        return (expected == UnknownCount || expected == count) && tail == end - previous;
    }

    private static int BackBytes(ReadOnlySpan<byte> entry) => entry[0] < LongBack ? 1 : 5;

    private static bool IsInteger(ReadOnlySpan<byte> entry) => (entry[BackBytes(entry)] & 0xC0) == 0xC0;

    // The length of the entry at the start of these bytes; 0 if it is not sound or says something else of the one before.
    private static int EntryBytes(ReadOnlySpan<byte> bytes, int previous, out ReadOnlySpan<byte> text, out long integer)
    {
        text = default;
        integer = 0;
        int back = BackBytes(bytes);
        if (bytes[0] == End || bytes.Length <= back) return 0;
        uint said = back == 1 ? bytes[0] : BinaryPrimitives.ReadUInt32LittleEndian(bytes[1..]);
        if (said != (uint)previous) return 0;
        int length = (bytes[back] & 0xC0) == 0xC0 ? ReadInteger(bytes[back..], out integer) : ReadText(bytes[back..], out text);
        return length == 0 ? 0 : back + length;
    }

    private static int ReadText(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> text)
    {
        text = default;
        int form = bytes[0] >> 6;
        int header = form switch { 0 => 1, 1 => 2, _ => 5 };
        if (bytes.Length < header || (form == 2 && bytes[0] != 0x80)) return 0;
        uint length = form switch
        {
            0 => bytes[0],
            1 => BinaryPrimitives.ReadUInt16BigEndian(bytes) & 0x3FFFu,
            _ => BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]),
        };
        if (length > (uint)(bytes.Length - header)) return 0;
        text = bytes.Slice(header, (int)length);
        return header + (int)length;
    }

    private static int ReadInteger(ReadOnlySpan<byte> bytes, out long integer)
    {
        int width = bytes[0] switch { 0xC0 => 2, 0xD0 => 4, 0xE0 => 8, 0xF0 => 3, 0xFE => 1, _ => 0 };
        integer = (bytes[0] & 0x0F) - 1;
        if (width == 0) return bytes[0] is >= 0xF1 and <= 0xFD ? 1 : 0;
        if (bytes.Length <= width) return 0;
        ReadOnlySpan<byte> number = bytes.Slice(1, width);
        integer = width switch
        {
            1 => (sbyte)number[0],
            2 => BinaryPrimitives.ReadInt16LittleEndian(number),
            3 => (number[0] << 8 | number[1] << 16 | number[2] << 24) >> 8,
            4 => BinaryPrimitives.ReadInt32LittleEndian(number),
            _ => BinaryPrimitives.ReadInt64LittleEndian(number),
        };
        return 1 + width;
    }
}
