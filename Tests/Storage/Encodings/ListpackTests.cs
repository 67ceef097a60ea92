using System.Buffers.Binary;
using KestrelFree.Storage.Encodings;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Encodings;

/// <summary>The bytes of listpacks, element by element.</summary>
public sealed class ListpackTests
{
    [TestCase("0", "00 01")]
    [TestCase("127", "7f 01")]
    [TestCase("128", "c0 80 02")]
    [TestCase("-1", "df ff 02")]
    [TestCase("4095", "cf ff 02")]
    [TestCase("-4096", "d0 00 02")]
    [TestCase("4096", "f1 00 10 03")]
    [TestCase("-4097", "f1 ff ef 03")]
    [TestCase("32767", "f1 ff 7f 03")]
    [TestCase("32768", "f2 00 80 00 04")]
    [TestCase("-8388608", "f2 00 00 80 04")]
    [TestCase("8388608", "f3 00 00 80 00 05")]
    [TestCase("-2147483648", "f3 00 00 00 80 05")]
    [TestCase("2147483648", "f4 00 00 00 80 00 00 00 00 09")]
    [TestCase("-9223372036854775808", "f4 00 00 00 00 00 00 00 80 09")]
    [TestCase("", "80 01")]
    [TestCase("a", "81 61 02")]
    [TestCase("-0", "82 2d 30 03")]
    [TestCase("01", "82 30 31 03")]
    [TestCase("+1", "82 2b 31 03")]
    [TestCase("9223372036854775808", "93 39 32 32 33 33 37 32 30 33 36 38 35 34 37 37 35 38 30 38 14")]
    public void An_element_has_the_shortest_encoding(string text, string entry)
    {
        var target = new PackedBuffer(Listpack.Empty);

        ListpackEdits.Append(ref target, ByteText.Bytes(text));

        Assert.That(Convert.ToHexStringLower(target.Bytes[6..^1]), Is.EqualTo(entry.Replace(" ", "", StringComparison.Ordinal)));
        Assert.That(TextOf(Listpack.Get(target.Bytes, 6)), Is.EqualTo(text));
    }

    [TestCase(63, 1, 1)]
    [TestCase(64, 2, 1)]
    [TestCase(125, 2, 1)]
    [TestCase(126, 2, 2)]
    [TestCase(4095, 2, 2)]
    [TestCase(4096, 5, 2)]
    [TestCase(16377, 5, 2)]
    [TestCase(16378, 5, 3)]
    [TestCase(2097145, 5, 3)]
    [TestCase(2097146, 5, 4)]
    public void A_string_takes_its_head_and_its_back_length(int length, int head, int backLength)
    {
        var text = new string('x', length);
        var target = new PackedBuffer(Listpack.Empty);

        ListpackEdits.Append(ref target, ByteText.Bytes("before"), ByteText.Bytes(text));

        Assert.That(target.Bytes.Length, Is.EqualTo(Listpack.EmptyBytes + 8 + head + length + backLength));
        Assert.That(Listpack.IsValid(target.Bytes), Is.True);
        Assert.That(Listpack.Last(target.Bytes), Is.EqualTo(Listpack.HeaderBytes + 8));
        Assert.That(TextOf(Listpack.Get(target.Bytes, Listpack.Last(target.Bytes))), Is.EqualTo(text));
    }

    [Test]
    public void The_count_is_unknown_from_65535_elements_on()
    {
        var target = new PackedBuffer(Listpack.Empty);
        for (var i = 0; i < 65534; i++)
            ListpackEdits.Append(ref target, 1);
        Assert.That(HeaderCount(target), Is.EqualTo(65534));

        ListpackEdits.Append(ref target, 2, 3);

        Assert.That(HeaderCount(target), Is.EqualTo(65535));
        Assert.That(Listpack.Count(target.Bytes), Is.EqualTo(65536));
        Assert.That(Listpack.Get(target.Bytes, Listpack.Seek(target.Bytes, 65535)).Integer, Is.EqualTo(3));
        Assert.That(Listpack.Get(target.Bytes, Listpack.Seek(target.Bytes, -2)).Integer, Is.EqualTo(2));
        Assert.That(Listpack.Seek(target.Bytes, 65536), Is.EqualTo(Listpack.None));
        ListpackEdits.DeleteRange(ref target, -2, 10);
        Assert.That(HeaderCount(target), Is.EqualTo(65535), "it stays unknown");
        Assert.That(Listpack.Count(target.Bytes), Is.EqualTo(65534));
        Assert.That(Listpack.IsValid(target.Bytes), Is.True);
    }

    [Test]
    public void A_merge_counts_again_what_was_unknown()
    {
        var target = new PackedBuffer(Of("a", "b"));

        ListpackEdits.Merge(ref target, Of("c"));

        Assert.That(target.Bytes.ToArray(), Is.EqualTo(Of("a", "b", "c")));
    }

    [Test]
    public void Find_compares_texts_and_skips_values()
    {
        var hash = Of("1", "2", "f", "1", "2", "f", "-5", "x");

        Assert.That(IndexOf(hash, Listpack.Find(hash, "1"u8)), Is.Zero);
        Assert.That(IndexOf(hash, Listpack.Find(hash, "2"u8)), Is.EqualTo(1));
        Assert.That(IndexOf(hash, Listpack.Find(hash, "2"u8, skip: 1)), Is.EqualTo(4));
        Assert.That(IndexOf(hash, Listpack.Find(hash, "f"u8, skip: 1)), Is.EqualTo(2));
        Assert.That(IndexOf(hash, Listpack.Find(hash, "-5"u8, skip: 1)), Is.EqualTo(6));
        Assert.That(Listpack.Find(hash, "x"u8, skip: 1), Is.EqualTo(Listpack.None));
        Assert.That(Listpack.Find(hash, "01"u8), Is.EqualTo(Listpack.None));
        Assert.That(Listpack.Find(Listpack.Empty, ""u8), Is.EqualTo(Listpack.None));
    }

