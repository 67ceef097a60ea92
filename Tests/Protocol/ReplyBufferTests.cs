using System.Text;
using KestrelFree.Protocol;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

public sealed class ReplyBufferTests
{
    private readonly BufferPool _pool = new();

    [Test]
    public void An_idle_client_owns_no_chunk()
    {
        var buffer = new ReplyBuffer(_pool);
        buffer.Append("+OK\r\n"u8);
        var owned = buffer.OwnedBytes;

        buffer.Consume(5);

        Assert.That((owned, buffer.OwnedBytes, buffer.IsEmpty), Is.EqualTo((2048L, 0L, true)));
    }

    [Test]
    public void An_ordinary_answer_stays_in_one_piece()
    {
        var buffer = new ReplyBuffer(_pool);
        for (var i = 0; i < 3000; i++)
            buffer.Append("+OK\r\n"u8);

        Assert.That((buffer.SegmentCount, buffer.Length), Is.EqualTo((1, 15_000L)));
    }

    [TestCase(0, 1024)]
    [TestCase(1025, 2048)]
    [TestCase(100_000, 16384)]
    public void An_answer_begins_in_a_chunk_of_the_size_that_was_set(int wanted, int start)
    {
        var buffer = new ReplyBuffer(_pool);

        buffer.Resize(wanted);
        buffer.Append("+OK\r\n"u8);

        Assert.That((buffer.StartBytes, buffer.FirstChunkBytes, buffer.OwnedBytes), Is.EqualTo((start, start, (long)start)));
    }

    [Test]
    public void The_peak_is_the_most_that_was_wanted_of_the_first_chunk_since_it_was_forgotten()
    {
        var buffer = new ReplyBuffer(_pool);
        buffer.Resize(1024);
        var begun = buffer.PeakBytes;
        buffer.ForgetPeak();
        Answer(100);
        Answer(50);
        var small = buffer.PeakBytes;
        Answer(5000);
        var full = buffer.PeakBytes;
        buffer.Append(new byte[70]);
        buffer.ForgetPeak();

        Assert.That((begun, small, full, buffer.PeakBytes), Is.EqualTo((1024, 100, 1024, 70)));

        void Answer(int bytes)
        {
            buffer.Append(new byte[bytes]);
            buffer.Consume(bytes);
        }
    }

    [Test]
    public void An_answer_that_outgrows_its_first_chunk_stays_in_one_piece([Values(1024, 4096, 8192)] int start)
    {
        var buffer = new ReplyBuffer(_pool);
        buffer.Resize(start);
        for (var i = 0; i < 3000; i++)
            buffer.Append("+OK\r\n"u8);

        Assert.That((buffer.SegmentCount, buffer.OwnedBytes), Is.EqualTo((1, 16384L)));
    }

    [Test]
    public void A_shared_message_and_a_long_value_are_no_beginning_of_an_answer()
    {
        var shared = new ReplyBuffer(_pool);
        var large = new ReplyBuffer(_pool);
        shared.AppendShared(SharedReply.Create(new byte[1000]));
        large.Append(new byte[20_000]);

        Assert.That((shared.FirstChunkBytes, shared.FirstChunkPending), Is.EqualTo((0, 0)));
        Assert.That((large.FirstChunkBytes, large.FirstChunkPending), Is.EqualTo((0, 0)));
    }

    [TestCase(10_000)]
    [TestCase(100_000)]
    [TestCase(1_000_000)]
    public void A_long_value_gets_a_chunk_of_its_size(int length)
    {
        var writer = new ReplyWriter(new ReplyBuffer(_pool));

        writer.Bulk(new byte[length]);

        Assert.That(writer.Buffer.SegmentCount, Is.EqualTo(1));
    }

