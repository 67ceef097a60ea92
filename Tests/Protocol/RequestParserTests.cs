using System.Text;
using KestrelFree.Protocol;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

public sealed class RequestParserTests
{
    [TestCase("*1\r\n$4\r\nPING\r\n", "[PING]")]
    [TestCase("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", "[SET] [k] []")]
    [TestCase("*2\r\n$3\r\nGET\r\n$12\r\nhello\0\r\n*1\r\n\r\n", "[GET] [hello\0\r\n*1\r\n]")]
    [TestCase("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nECHO\r\n", "[PING]\n[ECHO]")]
    [TestCase("*0\r\n*1\r\n$4\r\nPING\r\n", "[PING]")]
    [TestCase("*-1\r\n*-9223372036854775808\r\nPING\r\n", "[PING]")]
    [TestCase("*1\rX$4\rYPINGzz", "[PING]")]
    public void Multibulk_requests_become_arguments(string bytes, string expected)
    {
        Assert.That(new ReceivingClient().Feed(bytes).Outcome, Is.EqualTo(expected));
    }

    [TestCase("PING\r\n", "[PING]")]
    [TestCase("PING\n", "[PING]")]
    [TestCase("\r\n\n   \r\nPING\n", "[PING]")]
    [TestCase("  SET\tk\v  v \r\n", "[SET] [k\v] [v]")]
    [TestCase("SET k \"a b\"\r\n", "[SET] [k] [a b]")]
    [TestCase("SET k 'a b'\n", "[SET] [k] [a b]")]
    [TestCase("SET k \"\\x41\\x0a\\n\\r\\t\\b\\a\\q\\\"\\\\\"\n", "[SET] [k] [A\n\n\r\t\b\aq\"\\]")]
    [TestCase("SET k \"\\x4\\xg1\"\n", "[SET] [k] [x4xg1]")]
    [TestCase("SET k 'a\\'b\\n'\n", "[SET] [k] [a'b\\n]")]
    [TestCase("SET k a\"b c\"\n", "[SET] [k] [ab c]")]
    [TestCase("SET k \"\" ''\n", "[SET] [k] [] []")]
    [TestCase("GET a\rb\n", "[GET] [a] [b]")]
    [TestCase("SET k \"a\"\v\n", "[SET] [k] [a]")]
    public void Inline_requests_become_arguments(string bytes, string expected)
    {
        Assert.That(new ReceivingClient().Feed(bytes).Outcome, Is.EqualTo(expected));
    }

    [TestCase("SET k \"a\n", "unbalanced quotes in request")]
    [TestCase("SET k 'a\r\n", "unbalanced quotes in request")]
    [TestCase("SET k \"a\"b\n", "unbalanced quotes in request")]
    [TestCase("SET k 'a'b\n", "unbalanced quotes in request")]
    [TestCase("SET k \"a\\\n", "unbalanced quotes in request")]
    [TestCase("*x\r\n", "invalid multibulk length")]
    [TestCase("*\r\n", "invalid multibulk length")]
    [TestCase("*01\r\n", "invalid multibulk length")]
    [TestCase("*+1\r\n", "invalid multibulk length")]
    [TestCase("*2147483648\r\n", "invalid multibulk length")]
    [TestCase("*99999999999999999999\r\n", "invalid multibulk length")]
    [TestCase("*1\r\nPING\r\n", "expected '$', got 'P'")]
    [TestCase("*1\r\n\r\n", "expected '$', got '\r'")]
    [TestCase("*1\r\n:4\r\n", "expected '$', got ':'")]
    [TestCase("*1\r\n\xff\r\n", "expected '$', got '\xff'")]
    [TestCase("*1\r\n$x\r\n", "invalid bulk length")]
    [TestCase("*1\r\n$\r\n", "invalid bulk length")]
    [TestCase("*1\r\n$-1\r\n", "invalid bulk length")]
    [TestCase("*1\r\n$-0\r\n", "invalid bulk length")]
    [TestCase("*1\r\n$04\r\n", "invalid bulk length")]
    [TestCase("*1\r\n$4 \r\n", "invalid bulk length")]
    [TestCase("*1\r\n$536870913\r\n", "invalid bulk length")]
    [TestCase("*1\r\n$2000000000000\r\n", "invalid bulk length")]
    public void Broken_requests_are_refused_in_Redis_words(string bytes, string error)
    {
        Assert.That(new ReceivingClient().Feed(bytes).Error, Is.EqualTo(error));
    }

    [Test]
    public void Requests_before_a_broken_one_are_still_there()
    {
        Assert.That(new ReceivingClient().Feed("PING\r\n*1\r\n$4\r\nECHO\r\n*1\r\n!\r\n").Outcome,
            Is.EqualTo("[PING]\n[ECHO]\n! expected '$', got '!'"));
    }

    [TestCase("", "too big inline request")]
    [TestCase("*", "too big mbulk count string")]
    [TestCase("*1\r\n$", "too big bulk count string")]
    public void A_line_without_end_is_refused_beyond_64_KB(string start, string error)
    {
        var lineStart = start.LastIndexOf('\n') + 1;
        var atLimit = start + new string('1', 65536 - (start.Length - lineStart));

        Assert.That(new ReceivingClient().Feed(atLimit).Error, Is.Empty);
        Assert.That(new ReceivingClient().Feed(atLimit + "1").Error, Is.EqualTo(error));
    }

