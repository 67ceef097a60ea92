using System.Runtime.Intrinsics;

namespace KestrelFree.Storage.Types;

// 16384 registers of 6 bits, the first in the low bits of the first byte, each going on in the next byte where the first is full:
//
//     11000000 22221111 33333322 | 55444444 ...
//
// So three bytes hold four registers. Vectors take 12 bytes at a time: each group of three goes to a lane of 32 bits, and shifts and masks move its
// four registers to the lane's four bytes; packing does the reverse. The last group is done by hand, since a vector is loaded as 16 bytes.

/// <summary>The registers of a dense HyperLogLog.</summary>
internal static class DenseRegisters
{
    /// <summary>Bytes of all registers, packed.</summary>
    public const int PackedBytes = HyperLogLog.Registers * Bits / 8;

    private const int Bits = 6;
    private const uint Mask = (1 << Bits) - 1;
    private const int GroupRegisters = 16;
    private const int GroupBytes = GroupRegisters * Bits / 8;

    /// <summary>The value of a register. O(1).</summary>
    public static int Get(ReadOnlySpan<byte> packed, int index)
    {
        int bit = index * Bits;
        int at = bit >> 3;
        int low = packed[at] >> (bit & 7);
        return (int)((bit & 7) <= 8 - Bits ? low & Mask : (uint)(low | (packed[at + 1] << (8 - (bit & 7)))) & Mask);
    }

    /// <summary>Gives a register a greater value; false if it is not greater. O(1).</summary>
    public static bool Raise(Span<byte> packed, int index, int value)
    {
        if (value <= Get(packed, index)) return false;
        Set(packed, index, value);
        return true;
    }

    /// <summary>Gives a register a value. O(1).</summary>
    public static void Set(Span<byte> packed, int index, int value)
    {
        int bit = index * Bits;
        int at = bit >> 3;
        int shift = bit & 7;
        packed[at] = (byte)((packed[at] & ~(Mask << shift)) | ((uint)value << shift));
        if (shift > 8 - Bits)
            packed[at + 1] = (byte)((packed[at + 1] & ~(Mask >> (8 - shift))) | ((uint)value >> (8 - shift)));
    }

    /// <summary>Raises registers of a byte each to those that are packed. O(registers), vectorised.</summary>
    public static void MergeInto(Span<byte> registers, ReadOnlySpan<byte> packed)
    {
        Vector128<byte> spread = Vector128.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);
        int last = HyperLogLog.Registers - GroupRegisters;
        int at = 0;
        for (int i = 0; i < last; i += GroupRegisters, at += GroupBytes)
        {
            Vector128<uint> lanes = Vector128.Shuffle(Vector128.Create(packed.Slice(at, Vector128<byte>.Count)), spread).AsUInt32();
            Vector128<uint> unpacked = (lanes & Vector128.Create(Mask))
                | ((lanes << 2) & Vector128.Create(Mask << 8))
                | ((lanes << 4) & Vector128.Create(Mask << 16))
                | ((lanes << 6) & Vector128.Create(Mask << 24));
            Span<byte> group = registers.Slice(i, GroupRegisters);
            Vector128.Max(Vector128.Create<byte>(group), unpacked.AsByte()).CopyTo(group);
        }

        for (int i = last; i < HyperLogLog.Registers; i++)
            registers[i] = (byte)Math.Max(registers[i], Get(packed, i));
    }

    /// <summary>Packs registers of a byte each. O(registers), vectorised.</summary>
    public static void Pack(ReadOnlySpan<byte> registers, Span<byte> packed)
    {
        Vector128<byte> gather = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
        int last = HyperLogLog.Registers - GroupRegisters;
        int at = 0;
        for (int i = 0; i < last; i += GroupRegisters, at += GroupBytes)
        {
            Vector128<uint> lanes = Vector128.Create(registers.Slice(i, GroupRegisters)).AsUInt32();
            Vector128<uint> joined = (lanes & Vector128.Create(Mask))
                | ((lanes >> 2) & Vector128.Create(Mask << 6))
                | ((lanes >> 4) & Vector128.Create(Mask << 12))
                | ((lanes >> 6) & Vector128.Create(Mask << 18));
            // The four bytes too many are overwritten by the next group.
            Vector128.Shuffle(joined.AsByte(), gather).CopyTo(packed.Slice(at, Vector128<byte>.Count));
        }

        for (int i = last; i < HyperLogLog.Registers; i++)
            Set(packed, i, registers[i]);
    }
}
