using System.Buffers;
using BenchmarkDotNet.Attributes;
using KestrelFree.Protocol;

namespace KestrelFree.Benchmarks.Protocol;

/// <summary>What it costs to parse a pipeline of 16 requests that has come whole; one operation is one argument.</summary>
[MemoryDiagnoser]
public class ParserBenchmarks
{
    private const int Requests = 16;
    private const int LargeRequestArguments = 1024;

    private readonly RequestParser _parser = new();
    private readonly RequestBatch _batch = new();
    private readonly ParserLimits _limits = ParserLimits.Authenticated(ProtocolLimits.DefaultMaxBulkBytes);
    private byte[] _gets = [];
    private byte[] _sets = [];
    private byte[] _kilobyteSets = [];
    private byte[] _mset = [];
    private byte[] _inline = [];

    [GlobalSetup]
    public void Setup()
    {
        var key = "key:000000012345";
        _gets = Repeat(CommandEncoder.Encode("GET", key), Requests);
        _sets = Repeat(CommandEncoder.Encode("SET", key, "xxx"), Requests);
        _kilobyteSets = Repeat(CommandEncoder.Encode("SET", key, new string('x', 1024)), Requests);
        _inline = Repeat("SET key:000000012345 xxx\r\n"u8, Requests);
        var output = new ArrayBufferWriter<byte>();
        var encoder = new CommandEncoder(output);
        encoder.Begin(LargeRequestArguments);
        for (var i = 0; i < LargeRequestArguments; i++)
            encoder.Argument(key);
        _mset = output.WrittenSpan.ToArray();
    }

    [Benchmark(OperationsPerInvoke = Requests * 2)]
    public int Get() => Parse(_gets);

    [Benchmark(OperationsPerInvoke = Requests * 3)]
    public int Set() => Parse(_sets);

    [Benchmark(OperationsPerInvoke = Requests * 3)]
    public int SetOfOneKilobyte() => Parse(_kilobyteSets);

    [Benchmark(OperationsPerInvoke = LargeRequestArguments)]
    public int OneLargeRequest() => Parse(_mset);

    [Benchmark(OperationsPerInvoke = Requests * 3)]
    public int Inline() => Parse(_inline);

    /// <summary>The same requests when each read ends inside one.</summary>
    [Benchmark(OperationsPerInvoke = Requests * 3)]
    public int SetCutInTwo()
    {
        var half = (_sets.Length / 2) + 20;
        _batch.Clear();
        _parser.Parse(_sets.AsSpan(0, half), _batch, int.MaxValue, _limits);
        var rest = _parser.Consumed;
        _parser.Parse(_sets.AsSpan(rest), _batch, int.MaxValue, _limits);
        return _batch.Count;
    }

    private static byte[] Repeat(ReadOnlySpan<byte> request, int times)
    {
        var output = new ArrayBufferWriter<byte>();
        for (var i = 0; i < times; i++)
            output.Write(request);
        return output.WrittenSpan.ToArray();
    }

    private int Parse(byte[] bytes)
    {
        _batch.Clear();
        _parser.Parse(bytes, _batch, int.MaxValue, _limits);
        return _batch.Count;
    }
}
