using System.Text;
using KestrelFree.Storage;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>Memory comes back after deletes, nothing is lost by it, and a keyspace that has nothing to give back is left alone.</summary>
public sealed class CompactionTests
{
    private const int Keys = 200_000;
    private const long FarAway = 10_000_000_000;

    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() =>
        _keyspace = new Keyspace(new KeyspaceOptions { Databases = 2, Clock = new ManualClock(1_000_000), Seed = 5, HugePages = HugePages.Off });

    [Test]
    public void Deleting_nine_keys_of_ten_gives_the_memory_back()
    {
        Fill(valueBytes: 150);
        var before = _keyspace.Pages.FootprintBytes;
        DeleteAllButEveryTenth();
        Rest();

        Assert.That(_keyspace.Pages.FootprintBytes, Is.LessThan(before / 3));
        Assert.That(_keyspace.Pages.Chunks.RentedBytes, Is.LessThan(before / 3));
        AssertHolds(10, 150);
    }

    [Test]
    public void Deleting_nine_medium_values_of_ten_gives_the_memory_back()
    {
        Fill(valueBytes: 700);
        var before = _keyspace.Pages.Runs.SlabsBytes;
        DeleteAllButEveryTenth();
        Rest();

        Assert.That(_keyspace.Pages.Runs.SlabsBytes, Is.LessThan(before / 5));
        AssertHolds(10, 700);
    }

    [Test]
    public void Making_values_smaller_gives_the_memory_back()
    {
        Fill(valueBytes: 190);
        var before = _keyspace.Pages.FootprintBytes;
        Fill(valueBytes: 10);
        Rest();

        Assert.That(_keyspace.Pages.FootprintBytes, Is.LessThan(before / 2));
        AssertHolds(1, 10);
    }

    [Test]
    public void Deleting_everything_leaves_a_directory_of_one_leaf()
    {
        Fill(valueBytes: 100);
        for (var i = 0; i < Keys; i++)
            _keyspace[0].Delete(Key(i));
        // The first pass joins leaves, the second the segments in them.
        Compact();
        Compact();

        var directory = _keyspace[0].Table.Directory;
        Assert.That(directory.Top, Has.Length.EqualTo(1));
        Assert.That(directory.Top[0].Bits, Is.Zero);
        Assert.That(directory.Bytes, Is.LessThan(1000));
        Assert.That(_keyspace.Pages.Heads.Used, Is.EqualTo(1));
        _keyspace.Validate();
    }

    [Test]
    public void A_directory_that_was_folded_grows_again()
    {
        Fill(valueBytes: 20);
        DeleteAllButEveryTenth();
        Compact();
        Compact();
        Fill(valueBytes: 20);

        AssertHolds(1, 20);
    }

    [Test]
    public void A_full_keyspace_is_left_alone()
    {
        Fill(valueBytes: 150);

        Assert.That(_keyspace.RunMaintenance(1_000_000), Is.False);
        Assert.That(_keyspace.Compactions, Is.Zero);
    }

    [Test]
    public void What_cannot_be_helped_is_not_tried_again()
    {
        Fill(valueBytes: 150);
        DeleteAllButEveryTenth();
        using var snapshot = _keyspace.Fork();
        Rest();
        var passes = _keyspace.Compactions;
        for (var i = 0; i < 10; i++)
            Rest();

        Assert.That(_keyspace.Compactions, Is.EqualTo(passes));
    }

    [Test]
    public void The_end_of_a_fork_allows_what_it_prevented()
    {
        Fill(valueBytes: 150);
        DeleteAllButEveryTenth();
        var before = _keyspace.Pages.FootprintBytes;
        var snapshot = _keyspace.Fork();
        Rest();
        Assert.That(_keyspace.Pages.FootprintBytes, Is.EqualTo(before));

        snapshot.Release();
        Rest();
        Assert.That(_keyspace.Pages.FootprintBytes, Is.LessThan(before / 3));
    }

    [Test]
    public void Nothing_is_copied_that_a_fork_keeps_anyway()
    {
        Fill(valueBytes: 150);
        DeleteAllButEveryTenth();
        using var snapshot = _keyspace.Fork();
        var before = _keyspace.Memory.UsedBytes;
        _keyspace.CompactEverything();
        Rest();

        Assert.That(_keyspace.Memory.UsedBytes, Is.EqualTo(before));
        Assert.That(_keyspace.Memory.RetiredBytes, Is.Zero);
    }

