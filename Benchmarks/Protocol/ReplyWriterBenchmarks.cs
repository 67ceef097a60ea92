using BenchmarkDotNet.Attributes;
using KestrelFree.Protocol;

namespace KestrelFree.Benchmarks.Protocol;

/// <summary>What replies cost, with the buffer drained after every 64 of them as a client's is once a turn; one operation is one reply.</summary>
[MemoryDiagnoser]
public class ReplyWriterBenchmarks
{
    private const int Replies = 64;

    private readonly ReplyWriter _writer = new(new ReplyBuffer(new BufferPool()));
    private readonly byte[] _short = new byte[3];
    private readonly byte[] _kilobyte = new byte[1024];
    private readonly byte[] _hundredKilobytes = new byte[100 * 1024];
    private readonly byte[] _scratch = new byte[64 * 1024];

    [Benchmark(OperationsPerInvoke = Replies)]
    public long Ok()
    {
        for (var i = 0; i < Replies; i++)
            _writer.Ok();
        return Drain();
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long SmallInteger()
    {
        for (var i = 0; i < Replies; i++)
            _writer.Integer(i);
        return Drain();
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long LongInteger()
    {
        for (var i = 0; i < Replies; i++)
            _writer.Integer(1_700_000_000_000 + i);
        return Drain();
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long BulkOf3Bytes()
    {
        for (var i = 0; i < Replies; i++)
            _writer.Bulk(_short);
        return Drain();
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long BulkOf1Kilobyte()
    {
        for (var i = 0; i < Replies; i++)
            _writer.Bulk(_kilobyte);
        return Drain();
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long BulkOf100Kilobytes()
    {
        for (var i = 0; i < Replies; i++)
        {
            _writer.Bulk(_hundredKilobytes);
            Drain();
        }

        return _writer.Buffer.Length;
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long BulkInteger()
    {
        for (var i = 0; i < Replies; i++)
            _writer.BulkInteger(123456 + i);
        return Drain();
    }

    [Benchmark(OperationsPerInvoke = Replies)]
    public long Double()
    {
        for (var i = 0; i < Replies; i++)
            _writer.Double(0.1 + i);
        return Drain();
    }

    [Benchmark]
    public long DeferredArrayOf64()
    {
        var deferred = _writer.BeginDeferred();
        for (var i = 0; i < Replies; i++)
            _writer.Integer(i);
        _writer.EndDeferredArray(deferred, Replies);
        return Drain();
    }

    /// <summary>One short reply, drained: what an unpipelined client costs.</summary>
    [Benchmark]
    public long OneOkAndDrain()
    {
        _writer.Ok();
        return Drain();
    }

    private long Drain()
    {
        long sent = 0;
        while (!_writer.Buffer.IsEmpty)
        {
            var length = _writer.Buffer.PeekGathered(_scratch).Length;
            _writer.Buffer.Consume(length);
            sent += length;
        }

        return sent;
    }
}
