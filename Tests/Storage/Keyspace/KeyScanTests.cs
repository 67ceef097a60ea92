using System.Text;
using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>A scan meets every key that is there throughout, once, whatever happens between its portions; random keys are fair.</summary>
public sealed class KeyScanTests
{
    private const ulong CursorLimit = 1ul << 48;

    private readonly ManualClock _clock = new(1_000_000);

    [Test]
    public void An_empty_database_is_scanned_at_once()
    {
        Assert.That(Portion(NewKeyspace()[0], 0, 10, out var next), Is.Empty);
        Assert.That(next, Is.Zero);
    }

    [TestCase(1)]
    [TestCase(10)]
    [TestCase(150)]
    [TestCase(1000)]
    [TestCase(1_000_000)]
    public void A_portion_has_as_many_keys_as_asked_for(int count)
    {
        var database = NewKeyspace()[0];
        for (var i = 0; i < 5000; i++)
            database.SetString(Key(i), "v"u8);
        var portions = 0;
        ulong cursor = 0;
        do
        {
            var size = Portion(database, cursor, count, out cursor).Count;
            Assert.That(size == count || cursor == 0, $"a portion of {size}");
            portions++;
        }
        while (cursor != 0);

        Assert.That(portions, Is.EqualTo((5000 + count - 1) / count));
    }

    [TestCase(CursorLimit)]
    [TestCase(ulong.MaxValue)]
    public void A_cursor_that_was_never_given_out_ends_the_scan(ulong cursor)
    {
        var database = NewKeyspace()[0];
        database.SetString("k"u8, "v"u8);

        Assert.That(Portion(database, cursor, 10, out var next), Is.Empty);
        Assert.That(next, Is.Zero);
    }

    [Test]
    public void Keys_that_stay_are_met_once_whatever_happens_meanwhile([Range(1, 12)] int seed) =>
        ScanWhileChanging(seed, ulong.MaxValue, stable: 3000, churn: 20_000);

    [Test]
    public void Keys_whose_leading_hash_bits_collide_are_met_once([Range(21, 22)] int seed) =>
        ScanWhileChanging(seed, 0x0000_0000_00ff_ffff, stable: 300, churn: 2000);

