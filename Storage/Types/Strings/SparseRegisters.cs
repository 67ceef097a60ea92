using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage.Types;

// The registers of a sparse HyperLogLog are runs, one after the other, that add up to all 16384:
//
//     00xxxxxx             x + 1 registers of 0
//     01xxxxxx yyyyyyyy    xy + 1 registers of 0
//     1vvvvvxx             x + 1 registers of v + 1: one to four registers of 1 to 32
//
// Raising a register splits the run that it lies in into up to three, and then joins equal neighbours again, from the run before it on and not beyond
// five runs: exactly what Redis does, since the bytes must be the same. Where that makes the value too long, or the register's value is too great,
// the HyperLogLog becomes dense.
//
// A cursor remembers the run before the last one that was looked for. Registers that are raised in ascending order, as PFMERGE does, are found from
// there: O(runs) for all of them together, and not for each.

/// <summary>What came of raising a register.</summary>
internal enum RegisterChange
{
    /// <summary>It was as great already.</summary>
    None,

    /// <summary>It was raised.</summary>
    Raised,

    /// <summary>It cannot be: the HyperLogLog has to become dense.</summary>
    NeedsDense,

    /// <summary>The runs do not cover it: the value is corrupt.</summary>
    Corrupt,
}

/// <summary>A run of registers that have one value.</summary>
/// <param name="Offset">Where it is in the value.</param>
/// <param name="Bytes">The bytes that it takes.</param>
/// <param name="First">Its first register.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Value">What they hold.</param>
internal readonly record struct RegisterRun(int Offset, int Bytes, int First, int Length, int Value)
{
    /// <summary>The register behind it.</summary>
    public int End => First + Length;
}

/// <summary>Where the search for a register may go on: at the run before the one found last.</summary>
/// <param name="Offset">Where that run is.</param>
/// <param name="First">Its first register.</param>
/// <param name="Before">Where the run before it is; 0 if there is none.</param>
internal record struct RegisterCursor(int Offset, int First, int Before)
{
    /// <summary>The first run.</summary>
    public static RegisterCursor Start => new(HyperLogLog.HeaderBytes, 0, 0);
}

/// <summary>The registers of a sparse HyperLogLog.</summary>
internal static class SparseRegisters
{
    private const int LongZeroBit = 0x40;
    private const int LongZeroMask = 0xc0;
    private const int ShortLengthMask = 0x3f;
    private const int ValueBit = 0x80;
    private const int MaxValue = 32;
    private const int MaxValueLength = 4;
    private const int MaxShortZeroLength = 64;
    private const int MaxSplitBytes = 5;
    private const int JoinedRuns = 5;

    /// <summary>Writes a run of zeros for all registers, two bytes.</summary>
    public static void WriteEmpty(Span<byte> runs) => WriteZeros(runs, HyperLogLog.Registers);

    /// <summary>The run at an offset, which begins with a register; false at the end and for half a run.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, int offset, int first, out RegisterRun run)
    {
        run = default;
        if (offset >= value.Length) return false;
        int code = value[offset];
        if (code >= ValueBit)
            run = new RegisterRun(offset, 1, first, (code & 3) + 1, ((code >> 2) & 0x1f) + 1);
        else if (code < LongZeroBit)
            run = new RegisterRun(offset, 1, first, code + 1, 0);
        else if (offset + 1 < value.Length)
            run = new RegisterRun(offset, 2, first, (((code & 0x3f) << 8) | value[offset + 1]) + 1, 0);
        return run.Bytes > 0;
    }

    /// <summary>Raises registers of a byte each to these; false if the runs do not cover all registers exactly. O(registers).</summary>
    public static bool TryMergeInto(Span<byte> registers, ReadOnlySpan<byte> value)
    {
        int offset = HyperLogLog.HeaderBytes;
        int first = 0;
        while (TryRead(value, offset, first, out RegisterRun run))
        {
            if (run.End > HyperLogLog.Registers) return false;
            if (run.Value > 0)
            {
                foreach (ref byte register in registers.Slice(first, run.Length))
                    register = (byte)Math.Max(register, run.Value);
            }

            offset += run.Bytes;
            first = run.End;
        }

        return first == HyperLogLog.Registers && offset == value.Length;
    }

    /// <summary>Adds up how many registers have each value; false if the runs do not cover all registers exactly. O(runs).</summary>
    public static bool TryCount(ReadOnlySpan<byte> value, Span<int> histogram)
    {
        int offset = HyperLogLog.HeaderBytes;
        int first = 0;
        while (first < HyperLogLog.Registers && TryRead(value, offset, first, out RegisterRun run))
        {
            histogram[run.Value] += run.Length;
            offset += run.Bytes;
            first = run.End;
        }

        return first == HyperLogLog.Registers && offset == value.Length;
    }

