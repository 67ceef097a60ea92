using System.Buffers;
using KestrelFree.Protocol;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Protocol;

/// <summary>The steady state of receiving, parsing, replying and sending allocates nothing at all.</summary>
[NonParallelizable]
public sealed class ProtocolAllocationTests
{
    private readonly BufferPool _pool = new();
    private readonly RequestBatch _batch = new();
    private readonly RequestParser _parser = new();
    private readonly byte[] _scratch = new byte[64 * 1024];
    private readonly QueryBuffer _query;
    private readonly ReplyWriter _writer;
    private readonly SharedReply _message = SharedReply.Create(new byte[2000]);

    public ProtocolAllocationTests()
    {
        _query = new QueryBuffer(_pool, new ReceiveBuffer());
        _writer = new ReplyWriter(new ReplyBuffer(_pool)) { Version = 3 };
    }

    [TestCase("a pipeline", int.MaxValue)]
    [TestCase("a pipeline in pieces", 37)]
    public void Receiving_and_parsing_allocate_nothing(string what, int pieceBytes)
    {
        var output = new ArrayBufferWriter<byte>();
        for (var i = 0; i < 20; i++)
        {
            output.Write(CommandEncoder.Encode("SET", "key:" + i, new string('x', i * 300)));
            output.Write("SET k \"quoted value\"\r\nPING\r\n"u8);
        }

        var bytes = output.WrittenSpan.ToArray();

        Assert.That(Allocations.InSteadyState(() => Receive(bytes, pieceBytes)), Is.Zero, what);
    }

    [Test]
    public void Writing_and_sending_replies_allocate_nothing()
    {
        Assert.That(Allocations.InSteadyState(Reply), Is.Zero);
    }

    private void Receive(ReadOnlySpan<byte> bytes, int pieceBytes)
    {
        while (!bytes.IsEmpty)
        {
            var room = _query.GetReadSpan(_parser.BytesWanted);
            var count = Math.Min(Math.Min(room.Length, pieceBytes), bytes.Length);
            bytes[..count].CopyTo(room);
            _query.Commit(count);
            bytes = bytes[count..];
            _batch.Clear();
            _parser.Parse(_query.Unread, _batch, int.MaxValue, ReceivingClient.Ordinary);
            _query.Consume(_parser.Consumed);
            _query.Settle(_parser.BytesWanted);
        }
    }

    private void Reply()
    {
        var deferred = _writer.BeginDeferred();
        for (var i = 0; i < 300; i++)
        {
            _writer.Ok();
            _writer.Integer(i * 1_000_000L);
            _writer.Bulk(_scratch.AsSpan(0, i * 20));
            _writer.BulkInteger(-i);
            _writer.Double(i / 7.0);
            _writer.Error(SharedReplies.WrongType);
            _writer.Null();
        }

        _writer.EndDeferredArray(deferred, 2100);
        _writer.Bulk(_scratch);
        _writer.Shared(_message);
        while (!_writer.Buffer.IsEmpty)
            _writer.Buffer.Consume(_writer.Buffer.PeekGathered(_scratch).Length);
    }
}
