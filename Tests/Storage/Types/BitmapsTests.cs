using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>Bits are counted, found and changed as in an array of bits. The argument is the seed.</summary>
public sealed class BitmapsTests
{
    [Test]
    public void Bits_equal_their_model([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var bytes = RandomBytes(random);
            var model = BitsOf(bytes);
            if (model.Length == 0) continue;
            long first = random.Next(model.Length), last = random.Next(model.Length);
            Assert.That(Bitmaps.Count(bytes), Is.EqualTo(model.Count(bit => bit)));
            Assert.That(Bitmaps.Count(bytes, first, last), Is.EqualTo(Between(model, first, last).Count(bit => bit)), $"seed {seed}, {first}..{last}");
            for (var bit = 0; bit <= 1; bit++)
            {
                var index = Array.IndexOf(Between(model, first, last), bit == 1);
                Assert.That(Bitmaps.IndexOf(bytes, bit, first, last), Is.EqualTo(index < 0 ? -1 : first + index), $"seed {seed}, {bit} in {first}..{last}");
            }

            var changed = random.Next(2);
            var old = model[first] ? 1 : 0;
            Assert.That((Bitmaps.Get(bytes, first), Bitmaps.Exchange(bytes, first, changed)), Is.EqualTo((old, old)));
            model[first] = changed == 1;
            Assert.That(BitsOf(bytes), Is.EqualTo(model));
        }
    }

    [Test]
    public void Behind_the_end_there_are_zeros()
    {
        Assert.That(Bitmaps.Get([0xff], 8), Is.Zero);
        Assert.That(Bitmaps.Get([], long.MaxValue), Is.Zero);
        Assert.That(Bitmaps.Count([]), Is.Zero);
        Assert.That(Bitmaps.Count([], 0, -1), Is.Zero);
        Assert.That(Bitmaps.IndexOf([], 0, 0, -1), Is.EqualTo(-1));
    }

