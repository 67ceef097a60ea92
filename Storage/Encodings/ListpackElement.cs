using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace KestrelFree.Storage.Encodings;

// One entry of a listpack: [encoding and data][back length], where the first byte tells the encoding:
//
//     0xxxxxxx                   integer 0..127
//     10xxxxxx data              string of up to 63 bytes
//     110xxxxx x                 integer of 13 bits, signed, high bits first
//     1110xxxx x data            string of up to 4095 bytes, high bits of the length first
//     11110000 xxxx data         longer string, little-endian length
//     11110001 xx                integer of 16 bits, signed, little-endian
//     11110010 xxx               24 bits
//     11110011 xxxx              32 bits
//     11110100 xxxxxxxx          64 bits
//     11111111                   the listpack's end
//
// The back length is the number of bytes before it in the entry, 7 bits a byte, high bits first, to be read from behind: every byte but the first has
// its high bit set, which says that more of it stands before. Redis's writer takes a byte more than needed at 16383, 2097151 and 268435455 exactly;
// ours does the same, or the bytes would differ.

/// <summary>Writes, measures and reads single entries. Reads trust the bytes as far as the span allows: a bad one throws, it never strays.</summary>
internal static class ListpackElement
{
    /// <summary>The byte behind the last entry.</summary>
    public const byte End = 0xff;

    private const byte String6 = 0x80;
    private const byte Int13 = 0xc0;
    private const byte String12 = 0xe0;
    private const byte String32 = 0xf0;
    private const byte Int16 = 0xf1;
    private const byte Int24 = 0xf2;
    private const byte Int32 = 0xf3;
    private const byte Int64 = 0xf4;
    private const int MaxString6 = 63;
    private const int MaxString12 = 4095;
    private const byte More = 0x80;

    /// <summary>Bytes of the entry of a string.</summary>
    public static int EntryBytes(int stringLength)
    {
        int encoded = stringLength + (stringLength <= MaxString6 ? 1 : stringLength <= MaxString12 ? 2 : 5);
        return encoded + BackLengthBytes(encoded);
    }

    /// <summary>Bytes of the entry of an integer.</summary>
    public static int EntryBytes(long integer) => EncodedIntegerBytes(integer) + 1;

    /// <summary>Writes the entry of a string; returns its length.</summary>
    public static int Write(Span<byte> destination, ReadOnlySpan<byte> text)
    {
        int head = WriteStringHead(destination, text.Length);
        text.CopyTo(destination[head..]);
        int encoded = head + text.Length;
        return encoded + WriteBackLength(destination[encoded..], encoded);
    }

    /// <summary>Writes the entry of an integer; returns its length.</summary>
    public static int Write(Span<byte> destination, long integer)
    {
        int encoded = EncodedIntegerBytes(integer);
        switch (encoded)
        {
            case 1:
                destination[0] = (byte)integer;
                break;
            case 2:
                destination[0] = (byte)(Int13 | ((integer >> 8) & 0x1f));
                destination[1] = (byte)integer;
                break;
            default:
                destination[0] = encoded == 9 ? Int64 : (byte)(Int16 + encoded - 3);
                for (int i = 1; i < encoded; i++)
                    destination[i] = (byte)(integer >> (8 * (i - 1)));
                break;
        }

        destination[encoded] = (byte)encoded;
        return encoded + 1;
    }

    /// <summary>Bytes of the entry at an offset, its back length included. The byte there is not the end's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EntryBytesAt(ReadOnlySpan<byte> listpack, int offset)
    {
        byte first = listpack[offset];
        if (first < String6) return 2;
        return first < Int13 ? (first & MaxString6) + 2 : LongEntryBytesAt(listpack, offset);
    }

    /// <summary>The element at an offset and the bytes of its entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ListpackValue Read(ReadOnlySpan<byte> listpack, int offset, out int entryBytes)
    {
        byte first = listpack[offset];
        if (first < String6)
        {
            entryBytes = 2;
            return new ListpackValue((long)first);
        }

        if (first >= Int13) return ReadLong(listpack, offset, out entryBytes);
        int length = first & MaxString6;
        entryBytes = length + 2;
        return ListpackValue.OfString(listpack.Slice(offset + 1, length));
    }

