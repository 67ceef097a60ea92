using KestrelFree.Protocol;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

internal sealed class ReplyReaderTests
{
    [TestCase("+OK\r\n", "OK")]
    [TestCase("-ERR x\r\n", "(error) ERR x")]
    [TestCase(":-12\r\n", "(integer) -12")]
    [TestCase("$3\r\na\"\x01\r\n", "\"a\\\"\\x01\"")]
    [TestCase("$-1\r\n", "(nil)")]
    [TestCase("*-1\r\n", "(nil)")]
    [TestCase("_\r\n", "(nil)")]
    [TestCase("*2\r\n:1\r\n*1\r\n$0\r\n\r\n", "[(integer) 1, [\"\"]]")]
    [TestCase(",3.25\r\n", "(double) 3.25")]
    [TestCase(",inf\r\n", "(double) inf")]
    [TestCase(",nan\r\n", "(double) nan")]
    [TestCase("#t\r\n", "(true)")]
    [TestCase("#f\r\n", "(false)")]
    [TestCase("!5\r\nERR x\r\n", "(error) ERR x")]
    [TestCase("=7\r\ntxt:abc\r\n", "\"txt:abc\"")]
    [TestCase("(-123456789012345678901234567890\r\n", "\"-123456789012345678901234567890\"")]
    [TestCase("%1\r\n+k\r\n:1\r\n", "map{k, (integer) 1}")]
    [TestCase("~1\r\n:1\r\n", "set{(integer) 1}")]
    [TestCase(">2\r\n+a\r\n+b\r\n", "push[a, b]")]
    public void A_reply_is_read_once_it_has_come_whole(string bytes, string expected)
    {
        var all = ByteText.Bytes(bytes);
        for (var length = 0; length < all.Length; length++)
            Assert.That(ReplyReader.TryRead(all.AsSpan(0, length), out _, out _), Is.EqualTo(ReadStatus.NeedMore), $"{length} bytes");

        var status = ReplyReader.TryRead([.. all, (byte)'+'], out var value, out var consumed);

        Assert.That((status, consumed, value.ToString()), Is.EqualTo((ReadStatus.Complete, all.Length, expected)));
    }

    [TestCase("x\r\n")]
    [TestCase(":x\r\n")]
    [TestCase(":\r\n")]
    [TestCase("$x\r\n")]
    [TestCase("$-2\r\n")]
    [TestCase("=-1\r\n")]
    [TestCase("$1\r\nabc")]
    [TestCase("*-2\r\n")]
    [TestCase("%-1\r\n")]
    [TestCase("_x\r\n")]
    [TestCase("#x\r\n")]
    [TestCase(",x\r\n")]
    [TestCase("*1\r\nx\r\n")]
    public void Bytes_that_are_no_reply_are_refused(string bytes)
    {
        Assert.That(ReplyReader.TryRead(ByteText.Bytes(bytes), out _, out _), Is.EqualTo(ReadStatus.Invalid));
    }

    [Test]
    public void Attributes_belong_to_the_value_behind_them()
    {
        var value = ReplyReader.ReadAll("|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n"u8)[0];

        Assert.That((value.Text, value.Attributes[0].Text, value.Attributes[1].Integer), Is.EqualTo(("x", "ttl", 3L)));
    }

    [Test]
    public void Nesting_without_end_is_refused()
    {
        Assert.That(ReplyReader.TryRead(ByteText.Bytes(string.Concat(Enumerable.Repeat("*1\r\n", 10_000))), out _, out _), Is.EqualTo(ReadStatus.Invalid));
    }

    [Test]
    public void Equal_replies_are_equal_in_depth()
    {
        RespValue Read(string bytes) => ReplyReader.ReadAll(ByteText.Bytes(bytes))[0];

        Assert.That(RespValue.DeepEquals(Read("*2\r\n:1\r\n$1\r\nx\r\n"), Read("*2\r\n:1\r\n$1\r\nx\r\n")), Is.True);
        Assert.That(RespValue.DeepEquals(Read("*2\r\n:1\r\n$1\r\nx\r\n"), Read("*2\r\n:1\r\n$1\r\ny\r\n")), Is.False);
        Assert.That(RespValue.DeepEquals(Read("*1\r\n:1\r\n"), Read("~1\r\n:1\r\n")), Is.False);
        Assert.That(RespValue.DeepEquals(Read("$-1\r\n"), Read("$0\r\n\r\n")), Is.False);
    }

    [Test]
    public void Numbers_are_read_from_scalars()
    {
        var values = ReplyReader.ReadAll(",nan\r\n$3\r\n1.5\r\n+x\r\n"u8);

        Assert.That(values[0].Number, Is.NaN);
        Assert.That(values[1].Number, Is.EqualTo(1.5));
        Assert.That(() => values[2].Number, Throws.InstanceOf<FormatException>());
        Assert.That(() => values[2].Integer, Throws.InstanceOf<FormatException>());
        Assert.That(() => ReplyReader.ReadAll("*2\r\n:1\r\n"u8), Throws.InstanceOf<FormatException>());
    }
}