    [TestCase("PI\0NG\r\n", "too big inline request")]
    [TestCase("*1\0\r\n", "too big mbulk count string")]
    [TestCase("*1\r\n$\0" + "4\r\nPING\r\n", "too big bulk count string")]
    public void A_NUL_hides_the_end_of_its_line(string bytes, string error)
    {
        var client = new ReceivingClient();

        Assert.That(client.Feed(bytes).Outcome, Is.Empty);
        Assert.That(client.Feed(new string('\n', 65536)).Error, Is.EqualTo(error));
    }

    [TestCase("*10\r\n", "")]
    [TestCase("*11\r\n", "unauthenticated multibulk length")]
    [TestCase("*1\r\n$16384\r\n", "")]
    [TestCase("*1\r\n$16385\r\n", "unauthenticated bulk length")]
    [TestCase("*1\r\n$536870913\r\n", "invalid bulk length")]
    [TestCase("*-11\r\n", "")]
    public void Limits_are_tighter_before_authentication(string bytes, string error)
    {
        var limits = ParserLimits.Unauthenticated(ProtocolLimits.DefaultMaxBulkBytes);

        Assert.That(new ReceivingClient(limits, 1).Feed(bytes).Error, Is.EqualTo(error));
    }

    [Test]
    public void Limits_may_change_between_two_requests()
    {
        var bytes = Encoding.ASCII.GetBytes("AUTH x\r\n*11\r\n");
        var parser = new RequestParser();
        var batch = new RequestBatch();

        var first = parser.Parse(bytes, batch, 1, ParserLimits.Unauthenticated(100));
        var second = parser.Parse(bytes.AsSpan(parser.Consumed), batch, 2, ParserLimits.Authenticated(100));

        Assert.That((first, second, batch.Count), Is.EqualTo((ParseStatus.BatchFull, ParseStatus.NeedMore, 1)));
    }

    [Test]
    public void A_batch_ends_at_the_asked_number_of_requests()
    {
        var bytes = Encoding.ASCII.GetBytes("A\nB\nC\n");
        var parser = new RequestParser();
        var batch = new RequestBatch();

        var status = parser.Parse(bytes, batch, 2, ReceivingClient.Ordinary);

        Assert.That((status, batch.Count, parser.Consumed, batch.EndOf(0)), Is.EqualTo((ParseStatus.BatchFull, 2, 4, 2)));
        Assert.That(batch.IsInline(0), Is.True);
    }

    [Test]
    public void After_stopping_inside_a_batch_the_rest_is_parsed_again()
    {
        var bytes = Encoding.ASCII.GetBytes("A 'x y'\nB 'u v'\nC 'w'\n*2\r\n$1\r\nD\r\n$5\r\nhel");
        var parser = new RequestParser();
        var batch = new RequestBatch();
        parser.Parse(bytes, batch, 16, ReceivingClient.Ordinary);
        ReadOnlySpan<byte> rest = bytes.AsSpan(batch.EndOf(0));

        parser.Rewind();
        batch.Clear();
        var status = parser.Parse(rest, batch, 16, ReceivingClient.Ordinary);

        Assert.That((status, batch.Count), Is.EqualTo((ParseStatus.NeedMore, 2)));
        Assert.That(ReceivingClient.Print(batch.GetArgs(0, rest)), Is.EqualTo("[B] [u v]"));
        Assert.That(ReceivingClient.Print(batch.GetArgs(1, rest)), Is.EqualTo("[C] [w]"));
        Assert.That((parser.InRequest, parser.PendingArguments, parser.BytesWanted), Is.EqualTo((true, 1, 4 + 7 + 4 + 7)));
    }

    [Test]
    public void An_idle_parser_is_under_100_bytes()
    {
        const int Parsers = 1000;
        var kept = new RequestParser[Parsers];
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < Parsers; i++)
            kept[i] = new RequestParser();

        Assert.That((GC.GetAllocatedBytesForCurrentThread() - before) / Parsers, Is.LessThan(100));
        GC.KeepAlive(kept);
    }

    [Test]
    public void A_request_of_many_arguments_in_small_pieces_is_parsed_once()
    {
        const int Arguments = 1_000_000;
        var request = new StringBuilder($"*{Arguments}\r\n");
        for (var i = 0; i < Arguments; i++)
            request.Append("$1\r\nx\r\n");
        var bytes = Encoding.ASCII.GetBytes(request.ToString());
        var parser = new RequestParser();
        var batch = new RequestBatch();

        var status = ParseStatus.NeedMore;
        for (var end = 0; end < bytes.Length && status == ParseStatus.NeedMore;)
        {
            end = Math.Min(end + (16 * 1024), bytes.Length);
            status = parser.Parse(bytes.AsSpan(0, end), batch, 1, ReceivingClient.Ordinary);
        }

        Assert.That((status, batch.GetArgs(0, bytes).Count, parser.Consumed), Is.EqualTo((ParseStatus.BatchFull, Arguments, bytes.Length)));
    }
}
