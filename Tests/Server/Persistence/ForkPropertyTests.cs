using System.Buffers;
using System.Text;
using KestrelFree.Storage;
using KestrelFree.Tests.Oracle;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

// Random commands of every type go on while up to three forks are held. What every key's value, expiry and type was when a fork began is kept as the
// bytes that an RDB file has for it. Each fork is walked on a thread of its own, some keys with every batch of writes, and compared with that,
// key by key.
//
//     CAMPAIGN_STEPS=1000000 dotnet test Tests -c Release --filter Name~Forks_stand_still
//
// runs long ones; CAMPAIGN_SEED repeats what failed (what threads and clocks do to it is not repeated).

/// <summary>A fork shows all databases as they were, whatever commands do to any type meanwhile.</summary>
internal sealed class ForkPropertyTests
{
    private const int RequestsAtOnce = 100;
    private const int Databases = 3;

    private static readonly (string, string)[] SmallThresholds =
    [
        ("databases", "3"), ("list-max-listpack-size", "5"), ("hash-max-listpack-entries", "8"), ("hash-max-listpack-value", "20"),
        ("zset-max-listpack-entries", "8"), ("zset-max-listpack-value", "20"), ("set-max-intset-entries", "12"), ("set-max-listpack-entries", "8"),
        ("stream-node-max-entries", "4"), ("list-compress-depth", "1"),
    ];

