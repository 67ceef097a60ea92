using BenchmarkDotNet.Attributes;
using KestrelFree.Protocol;

namespace KestrelFree.Benchmarks.Protocol;

/// <summary>What numbers and patterns cost.</summary>
[MemoryDiagnoser]
public class NumbersBenchmarks
{
    private readonly byte[] _destination = new byte[64];
    private readonly byte[] _integer = "1234567890"u8.ToArray();
    private readonly byte[] _word = "hello"u8.ToArray();
    private readonly byte[] _double = "3.14159"u8.ToArray();
    private readonly byte[] _key = "user:1234567"u8.ToArray();
    private readonly byte[] _letters = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"u8.ToArray();

    [Benchmark]
    public bool ParseInteger() => Numbers.TryParseInteger(_integer, out _);

    [Benchmark]
    public bool RefuseInteger() => Numbers.TryParseInteger(_word, out _);

    [Benchmark]
    public int FormatInteger() => Numbers.FormatInteger(_destination, 1234567890);

    [Benchmark]
    public bool ParseDouble() => Numbers.TryParseDouble(_double, out _);

    [Benchmark]
    public int FormatDouble() => Numbers.FormatDouble(_destination, 3.14159);

    [Benchmark]
    public int IncrementByFloat()
    {
        var read = ExtendedDouble.TryParse("10.5"u8, out var value) & ExtendedDouble.TryParse("0.1"u8, out var increment);
        return read ? (value + increment).FormatHuman(_destination) : 0;
    }

    [Benchmark]
    public bool MatchPrefix() => Glob.IsMatch("user:*"u8, _key, CaseSensitivity.Sensitive);

    [Benchmark]
    public bool MatchManyStars() => Glob.IsMatch("*a*a*a*a*b"u8, _letters, CaseSensitivity.Sensitive);
}
