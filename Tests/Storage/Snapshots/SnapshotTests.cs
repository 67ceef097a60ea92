using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Snapshots;

/// <summary>A fork stands still whatever happens after it, costs what is changed, and gives everything back.</summary>
public sealed class SnapshotTests
{
    private const int Keys = 20_000;

    private Keyspace _keyspace = null!;

    [SetUp]
    public void Fill_a_keyspace()
    {
        _keyspace = NewKeyspace();
        Fill(_keyspace[0], version: 0);
    }

    [TestCase(FlushMode.Sync)]
    [TestCase(FlushMode.Async)]
    public void Flushing_leaves_a_fork_untouched(FlushMode mode)
    {
        using var snapshot = _keyspace.Fork();
        _keyspace.FlushAll(mode);
        _keyspace.RunMaintenance(1_000_000);
        Fill(0, version: 1);

        AssertHolds(snapshot, database: 0, version: 0);
    }

    [Test]
    public void Swapping_leaves_a_fork_untouched()
    {
        using var snapshot = _keyspace.Fork();
        _keyspace.Swap(0, 2);
        Fill(0, version: 1);

        AssertHolds(snapshot, database: 0, version: 0);
    }

    [Test]
    public void Databases_swapped_before_a_fork_are_walked_under_their_new_numbers()
    {
        _keyspace.Swap(0, 2);
        using var snapshot = _keyspace.Fork();

        AssertHolds(snapshot, database: 2, version: 0);
    }

    [Test]
    public void Deleting_everything_leaves_a_fork_untouched()
    {
        using var snapshot = _keyspace.Fork();
        for (var i = 0; i < Keys; i++)
            _keyspace[0].Delete(Key(i));

        AssertHolds(snapshot, database: 0, version: 0);
    }

    [Test]
    public void Overlapping_forks_each_hold_their_own_time()
    {
        using var first = _keyspace.Fork();
        Fill(0, version: 1);
        using var second = _keyspace.Fork();
        Fill(0, version: 2);
        using var third = _keyspace.Fork();
        Fill(0, version: 3);

        AssertHolds(second, database: 0, version: 1);
        second.Release();
        Fill(0, version: 4);
        AssertHolds(first, database: 0, version: 0);
        AssertHolds(third, database: 0, version: 2);
    }

    [Test]
    public void Everything_a_fork_kept_comes_back([Values(0, 1, 2)] int releasedFirst)
    {
        var snapshots = new List<Snapshot>();
        for (var version = 1; version <= 3; version++)
        {
            snapshots.Add(_keyspace.Fork());
            Fill(0, version);
        }

        Assert.That(_keyspace.Memory.RetiredBytes, Is.Positive);
        snapshots[releasedFirst].Release();
        _keyspace.FinishMaintenance();

        foreach (var snapshot in snapshots)
            snapshot.Release();
        _keyspace.FinishMaintenance();

        Assert.That(_keyspace.Memory.RetiredBytes, Is.Zero);
        var without = UsedBytesWithoutForks(lastVersion: 3);
        Assert.That(_keyspace.Memory.UsedBytes, Is.EqualTo(without).Within(without / 50));
        _keyspace.Validate();
    }

    [Test]
    public void What_was_walked_is_written_without_a_copy()
    {
        using var snapshot = _keyspace.Fork();
        AssertHolds(snapshot, database: 0, version: 0);
        Fill(0, version: 1);

        Assert.That(_keyspace.Memory.RetiredBytes, Is.Zero);
        Assert.That(_keyspace.Memory.UsedBytes, Is.EqualTo(UsedBytesWithoutForks(lastVersion: 1)));
    }

    [Test]
    public void What_is_newer_than_all_forks_but_one_does_not_wait_for_the_others()
    {
        using var old = _keyspace.Fork();
        Fill(1, version: 1);
        var brief = _keyspace.Fork();
        Fill(1, version: 2);
        brief.Release();
        _keyspace.FinishMaintenance();

        // The older fork never saw database 1.
        Assert.That(_keyspace.Memory.RetiredBytes, Is.Zero);
    }

    [Test]
    public void A_walk_on_another_thread_sees_none_of_the_writes_meanwhile()
    {
        for (var round = 0; round < 5; round++)
        {
            var version = round;
            using var snapshot = _keyspace.Fork();
            var walk = Task.Run(() => AssertHolds(snapshot, database: 0, version));
            Fill(0, version + 1);
            walk.GetAwaiter().GetResult();
            snapshot.Release();
        }

        _keyspace.Validate();
    }

    [Test]
    public void A_fork_tells_the_sizes_of_its_databases()
    {
        _keyspace[1].SetString("k"u8, "v"u8, Expiry.At(2_000_000));
        using var snapshot = _keyspace.Fork();
        _keyspace.FlushAll(FlushMode.Sync);

        Assert.That(snapshot.Databases[0], Is.EqualTo(new SnapshotDatabase(0, Keys, 0)));
        Assert.That(snapshot.Databases[1], Is.EqualTo(new SnapshotDatabase(1, 1, 1)));
    }

    private static long UsedBytesWithoutForks(int lastVersion)
    {
        var twin = NewKeyspace();
        for (var version = 0; version <= lastVersion; version++)
            Fill(twin[0], version);
        return twin.Memory.UsedBytes;
    }

    private static Keyspace NewKeyspace() =>
        new(new KeyspaceOptions { Databases = 3, Clock = new ManualClock(1_000_000), Seed = 3 });

    private void Fill(int database, int version) => Fill(_keyspace[database], version);

    private static void Fill(Database database, int version)
    {
        for (var i = 0; i < Keys; i++)
            database.SetString(Key(i), Value(i, version));
    }

    private static void AssertHolds(Snapshot snapshot, int database, int version)
    {
        var seen = 0;
        var walk = snapshot.Walk();
        while (walk.MoveNext())
        {
            if (walk.DatabaseIndex != database) throw new AssertionException($"a key of database {walk.DatabaseIndex}");
            var number = int.Parse(Encoding.ASCII.GetString(walk.Entry.Key)[4..]);
            if (!walk.Entry.GetString(new byte[20]).SequenceEqual(Value(number, version)))
                throw new AssertionException($"key {number} has another value");
            seen++;
        }

        Assert.That(seen, Is.EqualTo(Keys));
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes("key:" + number);

    // All kinds of values: integers, inline bytes and runs, whose lengths change with the version.
    private static byte[] Value(int number, int version) =>
        number % 3 == 0 ? Encoding.ASCII.GetBytes((number * 10 + version).ToString())
        : [.. Enumerable.Repeat((byte)('a' + version), number % 50 == 1 ? 900 + 60 * version : 20 + number % 7 * version)];
}
