using System.Text;
using KestrelFree.Protocol;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

public sealed class ReplyWriterTests
{
    private readonly BufferPool _pool = new();

    private static readonly (string Name, Action<ReplyWriter> Write, string Resp2, string Resp3)[] Table =
    [
        ("ok", w => w.Ok(), "+OK|", "+OK|"),
        ("pong", w => w.Pong(), "+PONG|", "+PONG|"),
        ("queued", w => w.Queued(), "+QUEUED|", "+QUEUED|"),
        ("status", w => w.SimpleString("string"), "+string|", "+string|"),
        ("error", w => w.Error(SharedReplies.SyntaxError), "-ERR syntax error|", "-ERR syntax error|"),
        ("error with line ends", w => w.Error("ERR a\r\nb\nc\r\n"), "-ERR a  b c|", "-ERR a  b c|"),
        ("zero", w => w.Integer(0), ":0|", ":0|"),
        ("999", w => w.Integer(999), ":999|", ":999|"),
        ("1000", w => w.Integer(1000), ":1000|", ":1000|"),
        ("minus one", w => w.Integer(-1), ":-1|", ":-1|"),
        ("smallest", w => w.Integer(long.MinValue), ":-9223372036854775808|", ":-9223372036854775808|"),
        ("bulk", w => w.Bulk("abc"u8), "$3|abc|", "$3|abc|"),
        ("empty bulk", w => w.Bulk(""u8), "$0||", "$0||"),
        ("text", w => w.Bulk("\u00e9"), "$2|\u00c3\u00a9|", "$2|\u00c3\u00a9|"),
        ("bulk integer", w => w.BulkInteger(-42), "$3|-42|", "$3|-42|"),
        ("null", w => w.Null(), "$-1|", "_|"),
        ("null array", w => w.NullArray(), "*-1|", "_|"),
        ("empty array", w => w.EmptyArray(), "*0|", "*0|"),
        ("double", w => w.Double(3.14), "$4|3.14|", ",3.14|"),
        ("infinity", w => w.Double(double.PositiveInfinity), "$3|inf|", ",inf|"),
        ("minus infinity", w => w.Double(double.NegativeInfinity), "$4|-inf|", ",-inf|"),
        ("nan", w => w.Double(double.NaN), "$3|nan|", ",nan|"),
        ("human double", w => w.HumanDouble(0.1), "$19|0.10000000000000001|", ",0.10000000000000001|"),
        ("big number", w => w.BigNumber("123456789012345678901234567890"u8), "$30|123456789012345678901234567890|", "(123456789012345678901234567890|"),
        ("true", w => w.Boolean(true), ":1|", "#t|"),
        ("false", w => w.Boolean(false), ":0|", "#f|"),
        ("verbatim", w => w.Verbatim("txt"u8, "a b"u8), "$3|a b|", "=7|txt:a b|"),
        ("verbatim, short format", w => w.Verbatim("m"u8, ""u8), "$0||", "=4|m  :|"),
        ("array", w => { w.ArrayHeader(2); w.Integer(1); w.Ok(); }, "*2|:1|+OK|", "*2|:1|+OK|"),
        ("map", w => { w.MapHeader(1); w.Bulk("k"u8); w.Integer(1); }, "*2|$1|k|:1|", "%1|$1|k|:1|"),
        ("set", w => { w.SetHeader(1); w.Integer(1); }, "*1|:1|", "~1|:1|"),
        ("push", w => { w.PushHeader(1); w.Integer(1); }, "*1|:1|", ">1|:1|"),
        ("attribute", w => { w.Ok(); w.AttributeHeader(1); w.Bulk("ttl"u8); w.Integer(3); w.EndAttribute(); w.Null(); }, "+OK|$-1|", "+OK||1|$3|ttl|:3|_|"),
        ("deferred array", w => { var d = w.BeginDeferred(); w.Integer(7); w.EndDeferredArray(d, 1); w.Ok(); }, "*1|:7|+OK|", "*1|:7|+OK|"),
        ("deferred map", w => { var d = w.BeginDeferred(); w.Integer(7); w.Integer(8); w.EndDeferredMap(d, 1); }, "*2|:7|:8|", "%1|:7|:8|"),
        ("deferred set", w => w.EndDeferredSet(w.BeginDeferred(), 0), "*0|", "~0|"),
        ("deferred push", w => w.EndDeferredPush(w.BeginDeferred(), 1234567), "*1234567|", ">1234567|"),
        ("raw", w => w.Raw("+X\r\n"u8), "+X|", "+X|"),
        ("shared", w => w.Shared(SharedReply.Create("+X\r\n"u8)), "+X|", "+X|"),
    ];