    [Test]
    public void Segments_that_keys_come_and_go_in_do_not_merge_and_split_all_the_time()
    {
        // 168 keys are what segments may merge up to, 224 is where one splits: numbers around both, and between.
        foreach (var around in new[] { 112, 168, 196, 224 })
        {
            _keyspace.FlushAll(FlushMode.Sync);
            Set(0, around - 10);
            var changes = 0;
            var heads = _keyspace.Pages.Heads.Used;
            for (var round = 0; round < 50; round++)
            {
                Set(around - 10, around + 10);
                for (var i = around - 10; i < around + 10; i++)
                    _keyspace[0].Delete(Key(i));
                Compact();
                changes += heads == _keyspace.Pages.Heads.Used ? 0 : 1;
                heads = _keyspace.Pages.Heads.Used;
            }

            Assert.That(changes, Is.LessThanOrEqualTo(1), $"around {around} keys");
        }
    }

    [Test]
    public void Merged_segments_know_their_earliest_expiry()
    {
        for (var i = 0; i < 5000; i++)
            _keyspace[0].SetString(Key(i), "v"u8, i % 100 == 7 ? Expiry.At(FarAway + i) : Expiry.None);
        for (var i = 0; i < 5000; i++)
        {
            if (i % 100 != 7) _keyspace[0].Delete(Key(i));
        }

        Compact();

        // Validate compares every expiry with the bounds; the leaf's own must be exact by now.
        _keyspace.Validate();
        Assert.That(_keyspace[0].Table.Directory.Top.Min(leaf => leaf.Earliest), Is.EqualTo(FarAway + 7));
    }

    [Test]
    public void Long_keys_move_with_their_runs()
    {
        for (var i = 0; i < 2000; i++)
            _keyspace[0].SetString(LongKey(i), Value(i, 400));
        _keyspace.CompactEverything();
        Rest();

        for (var i = 0; i < 2000; i++)
            Assert.That(_keyspace[0].Peek(LongKey(i)).StringBytes.SequenceEqual(Value(i, 400)));
        _keyspace.Validate();
    }

    [Test]
    public void Places_of_big_values_come_together_again()
    {
        const int Values = 10_000;
        // Collections are not at hand here, so these are small arrays in the places of big ones.
        var slots = _keyspace.Pages.Objects;
        uint[] ids = [.. Enumerable.Range(0, Values).Select(i => slots.Allocate(BitConverter.GetBytes(i), 1))];
        for (var i = 0; i < Values; i++)
        {
            if (i % 10 != 3) slots.Free(ids[i]);
        }

        var before = slots.PagesBytes;
        slots.BeginEvacuation(EvacuationScope.Sparse);
        for (var i = 3; i < Values; i += 10)
            ids[i] = slots.IsLeaving(ids[i]) ? slots.Move(ids[i], 1) : ids[i];
        slots.EndEvacuation();

        Assert.That(slots.PagesBytes, Is.LessThan(before));
        for (var i = 3; i < Values; i += 10)
            Assert.That(BitConverter.ToInt32(slots.Array(ids[i])), Is.EqualTo(i));
    }

    [Test]
    public void Emptying_frees_in_slices_but_counts_at_once([Values] FlushMode mode)
    {
        Fill(valueBytes: 150);
        _keyspace.FlushAll(mode);

        Assert.That(_keyspace.Memory.UsedBytes, Is.LessThan(100_000));
        Assert.That(_keyspace.Memory.BlockBytes, Is.GreaterThan(1_000_000));
        Assert.That(_keyspace.RunMaintenance(0), Is.True);
        Rest();
        Assert.That(_keyspace.Memory.BlockBytes, Is.Zero);
        Assert.That(_keyspace.Memory.PendingBytes, Is.Zero);
    }

    [Test]
    public void A_keyspace_without_values_comes_to_rest_whatever_slabs_are_left()
    {
        var runs = _keyspace.Pages.Runs;
        uint[] ids = [.. Enumerable.Range(0, SizeClasses.Count).Select(sizeClass => runs.Allocate(SizeClasses.BytesOf(sizeClass), 1))];
        foreach (var id in ids)
            runs.Free(id);
        var slices = 0;
        while (_keyspace.RunMaintenance(0) && slices < 1_000_000)
            slices++;

        // Of each class that is cut from smaller slabs one stays, all together less than a pass of compaction is worth.
        Assert.That(runs.SlabsBytes, Is.InRange(8 << 20, 16 << 20));
        Assert.That(slices, Is.LessThan(1_000_000));
    }

    [Test]
    public void The_array_of_a_big_value_is_used_again_for_the_next()
    {
        var arrays = new LargeArrays();
        var first = arrays.Take(1_000_000);
        arrays.Give(first);

        Assert.That(arrays.Take(2_000_000), Is.Not.SameAs(first));
        Assert.That(arrays.Take(800_000), Is.Not.SameAs(first));
        Assert.That(arrays.Take(950_000), Is.SameAs(first));
        Assert.That(arrays.Take(950_000), Is.Not.SameAs(first));
    }

