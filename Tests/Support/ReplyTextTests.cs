using NUnit.Framework;

namespace KestrelFree.Tests.Support;

/// <summary>The frame scanner and the text of replies, on which every comparison rests.</summary>
internal sealed class ReplyTextTests
{
    private const string Nested = "%2\r\n$1\r\na\r\n*3\r\n:1\r\n$-1\r\n_\r\n+k\r\n~1\r\n=7\r\ntxt:a\r\n\r\n";

    [TestCase("+OK\r\n", "+OK")]
    [TestCase("-ERR a b\r\n", "-ERR a b")]
    [TestCase(":-42\r\n", ":-42")]
    [TestCase("$0\r\n\r\n", "$\"\"")]
    [TestCase("$4\r\na\r\nb\r\n", "$\"a\\r\\nb\"")]
    [TestCase("$-1\r\n", "$nil")]
    [TestCase("*-1\r\n", "*nil")]
    [TestCase("*0\r\n", "*0")]
    [TestCase(",3.14\r\n", ",3.14")]
    [TestCase("#t\r\n", "#t")]
    [TestCase("(123\r\n", "(123")]
    [TestCase("|1\r\n+k\r\n+v\r\n:1\r\n", "|1\n  +k\n  +v\n  :1")]
    [TestCase(Nested, "%2\n  $\"a\"\n  *3\n    :1\n    $nil\n    _\n  +k\n  ~1\n    =\"txt:a\\r\\n\"")]
    public void A_reply_reads_as_one_line_per_frame(string wire, string text)
    {
        Assert.That(ReplyText.Render(ByteText.Bytes(wire)), Is.EqualTo(text));
    }

    [Test]
    public void A_frame_is_whole_only_with_its_last_byte()
    {
        var bytes = ByteText.Bytes(Nested);

        for (var length = 0; length < bytes.Length; length++)
            Assert.That(ReplyFrames.TryMeasure(bytes.AsSpan(0, length), out _), Is.False, $"{length} bytes");

        Assert.That(ReplyFrames.TryMeasure([.. bytes, 1, 2], out var whole), Is.True);
        Assert.That(whole, Is.EqualTo(bytes.Length));
    }

    [TestCase("hello\r\n")]
    [TestCase("$x\r\n")]
    [TestCase("*1x\r\n")]
    public void What_is_no_reply_is_refused(string wire)
    {
        Assert.That(() => ReplyFrames.TryMeasure(ByteText.Bytes(wire), out _), Throws.TypeOf<FormatException>());
    }

    [Test]
    public void Quoted_bytes_read_back()
    {
        var all = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();

        Assert.That(ByteText.Unquote(ByteText.Quote(all)), Is.EqualTo(all));
    }

    [Test]
    public void A_line_splits_into_bare_and_quoted_arguments()
    {
        Assert.That(ByteText.SplitArguments(" SET  k \"two words\\x00\" \"\" "), Is.EqualTo(["SET", "k", "two words\0", ""]));
    }

    [Test]
    public void Requests_carry_lengths()
    {
        Assert.That(ByteText.Text(RequestBytes.Of("GET", "", "\xff")), Is.EqualTo("*3\r\n$3\r\nGET\r\n$0\r\n\r\n$1\r\n\xff\r\n"));
    }
}