    private static IEnumerable<TestCaseData> Rows =>
        Table.SelectMany(row => new[]
        {
            new TestCaseData(2, row.Write, row.Resp2).SetArgDisplayNames(row.Name, "RESP2"),
            new TestCaseData(3, row.Write, row.Resp3).SetArgDisplayNames(row.Name, "RESP3"),
        });

    [Test]
    public void A_run_of_bulk_strings_equals_bulk_strings_one_by_one([Values(1, 10, 5000)] int count)
    {
        byte[][] values = [.. Enumerable.Range(0, count).Select(i => Encoding.ASCII.GetBytes(new string('x', i * 7 % 600)))];
        ReplyWriter one = NewWriter(2), run = NewWriter(2);
        var bulks = new BulkRun(run.Buffer);
        foreach (var value in values)
        {
            one.Bulk(value);
            if (bulks.TryAdd(value)) continue;
            bulks.End();
            run.Bulk(value);
            bulks = new BulkRun(run.Buffer);
        }

        bulks.End();
        Assert.That(Pending(run), Is.EqualTo(Pending(one)));
    }

    [TestCaseSource(nameof(Rows))]
    public void A_reply_is_encoded_for_its_version(int version, Action<ReplyWriter> write, string expected)
    {
        var writer = NewWriter(version);

        write(writer);

        Assert.That(Pending(writer), Is.EqualTo(expected.Replace("|", "\r\n", StringComparison.Ordinal).Replace("\r\n\r\n1\r\n", "\r\n|1\r\n", StringComparison.Ordinal)));
    }

    [Test]
    public void Nested_deferred_lengths_end_innermost_first()
    {
        var writer = NewWriter(2);
        var outer = writer.BeginDeferred();
        for (var i = 0; i < 3; i++)
        {
            var inner = writer.BeginDeferred();
            writer.Integer(i);
            writer.EndDeferredArray(inner, 1);
        }

        writer.EndDeferredArray(outer, 3);

        Assert.That(Pending(writer), Is.EqualTo("*3\r\n*1\r\n:0\r\n*1\r\n:1\r\n*1\r\n:2\r\n"));
    }

    [Test]
    public void A_deferred_length_may_lie_many_chunks_back([Values(10, 2_000, 200_000)] int elements)
    {
        var writer = NewWriter(3);
        writer.Ok();
        var deferred = writer.BeginDeferred();
        var expected = new StringBuilder("+OK\r\n*").Append(elements).Append("\r\n");
        for (var i = 0; i < elements; i++)
        {
            writer.Integer(i);
            expected.Append(':').Append(i).Append("\r\n");
        }

        writer.EndDeferredArray(deferred, elements);
        writer.Pong();

        Assert.That(Pending(writer), Is.EqualTo(expected.Append("+PONG\r\n").ToString()));
        Assert.That(writer.Buffer.Length, Is.EqualTo(expected.Length));
    }

    [Test]
    public void Errors_are_counted_and_observed()
    {
        var observer = new LastError();
        var writer = new ReplyWriter(new ReplyBuffer(_pool), observer);

        writer.Error("WRONGTYPE x");
        writer.Ok();
        writer.Error("ERR y\n");

        Assert.That((writer.ErrorsWritten, observer.Text), Is.EqualTo((2L, "ERR y\n")));
    }

    [Test]
    public void A_protocol_error_is_one_line()
    {
        var writer = NewWriter(2);

        writer.ProtocolError(new ReceivingClient().Feed("*1\r\n\r\n").Parser);

        Assert.That(Pending(writer), Is.EqualTo("-ERR Protocol error: expected '$', got ' '\r\n"));
    }

    private static string Pending(ReplyWriter writer) => Encoding.Latin1.GetString(writer.Buffer.ToArray());

    private ReplyWriter NewWriter(int version) => new(new ReplyBuffer(_pool)) { Version = version };

    private sealed class LastError : IErrorObserver
    {
        internal string Text { get; private set; } = "";

        public void ErrorWritten(ReadOnlySpan<byte> text) => Text = Encoding.ASCII.GetString(text);
    }
}