    [Test]
    public void A_shared_message_is_referred_to()
    {
        var message = SharedReply.Create(new byte[100_000]);
        var buffers = Enumerable.Range(0, 10).Select(_ => new ReplyBuffer(_pool)).ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();

        foreach (var buffer in buffers)
            buffer.AppendShared(message);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(10_000));
        Assert.That(buffers.Select(buffer => buffer.Length), Is.All.EqualTo(100_000));
    }

    [Test]
    public void Short_pieces_are_gathered_and_long_ones_are_not()
    {
        var buffer = new ReplyBuffer(_pool);
        var scratch = new byte[64 * 1024];
        buffer.Append("a"u8);
        buffer.AppendShared(SharedReply.Create(new byte[1000]));
        buffer.Append("b"u8);

        Assert.That(buffer.PeekGathered(scratch).Length, Is.EqualTo(1002));
        buffer.Consume(1002);
        buffer.AppendShared(SharedReply.Create(new byte[20_000]));
        buffer.Append("c"u8);
        Assert.That(buffer.PeekGathered(scratch).Length, Is.EqualTo(20_000));
    }

    [Test]
    public void Rolling_back_to_the_start_gives_everything_back()
    {
        var buffer = new ReplyBuffer(_pool);
        var mark = buffer.Mark();
        buffer.Append(new byte[500_000]);
        buffer.AppendShared(SharedReply.Create(new byte[1000]));

        buffer.Rollback(mark);

        Assert.That((buffer.Length, buffer.OwnedBytes), Is.EqualTo((0L, 0L)));
    }

    [Test]
    public void Random_use_equals_a_plain_byte_list([Range(0, 99)] int seed)
    {
        var random = new Random(seed);
        var buffer = new ReplyBuffer(_pool);
        var model = new List<byte>();
        var scratch = new byte[64 * 1024];
        for (var step = 0; step < 200; step++)
        {
            Step(random, buffer, model, scratch);
            Assert.That(buffer.Length, Is.EqualTo(model.Count), $"seed {seed}, step {step}");
        }

        Assert.That(buffer.ToArray().AsSpan().SequenceEqual(model.ToArray()), Is.True, $"seed {seed}");
        buffer.Release();
        Assert.That(buffer.OwnedBytes, Is.Zero, $"seed {seed}");
    }

    [Test]
    public void Random_replies_read_back_in_both_versions([Range(0, 99)] int seed, [Values(2, 3)] int version)
    {
        var random = new Random(seed);
        var writer = new ReplyWriter(new ReplyBuffer(_pool)) { Version = version };
        var expected = new StringBuilder();
        var replies = random.Next(1, 20);
        for (var i = 0; i < replies; i++)
            WriteRandom(random, writer, expected, 0);

        var read = string.Concat(ReplyReader.ReadAll(writer.Buffer.ToArray()).Select(Print));

        Assert.That(read, Is.EqualTo(expected.ToString()), $"seed {seed}");
    }

    private static void Step(Random random, ReplyBuffer buffer, List<byte> model, byte[] scratch)
    {
        var bytes = new byte[random.Next(random.Next(10) == 0 ? 200_000 : 600)];
        random.NextBytes(bytes);
        switch (random.Next(7))
        {
            case 0:
                buffer.AppendShared(SharedReply.Create(bytes));
                model.AddRange(bytes);
                break;
            case 1:
                var mark = buffer.Mark();
                buffer.Append(bytes);
                buffer.AppendShared(SharedReply.Create(bytes));
                buffer.Rollback(mark);
                break;
            case 2:
                var deferred = buffer.BeginDeferred();
                buffer.Append(bytes);
                var number = random.Next(3) == 0 ? random.Next() : random.Next(30);
                buffer.EndDeferred(deferred, (byte)'*', number);
                model.AddRange(Encoding.ASCII.GetBytes($"*{number}\r\n"));
                model.AddRange(bytes);
                break;
            case 3:
                var pending = random.Next(2) == 0 ? buffer.PeekGathered(scratch) : Peek(buffer);
                var sent = random.Next(pending.Length + 1);
                Assert.That(pending[..sent].SequenceEqual(model.GetRange(0, sent).ToArray()), Is.True);
                buffer.Consume(sent);
                model.RemoveRange(0, sent);
                break;
            case 4:
                var offered = buffer.GetSpan(random.Next(20_000)).Length;
                Assert.That(offered, Is.GreaterThanOrEqualTo(0));
                break;
            default:
                buffer.Append(bytes);
                model.AddRange(bytes);
                break;
        }
    }

    private static ReadOnlySpan<byte> Peek(ReplyBuffer buffer)
    {
        buffer.TryPeek(out var segment);
        return segment;
    }

    /// <summary>Writes a random reply, and what a reader must see: nulls, pairs and numbers as RESP2 and RESP3 agree on them.</summary>
    private static void WriteRandom(Random random, ReplyWriter writer, StringBuilder expected, int depth)
    {
        var count = random.Next(5);
        switch (random.Next(depth > 4 ? 8 : 12))
        {
            case 0:
                var number = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
                writer.Integer(number);
                expected.Append(number).Append(' ');
                break;
            case 1:
                writer.Null();
                expected.Append("nil ");
                break;
            case 2:
                var real = random.Next(1000) / 8.0;
                writer.Double(real);
                expected.Append(real).Append(' ');
                break;
            case 3:
                string text = new('x', random.Next(random.Next(20) == 0 ? 40_000 : 20));
                writer.Bulk(text);
                expected.Append(text).Append(' ');
                break;
            case 4:
                writer.BigNumber("-12345678901234567890"u8);
                expected.Append("-12345678901234567890 ");
                break;
            case 5:
                writer.Error("ERR some\r\nthing");
                expected.Append("ERR some  thing ");
                break;
            case 6:
                writer.Ok();
                expected.Append("OK ");
                break;
            case 7:
                writer.BulkInteger(count);
                expected.Append(count).Append(' ');
                break;
            case 8:
                writer.ArrayHeader(count);
                WriteItems(random, writer, expected, depth, count);
                break;
            case 9:
                writer.MapHeader(count);
                WriteItems(random, writer, expected, depth, count * 2);
                break;
            case 10:
                writer.SetHeader(count);
                WriteItems(random, writer, expected, depth, count);
                break;
            default:
                var deferred = writer.BeginDeferred();
                WriteItems(random, writer, expected, depth, count * 2);
                writer.EndDeferredMap(deferred, count);
                break;
        }
    }

    private static void WriteItems(Random random, ReplyWriter writer, StringBuilder expected, int depth, int count)
    {
        expected.Append("( ");
        for (var i = 0; i < count; i++)
            WriteRandom(random, writer, expected, depth + 1);
        expected.Append(") ");
    }

    private static string Print(RespValue value)
    {
        if (value.IsNull) return "nil ";
        var aggregate = value.Type is RespType.Array or RespType.Map or RespType.Set;
        return aggregate ? $"( {string.Concat(value.Items.Select(Print))}) " : value.Text + " ";
    }
}
