using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>The active expire cycle: finds whatever is due and nothing else, without any read.</summary>
public sealed class ExpirySweepTests
{
    private const long Start = 1_000_000;

    private ManualClock _clock = null!;
    private CountedExpiries _events = null!;
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace()
    {
        _clock = new ManualClock(Start);
        _events = new CountedExpiries();
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = 4, Clock = _clock, Events = _events, Seed = 1 });
    }

    [TearDown]
    public void Check_the_keyspace() => _keyspace.Validate();

    [Test]
    public void A_key_goes_in_the_millisecond_after_its_time()
    {
        Set(0, "k", Start + 10);
        _clock.Set(Start + 10);
        RunCycle();
        Assert.That(_keyspace[0].Count, Is.EqualTo(1));

        _clock.Set(Start + 11);
        RunCycle();

        Assert.That(_keyspace[0].Count, Is.Zero);
        Assert.That(_events.Expired, Is.EqualTo(new[] { "0 k" }));
    }

    [Test]
    public void Only_what_is_due_goes([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        const int keys = 20_000;
        var expiries = new long[keys];
        for (var i = 0; i < keys; i++)
        {
            expiries[i] = random.Next(4) == 0 ? -1 : Start + random.Next(1000);
            Set(i % 3, "k" + i, expiries[i]);
        }

        for (var now = Start; now <= Start + 1001; now += 1 + random.Next(100))
        {
            _clock.Set(now);
            RunCycle();

            Assert.That(Enumerable.Range(0, 3).Sum(i => _keyspace[i].Count), Is.EqualTo(expiries.Count(at => at < 0 || at >= now)), $"seed {seed}");
            Assert.That(_keyspace.EarliestExpiryMs, Is.EqualTo(expiries.Where(at => at >= now).DefaultIfEmpty(long.MaxValue).Min()), $"seed {seed}");
            _keyspace.Validate();
        }

        _clock.Set(Start + 1001);
        RunCycle();
        Assert.That(_events.Expired.Order(), Is.EqualTo(Enumerable.Range(0, keys).Where(i => expiries[i] >= 0).Select(i => $"{i % 3} k{i}").Order()));
    }

    [Test]
    public void Slices_of_no_time_at_all_find_everything()
    {
        for (var i = 0; i < 5000; i++)
            Set(i % 4, "k" + i, Start + i % 10);
        _clock.Set(Start + 100);

        var slices = 1;
        while (_keyspace.ExpireCycle(0))
            slices++;

        Assert.That(_events.Expired, Has.Count.EqualTo(5000));
        Assert.That(slices, Is.GreaterThan(10));
        Assert.That(_keyspace.EarliestExpiryMs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void The_backlog_is_told_while_slices_are_left()
    {
        for (var i = 0; i < 20_000; i++)
            Set(0, "k" + i, Start);
        _clock.Set(Start + 100);
        while (_keyspace.ExpireCycle(0) && _events.Expired.Count < 10_000)
        {
        }

        Assert.That(_keyspace.ExpiryBacklog, Is.EqualTo(20_000 - _events.Expired.Count).Within(2000));
        RunCycle();
        Assert.That(_keyspace.ExpiryBacklog, Is.Zero);
    }

    [Test]
    public void Writes_between_slices_lose_no_key([Values(1, 2, 3, 4)] int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 3000; i++)
            Set(0, "k" + i, Start + random.Next(200));

        // The table grows fivefold and shrinks again while the sweep is somewhere in it.
        for (var i = 0; i < 60_000; i++)
        {
            if (i % 20 == 0)
            {
                _clock.Advance(1);
                _keyspace.ExpireCycle(0);
            }

            if (random.Next(3) != 0)
                Set(0, "k" + random.Next(15_000), random.Next(2) == 0 ? -1 : _clock.NowMs + random.Next(200));
            else
                _keyspace[0].Delete(Bytes("k" + random.Next(15_000)));
        }

        _clock.Advance(201);
        RunCycle();

        Assert.That(_keyspace[0].ExpiresCount, Is.Zero, $"seed {seed}");
        Assert.That(_keyspace.EarliestExpiryMs, Is.EqualTo(long.MaxValue), $"seed {seed}");
    }

    [Test]
    public void The_database_with_the_oldest_key_is_first()
    {
        Set(0, "young", Start + 2);
        Set(2, "old", Start);
        Set(1, "middle", Start + 1);
        _clock.Set(Start + 10);

        RunCycle();

        Assert.That(_events.Expired, Is.EqualTo(new[] { "2 old", "1 middle", "0 young" }));
    }

    [Test]
    public void Flushing_and_exchanging_databases_within_a_sweep_lose_no_key()
    {
        for (var i = 0; i < 4000; i++)
            Set(i % 2, "k" + i, Start);
        _clock.Set(Start + 10);
        _keyspace.ExpireCycle(0);
        var before = _events.Expired.Count;

        _keyspace.Swap(0, 3);
        _keyspace[3].Flush(FlushMode.Async);
        Set(3, "new", Start + 5);
        RunCycle();

        Assert.That(_events.Expired, Has.Count.EqualTo(before + 2001).And.Contain("3 new"));
        Assert.That(_keyspace.EarliestExpiryMs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void What_was_given_more_time_or_all_of_it_stays()
    {
        foreach (var key in new[] { "later", "forever", "overwritten", "kept", "gone" })
            Set(0, key, Start + 10);
        _keyspace[0].LookupWrite("later"u8).SetExpiry(Start + 1000);
        _keyspace[0].LookupWrite("forever"u8).ClearExpiry();
        _keyspace[0].SetString("overwritten"u8, "v"u8);
        _keyspace[0].SetString("kept"u8, "v"u8, Expiry.Keep);
        _clock.Set(Start + 100);

        RunCycle();

        Assert.That(_events.Expired, Is.EquivalentTo(new[] { "0 kept", "0 gone" }));
        Assert.That(_keyspace.EarliestExpiryMs, Is.EqualTo(Start + 1000));
    }

    [Test]
    public void The_average_time_left_is_right_to_the_end_of_time()
    {
        const long end = long.MaxValue - 1;
        for (var i = 0; i < 5; i++)
            Set(0, "far" + i, end);
        Assert.That(_keyspace[0].AverageTtlMs, Is.EqualTo(end - Start));

        for (var i = 0; i < 5; i++)
            Set(0, "near" + i, Start + 100);
        Assert.That(_keyspace[0].AverageTtlMs, Is.EqualTo((end - Start - 100) / 2 + 100).Within(1));

        for (var i = 0; i < 5; i++)
            _keyspace[0].Delete(Bytes("far" + i));
        Assert.That(_keyspace[0].AverageTtlMs, Is.EqualTo(100));

        _clock.Advance(1000);
        Assert.That(_keyspace[0].AverageTtlMs, Is.Zero);
    }

    [Test]
    public void Hidden_keys_stay()
    {
        Set(0, "k", Start);
        _clock.Set(Start + 10);
        _keyspace.ExpiredKeys = ExpiredKeys.Hide;

        RunCycle();
        Assert.That(_keyspace[0].Count, Is.EqualTo(1));

        _keyspace.ExpiredKeys = ExpiredKeys.Delete;
        RunCycle();
        Assert.That(_keyspace[0].Count, Is.Zero);
    }

    [Test]
    public void Keys_of_every_length_are_told_by_name([Values(0, 1, 200, 201, 70_000, 300_000)] int length)
    {
        string key = new('k', length);
        Set(0, key, Start);
        Set(0, "other", -1);
        _clock.Set(Start + 1);

        RunCycle();

        Assert.That(_events.Expired, Is.EqualTo(new[] { "0 " + key }));
    }

    [Test]
    public void A_fork_keeps_what_expires_after_it()
    {
        for (var i = 0; i < 3000; i++)
            Set(0, "k" + i, Start + i % 5);
        using var snapshot = _keyspace.Fork();
        _clock.Set(Start + 10);

        RunCycle();

        Assert.That(_keyspace[0].Count, Is.Zero);
        var walk = snapshot.Walk();
        var walked = 0;
        while (walk.MoveNext())
            walked++;
        Assert.That(walked, Is.EqualTo(3000));
    }

    // The entry that grows is out of its segment while that is split: at one of these fillings it is this that makes it split.
    [Test]
    public void A_split_under_a_growing_entry_keeps_its_bound()
    {
        for (var fillers = 100; fillers < 230; fillers++)
        {
            _keyspace[0].Flush(FlushMode.Sync);
            Set(0, "grows", Start + 50);
            for (var i = 0; i < fillers; i++)
                _keyspace[0].SetString(Bytes($"{i:D190}"), new byte[200]);

            _keyspace[0].LookupWrite("grows"u8).SetString(new byte[200], Expiry.Keep);

            _keyspace.Validate();
        }
    }

    private void RunCycle()
    {
        while (_keyspace.ExpireCycle(1_000_000))
        {
        }
    }

    private void Set(int database, string key, long expiry) =>
        _keyspace[database].SetString(Bytes(key), "value"u8, expiry < 0 ? Expiry.None : Expiry.At(expiry));

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>Notes what expires, and nothing else.</summary>
    private sealed class CountedExpiries : IKeyspaceEvents
    {
        public List<string> Expired { get; } = [];

        public void Modified(Database database, ReadOnlySpan<byte> key) { }

        public void Deleted(Database database, ReadOnlySpan<byte> key) { }

        void IKeyspaceEvents.Expired(Database database, ReadOnlySpan<byte> key) => Expired.Add($"{database.Index} {Encoding.Latin1.GetString(key)}");

        public void Evicted(Database database, ReadOnlySpan<byte> key) { }

        public void Flushing(Database database, long keys) { }

        public void Swapped(Database first, Database second) { }

        public void KeyReady(Database database, ReadOnlySpan<byte> key) { }
    }
}