    [Test]
    public void Fields_equal_their_model([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        var bytes = RandomBytes(random, 20);
        for (var round = 0; round < 3000; round++)
        {
            var isSigned = random.Next(2) == 0;
            var bits = random.Next(1, isSigned ? 65 : 64);
            var field = new BitField(random.Next((bytes.Length * 8) + 1 - bits), bits, isSigned);
            var model = BitsOf(bytes);
            Assert.That(field.Read(bytes), Is.EqualTo(Read(model, field)), $"seed {seed}, {field}");

            var value = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            field.Write(bytes, value);
            for (var i = 0; i < bits; i++)
                model[field.Offset + i] = ((value >> (bits - 1 - i)) & 1) != 0;
            Assert.That(BitsOf(bytes), Is.EqualTo(model), $"seed {seed}, {field} = {value}");
        }
    }

    [TestCase(8, false, 255, 1, 0, 255)]
    [TestCase(8, false, 0, -1, 255, 0)]
    [TestCase(8, true, 127, 1, -128, 127)]
    [TestCase(8, true, -128, -1, 127, -128)]
    [TestCase(1, true, 0, 1, -1, 0)]
    [TestCase(63, false, long.MaxValue, long.MaxValue, long.MaxValue - 1, long.MaxValue)]
    [TestCase(64, true, long.MaxValue, 1, long.MinValue, long.MaxValue)]
    [TestCase(64, true, long.MinValue, long.MinValue, 0, long.MinValue)]
    public void A_sum_that_does_not_fit_wraps_saturates_or_fails(int bits, bool isSigned, long held, long increment, long wrapped, long saturated)
    {
        var field = new BitField(0, bits, isSigned);

        Assert.That(field.TryAdd(held, increment, BitOverflow.Wrap, out var sum) ? sum : (long?)null, Is.EqualTo(wrapped));
        Assert.That(field.TryAdd(held, increment, BitOverflow.Saturate, out sum) ? sum : (long?)null, Is.EqualTo(saturated));
        Assert.That(field.TryAdd(held, increment, BitOverflow.Fail, out _), Is.False);
        Assert.That(field.TryAdd(held, 0, BitOverflow.Fail, out sum) && sum == held, Is.True);
    }

    [Test]
    public void An_unsigned_field_takes_a_negative_number_as_a_large_one()
    {
        var field = new BitField(0, 8, IsSigned: false);

        Assert.That(field.TryFit(-2, BitOverflow.Wrap, out var value) ? value : (long?)null, Is.EqualTo(254));
        Assert.That(field.TryFit(-2, BitOverflow.Saturate, out value) ? value : (long?)null, Is.EqualTo(255));
    }

    [TestCase(long.MinValue, 127)]
    [TestCase(long.MinValue + 127, 127)]
    [TestCase(long.MinValue + 128, -128)]
    public void A_number_far_below_saturates_as_redis_has_it(long value, long saturated)
    {
        var field = new BitField(0, 8, IsSigned: true);

        Assert.That(field.TryFit(value, BitOverflow.Saturate, out var fitting) ? fitting : (long?)null, Is.EqualTo(saturated));
    }

    [Test]
    public void A_field_behind_the_end_reads_zeros() =>
        Assert.That(new[] { new BitField(4, 8, false).Read([0xff]), new BitField(1L << 33, 64, true).Read([0xff]) }, Is.EqualTo(new[] { 0xf0L, 0L }));

    [Test]
    public void Kernels_equal_their_model([Range(1, 6)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var old = RandomBytes(random);
            var source = RandomBytes(random, random.Next(old.Length + 1));
            byte[] padded = [.. source, .. new byte[old.Length - source.Length]];
            Check(BitwiseKernels.And, (a, b) => a & b);
            Check(BitwiseKernels.Or, (a, b) => a | b);
            Check(BitwiseKernels.Xor, (a, b) => a ^ b);
            Check(BitwiseKernels.AndNot, (a, b) => a & ~b);
            Check(BitwiseKernels.Not, (a, b) => ~b);
            Check(BitwiseKernels.Copy, (a, b) => b);

            var seen = (byte[])old.Clone();
            var more = RandomBytes(random, old.Length);
            byte[] expectedMore = [.. more.Select((value, i) => (byte)(value | (old[i] & padded[i])))];
            BitwiseKernels.Tally(seen, more, source);
            Assert.That(more.AsSpan().SequenceEqual(expectedMore), Is.True);
            Assert.That(seen.AsSpan().SequenceEqual(old.Select((value, i) => (byte)(value | padded[i])).ToArray()), Is.True);

            void Check(Kernel kernel, Func<int, int, int> model)
            {
                var result = (byte[])old.Clone();
                kernel(result, source);
                Assert.That(result.AsSpan().SequenceEqual(old.Select((value, i) => (byte)model(value, padded[i])).ToArray()), Is.True, $"seed {seed}, round {round}");
            }
        }
    }

    private delegate void Kernel(Span<byte> result, ReadOnlySpan<byte> source);

    private static byte[] RandomBytes(Random random, int length = -1)
    {
        var bytes = new byte[length < 0 ? random.Next(200) : length];
        random.NextBytes(bytes);
        // Long stretches of one value, so that searches go far.
        if (random.Next(2) == 0) bytes.AsSpan(random.Next(bytes.Length + 1)).Fill((byte)(random.Next(2) * 255));
        return bytes;
    }

    private static bool[] BitsOf(byte[] bytes) => [.. bytes.SelectMany(value => Enumerable.Range(0, 8).Select(bit => ((value >> (7 - bit)) & 1) != 0))];

    private static bool[] Between(bool[] model, long first, long last) => first > last ? [] : model[(int)first..((int)last + 1)];

    private static long Read(bool[] model, BitField field)
    {
        long value = field.IsSigned && model[field.Offset] ? -1 : 0;
        for (var i = 0; i < field.Bits; i++)
            value = (value << 1) | (model[field.Offset + i] ? 1L : 0);
        return value;
    }
}