    /// <summary>The length that stands before the back length that ends just before an offset; -1 if it is longer than five bytes.</summary>
    public static long ReadBackLength(ReadOnlySpan<byte> listpack, int offset)
    {
        long value = 0;
        for (int shift = 0; shift <= 28; shift += 7)
        {
            byte part = listpack[--offset];
            value |= (long)(part & 0x7f) << shift;
            if (part < More) return value;
        }

        return -1;
    }

    /// <summary>Bytes that the back length takes for so many encoded bytes.</summary>
    public static int BackLengthBytes(long encoded) => encoded switch
    {
        <= 127 => 1,
        < 16383 => 2,
        < 2097151 => 3,
        < 268435455 => 4,
        _ => 5,
    };

    /// <summary>
    /// Bytes of encoding and data at an offset, read without looking at or behind <paramref name="limit"/>; 0 if it is no entry or its length is
    /// cut off. What it returns may reach beyond the limit.
    /// </summary>
    public static long EncodedBytesWithin(ReadOnlySpan<byte> listpack, int offset, int limit)
    {
        byte first = listpack[offset];
        if (first < String6) return 1;
        if (first < Int13) return 1 + (first & MaxString6);
        if (first < String12) return 2;
        if (first < String32) return offset + 2 > limit ? 0 : 2 + ReadString12Length(listpack, offset);
        return first switch
        {
            String32 => offset + 5 > limit ? 0 : 5 + (long)BinaryPrimitives.ReadUInt32LittleEndian(listpack[(offset + 1)..]),
            Int64 => 9,
            <= Int32 => first - Int16 + 3,
            _ => 0,
        };
    }

    private static int EncodedIntegerBytes(long integer) => integer switch
    {
        >= 0 and <= 127 => 1,
        >= -4096 and <= 4095 => 2,
        >= short.MinValue and <= short.MaxValue => 3,
        >= -8388608 and <= 8388607 => 4,
        >= int.MinValue and <= int.MaxValue => 5,
        _ => 9,
    };

    private static int WriteStringHead(Span<byte> destination, int length)
    {
        if (length <= MaxString6)
        {
            destination[0] = (byte)(String6 | length);
            return 1;
        }

        if (length <= MaxString12)
        {
            destination[0] = (byte)(String12 | (length >> 8));
            destination[1] = (byte)length;
            return 2;
        }

        destination[0] = String32;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[1..], (uint)length);
        return 5;
    }

    private static int WriteBackLength(Span<byte> destination, int encoded)
    {
        int bytes = BackLengthBytes(encoded);
        for (int i = bytes - 1; i > 0; i--)
        {
            destination[i] = (byte)(encoded | More);
            encoded >>= 7;
        }

        destination[0] = (byte)encoded;
        return bytes;
    }

    private static int ReadString12Length(ReadOnlySpan<byte> listpack, int offset) => ((listpack[offset] & 0xf) << 8) | listpack[offset + 1];

    private static int LongEntryBytesAt(ReadOnlySpan<byte> listpack, int offset)
    {
        int encoded = checked((int)EncodedBytesWithin(listpack, offset, listpack.Length));
        Invariant.Check(encoded > 0, "a listpack entry has a known encoding");
        return encoded + BackLengthBytes(encoded);
    }

    private static ListpackValue ReadLong(ReadOnlySpan<byte> listpack, int offset, out int entryBytes)
    {
        entryBytes = LongEntryBytesAt(listpack, offset);
        byte first = listpack[offset];
        if (first < String12)
            return new ListpackValue((long)(short)(((first & 0x1f) << 11) | (listpack[offset + 1] << 3)) >> 3);
        if (first < String32)
            return ListpackValue.OfString(listpack.Slice(offset + 2, ReadString12Length(listpack, offset)));
        ReadOnlySpan<byte> data = listpack[(offset + 1)..];
        return first switch
        {
            String32 => ListpackValue.OfString(data.Slice(4, checked((int)BinaryPrimitives.ReadUInt32LittleEndian(data)))),
            Int16 => new ListpackValue((long)BinaryPrimitives.ReadInt16LittleEndian(data)),
            Int24 => new ListpackValue((long)((data[0] << 8) | (data[1] << 16) | (data[2] << 24)) >> 8),
            Int32 => new ListpackValue((long)BinaryPrimitives.ReadInt32LittleEndian(data)),
            _ => new ListpackValue(BinaryPrimitives.ReadInt64LittleEndian(data)),
        };
    }
}
