using System.Buffers.Binary;

namespace KestrelFree.Storage;

// The checksum of RDB files, DUMP payloads and cluster messages: CRC-64 with Jones's polynomial, reflected, from zero and without a final xor.
//
// Eight bytes are taken at once: table k gives the effect of a byte that k more bytes follow, so the eight look-ups do not wait for one another
// (slicing by eight). Byte by byte each look-up waits for the last.

/// <summary>CRC-64/Jones.</summary>
public static class Crc64
{
    private const ulong ReflectedPolynomial = 0x95AC9329AC4BC9B5;
    private const int Slices = 8;

    private static readonly ulong[] Tables = MakeTables();

    /// <summary>The checksum of bytes that follow those whose checksum is <paramref name="crc"/>; 0 for none. O(length).</summary>
    public static ulong Append(ulong crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> tables = Tables;
        while (bytes.Length >= Slices)
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            crc = tables[(7 << 8) | (byte)crc]
                ^ tables[(6 << 8) | (byte)(crc >> 8)]
                ^ tables[(5 << 8) | (byte)(crc >> 16)]
                ^ tables[(4 << 8) | (byte)(crc >> 24)]
                ^ tables[(3 << 8) | (byte)(crc >> 32)]
                ^ tables[(2 << 8) | (byte)(crc >> 40)]
                ^ tables[(1 << 8) | (byte)(crc >> 48)]
                ^ tables[(byte)(crc >> 56)];
            bytes = bytes[Slices..];
        }

        foreach (byte value in bytes)
            crc = tables[(byte)(crc ^ value)] ^ (crc >> 8);
        return crc;
    }

    /// <summary>
    /// The checksum after so many zero bytes more. O(log count). As checksums are linear, it tells what changing a few bytes does to the checksum
    /// of all that follows them.
    /// </summary>
    public static ulong AppendZeros(ulong crc, long count)
    {
        // What a zero byte makes of each bit; squared again and again, what 2, 4, 8 ... of them do.
        Span<ulong> effect = stackalloc ulong[64];
        Span<ulong> squared = stackalloc ulong[64];
        for (int bit = 0; bit < effect.Length; bit++)
            effect[bit] = Append(1ul << bit, [0]);
        for (; count > 0; count >>= 1)
        {
            if ((count & 1) != 0) crc = Apply(effect, crc);
            for (int bit = 0; bit < effect.Length; bit++)
                squared[bit] = Apply(effect, effect[bit]);
            squared.CopyTo(effect);
        }

        return crc;
    }

    private static ulong Apply(ReadOnlySpan<ulong> effect, ulong crc)
    {
        ulong result = 0;
        for (; crc != 0; crc &= crc - 1)
            result ^= effect[System.Numerics.BitOperations.TrailingZeroCount(crc)];
        return result;
    }

    private static ulong[] MakeTables()
    {
        ulong[] tables = new ulong[Slices << 8];
        for (int i = 0; i < 256; i++)
        {
            ulong crc = (ulong)i;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * ReflectedPolynomial);
            tables[i] = crc;
        }

        for (int i = 256; i < tables.Length; i++)
            tables[i] = tables[(byte)tables[i - 256]] ^ (tables[i - 256] >> 8);
        return tables;
    }
}