    [Test]
    public void A_number_stored_as_a_string_is_found_and_equal_to_the_integer()
    {
        // Redis never writes this, but a payload may hold it.
        byte[] foreign = [11, 0, 0, 0, 1, 0, 0x82, (byte)'1', (byte)'2', 3, 0xff];

        Assert.That(Listpack.IsValid(foreign), Is.True);
        Assert.That(Listpack.Find(foreign, "12"u8), Is.EqualTo(6));
        Assert.That(Listpack.Get(foreign, 6).TextEquals(12), Is.True);
        Assert.That(new ListpackValue(12).TextEquals(Listpack.Get(foreign, 6)), Is.True);
        Assert.That(Listpack.Get(foreign, 6).TextEquals(13), Is.False);
    }

    [Test]
    public void A_cursor_goes_both_ways_and_stops_at_the_ends()
    {
        var listpack = Of("a", "1", "b");
        var reader = new ListpackReader(listpack);

        Assert.That(reader.MovePrevious(), Is.False);
        Assert.That(reader.TryRead(out var value) && value.TextEquals("a"u8), Is.True);
        Assert.That(reader.TryRead(out value) && value.TextEquals(1), Is.True);
        Assert.That(reader.TryReadBack(out value) && value.TextEquals("a"u8), Is.True);
        Assert.That(reader.MovePrevious(), Is.False);
        reader.MoveToEnd();
        Assert.That(reader.MoveNext(), Is.False);
        Assert.That(reader.TryReadBack(out value) && value.TextEquals("b"u8), Is.True);
        Assert.That(reader.MoveTo(-2) && reader.Current.TextEquals(1), Is.True);
        Assert.That(reader.MoveTo(3), Is.False);
        Assert.That(reader.MoveNext() && reader.Current.TextEquals("b"u8), Is.True);
        Assert.That(reader.MoveNext(), Is.False);
        Assert.That(reader.MoveNext(), Is.False);
    }

    [Test]
    public void Validation_refuses_what_lies()
    {
        var good = Of("a", "300", new string('x', 100), new string('y', 5000), "-7");
        Assert.That(Listpack.IsValid(good), Is.True);

        for (var length = 0; length < good.Length; length++)
            Assert.That(Listpack.IsValid(good.AsSpan(0, length)), Is.False, $"cut to {length} bytes");
        Assert.That(Listpack.IsValid([.. good, 0xff]), Is.False, "bytes behind the end");
        Assert.That(Listpack.IsValid([8, 0, 0, 0, 1, 0, 0xff, 0xff]), Is.False, "an end before the end");
        Assert.That(Listpack.IsValid([7, 0, 0, 0, 1, 0, 0xff]), Is.False, "a wrong count");
        Assert.That(Listpack.IsValid([9, 0, 0, 0, 1, 0, 5, 2, 0xff]), Is.False, "a wrong back length");
        Assert.That(Listpack.IsValid([13, 0, 0, 0, 1, 0, 0xf0, 0xff, 0xff, 0xff, 0xff, 0, 0xff]), Is.False, "a length of 4 GB");
        Assert.That(Listpack.IsValid([9, 0, 0, 0, 1, 0, 0xf5, 1, 0xff]), Is.False, "an unknown encoding");
    }

    [Test]
    public void What_passes_validation_is_safe_to_use([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        var good = Of("a", "300", "-70000", new string('x', 70), new string('y', 4100), "12345678901", "");
        var passed = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = (byte[])good.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(8) == 0 ? random.Next(bytes.Length) : Interesting(random, bytes.Length)] = (byte)random.Next(256);
            if (!Listpack.IsValid(bytes, out var count)) continue;
            passed++;
            if (Walk(bytes) != (count, count))
                Assert.Fail($"seed {seed}, round {round}: {Walk(bytes)} of {count} elements");
        }

        Assert.That(passed, Is.Positive);
    }

    internal static byte[] Of(params string[] texts)
    {
        var target = new PackedBuffer(Listpack.Empty);
        foreach (var text in texts)
            ListpackEdits.Append(ref target, ByteText.Bytes(text));
        return target.Bytes.ToArray();
    }

    internal static string TextOf(ListpackValue value) => ByteText.Text(value.GetText(stackalloc byte[ListpackValue.MaxIntegerText]));

    // The heads and tails of the entries of the listpack above.
    private static int Interesting(Random random, int length)
    {
        int[] places = [0, 4, 6, 7, 8, 9, 10, 11, 12, 16, 17, 18, 19, 89, 90, 91, 92, 93, 94, 95, 96, length - 14, length - 13, length - 3, length - 2];
        return places[random.Next(places.Length)];
    }

    private static (int Forward, int Backward) Walk(byte[] bytes)
    {
        var forward = 0;
        foreach (var value in new ListpackReader(bytes))
            forward += TextOf(value).Length >= 0 ? 1 : 0;
        var reader = new ListpackReader(bytes);
        reader.MoveToEnd();
        var backward = 0;
        while (reader.TryReadBack(out var value))
            backward += value.TextLength >= 0 ? 1 : 0;
        return (forward, backward);
    }

    private static int IndexOf(byte[] listpack, int offset)
    {
        var index = 0;
        for (var at = Listpack.First(listpack); at != offset; at = Listpack.Next(listpack, at))
            index++;
        return index;
    }

    private static int HeaderCount(PackedBuffer listpack) => BinaryPrimitives.ReadUInt16LittleEndian(listpack.Bytes[4..]);
}
