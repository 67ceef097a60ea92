using System.Buffers.Binary;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage.Types;

/// <summary>PFSELFTEST: whether this machine gets registers and estimates right.</summary>
public static class HyperLogLogSelfTest
{
    private const int RegisterRounds = 1000;
    private const int Elements = 10_000_000;
    private const int MaxRegister = 63;

    // Six times the standard error is never met by chance.
    private const double MaxError = 6 * 1.04 / 128;

    /// <summary>What is wrong; null if nothing is. Takes seconds.</summary>
    public static string? Run(Random random, long sparseMaxBytes) => CheckRegisters(random) ?? CheckEstimates(random, sparseMaxBytes);

    private static string? CheckRegisters(Random random)
    {
        byte[] expected = new byte[HyperLogLog.Registers];
        byte[] packed = new byte[DenseRegisters.PackedBytes];
        for (int round = 0; round < RegisterRounds; round++)
        {
            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] = (byte)random.Next(MaxRegister + 1);
                DenseRegisters.Set(packed, i, expected[i]);
            }

            for (int i = 0; i < expected.Length; i++)
            {
                if (DenseRegisters.Get(packed, i) != expected[i])
                    return $"TESTFAILED Register {i} should be {expected[i]} but is {DenseRegisters.Get(packed, i)}";
            }
        }

        return null;
    }

    // One that is dense from the start and one that starts sparse are given the same elements.
    private static string? CheckEstimates(Random random, long sparseMaxBytes)
    {
        PackedBuffer dense = Empty();
        PackedBuffer sparse = Empty();
        HyperLogLog.TryMakeDense(ref dense);
        long seed = random.NextInt64();
        Span<byte> element = stackalloc byte[sizeof(long)];
        int checkpoint = 1;
        for (int i = 1; i <= Elements; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(element, i ^ seed);
            HyperLogLog.Add(ref dense, element, sparseMaxBytes);
            HyperLogLog.Add(ref sparse, element, sparseMaxBytes);
            if (i != checkpoint) continue;
            if (CheckPoint(dense.Bytes, sparse.Bytes, checkpoint, sparseMaxBytes) is string fault) return fault;
            checkpoint *= 10;
        }

        return null;
    }

    private static string? CheckPoint(ReadOnlySpan<byte> dense, ReadOnlySpan<byte> sparse, int count, long sparseMaxBytes)
    {
        if (count < sparseMaxBytes / 2 && HyperLogLog.IsDense(sparse)) return "TESTFAILED sparse encoding not used";
        HyperLogLog.TryEstimate(dense, out long denseEstimate);
        HyperLogLog.TryEstimate(sparse, out long sparseEstimate);
        if (denseEstimate != sparseEstimate) return "TESTFAILED dense/sparse disagree";
        long error = Math.Abs(count - denseEstimate);
        // Two of ten elements in one register are no fault.
        long allowed = count == 10 ? 1 : (long)Math.Ceiling(MaxError * count);
        return error > allowed ? $"TESTFAILED Too big error. card:{count} abserr:{error}" : null;
    }

    private static PackedBuffer Empty()
    {
        var value = new PackedBuffer();
        HyperLogLog.WriteEmpty(value.Splice(0, 0, HyperLogLog.EmptyBytes));
        return value;
    }
}
