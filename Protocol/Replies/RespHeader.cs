using System.Buffers.Binary;

namespace KestrelFree.Protocol;

// Nearly every reply is made of headers: a type byte, an integer, CR LF. Numbers below 1000 are most of them (lengths of
// values, sizes of arrays, 0 and 1), and they come from a table: seven bytes and their count in one 64-bit word, so that
// a header is one load, one or and one store.
//
//   byte   0        1 .. 5            6        7
//          (type)   digits CR LF      unused   how many bytes, the type included

/// <summary>Writes "type integer CR LF".</summary>
internal static class RespHeader
{
    /// <summary>The room to offer: the longest header is 23 bytes.</summary>
    internal const int MaxBytes = 24;

    private const int TabulatedNumbers = 1000;

    private static readonly ulong[] Table = BuildTable();

    /// <summary>Writes a header; O(digits).</summary>
    /// <param name="destination">At least <see cref="MaxBytes"/> long.</param>
    /// <param name="type">The first byte.</param>
    /// <param name="value">The integer.</param>
    /// <returns>The bytes written; what follows them, up to the eighth, is overwritten.</returns>
    internal static int Write(Span<byte> destination, byte type, long value)
    {
        ulong[] table = Table;
        if ((ulong)value >= (ulong)table.Length) return WriteLong(destination, type, value);
        ulong word = table[value];
        BinaryPrimitives.WriteUInt64LittleEndian(destination, word | type);
        return (int)(word >> 56);
    }

    private static int WriteLong(Span<byte> destination, byte type, long value)
    {
        destination[0] = type;
        int length = 1 + Numbers.FormatInteger(destination[1..], value);
        destination[length] = (byte)'\r';
        destination[length + 1] = (byte)'\n';
        return length + 2;
    }

    private static ulong[] BuildTable()
    {
        ulong[] table = new ulong[TabulatedNumbers];
        Span<byte> bytes = stackalloc byte[MaxBytes];
        for (int i = 0; i < table.Length; i++)
        {
            bytes.Clear();
            int length = WriteLong(bytes, 0, i);
            table[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes) | ((ulong)length << 56);
        }

        return table;
    }
}
