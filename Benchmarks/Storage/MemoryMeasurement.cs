using System.Diagnostics;
using System.Globalization;
using KestrelFree.Storage;
using static KestrelFree.Benchmarks.Storage.Measurement;

namespace KestrelFree.Benchmarks.Storage;

// What a keyspace of many keys costs: resident bytes a key for the whole process, nanoseconds an operation, the longest pause of the collector, and
// what a fork does to both. One process, one run: `-- memory --keys 10000000 --value 32 [--ttl] [--no-thp] [--fork]`.

/// <summary>Loads a keyspace and measures it; prints a line per figure.</summary>
internal sealed class MemoryMeasurement
{
    private const int ChunkOperations = 50_000;
    private const int BatchKeys = 16;
    private const int ForkRounds = 3;

    private readonly int _keys;
    private readonly byte[] _value;
    private readonly Expiry _expiry;
    private readonly bool _forks;
    private readonly Keyspace _keyspace;
    private readonly Database _database;
    private readonly byte[] _batch = new byte[BatchKeys * KeyBytes];
    private readonly PauseWatch _pauses = new();
    private ulong _dice = 0x9e3779b97f4a7c15;

    private MemoryMeasurement(string[] args)
    {
        _keys = Option(args, "--keys", 1_000_000);
        _value = new byte[Option(args, "--value", 32)];
        _value.AsSpan().Fill((byte)'x');
        _expiry = args.Contains("--ttl") ? Expiry.At(DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds()) : Expiry.None;
        _forks = args.Contains("--fork");
        var hugePages = args.Contains("--no-thp") ? HugePages.Off : HugePages.Advise;
        _keyspace = new Keyspace(new KeyspaceOptions { HugePages = hugePages, Clock = new CachedClock(new SystemClock()) });
        _database = _keyspace[0];
    }

    /// <summary>Runs the measurement that the arguments ask for.</summary>
    public static int Run(string[] args)
    {
        new MemoryMeasurement(args).Measure();
        return 0;
    }

    private void Measure()
    {
        var before = Environment.WorkingSet;
        Time("load", _keys, i => Set(i));
        GC.Collect();
        var resident = Environment.WorkingSet;
        Print("resident bytes/key, whole process", (double)resident / _keys);
        Print("resident bytes/key, growth", (double)(resident - before) / _keys);
        var memory = _keyspace.Memory;
        Print("used bytes/key, own counters", (double)memory.UsedBytes / _keys);
        Print("  heads, blocks, runs, directory", string.Join(" ", new[] { memory.HeadBytes, memory.BlockBytes, memory.RunBytes, memory.DirectoryBytes }
            .Select(bytes => ((double)bytes / _keys).ToString("F1", CultureInfo.InvariantCulture))));
        var operations = Math.Max(2_000_000, Math.Min(_keys, 4_000_000));
        Time("get, random hit", operations, _ => Get(Next(_keys)));
        Time("get, random miss", operations, _ => Get(_keys + Next(_keys)));
        Time("get, prefetched by 16", operations / BatchKeys, _ => GetBatch(), BatchKeys);
        Time("overwrite, same size", operations, _ => Set(Next(_keys)));
        Time("delete and add again", operations / 4, _ => DeleteAndSet(Next(_keys)));
        if (_forks) MeasureForks();
        Print("resident bytes/key at the end", (double)Environment.WorkingSet / _keys);
    }

    // The first round runs code that was never run before, the later ones what a server that has saved once runs.
    private void MeasureForks()
    {
        for (var round = 1; round <= ForkRounds; round++)
            MeasureFork(round);
    }

    private void MeasureFork(int round)
    {
        var start = Stopwatch.GetTimestamp();
        var snapshot = _keyspace.Fork();
        Print($"fork {round}, us", Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        long walked = 0;
        var walk = snapshot.Walk();
        var walker = Task.Run(() =>
        {
            while (walk.MoveNext())
                walked += walk.Entry.Key.Length;
        });
        var before = _keyspace.Memory.UsedBytes;
        OverwriteUntil(walker);
        Print("  keys walked", walked / KeyBytes);
        Print("  memory copied for it, MB", (_keyspace.Memory.UsedBytes - before) / 1e6);
        snapshot.Release();
        start = Stopwatch.GetTimestamp();
        var slices = 1;
        while (_keyspace.RunMaintenance(500))
            slices++;
        Print("  freeing it, ms; slices of 0.5 ms", $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds:F1} {slices}");
    }

    private void OverwriteUntil(Task walker)
    {
        var start = Stopwatch.GetTimestamp();
        var cpu = ThreadTime.Nanoseconds;
        var costs = new List<float>(1 << 22);
        while (!walker.IsCompleted)
        {
            var one = ThreadTime.Nanoseconds;
            Set(Next(_keys));
            costs.Add((float)((ThreadTime.Nanoseconds - one) / 1000));
        }

        Print("  walk under full-rate overwriting, ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        Print("  overwrites; us of CPU each, clock included", $"{costs.Count} {(ThreadTime.Nanoseconds - cpu) / costs.Count / 1000:F2}");
        costs.Sort();
        Print("  us of CPU p50 p99 p99.9 max", string.Join(" ", new[] { 0.5, 0.99, 0.999, 1 }
            .Select(share => costs[(int)((costs.Count - 1) * share)].ToString("F1", CultureInfo.InvariantCulture))));
    }

    private void Time(string name, int operations, Action<int> operation, int perOperation = 1)
    {
        _pauses.Start();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var chunks = new List<double>();
        for (var done = 0; done < operations;)
        {
            var until = Math.Min(operations, done + ChunkOperations / perOperation);
            var count = until - done;
            var start = ThreadTime.Nanoseconds;
            for (; done < until; done++)
                operation(done);
            chunks.Add((ThreadTime.Nanoseconds - start) / count / perOperation);
            _pauses.Look();
        }

        chunks.Sort();
        Print($"{name}, ns (quartile, mean)", $"{chunks[chunks.Count / 4]:F0} {chunks.Average():F0}");
        Print($"  longest GC pause, ms; collections; bytes allocated a key", string.Create(CultureInfo.InvariantCulture,
            $"{_pauses.LongestMs:F1}{_pauses.LongestOf} {_pauses.Collections} {(double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / operations / perOperation:F2}"));
    }

    private void Set(int number)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        _database.SetString(Key(number, key), _value, _expiry);
    }

    private void Get(int number)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        Read(Key(number, key));
    }

    private void Read(ReadOnlySpan<byte> key)
    {
        var entry = _database.LookupRead(key);
        if (entry.Exists && !entry.TryGetInteger(out _))
            _dice ^= entry.StringBytes.IsEmpty ? 1ul : entry.StringBytes[0];
    }

    private void GetBatch()
    {
        for (var i = 0; i < BatchKeys; i++)
            _keyspace.PrefetchKey(_database, Key(Next(_keys), _batch.AsSpan(i * KeyBytes, KeyBytes)));
        _keyspace.PrefetchEntries();
        for (var i = 0; i < BatchKeys; i++)
            Read(_batch.AsSpan(i * KeyBytes, KeyBytes));
    }

    private void DeleteAndSet(int number)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        _database.Delete(Key(number, key));
        _database.SetString(key, _value, _expiry);
    }

    private int Next(int limit)
    {
        _dice ^= _dice << 13;
        _dice ^= _dice >> 7;
        _dice ^= _dice << 17;
        return (int)((_dice >> 33) % (uint)limit);
    }
}
