using System.Buffers;
using System.Buffers.Binary;
using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage;

// The RDB format: Redis's snapshot files, DUMP payloads and what a replica receives first. One codec serves all three.
//
//     file      "REDIS" "0010"  aux ...  { FE database  FB keys expires  { entry } }  FF  checksum
//     entry     [FC ms : 8]  [F8 idle seconds | F9 frequency]  type : 1  key : string  value
//     payload   type : 1  value  version : 2  checksum : 8                               (DUMP: no key, no expiry)
//
// What a value is depends on its type: one row each in RdbValues. All of them consist of:
//
//     length    00xxxxxx                    6 bits
//               01xxxxxx xxxxxxxx           14 bits, high byte first
//               10000000 + 4 bytes          32 bits, high byte first
//               10000001 + 8 bytes          64 bits, high byte first
//               11xxxxxx                    no length: an encoded string of kind x
//     string    length, then the bytes
//               C0 + 1, C1 + 2, C2 + 4      a signed integer, low byte first, that stands for its decimal digits
//               C3 length length bytes      LZF: compressed length, plain length
//     numbers   a time is 8 bytes, a binary double 8, low byte first
//
// The checksum is Crc64 over everything before it, low byte first; 0 in a file says that there is none.
//
// Which string is written how is part of being the same as Redis: integers of up to 32 bits as such, then LZF if it is longer than 20 bytes and that
// saves at least 4, else as it is. So payloads are equal to Redis's, unless the compressors chose different copies.
//
// Source: what redis-server writes; tests compare with it byte by byte and load each other's.

/// <summary>Whether strings are compressed.</summary>
public enum RdbCompression
{
    /// <summary>They are written as they are (rdbcompression no).</summary>
    None,

    /// <summary>Where it saves enough (rdbcompression yes).</summary>
    Lzf,
}

/// <summary>Writes the elements of the RDB format. Not thread-safe.</summary>
public sealed class RdbWriter(IBufferWriter<byte> output)
{
    // Where the output's buffer is no larger, long strings go out in pieces.
    private const int PieceBytes = 16 * 1024;

    private Lzf? _lzf;

    /// <summary>Whether strings are compressed.</summary>
    public RdbCompression Compression { get; set; } = RdbCompression.Lzf;

    /// <summary>Writes a type.</summary>
    public void WriteType(RdbType type) => WriteByte((byte)type);

    /// <summary>Writes an opcode.</summary>
    public void WriteOpcode(RdbOpcode opcode) => WriteByte((byte)opcode);

    /// <summary>Writes a byte.</summary>
    public void WriteByte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    /// <summary>Writes bytes as they are, without a length; O(length).</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> target = output.GetSpan(Math.Min(bytes.Length, PieceBytes));
            int count = Math.Min(bytes.Length, target.Length);
            bytes[..count].CopyTo(target);
            output.Advance(count);
            bytes = bytes[count..];
        }
    }

    /// <summary>Writes 16 bits, low byte first.</summary>
    public void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(sizeof(ushort)), value);
        output.Advance(sizeof(ushort));
    }

    /// <summary>Writes 64 bits, low byte first: a time or a checksum.</summary>
    public void WriteUInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), value);
        output.Advance(sizeof(ulong));
    }

    /// <summary>Writes a double in binary.</summary>
    public void WriteDouble(double value) => WriteUInt64(BitConverter.DoubleToUInt64Bits(value));

    /// <summary>Writes a length or count in its shortest form.</summary>
    public void WriteLength(ulong length)
    {
        Span<byte> target = output.GetSpan(1 + sizeof(ulong));
        int written = 1;
        if (length < 1 << 6)
        {
            target[0] = (byte)length;
        }
        else if (length < 1 << 14)
        {
            BinaryPrimitives.WriteUInt16BigEndian(target, (ushort)((RdbFormat.MediumForm << 8) | (int)length));
            written = 2;
        }
        else if (length <= uint.MaxValue)
        {
            target[0] = RdbFormat.Length32;
            BinaryPrimitives.WriteUInt32BigEndian(target[1..], (uint)length);
            written = 1 + sizeof(uint);
        }
        else
        {
            target[0] = RdbFormat.Length64;
            BinaryPrimitives.WriteUInt64BigEndian(target[1..], length);
            written = 1 + sizeof(ulong);
        }

        output.Advance(written);
    }

    /// <summary>Writes a string in its shortest form; O(length).</summary>
    public void WriteString(ReadOnlySpan<byte> value)
    {
        if (value.Length <= 11 && Numbers.TryParseInteger(value, out long integer) && TryWriteInteger(integer)) return;
        if (Compression == RdbCompression.Lzf && value.Length > RdbFormat.IncompressibleBytes && TryWriteCompressed(value))
            return;
        WriteLength((ulong)value.Length);
        WriteBytes(value);
    }

    /// <summary>Writes the string that an integer's digits are.</summary>
    public void WriteString(long value)
    {
        if (TryWriteInteger(value)) return;
        Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
        digits = digits[..Numbers.FormatInteger(digits, value)];
        WriteLength((ulong)digits.Length);
        WriteBytes(digits);
    }

    /// <summary>Writes a string of so many bytes that is compressed already; O(length).</summary>
    public void WriteCompressed(ReadOnlySpan<byte> lzf, int length)
    {
        WriteByte(RdbFormat.EncodedForm | RdbFormat.Lzf);
        WriteLength((ulong)lzf.Length);
        WriteLength((ulong)length);
        WriteBytes(lzf);
    }

    /// <summary>Writes the string that an element of a collection is.</summary>
    public void WriteElement(ListpackValue element)
    {
        if (element.IsInteger) WriteString(element.Integer);
        else WriteString(element.Bytes);
    }

    private bool TryWriteInteger(long value)
    {
        if (value is < int.MinValue or > int.MaxValue) return false;
        Span<byte> target = output.GetSpan(1 + sizeof(int));
        BinaryPrimitives.WriteInt32LittleEndian(target[1..], (int)value);
        int kind = value switch
        {
            >= sbyte.MinValue and <= sbyte.MaxValue => RdbFormat.Int8,
            >= short.MinValue and <= short.MaxValue => RdbFormat.Int16,
            _ => RdbFormat.Int32,
        };
        target[0] = (byte)(RdbFormat.EncodedForm | kind);
        output.Advance(1 + (1 << kind));
        return true;
    }

    private bool TryWriteCompressed(ReadOnlySpan<byte> value)
    {
        _lzf ??= new Lzf();
        byte[] rented = ArrayPool<byte>.Shared.Rent(value.Length - RdbFormat.MinSavedBytes);
        int length = _lzf.Compress(value, rented.AsSpan(0, value.Length - RdbFormat.MinSavedBytes));
        if (length > 0) WriteCompressed(rented.AsSpan(0, length), value.Length);
        ArrayPool<byte>.Shared.Return(rented);
        return length > 0;
    }
}
