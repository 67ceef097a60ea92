using System.Diagnostics;
using System.Globalization;
using KestrelFree.Storage;
using static KestrelFree.Benchmarks.Storage.Measurement;

namespace KestrelFree.Benchmarks.Storage;

// What a keyspace gives back: resident memory after deleting nine keys of ten at random, after emptying the database, and after filling it
// again; and what the slices that do it cost the loop. One process, one run: `-- shrink --keys 10000000 --value 32 [--no-thp]`. Maintenance gets
// 0.5 ms of every 2.5, as in a server.

/// <summary>Fills, thins out and empties a keyspace; prints a line per figure.</summary>
internal sealed class ShrinkMeasurement
{

    private readonly int _keys;
    private readonly byte[] _value;
    private readonly Keyspace _keyspace;
    private readonly Database _database;
    private long _peak;

    private ShrinkMeasurement(string[] args)
    {
        _keys = Option(args, "--keys", 1_000_000);
        _value = new byte[Option(args, "--value", 32)];
        _value.AsSpan().Fill((byte)'x');
        var hugePages = args.Contains("--no-thp") ? HugePages.Off : HugePages.Advise;
        _keyspace = new Keyspace(new KeyspaceOptions { HugePages = hugePages, Clock = new CachedClock(new SystemClock()) });
        _database = _keyspace[0];
    }

    /// <summary>Runs the measurement that the arguments ask for.</summary>
    public static int Run(string[] args)
    {
        new ShrinkMeasurement(args).Measure();
        return 0;
    }

    private void Measure()
    {
        Print("resident MB before", Megabytes(Environment.WorkingSet));
        // The second round runs code that was run before, as a server's is, which is compiled ahead.
        for (var round = 0; round < 2; round++)
        {
            Do("fill", () => Set(0, _keys));
            Do("delete nine of ten", DeleteAtRandom);
            Do("fill again", () => Set(0, _keys));
            Do("empty", () => _keyspace.FlushAll(FlushMode.Sync));
        }
    }

    private void Do(string name, Action change)
    {
        var start = Stopwatch.GetTimestamp();
        change();
        Print(name + ", ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture));
        _peak = Math.Max(_peak, Environment.WorkingSet);
        Print("  resident MB", Megabytes(Environment.WorkingSet));
        Maintain();
        Print("  resident MB at rest; share of the peak", $"{Megabytes(Environment.WorkingSet)} {(double)Environment.WorkingSet / _peak:F2}");
        Print("  used MB, own counters", Megabytes(_keyspace.Memory.UsedBytes));
    }

    private void Maintain() => Print("  maintenance, ms; slices; us of CPU p50 p99 max", MaintenanceSlices.Run(_keyspace));

    private void Set(int from, int to)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        for (var i = from; i < to; i++)
            _database.SetString(Key(i, key), _value);
    }

    private void DeleteAtRandom()
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        var numbers = new int[_keys];
        for (var i = 0; i < _keys; i++)
            numbers[i] = i;
        new Random(1).Shuffle(numbers);
        foreach (var number in numbers.AsSpan(0, _keys / 10 * 9))
            _database.Delete(Key(number, key));
        // The numbers themselves are not to be measured.
        numbers = null;
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static string Megabytes(long bytes) => (bytes / 1048576.0).ToString("F1", CultureInfo.InvariantCulture);
}