    /// <summary>Raises a register to a value. O(runs), from the cursor on.</summary>
    public static RegisterChange Raise<T>(ref T target, int index, int value, long maxBytes, ref RegisterCursor cursor)
        where T : IPackedBytes, allows ref struct
    {
        if (value > MaxValue) return RegisterChange.NeedsDense;
        ReadOnlySpan<byte> bytes = target.Bytes;
        if (!TryFind(bytes, index, cursor, out RegisterRun run, out RegisterCursor found))
            return RegisterChange.Corrupt;
        if (run.Value >= value) return RegisterChange.None;

        Span<byte> split = stackalloc byte[MaxSplitBytes];
        int length = Split(split, run, index, value);
        if (length > run.Bytes && bytes.Length + length - run.Bytes > maxBytes) return RegisterChange.NeedsDense;
        Span<byte> edited = target.Splice(run.Offset, run.Bytes, length);
        split[..length].CopyTo(edited[run.Offset..]);
        bool isCursorsOwn = run.Offset == found.Offset;
        Join(ref target, !isCursorsOwn ? found.Offset : found.Before == 0 ? run.Offset : found.Before);
        // A run that was joined to the one before it is none to go on from.
        cursor = isCursorsOwn ? RegisterCursor.Start : found;
        return RegisterChange.Raised;
    }

    // Finds the run that a register lies in, and the place from which a search for a later one may start. That is the run before; where the run
    // found is the one that the search started at, it is that one. This loop is what adding to a sparse value costs: the length of a short run
    // is six bits or two, taken without a branch, since which of them comes next cannot be predicted.
    private static bool TryFind(ReadOnlySpan<byte> bytes, int index, RegisterCursor cursor, out RegisterRun run, out RegisterCursor found)
    {
        int offset = cursor.Offset;
        int first = cursor.First;
        int before = cursor.Before;
        int previous = offset;
        int previousFirst = first;
        while (offset < bytes.Length)
        {
            int code = bytes[offset];
            int length = (code & (ShortLengthMask >> ((code & ValueBit) >> 5))) + 1;
            int runBytes = 1;
            if ((code & LongZeroMask) == LongZeroBit)
            {
                if (!TryRead(bytes, offset, first, out run)) break;
                length = run.Length;
                runBytes = run.Bytes;
            }

            if (index < first + length)
            {
                found = new RegisterCursor(previous, previousFirst, before);
                return TryRead(bytes, offset, first, out run);
            }

            before = previous == offset ? before : previous;
            previous = offset;
            previousFirst = first;
            offset += runBytes;
            first += length;
        }

        run = default;
        found = cursor;
        return false;
    }

    private static int Split(Span<byte> split, RegisterRun run, int index, int value)
    {
        int length = WritePart(split, run.Value, index - run.First);
        length += WritePart(split[length..], value, 1);
        return length + WritePart(split[length..], run.Value, run.End - index - 1);
    }

    private static void Join<T>(ref T target, int offset)
        where T : IPackedBytes, allows ref struct
    {
        Span<byte> bytes = target.Splice(0, 0, 0);
        for (int runs = JoinedRuns; runs > 0 && offset < bytes.Length; runs--)
        {
            int code = bytes[offset];
            if (code < ValueBit)
            {
                offset += code < LongZeroBit ? 1 : 2;
                continue;
            }

            int next = offset + 1 < bytes.Length ? bytes[offset + 1] : 0;
            int joined = (code & 3) + (next & 3) + 2;
            if ((next | 3) != (code | 3) || joined > MaxValueLength)
            {
                offset++;
                continue;
            }

            bytes[offset + 1] = (byte)((code & ~3) | (joined - 1));
            bytes = target.Splice(offset, 1, 0);
        }
    }

    private static int WritePart(Span<byte> split, int value, int length)
    {
        if (length == 0) return 0;
        if (value == 0) return WriteZeros(split, length);
        split[0] = (byte)(ValueBit | ((value - 1) << 2) | (length - 1));
        return 1;
    }

    private static int WriteZeros(Span<byte> split, int length)
    {
        if (length <= MaxShortZeroLength)
        {
            split[0] = (byte)(length - 1);
            return 1;
        }

        split[0] = (byte)(LongZeroBit | ((length - 1) >> 8));
        split[1] = (byte)(length - 1);
        return 2;
    }
}
