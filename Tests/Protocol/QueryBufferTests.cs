using System.Text;
using KestrelFree.Protocol;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

public sealed class QueryBufferTests
{
    [Test]
    public void A_client_without_leftovers_owns_nothing()
    {
        var client = new ReceivingClient().Feed("PING\r\n");

        Assert.That((client.Query.Length, client.Query.OwnedBytes, client.Query.FreeBytes), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public void Leftovers_take_little_memory_and_return_it()
    {
        var client = new ReceivingClient().Feed("*2\r\n$4\r\nECHO\r\n$2\r\nh");
        var owned = client.Query.OwnedBytes;

        client.Feed("i\r\n");

        Assert.That(owned, Is.EqualTo(1024));
        Assert.That((client.Outcome, client.Query.OwnedBytes, client.Pool.RetainedBytes), Is.EqualTo(("[ECHO] [hi]", 0, 1024L)));
    }

    [Test]
    public void Room_for_a_big_argument_is_made_when_it_is_announced_and_given_back_when_nothing_comes()
    {
        var client = new ReceivingClient().Feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000\r\n");
        var announced = client.Query.OwnedBytes;

        client.Query.Shrink();
        var shrunk = client.Query.OwnedBytes;
        client.Feed(new string('v', 500000) + "\r\n");

        Assert.That(announced, Is.InRange(500000, 600000));
        Assert.That(shrunk, Is.EqualTo(1024));
        Assert.That(client.Outcome, Is.EqualTo($"[SET] [k] [{new string('v', 500000)}]"));
    }

    [Test]
    public void Clients_that_take_turns_do_not_disturb_each_other()
    {
        var pool = new BufferPool();
        var receive = new ReceiveBuffer();
        var queries = new[] { new QueryBuffer(pool, receive), new QueryBuffer(pool, receive) };
        var expected = new[] { new StringBuilder(), new StringBuilder() };
        var random = new Random(7);
        for (var turn = 0; turn < 2000; turn++)
        {
            var who = random.Next(2);
            var query = queries[who];
            var room = query.GetReadSpan(0);
            string text = new((char)('a' + (turn % 26)), random.Next(Math.Min(room.Length, 3000)));
            Encoding.ASCII.GetBytes(text, room);
            query.Commit(text.Length);
            expected[who].Append(text);
            var eaten = random.Next(query.Length + 1);
            query.Consume(eaten);
            expected[who].Remove(0, eaten);
            query.Settle(0);

            Assert.That(Encoding.ASCII.GetString(queries[0].Unread), Is.EqualTo(expected[0].ToString()), $"turn {turn}");
            Assert.That(Encoding.ASCII.GetString(queries[1].Unread), Is.EqualTo(expected[1].ToString()), $"turn {turn}");
        }
    }

    [Test]
    public void A_big_argument_is_received_with_two_growths_and_handed_out_in_place()
    {
        const int Length = 64 * 1024 * 1024;
        var query = new QueryBuffer(new BufferPool(), new ReceiveBuffer());
        var parser = new RequestParser();
        var batch = new RequestBatch();
        var growths = 0;
        var largest = 0;
        var sent = Receive(query, Encoding.ASCII.GetBytes($"*5\r\n$3\r\nSET\r\n$1\r\nk\r\n${Length}\r\n"), parser);
        var total = sent + Length + 2;
        var rest = Encoding.ASCII.GetBytes("\r\n$2\r\nEX\r\n$3\r\n100\r\n");

        var status = ParseStatus.NeedMore;
        while (status == ParseStatus.NeedMore)
        {
            status = parser.Parse(query.Unread, batch, 1, ReceivingClient.Ordinary);
            if (status != ParseStatus.NeedMore) break;
            query.Consume(parser.Consumed);
            query.Settle(parser.BytesWanted);
            var left = total - 2 - query.Length;
            var count = left > 0
                ? Receive(query, left, parser)
                : Receive(query, rest, parser);
            Assert.That(count, Is.Positive);
            growths += query.OwnedBytes > largest ? 1 : 0;
            largest = Math.Max(largest, query.OwnedBytes);
        }

        var args = batch.GetArgs(0, query.Unread);
        Assert.That((args.Count, args[2].Length, growths), Is.EqualTo((5, Length, 2)));
        Assert.That(query.Unread.Overlaps(args[2]), Is.True);
        Assert.That(largest, Is.LessThan(Length + (64 * 1024)));
    }

    [Test]
    public void An_announced_argument_reserves_no_more_than_a_megabyte()
    {
        var client = new ReceivingClient();
        client.Feed("*2\r\n$4\r\nECHO\r\n$536870912\r\n" + new string('x', 100_000), 1000);

        Assert.That(client.Query.OwnedBytes, Is.LessThanOrEqualTo(1024 * 1024));
    }

    [Test]
    public void Many_big_arguments_of_one_request_are_copied_a_constant_number_of_times()
    {
        const int Arguments = 200;
        string argument = new('x', 100_000);
        var request = new StringBuilder($"*{Arguments}\r\n");
        for (var i = 0; i < Arguments; i++)
            request.Append("$100000\r\n").Append(argument).Append("\r\n");
        var client = new ReceivingClient();

        client.Feed(Encoding.ASCII.GetBytes(request.ToString()));

        Assert.That(client.Requests, Has.Count.EqualTo(1));
        Assert.That(client.Query.OwnedBytes, Is.Zero);
        Assert.That(client.MovedBytes, Is.LessThan(2L * request.Length));
    }

    [Test]
    public void A_private_buffer_shrinks_when_what_made_it_grow_is_gone()
    {
        var client = new ReceivingClient();
        client.Feed("*2\r\n$4\r\nECHO\r\n$200000\r\n" + new string('x', 200_000) + "\r\n*2\r\n$4\r\nEC", 50_000);

        Assert.That(client.Requests, Has.Count.EqualTo(1));
        Assert.That(client.Query.OwnedBytes, Is.LessThanOrEqualTo(1024));
    }

    [Test]
    public void Renewing_the_shared_buffer_leaves_spans_intact()
    {
        var receive = new ReceiveBuffer();
        var pool = new BufferPool();
        var outer = new QueryBuffer(pool, receive);
        "outer"u8.CopyTo(outer.GetReadSpan(0));
        outer.Commit(5);
        var unread = outer.Unread;

        receive.Renew();
        "inner"u8.CopyTo(new QueryBuffer(pool, receive).GetReadSpan(0));

        Assert.That(Encoding.ASCII.GetString(unread), Is.EqualTo("outer"));
    }

    [Test]
    public void More_than_was_offered_or_received_is_refused()
    {
        var query = new QueryBuffer(new BufferPool(), new ReceiveBuffer());
        var offered = query.GetReadSpan(0).Length;

        Assert.That(() => query.Commit(offered + 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => query.Commit(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => query.Consume(1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static int Receive(QueryBuffer query, ReadOnlySpan<byte> bytes, RequestParser parser)
    {
        bytes.CopyTo(query.GetReadSpan(parser.BytesWanted));
        query.Commit(bytes.Length);
        return bytes.Length;
    }

    private static int Receive(QueryBuffer query, int atMost, RequestParser parser)
    {
        var count = Math.Min(atMost, query.GetReadSpan(parser.BytesWanted).Length);
        query.Commit(count);
        return count;
    }
}
