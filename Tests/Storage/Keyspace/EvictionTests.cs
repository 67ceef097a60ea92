using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>Eviction: which keys go, that all who may go do, and that a fork does not see it.</summary>
public sealed class EvictionTests
{
    private const int Keys = 20_000;

    private ManualClock _clock = null!;
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace()
    {
        _clock = new ManualClock(1_000_000_000);
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = 4, Clock = _clock, Seed = 1 });
    }

    [TearDown]
    public void Check_the_keyspace() => _keyspace.Validate();

    [Test]
    public void The_few_keys_that_expire_are_found_among_many_that_do_not([Values] EvictionOrder order)
    {
        Fill(0, Keys, Expiry.None);
        Fill(2, Keys, Expiry.None);
        foreach (var number in new[] { 5, 5000, 15_000 })
            _keyspace[2].SetString(Key(number), "v"u8, Expiry.At(_clock.NowMs + 10_000));
        var rule = new EvictionRule(order, EvictionCandidates.Expiring, 5);

        for (var evicted = 0; evicted < 3; evicted++)
            Assert.That(_keyspace.Eviction.TryEvict(rule), Is.True);
        Assert.That(_keyspace.Eviction.TryEvict(rule), Is.False);
        Assert.That((_keyspace[0].Count, _keyspace[2].Count, _keyspace[2].ExpiresCount), Is.EqualTo((Keys, Keys - 3, 0)));

        // The bounds that were corrected on the way still lead to what comes.
        _keyspace[2].SetString(Key(7), "v"u8, Expiry.At(_clock.NowMs + 10));
        Assert.That(_keyspace.Eviction.TryEvict(rule), Is.True);
    }

    [Test]
    public void Hashes_whose_fields_expire_are_not_keys_that_do()
    {
        for (var i = 0; i < 100; i++)
        {
            var hash = new HashRef(_keyspace[0].LookupWrite(Key(i)));
            hash.Set("field"u8, "value"u8);
            hash.SetExpiry("field"u8, _clock.NowMs + 1000);
        }

        Assert.That(_keyspace.Eviction.TryEvict(new EvictionRule(EvictionOrder.Oldest, EvictionCandidates.Expiring, 5)), Is.False);
        _clock.Advance(1001);
        while (_keyspace.ExpireCycle(1_000_000))
        {
        }

        Assert.That(_keyspace[0].Count, Is.Zero, "the fields expire all the same");
    }

    [Test]
    public void Every_key_goes_in_the_end([Values] EvictionOrder order, [Values(1, 5, 64)] int samples)
    {
        Fill(0, 3000, Expiry.None);
        Fill(3, 100, Expiry.At(_clock.NowMs + 1000));
        var rule = new EvictionRule(order, EvictionCandidates.All, samples);
        var evicted = 0;
        while (_keyspace.Eviction.TryEvict(rule))
            evicted++;

        Assert.That(evicted, Is.EqualTo(3100));
        Assert.That((_keyspace[0].Count, _keyspace[3].Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public void The_keys_that_expire_first_go_first()
    {
        for (var i = 0; i < Keys; i++)
            _keyspace[0].SetString(Key(i), "v"u8, Expiry.At(_clock.NowMs + 1000 + i));
        for (var i = 0; i < Keys / 10; i++)
            _keyspace.Eviction.TryEvict(new EvictionRule(EvictionOrder.ShortestLived, EvictionCandidates.Expiring, 5));

        // By looking at some of them only: nearly all that went are of the first fifth.
        var kept = Enumerable.Range(Keys / 5, Keys / 5 * 4).Count(i => _keyspace[0].Peek(Key(i)).Exists);
        Assert.That(kept, Is.GreaterThan(Keys / 5 * 4 * 0.98));
    }

    [Test]
    public void Evicting_makes_room_although_a_fork_keeps_what_goes()
    {
        Fill(0, Keys, Expiry.None);
        for (var i = 0; i < 200; i++)
            _keyspace[1].SetString(Key(i), new byte[5000]);
        var before = _keyspace.DataBytes;
        var snapshot = _keyspace.Fork();
        var evicted = 0;
        while (_keyspace.DataBytes > before / 2 && _keyspace.Eviction.TryEvict(new EvictionRule(EvictionOrder.Random, EvictionCandidates.All, 5)))
            evicted++;

        Assert.That(evicted, Is.LessThan(Keys), "about half of the keys is enough");
        Assert.That(_keyspace.Memory.DataBytes, Is.EqualTo(_keyspace.DataBytes));
        var walk = snapshot.Walk();
        var seen = 0;
        while (walk.MoveNext())
            seen++;
        Assert.That(seen, Is.EqualTo(Keys + 200));
        snapshot.Release();
        _keyspace.FinishMaintenance();

        Assert.That(_keyspace.Memory.RetiredBytes, Is.Zero);
    }

    [Test]
    public void A_large_collection_counts_no_more_as_soon_as_it_goes()
    {
        var set = new SetRef(_keyspace[0].LookupWrite("set"u8));
        for (var i = 0; i < 50_000; i++)
            set.Add(Encoding.ASCII.GetBytes($"member:{i}"));
        var before = _keyspace.DataBytes;
        Assert.That(_keyspace.Eviction.TryEvict(new EvictionRule(EvictionOrder.Oldest, EvictionCandidates.All, 5)), Is.True);

        Assert.That(_keyspace.DataBytes, Is.LessThan(before / 8));
        while (_keyspace.RunMaintenance(100))
            Assert.That(_keyspace.DataBytes, Is.LessThan(before / 8));
        Assert.That(_keyspace.DataBytes, Is.LessThan(10_000));
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes($"key:{number}");

    private void Fill(int database, int keys, Expiry expiry)
    {
        for (var i = 0; i < keys; i++)
            _keyspace[database].SetString(Key(i), "value"u8, expiry);
    }
}
