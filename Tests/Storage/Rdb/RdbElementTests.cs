using System.Buffers;
using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Rdb;

/// <summary>RdbWriter and RdbReader: lengths, strings and numbers, and what cannot be any of them.</summary>
internal sealed class RdbElementTests
{
    [TestCase(0UL, "\\x00")]
    [TestCase(63UL, "?")]
    [TestCase(64UL, "@@")]
    [TestCase(16383UL, "\\x7f\\xff")]
    [TestCase(16384UL, "\\x80\\x00\\x00@\\x00")]
    [TestCase(4294967295UL, "\\x80\\xff\\xff\\xff\\xff")]
    [TestCase(4294967296UL, "\\x81\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00")]
    [TestCase(18446744073709551615UL, "\\x81\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff")]
    public void A_length_takes_its_shortest_form(ulong length, string expected)
    {
        var bytes = Written(writer => writer.WriteLength(length));

        Assert.That(ByteText.Escape(bytes), Is.EqualTo(expected));
        Assert.That(new RdbReader(bytes, "test").ReadLength("length"), Is.EqualTo(length));
    }

    [TestCase("", "\\x00")]
    [TestCase("abc", "\\x03abc")]
    [TestCase("0", "\\xc0\\x00")]
    [TestCase("-128", "\\xc0\\x80")]
    [TestCase("128", "\\xc1\\x80\\x00")]
    [TestCase("-32768", "\\xc1\\x00\\x80")]
    [TestCase("32768", "\\xc2\\x00\\x80\\x00\\x00")]
    [TestCase("-2147483648", "\\xc2\\x00\\x00\\x00\\x80")]
    [TestCase("2147483648", "\\n2147483648")]
    [TestCase("-0", "\\x02-0")]
    [TestCase("012", "\\x03012")]
    [TestCase("aaaaaaaaaaaaaaaaaaaaa", "\\xc3\\x05\\x15\\x00a\\xe0\\x0b\\x00")]
    [TestCase("aaaaaaaaaaaaaaaaaaaa", "\\x14aaaaaaaaaaaaaaaaaaaa")]
    [TestCase("abcdefghijklmnopqrstuvwxyz", "\\x1aabcdefghijklmnopqrstuvwxyz")]
    public void A_string_takes_its_shortest_form(string value, string expected)
    {
        var bytes = Written(writer => writer.WriteString(ByteText.Bytes(value)));

        Assert.That(ByteText.Escape(bytes), Is.EqualTo(expected));
        Assert.That(ByteText.Text(new RdbReader(bytes, "test").ReadString("string")), Is.EqualTo(value));
    }

    [Test]
    public void A_stored_integer_is_written_as_its_digits_would_be([Values(0, 127, -129, 40_000, int.MinValue, 2147483648L, long.MinValue, long.MaxValue)] long value)
    {
        Assert.That(Written(writer => writer.WriteString(value)), Is.EqualTo(Written(writer => writer.WriteString(ByteText.Bytes($"{value}")))));
    }

    [Test]
    public void Without_compression_a_string_is_written_as_it_is()
    {
        var bytes = Written(writer =>
        {
            writer.Compression = RdbCompression.None;
            writer.WriteString(new byte[100]);
        });

        Assert.That(bytes, Has.Length.EqualTo(102));
    }

    [Test]
    public void Elements_read_back_from_a_stream_that_gives_them_in_pieces()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var values = Enumerable.Range(0, 500).Select(_ => RandomValue(random)).ToArray();
        var bytes = Written(writer =>
        {
            foreach (var value in values)
                writer.WriteString(value);
            writer.WriteUInt64(7);
            writer.WriteDouble(0.1);
        });

        var reader = new RdbReader(new RdbInput(new TricklingStream(bytes, random), "test"));
        foreach (var value in values)
            Assert.That(reader.ReadString("string").SequenceEqual(value), Is.True, $"seed {seed}");

        Assert.That(reader.ReadUInt64("number"), Is.EqualTo(7));
        Assert.That(reader.ReadDouble("double"), Is.EqualTo(0.1));
        Assert.That(reader.Offset, Is.EqualTo(bytes.Length));
        Assert.That(reader.Checksum(), Is.EqualTo(Crc64.Append(0, bytes)));
    }

    [TestCase("", 0)]
    [TestCase("\\x03ab", 1)]
    [TestCase("\\x82\\x00", 1)]
    [TestCase("\\x81\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff", 9)]
    [TestCase("\\x80\\x7f\\xff\\xff\\xc7a", 5)]
    [TestCase("\\xc4\\x00", 1)]
    [TestCase("\\xc2\\x00\\x00", 1)]
    [TestCase("\\xc3\\x02\\x80\\x7f\\xff\\xff\\xff\\x00a", 9)]
    [TestCase("\\xc3\\x02\\x03\\x00a", 5)]
    [TestCase("\\xc3\\xc0\\x00", 2)]
    public void What_is_no_string_is_refused_with_the_place(string quoted, long offset)
    {
        var bytes = ByteText.Unquote($"\"{quoted}\"");

        var error = Assert.Throws<RdbException>(() => new RdbReader(bytes, "test.rdb").ReadString("the value"));
        var streamed = Assert.Throws<RdbException>(() => new RdbReader(new RdbInput(new MemoryStream(bytes), "test.rdb")).ReadString("the value"));

        Assert.That((error.File, error.Offset, error.Field), Is.EqualTo(("test.rdb", offset, "the value")));
        Assert.That(streamed.Message, Is.EqualTo(error.Message));
    }

    private static byte[] Written(Action<RdbWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        write(new RdbWriter(buffer));
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] RandomValue(Random random)
    {
        if (random.Next(3) == 0) return ByteText.Bytes($"{random.NextInt64() >> random.Next(64)}");

        var bytes = new byte[random.Next(20) == 0 ? random.Next(300_000) : random.Next(100)];
        random.NextBytes(bytes);
        if (random.Next(2) == 0) bytes.AsSpan().Fill((byte)random.Next(256));
        return bytes;
    }

    private sealed class TricklingStream(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1 + random.Next(5000)));
    }
}
