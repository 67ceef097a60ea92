using KestrelFree.Storage;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>Sorted sets in both encodings: against a model, in what they cost, and in their corners.</summary>
public sealed class ZsetTests
{
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() => _keyspace = new Keyspace(new KeyspaceOptions { Clock = new ManualClock(1_700_000_000_000), Seed = 7 });

    [Test]
    public void Sorted_sets_equal_a_model_while_forks_hold_them([Range(1, 12)] int seed)
    {
        (long Entries, long Bytes) limits = (seed % 3) switch { 0 => (128, 64), 1 => (0, 0), _ => (20, 1000) };
        var scores = (seed % 4) switch { 0 => 1, 1 => 3, 2 => 12, _ => 1000 };
        using var script = new ZsetScript(seed, keys: 1 + seed % 3 * 5, members: 100 << seed % 5 * 2, scores, limits);
        Assert.That(() => script.Run(4_000), Throws.Nothing, $"seed {seed}");
    }

    [TestCase(1)]
    [TestCase(-1)]
    public void A_set_that_grows_at_an_end_fills_its_nodes(int direction)
    {
        var tree = NewTree(20_000, i => direction * i);

        Assert.That(tree.Order.Bytes, Is.LessThan(20_000 * (10 + 12) * 1.25));
        _keyspace.Validate();
    }

    [Test]
    public void A_set_in_random_order_takes_little_more_than_its_elements()
    {
        var random = new Random(5);
        var tree = NewTree(20_000, _ => random.NextDouble());

        Assert.That(tree.Order.Bytes, Is.LessThan(20_000 * (10 + 12) * 1.3));
    }

    [Test]
    public void Emptying_from_an_end_gives_all_nodes_back([Values(0, -1)] int rank)
    {
        NewTree(5_000, i => i);
        var zset = new ZsetRef(_keyspace[0].LookupWrite("z"u8));
        for (var left = 5_000; left > 0; left--)
            zset.RemoveRange(new ZsetRange(rank == 0 ? 0 : left - 1, 1));

        Assert.That(_keyspace[0].Exists("z"u8), Is.False);
        Assert.That(_keyspace.Memory.RunBytes, Is.Zero);
        _keyspace.Validate();
    }

    [Test]
    public void Deleting_a_large_set_frees_it_in_slices()
    {
        NewTree(100_000, i => i);
        _keyspace[0].Delete("z"u8);
        var slices = 0;
        while (_keyspace.RunMaintenance(50))
            slices++;

        Assert.That(slices, Is.GreaterThan(10));
        Assert.That(_keyspace.Memory.UsedBytes, Is.LessThan(10_000));
        _keyspace.Validate();
    }

    [Test]
    public void A_set_that_shrinks_gives_back_what_its_members_took()
    {
        var before = NewTree(20_000, i => i).MemoryBytes;
        new ZsetRef(_keyspace[0].LookupWrite("z"u8)).RemoveRange(new ZsetRange(0, 19_800));

        Assert.That(_keyspace[0].Peek("z"u8).Collection<ZsetTree>().MemoryBytes, Is.LessThan(before / 20));
        _keyspace.Validate();
    }

    [Test]
    public void A_fork_costs_a_path_of_a_large_set_not_all_of_it()
    {
        NewTree(100_000, i => i);
        var before = _keyspace.Memory.UsedBytes;
        using var snapshot = _keyspace.Fork();
        var zset = new ZsetRef(_keyspace[0].LookupWrite("z"u8));
        var score = 50_000.5;
        zset.Add("another"u8, ref score, ZsetRules.None);

        Assert.That(_keyspace.Memory.UsedBytes - before, Is.LessThan(30_000));
    }

    [Test]
    public void A_member_past_the_limits_makes_a_tree()
    {
        var zset = new ZsetRef(_keyspace[0].LookupWrite("z"u8));
        double score = 1;
        zset.Add(new byte[64], ref score, ZsetRules.None);
        Assert.That(_keyspace[0].LookupRead("z"u8).Encoding, Is.EqualTo(ValueEncoding.ListPack));
        zset.Add(new byte[65], ref score, ZsetRules.None);

        Assert.That(_keyspace[0].LookupRead("z"u8).Encoding, Is.EqualTo(ValueEncoding.SkipList));
        Assert.That(zset.Count, Is.EqualTo(2));
    }

    [Test]
    public void Copies_have_nodes_of_their_own()
    {
        var tree = NewTree(3_000, i => i % 50);
        _keyspace[0].LookupWrite("copy"u8).SetCollection(ValueForm.ZsetTree, (ZsetTree)tree.Copy());
        _keyspace[0].Delete("z"u8);

        Assert.That(new ZsetRef(_keyspace[0].LookupRead("copy"u8)).Count, Is.EqualTo(3_000));
        _keyspace.Validate();
    }

    private ZsetTree NewTree(int members, Func<int, double> score)
    {
        var tree = new ZsetTree(_keyspace.Pages, _keyspace.Hasher);
        for (var i = 0; i < members; i++)
        {
            var member = tree.Find(System.Text.Encoding.ASCII.GetBytes($"member{i:000000}"));
            tree.Add(ref member, score(i));
        }

        return _keyspace[0].LookupWrite("z"u8).SetCollection(ValueForm.ZsetTree, tree);
    }
}
