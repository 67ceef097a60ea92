using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>What renaming, moving and copying do to values, expiries, access clocks and forks.</summary>
public sealed class TransferTests
{
    private readonly ManualClock _clock = new(1_000_000);
    private readonly RecordedEvents _events = new();
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() =>
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = 3, Clock = _clock, Events = _events, Seed = 1 });

    [TearDown]
    public void Check_the_keyspace() => _keyspace.Validate();

    [TestCase(5)]
    [TestCase(2000)]
    [TestCase(400_000)]
    public void A_renamed_key_keeps_value_expiry_and_idle_time(int length)
    {
        byte[] value = [.. Enumerable.Repeat((byte)'x', length)];
        _keyspace[0].SetString("a"u8, value, Expiry.At(9_000_000));
        _clock.Advance(10_000);

        Assert.That(_keyspace[0].Rename("a"u8, _keyspace[0], "b"u8), Is.True);

        Assert.That(_keyspace[0].Exists("a"u8), Is.False);
        var renamed = _keyspace[0].Peek("b"u8);
        Assert.That(renamed.StringBytes.SequenceEqual(value), Is.True);
        Assert.That((renamed.ExpiryMs, renamed.IdleMs), Is.EqualTo((9_000_000L, 10_000L)));
    }

    [Test]
    public void A_large_value_is_renamed_without_being_copied()
    {
        _keyspace[0].SetString("a"u8, new byte[5_000_000]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var fork = _keyspace.Fork();
        _keyspace[0].Rename("a"u8, _keyspace[1], "b"u8);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }

    [Test]
    public void A_copy_has_the_expiry_but_a_clock_of_its_own()
    {
        _keyspace[0].SetString("a"u8, "v"u8, Expiry.At(9_000_000));
        _clock.Advance(10_000);

        Assert.That(_keyspace[0].Copy("a"u8, _keyspace[2], "b"u8), Is.True);

        var copy = _keyspace[2].Peek("b"u8);
        Assert.That((copy.ExpiryMs, copy.IdleMs), Is.EqualTo((9_000_000L, 0L)));
        Assert.That(_keyspace[0].Peek("a"u8).IdleMs, Is.EqualTo(10_000));
    }

    [Test]
    public void A_copy_is_independent()
    {
        _keyspace[0].SetString("a"u8, new byte[1000]);
        _keyspace[0].Copy("a"u8, _keyspace[0], "b"u8);
        _keyspace[0].LookupWrite("a"u8).Append("tail"u8);
        _keyspace[0].LookupWrite("b"u8).ResizeString(500).Fill(1);

        Assert.That(_keyspace[0].Peek("a"u8).StringLength, Is.EqualTo(1004));
        Assert.That(_keyspace[0].Peek("a"u8).StringBytes[0], Is.Zero);
    }

    [Test]
    public void What_is_overwritten_is_freed()
    {
        _keyspace[0].SetString("a"u8, "v"u8);
        _keyspace[0].SetString("b"u8, new byte[1000]);
        _keyspace[0].Rename("a"u8, _keyspace[0], "b"u8);

        Assert.That(_keyspace.Memory.RunBytes, Is.Zero);
        Assert.That(_keyspace[0].Count, Is.EqualTo(1));
    }

    [Test]
    public void Events_tell_of_both_keys()
    {
        _keyspace[0].SetString("a"u8, "v"u8);
        _events.Take();
        _keyspace[0].Rename("a"u8, _keyspace[1], "b"u8);
        _keyspace[1].Copy("b"u8, _keyspace[1], "c"u8);

        Assert.That(_events.Take(), Is.EqualTo("ready 1 b, deleted 0 a, modified 1 b, ready 1 c, modified 1 c"));
    }

    [Test]
    public void A_missing_key_or_one_past_its_time_is_not_renamed()
    {
        _keyspace[0].SetString("a"u8, "v"u8, Expiry.At(1_000_001));
        _clock.Advance(10);

        Assert.That(_keyspace[0].Rename("a"u8, _keyspace[0], "b"u8), Is.False);
        Assert.That(_keyspace[0].Copy("missing"u8, _keyspace[0], "b"u8), Is.False);
    }

    // Half of the keys move to a place that the walk has passed while their old place is still to come: what they refer to must outlive both.
    [Test]
    public void A_fork_finds_what_was_renamed_across_its_walk([Range(1, 4)] int seed)
    {
        const int Keys = 3000;
        var random = new Random(seed);
        for (var i = 0; i < Keys; i++)
            _keyspace[i % 2].SetString(Name("old", i), Value(i));
        using var fork = _keyspace.Fork();
        var walk = fork.Walk();
        var scratch = new byte[20];
        int seen = 0, renamed = 0;
        while (walk.MoveNext())
        {
            var number = int.Parse(Encoding.ASCII.GetString(walk.Entry.Key)[3..]);
            if (!walk.Entry.GetString(scratch).SequenceEqual(Value(number)))
                throw new AssertionException($"key {number} has another value");
            seen++;
            if (seen % 3 == 0 && renamed < Keys) RenameAndSpoil(renamed++, random);
        }

        Assert.That(seen, Is.EqualTo(Keys));
    }

    private void RenameAndSpoil(int number, Random random)
    {
        var to = _keyspace[random.Next(3)];
        var name = Name("new", number);
        if (!_keyspace[number % 2].Rename(Name("old", number), to, name)) return;
        switch (random.Next(4))
        {
            case 0:
                to.Delete(name);
                break;
            case 1:
                to.LookupWrite(name).ResizeString(Value(number).Length).Fill((byte)'!');
                break;
            case 2:
                to.SetString(name, Value(number + 1));
                break;
            default:
                to.Rename(name, _keyspace[random.Next(3)], Name("newer", number));
                break;
        }
    }

    private static byte[] Name(string prefix, int number) => Encoding.ASCII.GetBytes(prefix + number);

    private static byte[] Value(int number) => [.. Enumerable.Repeat((byte)('a' + number % 26), number % 500 == 7 ? 300_000 : 250 + number % 1000)];
}