    [Test]
    public void Big_values_that_go_are_discarded_but_for_a_few()
    {
        var arrays = new LargeArrays();
        for (var i = 0; i < 20; i++)
        {
            var array = GC.AllocateUninitializedArray<byte>(3_000_000);
            array.AsSpan().Fill(1);
            arrays.Give(array);
        }

        var slices = 0;
        for (; arrays.HasIdle; slices++)
            arrays.DiscardSlice();
        Assert.That(slices, Is.EqualTo(18 * 3));
        Assert.That(arrays.Take(3_000_000), Has.Length.EqualTo(3_000_000).And.All.EqualTo(1));
    }

    [TestCase("set")]
    [TestCase("hash")]
    [TestCase("zset")]
    [TestCase("list")]
    public void What_large_collections_consist_of_moves_too(string kind)
    {
        const int elements = 20_000;
        for (var i = 0; i < elements; i++)
            Add(kind, i);
        for (var i = 0; i < elements / 2; i++)
            Remove(kind, i);
        var before = PlacesIn(kind);
        _keyspace.CompactEverything();
        Rest();

        Assert.That(PlacesIn(kind), Has.None.AnyOf(before.Cast<object>().ToArray()));
        Assert.That(_keyspace[0].Peek("key"u8).Collection<CollectionValue>().Count, Is.EqualTo(elements / 2));
        _keyspace.Validate();
    }

    // Of a table the heads, of a tree also its root, of a list the runs of its nodes.
    private uint[] PlacesIn(string kind)
    {
        var value = _keyspace[0].Peek("key"u8).Collection<CollectionValue>();
        if (value is Quicklist list) return [list.Find(0, out _).Id, list.Find(list.Count - 1, out _).Id];
        var head = value.Members!.Directory.HeadOf(0);
        return value is ZsetTree tree ? [head, tree.Order.Root] : [head];
    }

    private void Add(string kind, int number)
    {
        var entry = _keyspace[0].LookupWrite("key"u8);
        double score = number;
        if (kind == "set") new SetRef(entry).Add(Key(number));
        else if (kind == "hash") new HashRef(entry).Set(Key(number), "value"u8);
        else if (kind == "zset") new ZsetRef(entry).Add(Key(number), ref score, ZsetRules.None);
        else new ListRef(entry).Push(ListEnd.Tail, Value(number, 60));
    }

    private void Remove(string kind, int number)
    {
        var entry = _keyspace[0].LookupWrite("key"u8);
        if (kind == "set") new SetRef(entry).Remove(Key(number));
        else if (kind == "hash") new HashRef(entry).Delete(Key(number));
        else if (kind == "zset") new ZsetRef(entry).Remove(Key(number));
        else new ListRef(entry).Pop(number % 2 == 0 ? ListEnd.Head : ListEnd.Tail, 1);
    }

    private void Compact()
    {
        _keyspace.Compact();
        Rest();
    }

    private void Rest()
    {
        _keyspace.FinishMaintenance();
    }

    private void Fill(int valueBytes) => Set(0, Keys, valueBytes);

    private void Set(int from, int to, int valueBytes = 10)
    {
        for (var i = from; i < to; i++)
            _keyspace[0].SetString(Key(i), Value(i, valueBytes));
    }

    private void DeleteAllButEveryTenth()
    {
        for (var i = 0; i < Keys; i++)
        {
            if (i % 10 != 0) _keyspace[0].Delete(Key(i));
        }
    }

    private void AssertHolds(int step, int valueBytes)
    {
        var seen = 0;
        for (var i = 0; i < Keys; i++)
        {
            var entry = _keyspace[0].Peek(Key(i));
            if (entry.Exists != (i % step == 0))
                throw new AssertionException($"key {i} is {(entry.Exists ? "there" : "missing")}");
            if (entry.Exists && !entry.StringBytes.SequenceEqual(Value(i, valueBytes)))
                throw new AssertionException($"key {i} has another value");
            seen += entry.Exists ? 1 : 0;
        }

        Assert.That(_keyspace[0].Count, Is.EqualTo(seen));
        _keyspace.Validate();
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes("key:" + number);

    private static byte[] LongKey(int number) => Encoding.ASCII.GetBytes("key:" + number + new string('k', 300 + number % 1000));

    private static byte[] Value(int number, int bytes) => [.. Enumerable.Repeat((byte)('a' + number % 26), bytes)];
}
