using System.Buffers.Binary;
using System.Text;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage.Types;

// A HyperLogLog estimates how many different elements it has been given, with a standard error of 0.81 %, in at most 12 KB. It is a string, byte for
// byte Redis's, so that a value moves between servers:
//
//     0     "HYLL"
//     4     0 = dense, 1 = sparse
//     5     three bytes without use
//     8     the estimate that was computed last, 64 bits little-endian; its highest bit says that the registers have changed since
//     16    the registers (see DenseRegisters and SparseRegisters)
//
// An element's hash chooses one of 16384 registers by its low 14 bits. The register keeps the greatest number of zeros (plus one) that the other
// bits of any hash started with: to see n of them takes 2^n elements on average. Otmar Ertl's estimator makes a number of how many registers
// hold which value, without tables of corrections. Merging takes the greater of two registers.
//
// New ones are sparse. They become dense for good when they exceed hll-sparse-max-bytes or a register exceeds 32.
//
// What a client has made of the string is checked before it is believed: runs that do not add up to all registers are an error, never a read outside.
//
// Costs: adding to a dense one O(1), to a sparse one O(bytes); estimating and merging O(registers), on vectors but for the histogram.
// Sources: redis 7.2 src/hyperloglog.c for the facts of the format; O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches".

/// <summary>What came of adding an element.</summary>
public enum HyperLogLogChange
{
    /// <summary>No register changed.</summary>
    None,

    /// <summary>A register changed.</summary>
    Changed,

    /// <summary>The value is corrupt.</summary>
    Corrupt,
}

/// <summary>Reads and changes HyperLogLogs. All but <see cref="IsHyperLogLog"/> take values that passed it.</summary>
public static class HyperLogLog
{
    /// <summary>How many registers there are.</summary>
    public const int Registers = 1 << IndexBits;

    /// <summary>Bytes before the registers.</summary>
    public const int HeaderBytes = 16;

    /// <summary>Bytes of a dense one.</summary>
    public const int DenseBytes = HeaderBytes + DenseRegisters.PackedBytes;

    /// <summary>Bytes of one without elements.</summary>
    public const int EmptyBytes = HeaderBytes + 2;

    private const int IndexBits = 14;
    private const int RankBits = 64 - IndexBits;
    private const int HistogramSize = 64;
    private const int EncodingOffset = 4;
    private const int EstimateOffset = 8;
    private const byte Dense = 0;
    private const byte Sparse = 1;
    private const byte StaleBit = 0x80;
    // 1 / (2 ln 2).
    private const double Alpha = 0.721347520444481703680;
    private const ulong HashSeed = 0xadc83b19;

    private static ReadOnlySpan<byte> Magic => "HYLL"u8;

    /// <summary>Whether a string looks like a HyperLogLog; its registers may be corrupt all the same. O(1).</summary>
    public static bool IsHyperLogLog(ReadOnlySpan<byte> value) =>
        value.Length >= HeaderBytes && value.StartsWith(Magic) && value[EncodingOffset] <= Sparse && (!IsDense(value) || value.Length == DenseBytes);

    /// <summary>Whether it is dense.</summary>
    public static bool IsDense(ReadOnlySpan<byte> value) => value[EncodingOffset] == Dense;

    /// <summary>Writes one without elements, <see cref="EmptyBytes"/> long.</summary>
    public static void WriteEmpty(Span<byte> value)
    {
        value.Clear();
        Magic.CopyTo(value);
        value[EncodingOffset] = Sparse;
        SparseRegisters.WriteEmpty(value[HeaderBytes..]);
    }

