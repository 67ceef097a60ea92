using KestrelFree.Storage.Encodings;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Encodings;

/// <summary>Intsets equal sorted sets of integers; their bytes are Redis's.</summary>
public sealed class IntSetTests
{
    [Test]
    public void Members_have_the_narrowest_width_that_fits_all()
    {
        Assert.That(Hex(Of(1, -2)), Is.EqualTo("0200000002000000" + "feff" + "0100"));
        Assert.That(Hex(Of(1, 32768)), Is.EqualTo("0400000002000000" + "01000000" + "00800000"));
        Assert.That(Hex(Of(1, -32769)), Is.EqualTo("0400000002000000" + "ff7fffff" + "01000000"));
        Assert.That(Hex(Of(5, 2147483648)), Is.EqualTo("0800000002000000" + "0500000000000000" + "0000008000000000"));
        Assert.That(Hex(Of(long.MinValue)), Is.EqualTo("0800000001000000" + "0000000000000080"));
    }

    [Test]
    public void A_set_stays_wide_once_it_is()
    {
        var set = new PackedBuffer(Of(1, 70000));

        Assert.That(IntSet.Remove(ref set, 70000), Is.True);
        Assert.That(IntSet.MemberBytes(set.Bytes), Is.EqualTo(4));
    }

    [TestCase(10, 1)]
    [TestCase(20_000, 2)]
    [TestCase(100_000, 3)]
    [TestCase(3_000_000_000, 4)]
    [TestCase(long.MaxValue, 5)]
    public void Edits_equal_their_model(long range, int seed)
    {
        var random = new Random(seed);
        var model = new SortedSet<long>();
        var set = new PackedBuffer(IntSet.Empty);
        for (var step = 0; step < 3000; step++)
        {
            var limit = random.Next(4) == 0 ? range : Math.Min(range, 200);
            var value = random.NextInt64(-limit, limit);
            var adds = random.Next(5) < (model.Count > 300 ? 2 : 3);
            var changed = adds ? IntSet.Add(ref set, value) : IntSet.Remove(ref set, value);

            Assert.That(changed, Is.EqualTo(adds ? model.Add(value) : model.Remove(value)), $"seed {seed}, step {step}, {value}");
            if (step % 50 == 0) Check(model, set.Bytes, random);
        }
    }

    [Test]
    public void Validation_refuses_what_lies()
    {
        var good = Of(1, 2, 70000);
        Assert.That(IntSet.IsValid(good), Is.True);
        for (var length = 0; length < good.Length; length++)
            Assert.That(IntSet.IsValid(good.AsSpan(0, length)), Is.False, $"cut to {length} bytes");
        Assert.That(IntSet.IsValid(IntSet.Empty), Is.False, "no members");
        Assert.That(IntSet.IsValid([2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0]), Is.False, "one twice");
        Assert.That(IntSet.IsValid([2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0]), Is.False, "out of order");
        Assert.That(IntSet.IsValid([3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1]), Is.False, "a width that is none");
        Assert.That(IntSet.IsValid([8, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0]), Is.False, "a count that is not there");
        Assert.That(IntSet.IsValid([0x08, 0, 0, 0, 0, 0, 0, 0x20]), Is.False, "a count whose size wraps to 0");
    }

    [Test]
    public void Random_members_come_evenly()
    {
        var set = Of(1, 2, 3, 4);
        var random = new Random(7);
        var counts = new int[5];
        for (var i = 0; i < 4000; i++)
            counts[IntSet.GetRandom(set, random)]++;

        Assert.That(counts[1..], Has.All.InRange(880, 1120));
    }

    [Test]
    public void No_index_reaches_outside()
    {
        var set = Of(1, 1L << 40);

        Assert.That(() => IntSet.Get(set, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => IntSet.Get(set, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    internal static byte[] Of(params long[] values)
    {
        var set = new PackedBuffer(IntSet.Empty);
        foreach (var value in values)
            IntSet.Add(ref set, value);
        return set.Bytes.ToArray();
    }

    private static void Check(SortedSet<long> model, ReadOnlySpan<byte> set, Random random)
    {
        Assert.That(IntSet.Count(set), Is.EqualTo(model.Count));
        if (model.Count == 0) return;
        Assert.That(IntSet.IsValid(set), Is.True);
        Assert.That((IntSet.Min(set), IntSet.Max(set)), Is.EqualTo((model.Min, model.Max)));
        var index = 0;
        foreach (var member in model)
        {
            Assert.That(IntSet.Get(set, index), Is.EqualTo(member));
            Assert.That(IntSet.Find(set, member, out var found) && found == index, Is.True, $"{member}");
            index++;
        }

        var other = random.NextInt64();
        Assert.That(IntSet.Contains(set, other), Is.EqualTo(model.Contains(other)));
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
