using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Rdb;

internal sealed class LzfTests
{
    private static readonly int Seed = Environment.TickCount;

    [Test]
    public void What_was_compressed_decompresses_to_itself()
    {
        var random = new Random(Seed);
        var lzf = new Lzf();
        for (var round = 0; round < 3000; round++)
        {
            var input = RandomInput(random, random.Next(round % 100 == 0 ? 100_000 : 400));
            var output = new byte[input.Length + (input.Length / 16) + 16];

            var length = lzf.Compress(input, output);

            var back = new byte[input.Length];
            Assert.That(Lzf.TryDecompress(output.AsSpan(0, length), back), Is.True, $"seed {Seed}, round {round}");
            Assert.That(back.AsSpan().SequenceEqual(input), Is.True, $"seed {Seed}, round {round}");
        }
    }

    [Test]
    public void Too_small_an_output_gives_nothing_and_stays_within_it()
    {
        var random = new Random(Seed);
        var lzf = new Lzf();
        for (var round = 0; round < 500; round++)
        {
            var input = RandomInput(random, 1 + random.Next(300));
            var enough = lzf.Compress(input, new byte[1000]);
            var room = random.Next(enough + 5);
            var output = new byte[room + 10];

            var length = new Lzf().Compress(input, output.AsSpan(0, room));

            Assert.That(length == 0 ? room < enough : length <= room, Is.True, $"seed {Seed}, round {round}");
            Assert.That(output.AsSpan(room).ContainsAnyExcept((byte)0), Is.False, $"seed {Seed}, round {round}");
        }
    }

    [TestCase(new byte[] { 2, 97, 98, 99 }, "abc")]
    [TestCase(new byte[] { 0, 97, 0x20, 0 }, "aaaa")]
    [TestCase(new byte[] { 1, 97, 98, 0x60, 1 }, "abababa")]
    [TestCase(new byte[] { 0, 97, 0xE0, 1, 0 }, "aaaaaaaaaaa")]
    [TestCase(new byte[] { 2, 97, 98, 99, 0x20, 2 }, "abcabc")]
    public void Each_instruction_does_what_the_format_says(byte[] input, string expected)
    {
        var output = new byte[expected.Length];

        Assert.That(Lzf.TryDecompress(input, output), Is.True);
        Assert.That(System.Text.Encoding.ASCII.GetString(output), Is.EqualTo(expected));
    }

    [TestCase(new byte[] { 2, 97, 98 }, 3)]
    [TestCase(new byte[] { 2, 97, 98, 99 }, 2)]
    [TestCase(new byte[] { 2, 97, 98, 99 }, 4)]
    [TestCase(new byte[] { 0x20, 0 }, 3)]
    [TestCase(new byte[] { 0, 97, 0x20, 1 }, 4)]
    [TestCase(new byte[] { 0, 97, 0x20 }, 4)]
    [TestCase(new byte[] { 0, 97, 0xE0, 1 }, 11)]
    [TestCase(new byte[] { 0, 97, 0x20, 0 }, 3)]
    public void Unsound_input_is_refused(byte[] input, int length)
    {
        Assert.That(Lzf.TryDecompress(input, new byte[length]), Is.False);
    }

    [Test]
    public void Repetition_shrinks_to_a_hundredth()
    {
        var output = new byte[100_000];

        Assert.That(new Lzf().Compress(new byte[100_000], output), Is.InRange(1, 1200));
    }

    [Test]
    public void The_table_outlives_the_numbers_that_it_counts_with()
    {
        var lzf = new Lzf();
        var input = new byte[1 << 20];
        new Random(2).NextBytes(input);
        input.AsSpan(0, 1000).CopyTo(input.AsSpan(5000));
        var output = new byte[input.Length + (input.Length / 16)];
        var back = new byte[input.Length];

        // 2^31 positions and some more.
        for (var round = 0; round < 2100; round++)
            lzf.Compress(input, output.AsSpan(0, 16));
        for (var round = 0; round < 3; round++)
        {
            var length = lzf.Compress(input, output);
            Assert.That(Lzf.TryDecompress(output.AsSpan(0, length), back) && back.AsSpan().SequenceEqual(input), Is.True);
        }
    }

    private static byte[] RandomInput(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        var letters = random.Next(1, 256);
        for (var at = 0; at < length; at++)
            bytes[at] = (byte)(bytes[at] % letters);

        for (var copies = random.Next(6); copies > 0 && length > 8; copies--)
        {
            var count = random.Next(1, length / 2);
            bytes.AsSpan(random.Next(length - count), count).CopyTo(bytes.AsSpan(random.Next(length - count)));
        }

        return bytes;
    }
}