    [Test]
    public void Forks_stand_still_under_writes_to_every_type([Values(81, 82)] int seed, [Values] bool smallThresholds)
    {
        var steps = Setting("CAMPAIGN_STEPS", 20_000);
        seed = Setting("CAMPAIGN_SEED", seed);
        using var server = new InProcessServer(smallThresholds ? SmallThresholds : SmallThresholds[..1]);
        using var writer = server.Connect();
        using var forks = new HeldForks(server, new Random(seed));
        var traffic = new ForkTraffic(seed);
        for (var done = 0; done < steps; done += RequestsAtOnce)
        {
            writer.Send(RequestBytes.Pipeline(Enumerable.Range(0, RequestsAtOnce).Select(_ => traffic.Next()).ToArray()));
            for (var reply = 0; reply < RequestsAtOnce; reply++) writer.ReadReply();
            forks.Step($"CAMPAIGN_SEED={seed}, after {done} steps");
        }

        forks.EndAll($"CAMPAIGN_SEED={seed}, at the end");
        Assert.That(server.OnLoop(() => { server.Server.Keyspace.Validate(); return forks.Compared; }), Is.GreaterThan(steps / 20));
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;

    /// <summary>The writes of all types, and beside them all that changes many keys at once, or moves them, or lets them expire.</summary>
    private sealed class ForkTraffic(int seed)
    {
        private readonly WriteSequence _writes = new(seed);
        private readonly Random _random = new(seed);
        private readonly string[] _keys = [.. WriteSequence.Keys.Order(StringComparer.Ordinal)];

        public string[] Next() => _random.Next(3000) switch
        {
            0 => [_random.Next(4) == 0 ? "FLUSHALL" : "FLUSHDB", _random.Next(2) == 0 ? "SYNC" : "ASYNC"],
            < 10 => ["SWAPDB", Database(), Database()],
            < 100 => ["MOVE", Key(), Database()],
            < 160 => ["COPY", Key(), Key(), "DB", Database(), "REPLACE"],
            < 220 => ["RENAME", Key(), Key()],
            < 260 => ["PEXPIRE", Key(), $"{_random.Next(40)}"],
            < 400 => ["HPEXPIRE", $"hash:{_random.Next(6)}", $"{_random.Next(60)}", "FIELDS", "2", $"e{_random.Next(40)}", $"element {_random.Next(2000)}"],
            < 420 => ["HEXPIRE", $"hash:{_random.Next(6)}", "1000", "FIELDS", "2", $"e{_random.Next(40)}", $"element {_random.Next(2000)}"],
            < 480 => ["SELECT", Database()],
            < 500 => ["UNLINK", Key()],
            < 520 => ["XCLAIM", $"stream:{_random.Next(6)}", "g1", "eve", "0", $"{_random.Next(3000)}-1", "FORCE"],
            _ => _writes.Next(),
        };

        private string Key() => _keys[_random.Next(_keys.Length)];

        private string Database() => $"{_random.Next(Databases)}";
    }

    /// <summary>A fork, what it has to show, and how many keys its walk may go on.</summary>
    private sealed record HeldFork(Snapshot Snapshot, Dictionary<(int, string), byte[]> Frozen)
    {
        public SemaphoreSlim Pace { get; } = new(0);

        public required Task Comparison { get; set; }
    }

    /// <summary>Forks under comparison; they begin and end on the loop.</summary>
    private sealed class HeldForks(InProcessServer server, Random random) : IDisposable
    {
        private const int Most = 3;
        private const int KeysAtOnce = 20;
        private const int AllKeys = 1_000_000;
        private readonly List<HeldFork> _held = [];

        /// <summary>Keys that were compared.</summary>
        public int Compared { get; private set; }

        public void Step(string where)
        {
            if (_held.Count < Most && random.Next(3) == 0) _held.Add(server.OnLoop(Begin));
            foreach (var fork in _held) fork.Pace.Release(1 + random.Next(KeysAtOnce));
            if (_held.Count > 0 && random.Next(8) == 0) End(random.Next(_held.Count), where);
        }

        public void EndAll(string where)
        {
            while (_held.Count > 0) End(0, where);
        }

        public void Dispose()
        {
            foreach (var fork in _held) LetGo(fork);
        }

        private HeldFork Begin()
        {
            var frozen = Freeze();
            Compared += frozen.Count;
            var fork = new HeldFork(server.Server.Keyspace.Fork(), frozen) { Comparison = Task.CompletedTask };
            fork.Comparison = Task.Run(() => Compare(fork));
            return fork;
        }

        private void End(int index, string where)
        {
            var fork = _held[index];
            _held.RemoveAt(index);
            LetGo(fork);
            if (fork.Comparison.Exception?.InnerException is { } failure) throw new AssertionException($"{where}: {failure.Message}", failure);
        }

        private void LetGo(HeldFork fork)
        {
            fork.Pace.Release(AllKeys);
            ((IAsyncResult)fork.Comparison).AsyncWaitHandle.WaitOne();
            server.OnLoop(() =>
            {
                fork.Snapshot.Release();
                return true;
            });
        }

        private Dictionary<(int, string), byte[]> Freeze()
        {
            var frozen = new Dictionary<(int, string), byte[]>();
            for (var database = 0; database < Databases; database++)
            {
                for (var keys = server.Server.Keyspace[database].Scan(0, long.MaxValue); keys.MoveNext();)
                    frozen.Add((database, Encoding.Latin1.GetString(keys.Entry.Key)), BytesOf(keys.Entry));
            }

            return frozen;
        }

        private static void Compare(HeldFork fork)
        {
            var frozen = fork.Frozen;
            for (var walk = fork.Snapshot.Walk(); walk.MoveNext();)
            {
                fork.Pace.Wait();
                var key = Encoding.Latin1.GetString(walk.Entry.Key);
                if (!frozen.Remove((walk.DatabaseIndex, key), out var expected))
                    throw new AssertionException($"the fork has {key} in {walk.DatabaseIndex}, once too often");
                if (!BytesOf(walk.Entry).AsSpan().SequenceEqual(expected))
                    throw new AssertionException($"{key} in {walk.DatabaseIndex}, a {walk.Entry.Type}, is not what it was");
            }

            if (frozen.Count > 0) throw new AssertionException($"the fork lacks {string.Join(", ", frozen.Keys)}");
        }

        private static byte[] BytesOf(in EntryView entry)
        {
            var buffer = new ArrayBufferWriter<byte>();
            var rdb = new RdbWriter(buffer) { Compression = RdbCompression.None };
            var saver = RdbValues.Saver(entry)!;
            rdb.WriteType(saver.Type);
            rdb.WriteUInt64((ulong)entry.ExpiryMs);
            saver.Save(rdb, entry);
            return buffer.WrittenSpan.ToArray();
        }
    }
}
