using System.Buffers.Text;
using BenchmarkDotNet.Attributes;
using KestrelFree.Storage;

namespace KestrelFree.Benchmarks.Storage;

/// <summary>Single operations on random keys of 16 bytes; one operation is one key.</summary>
[MemoryDiagnoser]
public class KeyspaceBenchmarks
{
    private const int KeyBytes = 16;
    private const int Batch = 16;
    private const int Sequence = 1 << 16;

    private readonly byte[] _value = [.. Enumerable.Repeat((byte)'x', 32)];
    private readonly byte[] _kilobyte = [.. Enumerable.Repeat((byte)'x', 1024)];
    private readonly byte[] _hits = new byte[Sequence * KeyBytes];
    private readonly byte[] _misses = new byte[Sequence * KeyBytes];
    private readonly Keyspace _keyspace = new(new KeyspaceOptions { Clock = new CachedClock(new SystemClock()), Seed = 1 });
    private int _next;

    [Params(100_000, 1_000_000)]
    public int Keys { get; set; }

    private Database Strings => _keyspace[0];

    private Database Integers => _keyspace[1];

    private Database Kilobytes => _keyspace[2];

    [GlobalSetup]
    public void Setup()
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        for (var i = 0; i < Keys; i++)
        {
            Format(i, key);
            Strings.SetString(key, _value);
            Integers.SetString(key, "12345"u8);
            if (i < Keys / 10) Kilobytes.SetString(key, _kilobyte);
        }

        var random = new Random(1);
        for (var i = 0; i < Sequence; i++)
        {
            Format(random.Next(Keys), _hits.AsSpan(i * KeyBytes, KeyBytes));
            Format(Keys + random.Next(Keys), _misses.AsSpan(i * KeyBytes, KeyBytes));
        }
    }

    [Benchmark]
    public int Get() => Read(Hit());

    [Benchmark]
    public bool GetMissing() => Strings.LookupRead(_misses.AsSpan(Next() * KeyBytes, KeyBytes)).Exists;

    [Benchmark(OperationsPerInvoke = Batch)]
    public int GetPrefetchedBatch()
    {
        var first = (_next + Batch) & (Sequence - Batch);
        _next = first;
        for (var i = 0; i < Batch; i++)
            _keyspace.PrefetchKey(Strings, _hits.AsSpan((first + i) * KeyBytes, KeyBytes));
        _keyspace.PrefetchEntries();
        var sum = 0;
        for (var i = 0; i < Batch; i++)
            sum += Read(_hits.AsSpan((first + i) * KeyBytes, KeyBytes));
        return sum;
    }

    [Benchmark]
    public void SetSameSize() => Strings.SetString(Hit(), _value);

    [Benchmark]
    public void Increment()
    {
        var entry = Integers.LookupWrite(Hit());
        entry.TryGetInteger(out var value);
        entry.SetInteger(value + 1);
    }

    [Benchmark]
    public void DeleteAndSet()
    {
        var key = Hit();
        Strings.Delete(key);
        Strings.SetString(key, _value);
    }

    [Benchmark]
    public void SetKilobyte() => Kilobytes.SetString(Hit(), _kilobyte);

    private int Read(ReadOnlySpan<byte> key)
    {
        var entry = Strings.LookupRead(key);
        return entry.Exists ? entry.StringBytes[0] : 0;
    }

    private ReadOnlySpan<byte> Hit() => _hits.AsSpan(Next() * KeyBytes, KeyBytes);

    private int Next() => _next = (_next + 1) & (Sequence - 1);

    private static void Format(int number, Span<byte> key)
    {
        "key:"u8.CopyTo(key);
        Utf8Formatter.TryFormat(number, key[4..], out _, new System.Buffers.StandardFormat('D', KeyBytes - 4));
    }
}
