using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage;

internal sealed class CommonSubsequenceTests
{
    [TestCase("ohmytext", "mynewtext", "mytext")]
    [TestCase("", "abc", "")]
    [TestCase("abc", "", "")]
    [TestCase("", "", "")]
    [TestCase("abc", "xyz", "")]
    [TestCase("abc", "abc", "abc")]
    [TestCase("ab", "ba", "b")]
    public void The_bytes_are_those_that_redis_finds(string a, string b, string expected)
    {
        Assert.That(Bytes(a, b), Is.EqualTo(expected));
    }

    [Test]
    public void It_is_what_the_table_of_lengths_gives()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 1500; round++)
        {
            var a = Text(random);
            var b = Text(random);

            var expected = Table(a, b);

            Assert.That(Bytes(a, b), Is.EqualTo(expected), $"seed {seed}, round {round}");
            Assert.That(CommonSubsequence.LengthOf(Ascii(a), Ascii(b)), Is.EqualTo(expected.Length), $"seed {seed}, round {round}");
        }
    }

    private static string Bytes(string a, string b)
    {
        using var common = new CommonSubsequence(Ascii(a), Ascii(b));
        var text = "";
        while (common.MoveNext(out var run))
        {
            Assert.That(a.Substring(run.InA, run.Length), Is.EqualTo(b.Substring(run.InB, run.Length)));
            text = string.Concat(a.AsSpan(run.InA, run.Length), text);
        }

        Assert.That(common.Length, Is.EqualTo(text.Length));
        return text;
    }

    /// <summary>The obvious way, with Redis's choice on a tie.</summary>
    private static string Table(string a, string b)
    {
        var length = new int[a.Length + 1, b.Length + 1];
        for (var x = 1; x <= a.Length; x++)
        {
            for (var y = 1; y <= b.Length; y++)
                length[x, y] = a[x - 1] == b[y - 1] ? length[x - 1, y - 1] + 1 : Math.Max(length[x - 1, y], length[x, y - 1]);
        }

        var text = "";
        for (var (x, y) = (a.Length, b.Length); x > 0 && y > 0;)
        {
            if (a[x - 1] == b[y - 1])
            {
                text = a[x - 1] + text;
                x--;
                y--;
            }
            else if (length[x - 1, y] > length[x, y - 1])
            {
                x--;
            }
            else
            {
                y--;
            }
        }

        return text;
    }

    private static string Text(Random random)
    {
        var letters = 1 + random.Next(8);
        return string.Concat(Enumerable.Range(0, random.Next(200)).Select(_ => (char)('a' + random.Next(letters))));
    }

    private static byte[] Ascii(string text) => System.Text.Encoding.ASCII.GetBytes(text);
}
