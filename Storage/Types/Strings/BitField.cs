using System.Buffers.Binary;

namespace KestrelFree.Storage.Types;

/// <summary>What becomes of a number that its field cannot hold.</summary>
public enum BitOverflow
{
    /// <summary>It keeps its low bits.</summary>
    Wrap,

    /// <summary>It becomes the nearest that the field holds.</summary>
    Saturate,

    /// <summary>The field is not written.</summary>
    Fail,
}

// A field is an integer of 1 to 64 bits (63 without a sign) anywhere in a bitmap, its most significant bit first. It spans nine bytes at most, which
// are read and written as one number of 72 bits. What the field is to hold is computed in 128 bits, where no sum overflows.

/// <summary>An integer within a bitmap.</summary>
/// <param name="Offset">The position of its most significant bit.</param>
/// <param name="Bits">Its width: 1 to 64, to 63 if it is unsigned.</param>
/// <param name="IsSigned">Whether its first bit is a sign.</param>
public readonly record struct BitField(long Offset, int Bits, bool IsSigned)
{
    private const int MaxBytes = 9;

    /// <summary>The position of its last bit.</summary>
    public long LastBit => Offset + Bits - 1;

    private Int128 Max => (Int128.One << (IsSigned ? Bits - 1 : Bits)) - 1;

    /// <summary>What the field holds; bits behind the end are 0.</summary>
    public long Read(ReadOnlySpan<byte> bitmap)
    {
        Span<byte> window = stackalloc byte[sizeof(ulong) * 2];
        window.Clear();
        long at = Offset >> 3;
        if (at < bitmap.Length) bitmap.Slice((int)at, Math.Min(MaxBytes, bitmap.Length - (int)at)).CopyTo(window);
        UInt128 shifted = BinaryPrimitives.ReadUInt128BigEndian(window) << (int)(Offset & 7);
        return IsSigned ? (long)((Int128)shifted >> (128 - Bits)) : (long)(ulong)(shifted >> (128 - Bits));
    }

    /// <summary>Makes the field hold the low bits of a number. The bitmap reaches to <see cref="LastBit"/>.</summary>
    public void Write(Span<byte> bitmap, long value)
    {
        Span<byte> window = stackalloc byte[sizeof(ulong) * 2];
        window.Clear();
        Span<byte> field = bitmap[(int)(Offset >> 3)..((int)(LastBit >> 3) + 1)];
        field.CopyTo(window);
        int shift = 128 - Bits - (int)(Offset & 7);
        UInt128 mask = ((UInt128.One << Bits) - 1) << shift;
        UInt128 written = (BinaryPrimitives.ReadUInt128BigEndian(window) & ~mask) | (((UInt128)(ulong)value << shift) & mask);
        BinaryPrimitives.WriteUInt128BigEndian(window, written);
        window[..field.Length].CopyTo(field);
    }

    /// <summary>
    /// What the field holds when it is set to a number; false if it must not be written. An unsigned field takes a negative one as a large one.
    /// </summary>
    public bool TryFit(long value, BitOverflow overflow, out long fitting)
    {
        // Redis takes what lies this far below for too large, as its distance from the maximum overflows.
        if (IsSigned && overflow == BitOverflow.Saturate && Max - value > long.MaxValue && Bits < 64)
        {
            fitting = (long)Max;
            return true;
        }

        return TryFit(IsSigned ? value : (Int128)(ulong)value, overflow, out fitting);
    }

    /// <summary>What the field holds when a number is added to what it held; false if it must not be written.</summary>
    public bool TryAdd(long held, long increment, BitOverflow overflow, out long sum) => TryFit((Int128)held + increment, overflow, out sum);

    private bool TryFit(Int128 value, BitOverflow overflow, out long fitting)
    {
        Int128 max = Max;
        Int128 min = IsSigned ? -max - 1 : Int128.Zero;
        bool fits = value >= min && value <= max;
        fitting = fits ? (long)value : overflow == BitOverflow.Saturate ? (long)(value < min ? min : max) : Wrap(value);
        return fits || overflow != BitOverflow.Fail;
    }

    private long Wrap(Int128 value)
    {
        int unused = 64 - Bits;
        ulong low = (ulong)(UInt128)value << unused;
        return IsSigned ? (long)low >> unused : (long)(low >> unused);
    }
}