    // What one portion has sorted the next one goes on with, so these scans, which share it, find it changed in part, or another's.
    [Test]
    public void Scans_that_take_turns_meet_what_stays_once_and_nothing_that_went_before([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        var keyspace = NewKeyspace(seed % 5 == 0 ? 0x0000_0000_00ff_ffff : ulong.MaxValue);
        for (var i = 0; i < 1200; i++)
        {
            keyspace[0].SetString(Key(i), "v"u8);
            keyspace[1].SetString(Key(i), "v"u8);
        }

        List<RunningScan> scans = [.. Enumerable.Range(0, 4).Select(at => new RunningScan(keyspace[at % 2]))];
        for (var step = 0; step < 4000; step++)
        {
            var at = random.Next(scans.Count);
            if (scans[at].Advance(1 + random.Next(12))) scans[at] = new RunningScan(keyspace[at % 2]);
            ChangeFew(keyspace[random.Next(2)], random, scans);
            if (random.Next(200) == 0) keyspace.RunMaintenance(random.Next(100));
        }

        keyspace.Validate();
    }

    [Test]
    public void Keys_that_all_have_one_hash_go_together()
    {
        var database = NewKeyspace(hashMask: 0)[0];
        for (var i = 0; i < 1000; i++)
            database.SetString(Key(i), "v"u8);

        Assert.That(Portion(database, 0, 10, out var next), Has.Count.EqualTo(1000).And.Unique);
        // The other half of each split is still to come, and empty.
        Assert.That(next == 0 || Portion(database, next, 10, out _).Count == 0);
    }

    [Test]
    public void An_emptied_database_is_scanned_in_portions_of_bounded_work()
    {
        var database = NewKeyspace()[0];
        for (var i = 0; i < 100_000; i++)
            database.SetString(Key(i), "v"u8);
        for (var i = 0; i < 100_000; i++)
            database.Delete(Key(i));

        Assert.That(Portion(database, 0, 1, out var next), Is.Empty);
        Assert.That(next, Is.Not.Zero, "some hundred empty segments are more than ten a key");
        Assert.That(ScanAll(database, 10), Is.Empty);
    }

    [TestCase(ExpiredKeys.Delete, 1000)]
    [TestCase(ExpiredKeys.Hide, 2000)]
    public void Keys_past_their_time_are_not_met(ExpiredKeys policy, int left)
    {
        var keyspace = NewKeyspace();
        keyspace.ExpiredKeys = policy;
        for (var i = 0; i < 2000; i++)
            keyspace[0].SetString(Key(i), "v"u8, i % 2 == 0 ? Expiry.At(1_000_500) : Expiry.None);
        _clock.Advance(1000);

        Assert.That(ScanAll(keyspace[0], 10), Has.Count.EqualTo(1000).And.Unique);
        Assert.That(keyspace[0].Count, Is.EqualTo(left));
        keyspace.Validate();
    }

    [Test]
    public void A_walk_leaves_keys_past_their_time_where_they_are()
    {
        var database = NewKeyspace()[0];
        database.SetString("gone"u8, "v"u8, Expiry.At(1_000_500));
        database.SetString("there"u8, "v"u8);
        _clock.Advance(1000);
        var met = new List<string>();
        for (var walk = database.Walk(); walk.MoveNext();)
            met.Add(Encoding.ASCII.GetString(walk.Entry.Key));

        Assert.That(met, Is.EqualTo(new[] { "there" }));
        Assert.That(database.Count, Is.EqualTo(2));
    }

    [Test]
    public void Scanning_allocates_nothing()
    {
        var database = NewKeyspace()[0];
        for (var i = 0; i < 5000; i++)
            database.SetString(Key(i), "v"u8);

        var allocated = Allocations.InSteadyState(() =>
        {
            Visit(database, 10);
            Visit(database, 1000);
        });

        Assert.That(allocated, Is.Zero);
    }

    // With 200 degrees of freedom chi-squared is below 290 but for once in 30,000 seeds; the seed is fixed.
    [Test]
    public void Random_keys_are_fair()
    {
        const int Keys = 4000, Bins = 201, Draws = 100_000;
        var database = NewKeyspace()[0];
        for (var i = 0; i < Keys; i++)
            database.SetString(Key(i), "v"u8);
        var hits = new int[Bins];
        for (var i = 0; i < Draws; i++)
        {
            Assert.That(database.TryGetRandomKey(out var entry), Is.True);
            hits[int.Parse(Encoding.ASCII.GetString(entry.Key)[4..]) * Bins / Keys]++;
        }

        double chiSquared = 0;
        for (var bin = 0; bin < Bins; bin++)
        {
            var expected = Draws * (double)Enumerable.Range(0, Keys).Count(i => i * Bins / Keys == bin) / Keys;
            chiSquared += (hits[bin] - expected) * (hits[bin] - expected) / expected;
        }

        Assert.That(chiSquared, Is.LessThan(290));
    }

    [Test]
    public void The_last_keys_of_an_emptied_database_are_found_at_random()
    {
        var database = NewKeyspace()[0];
        for (var i = 0; i < 100_000; i++)
            database.SetString(Key(i), "v"u8);
        for (var i = 2; i < 100_000; i++)
            database.Delete(Key(i));
        var found = new HashSet<string>();
        for (var i = 0; i < 100; i++)
        {
            database.TryGetRandomKey(out var entry);
            found.Add(Encoding.ASCII.GetString(entry.Key));
        }

        Assert.That(found, Is.EquivalentTo(new[] { "key:0", "key:1" }));
    }

    [Test]
    public void Random_keys_are_not_past_their_time()
    {
        var database = NewKeyspace()[0];
        for (var i = 0; i < 1000; i++)
            database.SetString(Key(i), "v"u8, i == 7 ? Expiry.None : Expiry.At(1_000_500));
        _clock.Advance(1000);

        Assert.That(database.TryGetRandomKey(out var entry), Is.True);
        Assert.That(Encoding.ASCII.GetString(entry.Key), Is.EqualTo("key:7"));
        database.Delete("key:7"u8);
        Assert.That(database.TryGetRandomKey(out _), Is.False);
        Assert.That(database.Count, Is.Zero);
    }

    private void ScanWhileChanging(int seed, ulong hashMask, int stable, int churn)
    {
        var random = new Random(seed);
        var keyspace = NewKeyspace(hashMask);
        var database = keyspace[0];
        for (var i = 0; i < stable; i++)
            database.SetString(Key(i), "v"u8);
        var met = new Dictionary<string, int>();
        var forks = new List<Snapshot>();
        ulong cursor = 0;
        do
        {
            foreach (var key in Portion(database, cursor, 1 + random.Next(random.Next(4) == 0 ? 1000 : 30), out cursor))
                met[key] = met.GetValueOrDefault(key) + 1;
            Change(keyspace, random, stable, churn, forks);
        }
        while (cursor != 0);

        foreach (var fork in forks)
            fork.Release();
        for (var i = 0; i < stable; i++)
            Assert.That(met.GetValueOrDefault(Encoding.ASCII.GetString(Key(i))), Is.EqualTo(1), $"key {i}");
        keyspace.Validate();
    }

    // Adds many keys or takes many away, so that segments split and merge; lets forks come and go, so that they are copied.
    private static void Change(Keyspace keyspace, Random random, int stable, int churn, List<Snapshot> forks)
    {
        var grows = random.Next(2) == 0;
        for (var i = random.Next(churn / 10); i > 0; i--)
        {
            var key = Key(stable + random.Next(churn));
            if (grows) keyspace[0].SetString(key, new byte[random.Next(150)]);
            else keyspace[0].Delete(key);
        }

        if (random.Next(5) == 0 && forks.Count < 3) forks.Add(keyspace.Fork());
        if (random.Next(5) == 0 && forks.Count > 0)
        {
            forks[0].Release();
            forks.RemoveAt(0);
        }

        keyspace.RunMaintenance(random.Next(1000));
    }

    private static void ChangeFew(Database database, Random random, List<RunningScan> scans)
    {
        for (var left = random.Next(4); left > 0; left--)
        {
            var number = random.Next(1500);
            var isKept = random.Next(3) != 0;
            var stays = isKept && database.Exists(Key(number));
            if (isKept) database.SetString(Key(number), new byte[random.Next(60)]);
            else database.Delete(Key(number));
            foreach (var scan in scans.Where(_ => !stays)) scan.Note(database, number);
        }
    }

    /// <summary>A scan that is on its way, and which keys may not be missed or met.</summary>
    private sealed class RunningScan
    {
        private readonly Database _database;
        private readonly HashSet<string> _atStart = [];
        private readonly HashSet<string> _changed = [];
        private readonly Dictionary<string, int> _met = [];
        private ulong _cursor;

        public RunningScan(Database database)
        {
            _database = database;
            for (var walk = database.Walk(); walk.MoveNext();) _atStart.Add(Encoding.ASCII.GetString(walk.Entry.Key));
        }

        /// <summary>A key has come or gone since the scan began.</summary>
        public void Note(Database database, int number)
        {
            if (database == _database) _changed.Add(Encoding.ASCII.GetString(Key(number)));
        }

        /// <summary>Scans a portion; true, and all is checked, at the end.</summary>
        public bool Advance(int count)
        {
            foreach (var key in Portion(_database, _cursor, count, out _cursor))
            {
                Assert.That(_database.Exists(Encoding.ASCII.GetBytes(key)), key);
                _met[key] = _met.GetValueOrDefault(key) + 1;
            }

            if (_cursor != 0) return false;
            Assert.That(_met.Where(met => met.Value > 1 && !_changed.Contains(met.Key)), Is.Empty, "met twice");
            Assert.That(_atStart.Except(_changed).Except(_met.Keys), Is.Empty, "missed");
            Assert.That(_met.Keys.Except(_atStart).Except(_changed), Is.Empty, "was not there");
            return true;
        }
    }

    private static List<string> ScanAll(Database database, int count)
    {
        var met = new List<string>();
        ulong cursor = 0;
        do
            met.AddRange(Portion(database, cursor, count, out cursor));
        while (cursor != 0);
        return met;
    }

    private static List<string> Portion(Database database, ulong cursor, int count, out ulong next)
    {
        var met = new List<string>();
        var scan = database.Scan(cursor, count);
        while (scan.MoveNext())
            met.Add(Encoding.ASCII.GetString(scan.Entry.Key));
        next = scan.Cursor;
        Assert.That(next, Is.LessThan(CursorLimit));
        return met;
    }

    private static int Visit(Database database, int count)
    {
        var bytes = 0;
        ulong cursor = 0;
        do
        {
            var scan = database.Scan(cursor, count);
            while (scan.MoveNext())
                bytes += scan.Entry.Key.Length;
            cursor = scan.Cursor;
        }
        while (cursor != 0);
        return bytes;
    }

    private Keyspace NewKeyspace(ulong hashMask = ulong.MaxValue) =>
        new(new KeyspaceOptions { Databases = 2, Clock = _clock, Seed = 5, HashMask = hashMask });

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes("key:" + number);
}