    /// <summary>Adds an element. O(1) to a dense one, O(bytes) to a sparse one.</summary>
    public static HyperLogLogChange Add<T>(ref T target, scoped ReadOnlySpan<byte> element, long sparseMaxBytes)
        where T : IPackedBytes, allows ref struct
    {
        ulong hash = MurmurHash64A.Hash(element, HashSeed);
        int index = (int)(hash & (Registers - 1));
        int rank = 1 + (int)ulong.TrailingZeroCount((hash >> IndexBits) | (1UL << RankBits));
        RegisterCursor cursor = RegisterCursor.Start;
        return Raise(ref target, index, rank, sparseMaxBytes, ref cursor);
    }

    /// <summary>Makes it dense; false if it is corrupt. O(registers).</summary>
    public static bool TryMakeDense<T>(ref T target)
        where T : IPackedBytes, allows ref struct
    {
        ReadOnlySpan<byte> sparse = target.Bytes;
        if (IsDense(sparse)) return true;
        Span<byte> registers = stackalloc byte[Registers];
        registers.Clear();
        if (!SparseRegisters.TryMergeInto(registers, sparse)) return false;
        Span<byte> value = target.Splice(HeaderBytes, sparse.Length - HeaderBytes, DenseRegisters.PackedBytes);
        value[EncodingOffset] = Dense;
        DenseRegisters.Pack(registers, value[HeaderBytes..]);
        return true;
    }

    /// <summary>Notes that the registers have changed since the estimate was computed.</summary>
    public static void MarkStale(Span<byte> value) => value[HeaderBytes - 1] |= StaleBit;

    /// <summary>The estimate that was computed last, if the registers have not changed since. O(1).</summary>
    public static bool TryGetCachedEstimate(ReadOnlySpan<byte> value, out long estimate)
    {
        estimate = BinaryPrimitives.ReadInt64LittleEndian(value[EstimateOffset..]);
        return estimate >= 0;
    }

    /// <summary>Keeps an estimate for the next time.</summary>
    public static void CacheEstimate(Span<byte> value, long estimate) => BinaryPrimitives.WriteInt64LittleEndian(value[EstimateOffset..], estimate);

    /// <summary>Estimates how many different elements were added; false if the value is corrupt. O(registers).</summary>
    public static bool TryEstimate(ReadOnlySpan<byte> value, out long estimate)
    {
        estimate = 0;
        if (IsDense(value))
        {
            Span<byte> registers = stackalloc byte[Registers];
            registers.Clear();
            DenseRegisters.MergeInto(registers, value[HeaderBytes..]);
            estimate = Estimate(registers);
            return true;
        }

        Span<int> histogram = stackalloc int[HistogramSize];
        histogram.Clear();
        if (!SparseRegisters.TryCount(value, histogram)) return false;
        estimate = Estimate(histogram);
        return true;
    }

    /// <summary>Raises <see cref="Registers"/> registers of a byte each to those of a value; false if it is corrupt. O(registers).</summary>
    public static bool TryMergeInto(Span<byte> registers, ReadOnlySpan<byte> value)
    {
        if (!IsDense(value)) return SparseRegisters.TryMergeInto(registers, value);
        DenseRegisters.MergeInto(registers, value[HeaderBytes..]);
        return true;
    }

    /// <summary>
    /// Raises the registers of a value to registers of a byte each, among which its own are; a dense one gets them all at once. O(registers).
    /// </summary>
    public static void Merge<T>(ref T target, scoped ReadOnlySpan<byte> registers, long sparseMaxBytes)
        where T : IPackedBytes, allows ref struct
    {
        RegisterCursor cursor = RegisterCursor.Start;
        for (int i = 0; i < Registers && !IsDense(target.Bytes); i++)
        {
            if (registers[i] > 0) Raise(ref target, i, registers[i], sparseMaxBytes, ref cursor);
        }

        Span<byte> value = target.Splice(0, 0, 0);
        if (IsDense(value)) DenseRegisters.Pack(registers, value[HeaderBytes..]);
        MarkStale(value);
    }

