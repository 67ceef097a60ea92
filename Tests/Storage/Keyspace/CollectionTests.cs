using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

/// <summary>Collections in the keyspace, packed and large: what forks see of them, and that nothing of them is lost or kept.</summary>
public sealed class CollectionTests
{
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() => _keyspace = new Keyspace(new KeyspaceOptions { Clock = new ManualClock(1_700_000_000_000), Seed = 7 });

    [Test]
    public void Collections_equal_a_model_while_forks_hold_them([Range(1, 8)] int seed)
    {
        using var script = new CollectionScript(seed, keys: 1 + seed * seed, members: 40 << seed % 4 * 2);
        Assert.That(() => script.Run(15_000), Throws.Nothing, $"seed {seed}");
    }

    [TestCase(ValueForm.HashListpack, DataType.Hash, "listpack")]
    [TestCase(ValueForm.HashListpackEx, DataType.Hash, "listpackex")]
    [TestCase(ValueForm.SetIntset, DataType.Set, "intset")]
    [TestCase(ValueForm.SetListpack, DataType.Set, "listpack")]
    [TestCase(ValueForm.ListListpack, DataType.List, "listpack")]
    [TestCase(ValueForm.ZsetListpack, DataType.SortedSet, "listpack")]
    public void A_packed_form_tells_its_type_and_encoding(object form, DataType type, string encoding)
    {
        var entry = _keyspace[0].LookupWrite("k"u8);
        entry.SetPacked((ValueForm)form, Listpack.Empty);
        entry = _keyspace[0].LookupRead("k"u8);

        Assert.That(entry.Type, Is.EqualTo(type));
        Assert.That(System.Text.Encoding.ASCII.GetString(entry.EncodingName), Is.EqualTo(encoding));
    }

    [Test]
    public void A_packed_value_that_shrinks_gives_its_run_back()
    {
        var entry = _keyspace[0].LookupWrite("k"u8);
        entry.SetPacked(ValueForm.SetListpack, new byte[5000]);
        entry.SplicePacked(1000, 2500, 0);
        Assert.That(_keyspace.Memory.RunBytes, Is.LessThan(3000));
        entry.SplicePacked(100, 2400, 0);

        Assert.That(_keyspace.Memory.RunBytes, Is.Zero);
        Assert.That(entry.PackedBytes.Length, Is.EqualTo(100));
    }

    [Test]
    public void Keeping_the_expiry_is_part_of_becoming_a_table()
    {
        var entry = _keyspace[0].LookupWrite("k"u8);
        entry.SetPacked(ValueForm.SetListpack, [1]);
        entry.SetExpiry(1_800_000_000_000);
        entry.SetCollection(ValueForm.SetTable, NewTable(10));

        Assert.That(_keyspace[0].LookupRead("k"u8).ExpiryMs, Is.EqualTo(1_800_000_000_000));
        _keyspace.Validate();
    }

    [Test]
    public void Deleting_a_large_table_frees_it_in_slices()
    {
        _keyspace[0].LookupWrite("k"u8).SetCollection(ValueForm.SetTable, NewTable(100_000));
        var before = _keyspace.Memory.BlockBytes;
        _keyspace[0].Delete("k"u8);
        Assert.That(_keyspace.Memory.BlockBytes, Is.GreaterThan(before / 2));
        Assert.That(_keyspace.Memory.UsedBytes, Is.LessThan(before / 2), "what waits to be freed is not used any more");
        var slices = 0;
        while (_keyspace.RunMaintenance(0))
            slices++;

        Assert.That(slices, Is.GreaterThan(100));
        Assert.That(_keyspace.Memory.UsedBytes, Is.LessThan(10_000));
        _keyspace.Validate();
    }

    [Test]
    public void A_large_table_that_shrinks_gives_memory_back_and_is_drawn_from_quickly()
    {
        const int Members = 100_000;
        var table = _keyspace[0].LookupWrite("k"u8).SetCollection(ValueForm.SetTable, NewTable(Members));
        var before = _keyspace.Memory.UsedBytes;
        for (var left = Members; left > 1000; left--)
        {
            Assert.That(table.TryGetRandom(_keyspace.Dice, out var drawn), Is.True);
            table.Remove(drawn.Key.ToArray());
        }

        Assert.That(_keyspace.Memory.UsedBytes, Is.LessThan(before / 20));
        _keyspace.Validate();
    }

    [Test]
    public void Deleting_a_small_table_frees_it_at_once()
    {
        _keyspace[0].LookupWrite("k"u8).SetCollection(ValueForm.SetTable, NewTable(200));
        _keyspace[0].Delete("k"u8);

        Assert.That(_keyspace.Memory.BlockBytes + _keyspace.Memory.HeadBytes, Is.LessThan(3000));
        _keyspace.Validate();
    }

    [Test]
    public void A_fork_costs_what_is_changed_in_a_large_table_not_all_of_it()
    {
        var entry = _keyspace[0].LookupWrite("k"u8);
        entry.SetCollection(ValueForm.SetTable, NewTable(200_000));
        var before = _keyspace.Memory.UsedBytes;
        using var snapshot = _keyspace.Fork();
        entry = _keyspace[0].LookupWrite("k"u8);
        entry.WritableCollection<MemberTable>().Add("another"u8);

        Assert.That(_keyspace.Memory.UsedBytes - before, Is.LessThan(20_000));
        var walk = snapshot.Walk();
        Assert.That(walk.MoveNext(), Is.True);
        Assert.That(walk.Entry.Collection<MemberTable>().Count, Is.EqualTo(200_000));
        Assert.That(walk.Entry.Collection<MemberTable>().Contains("another"u8), Is.False);
    }

    [Test]
    public void What_was_moved_stays_for_the_forks_that_look_for_it_elsewhere()
    {
        var table = NewTable(1000);
        using var snapshot = _keyspace.Fork();
        var passed = new KestrelFree.Storage.Snapshots.Reach(0, uint.MaxValue);
        Assert.That(table.Widen(passed, _keyspace.Pages.Forks), Is.EqualTo(passed));
        table.NoteMoved(_keyspace.Pages.Forks);
        Assert.That(table.Widen(passed, _keyspace.Pages.Forks).LastPosition, Is.EqualTo(long.MaxValue));
        snapshot.Release();

        Assert.That(table.Widen(passed, _keyspace.Pages.Forks), Is.EqualTo(passed));
        using var later = _keyspace.Fork();
        Assert.That(table.Widen(passed, _keyspace.Pages.Forks), Is.EqualTo(passed));
    }

    private MemberTable NewTable(int members)
    {
        var table = new MemberTable(_keyspace.Pages, _keyspace.Hasher);
        for (var i = 0; i < members; i++)
            table.Add(BitConverter.GetBytes(i));
        return table;
    }
}
