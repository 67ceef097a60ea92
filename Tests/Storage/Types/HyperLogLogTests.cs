using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>HyperLogLogs, sparse and dense; that their bytes are Redis's is shown by the oracle tests.</summary>
public sealed class HyperLogLogTests
{
    [Test]
    public void Dense_registers_equal_their_model([Range(1, 3)] int seed)
    {
        var random = new Random(seed);
        var model = new byte[HyperLogLog.Registers];
        var packed = new byte[DenseRegisters.PackedBytes];
        for (var i = 0; i < 50_000; i++)
        {
            var index = random.Next(20) == 0 ? random.Next(2) * (model.Length - 1) : random.Next(model.Length);
            model[index] = (byte)random.Next(64);
            DenseRegisters.Set(packed, index, model[index]);
        }

        var repacked = new byte[packed.Length];
        DenseRegisters.Pack(model, repacked);
        Assert.That(repacked.AsSpan().SequenceEqual(packed), Is.True);
        Assert.That(Enumerable.Range(0, model.Length).All(i => DenseRegisters.Get(packed, i) == model[i]), Is.True);

        var merged = new byte[HyperLogLog.Registers];
        random.NextBytes(merged);
        byte[] expected = [.. merged.Select((value, i) => Math.Max(value, model[i]))];
        DenseRegisters.MergeInto(merged, packed);
        Assert.That(merged.AsSpan().SequenceEqual(expected), Is.True);
    }

    [TestCase(3000)]
    [TestCase(100)]
    [TestCase(0)]
    [TestCase(100_000)]
    public void Sparse_and_dense_hold_the_same_registers(long sparseMaxBytes)
    {
        var sparse = Empty();
        var dense = Empty();
        HyperLogLog.TryMakeDense(ref dense);
        for (var i = 0; i < 3000; i++)
        {
            var element = BitConverter.GetBytes(i);
            var changed = HyperLogLog.Add(ref dense, element, 0) == HyperLogLogChange.Changed;
            Assert.That(HyperLogLog.Add(ref sparse, element, sparseMaxBytes) == HyperLogLogChange.Changed, Is.EqualTo(changed), $"element {i}");
            if (i % 250 == 0)
                Assert.That(Registers(sparse).AsSpan().SequenceEqual(Registers(dense)), Is.True, $"element {i}");
        }

        Assert.That(HyperLogLog.IsDense(sparse.Bytes), Is.EqualTo(sparseMaxBytes < 10_000));
        Assert.That(sparse.Bytes.Length <= Math.Max(sparseMaxBytes, HyperLogLog.DenseBytes), Is.True);
        HyperLogLog.TryEstimate(sparse.Bytes, out var estimate);
        Assert.That(estimate, Is.InRange(2850, 3150));
    }

    [Test]
    public void Raising_registers_in_order_makes_the_same_runs_as_one_by_one([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        var together = Filled(random, random.Next(400));
        var single = new PackedBuffer(together.Bytes);
        var registers = Registers(together);
        var other = Filled(random, random.Next(600));
        HyperLogLog.TryMergeInto(registers, other.Bytes);

        HyperLogLog.Merge(ref together, registers, 3000);
        for (var i = 0; i < HyperLogLog.Registers; i++)
        {
            var start = RegisterCursor.Start;
            if (registers[i] > 0 && !HyperLogLog.IsDense(together.Bytes))
                SparseRegisters.Raise(ref single, i, registers[i], 3000, ref start);
        }

        HyperLogLog.MarkStale(single.Splice(0, 0, 0));
        if (!HyperLogLog.IsDense(together.Bytes))
            Assert.That(together.Bytes.SequenceEqual(single.Bytes), Is.True, $"seed {seed}");
        Assert.That(Registers(together).AsSpan().SequenceEqual(registers), Is.True, $"seed {seed}");
    }

    [Test]
    public void Corrupt_values_are_refused_and_harm_nothing([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        var good = Filled(random, 300).Bytes.ToArray();
        var refused = 0;
        for (var round = 0; round < 3000; round++)
        {
            var bytes = good.AsSpan(0, random.Next(10) == 0 ? random.Next(17, good.Length) : good.Length).ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(16, bytes.Length)] = (byte)random.Next(256);
            var value = new PackedBuffer(bytes);
            var registers = new byte[HyperLogLog.Registers];
            var sound = HyperLogLog.TryMergeInto(registers, bytes);
            Assert.That(HyperLogLog.TryEstimate(bytes, out _), Is.EqualTo(sound));
            for (var i = 0; i < 20; i++)
                HyperLogLog.Add(ref value, BitConverter.GetBytes(random.Next()), 3000);
            HyperLogLog.Describe(value.Bytes);
            var dense = new PackedBuffer(bytes);
            Assert.That(HyperLogLog.TryMakeDense(ref dense), Is.EqualTo(sound));
            refused += sound ? 0 : 1;
        }

        Assert.That(refused, Is.Positive);
    }

    [Test]
    public void What_does_not_look_like_one_is_none()
    {
        var good = Empty().Bytes.ToArray();
        Assert.That(HyperLogLog.IsHyperLogLog(good), Is.True);
        Assert.That(HyperLogLog.IsHyperLogLog(good.AsSpan(0, 15)), Is.False);
        Assert.That(HyperLogLog.IsHyperLogLog([.. "HYLX"u8, .. good[4..]]), Is.False);
        Assert.That(HyperLogLog.IsHyperLogLog([.. "HYLL"u8, 2, .. good[5..]]), Is.False, "an encoding that is none");
        Assert.That(HyperLogLog.IsHyperLogLog([.. "HYLL"u8, 0, .. good[5..]]), Is.False, "a dense one of another length");
    }

    [Test]
    public void Many_elements_are_estimated_within_the_error()
    {
        var value = Empty();
        for (long i = 0; i < 1_000_000; i++)
            HyperLogLog.Add(ref value, BitConverter.GetBytes(i), 3000);

        HyperLogLog.TryEstimate(value.Bytes, out var estimate);

        Assert.That(estimate, Is.InRange(960_000, 1_040_000));
    }

    private static PackedBuffer Empty()
    {
        var value = new PackedBuffer();
        HyperLogLog.WriteEmpty(value.Splice(0, 0, HyperLogLog.EmptyBytes));
        return value;
    }

    private static PackedBuffer Filled(Random random, int elements)
    {
        var value = Empty();
        for (var i = 0; i < elements; i++)
            HyperLogLog.Add(ref value, BitConverter.GetBytes(random.Next()), 3000);
        return value;
    }

    private static byte[] Registers(PackedBuffer value)
    {
        var registers = new byte[HyperLogLog.Registers];
        Assert.That(HyperLogLog.TryMergeInto(registers, value.Bytes), Is.True);
        return registers;
    }
}