    /// <summary>The estimate for registers of a byte each. O(registers).</summary>
    public static long Estimate(ReadOnlySpan<byte> registers)
    {
        // Neighbours are mostly alike: in four tables they do not wait for each other.
        Span<int> histograms = stackalloc int[4 * HistogramSize];
        histograms.Clear();
        for (int i = 0; i < registers.Length; i += 4)
        {
            ReadOnlySpan<byte> four = registers.Slice(i, 4);
            histograms[four[0] & (HistogramSize - 1)]++;
            histograms[HistogramSize + (four[1] & (HistogramSize - 1))]++;
            histograms[(2 * HistogramSize) + (four[2] & (HistogramSize - 1))]++;
            histograms[(3 * HistogramSize) + (four[3] & (HistogramSize - 1))]++;
        }

        Span<int> histogram = histograms[..HistogramSize];
        for (int i = 0; i < HistogramSize; i++)
            histogram[i] += histograms[HistogramSize + i] + histograms[(2 * HistogramSize) + i] + histograms[(3 * HistogramSize) + i];
        return Estimate(histogram);
    }

    /// <summary>A register of a dense value. O(1).</summary>
    public static int GetRegister(ReadOnlySpan<byte> value, int index) => DenseRegisters.Get(value[HeaderBytes..], index);

    /// <summary>Writes the runs of a sparse value as text: "Z:12 v:3,1 z:4". O(runs).</summary>
    public static string Describe(ReadOnlySpan<byte> value)
    {
        var text = new StringBuilder();
        int offset = HeaderBytes;
        while (SparseRegisters.TryRead(value, offset, 0, out RegisterRun run))
        {
            string separator = text.Length == 0 ? "" : " ";
            _ = run.Value > 0
                ? text.Append($"{separator}v:{run.Value},{run.Length}")
                : text.Append($"{separator}{(run.Bytes == 1 ? 'z' : 'Z')}:{run.Length}");
            offset += run.Bytes;
        }

        return text.ToString();
    }

    private static HyperLogLogChange Raise<T>(ref T target, int index, int rank, long sparseMaxBytes, ref RegisterCursor cursor)
        where T : IPackedBytes, allows ref struct
    {
        if (!IsDense(target.Bytes))
        {
            RegisterChange change = SparseRegisters.Raise(ref target, index, rank, sparseMaxBytes, ref cursor);
            if (change != RegisterChange.NeedsDense)
            {
                return change switch
                {
                    RegisterChange.None => HyperLogLogChange.None,
                    RegisterChange.Raised => HyperLogLogChange.Changed,
                    _ => HyperLogLogChange.Corrupt,
                };
            }

            if (!TryMakeDense(ref target)) return HyperLogLogChange.Corrupt;
        }

        if (rank <= GetRegister(target.Bytes, index)) return HyperLogLogChange.None;
        DenseRegisters.Set(target.Splice(0, 0, 0)[HeaderBytes..], index, rank);
        return HyperLogLogChange.Changed;
    }

    private static long Estimate(ReadOnlySpan<int> histogram)
    {
        double m = Registers;
        double z = m * Tau((m - histogram[RankBits + 1]) / m);
        for (int i = RankBits; i >= 1; i--)
        {
            z += histogram[i];
            z *= 0.5;
        }

        z += m * Sigma(histogram[0] / m);
        return (long)Math.Round(Alpha * m * m / z, MidpointRounding.AwayFromZero);
    }

    private static double Sigma(double x)
    {
        if (x == 1) return double.PositiveInfinity;
        double y = 1;
        double z = x;
        double previous;
        do
        {
            x *= x;
            previous = z;
            z += x * y;
            y += y;
        }
        while (previous != z);
        return z;
    }

    private static double Tau(double x)
    {
        if (x is 0 or 1) return 0;
        double y = 1;
        double z = 1 - x;
        double previous;
        do
        {
            x = Math.Sqrt(x);
            previous = z;
            y *= 0.5;
            z -= Math.Pow(1 - x, 2) * y;
        }
        while (previous != z);
        return z / 3;
    }
}
