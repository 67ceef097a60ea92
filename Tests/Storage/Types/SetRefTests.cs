using System.Text;
using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>Sets as commands see them, in every encoding, against a model, while forks are held.</summary>
public sealed class SetRefTests
{
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() => _keyspace = new Keyspace(new KeyspaceOptions { Clock = new ManualClock(1_700_000_000_000), Seed = 5 });

    [Test]
    public void Sets_equal_a_model_under_every_threshold([Values(0, 1, 16, 512)] int integers, [Values(0, 16, 128)] int entries, [Values(2, 64)] int value, [Values(1, 2)] int seed)
    {
        _keyspace.Limits.SetMaxIntsetEntries = integers;
        _keyspace.Limits.SetMaxListpackEntries = entries;
        _keyspace.Limits.SetMaxListpackValue = value;
        var random = new Random(seed);
        var model = new HashSet<string>();
        Snapshot? fork = null;
        HashSet<string> frozen = [];
        for (var i = 0; i < 3000; i++)
        {
            // Now and then the set empties, so that it starts anew with another first member.
            var removes = random.Next(10) < (i / 300 % 2 == 0 ? 3 : 7);
            var member = i / 600 % 2 == 0 || random.Next(50) != 0 ? random.Next(100 << random.Next(30) / 3).ToString() : "member" + random.Next(300);
            var set = new SetRef(_keyspace[0].LookupWrite("set"u8));
            if (random.Next(100) == 0 && fork == null)
            {
                fork = _keyspace.Fork();
                frozen = [.. model];
            }
            else if (random.Next(100) == 0 && fork != null)
            {
                AssertSame(fork, frozen, seed);
                fork.Release();
                fork = null;
            }
            else if (removes && random.Next(2) == 0 && set.TryGetRandom(out var drawn))
            {
                Assert.That(model.Remove(Encoding.ASCII.GetString(drawn.GetText(new byte[20]))), Is.True);
                set.RemoveDrawn(drawn);
            }
            else if (removes)
            {
                Assert.That(set.Remove(Encoding.ASCII.GetBytes(member)), Is.EqualTo(model.Remove(member)), $"seed {seed}");
            }
            else
            {
                Assert.That(set.Add(Encoding.ASCII.GetBytes(member)), Is.EqualTo(model.Add(member)), $"seed {seed}");
            }

            Assert.That(new SetRef(_keyspace[0].Peek("set"u8)).Exists, Is.EqualTo(model.Count > 0));
            if (i % 50 == 0) AssertSame(new SetRef(_keyspace[0].LookupRead("set"u8)), model, seed);
        }

        fork?.Dispose();
        _keyspace.FinishMaintenance();

        _keyspace.Validate();
    }

    [TestCase("1 2 3", "intset")]
    [TestCase("1 2 3 4", "hashtable")]
    [TestCase("1 2 x", "listpack")]
    [TestCase("x 1 2", "listpack")]
    [TestCase("x 1 2 3 4", "listpack")]
    [TestCase("x 1 2 3 4 5", "hashtable")]
    [TestCase("1 toolong", "hashtable")]
    [TestCase("toolong", "hashtable")]
    public void The_encoding_is_the_one_that_redis_chooses(string members, string encoding)
    {
        _keyspace.Limits.SetMaxIntsetEntries = 3;
        _keyspace.Limits.SetMaxListpackEntries = 5;
        _keyspace.Limits.SetMaxListpackValue = 4;
        foreach (var member in members.Split(' '))
            new SetRef(_keyspace[0].LookupWrite("s"u8)).Add(Encoding.ASCII.GetBytes(member));

        Assert.That(Encoding.ASCII.GetString(_keyspace[0].Peek("s"u8).EncodingName), Is.EqualTo(encoding));
    }

    [Test]
    public void Random_members_are_drawn_fairly([Values(10, 300, 5000)] int members, [Values("", "x")] string prefix)
    {
        for (var i = 0; i < members; i++)
            new SetRef(_keyspace[0].LookupWrite("s"u8)).Add(Encoding.ASCII.GetBytes(prefix + i));
        const int PerMember = 40;
        var drawn = new int[members];
        var set = new SetRef(_keyspace[0].LookupRead("s"u8));
        for (var i = 0; i < members * PerMember; i++)
        {
            set.TryGetRandom(out var member);
            drawn[int.Parse(Encoding.ASCII.GetString(member.GetText(new byte[20]))[prefix.Length..])]++;
        }

        // With n - 1 degrees of freedom chi-squared has a mean of n - 1 and a deviation of sqrt(2n); the seed is fixed.
        var chiSquared = drawn.Sum(count => Math.Pow(count - PerMember, 2) / PerMember);
        Assert.That(chiSquared, Is.EqualTo(members - 1).Within(5 * Math.Sqrt(2 * members)));
    }

    [Test]
    public void A_selection_takes_every_element_as_often_as_the_others()
    {
        const int Elements = 20, Wanted = 7, Rounds = 4000;
        var taken = new int[Elements];
        for (var round = 0; round < Rounds; round++)
        {
            var selection = new FairSelection(_keyspace, Elements, Wanted);
            var count = 0;
            for (var i = 0; i < Elements; i++)
            {
                if (!selection.TakesNext()) continue;
                taken[i]++;
                count++;
            }

            Assert.That(count, Is.EqualTo(Wanted));
        }

        Assert.That(taken, Has.All.EqualTo(Rounds * Wanted / Elements).Within(160));
    }

    private static void AssertSame(Snapshot fork, HashSet<string> frozen, int seed)
    {
        var walk = fork.Walk();
        var keys = 0;
        for (; walk.MoveNext(); keys++)
            AssertSame(SetMembers.Of(walk.Entry), frozen, seed);
        Assert.That(keys, Is.EqualTo(frozen.Count > 0 ? 1 : 0), $"seed {seed}");
    }

    private static void AssertSame(SetRef set, HashSet<string> model, int seed)
    {
        AssertSame(set.Members, model, seed);
        Assert.That(set.Count, Is.EqualTo(model.Count), $"seed {seed}");
        foreach (var member in model)
            Assert.That(set.Contains(Encoding.ASCII.GetBytes(member)), $"seed {seed}, member {member}");
        Assert.That(set.Contains("nosuch"u8), Is.False);
    }

    private static void AssertSame(SetMembers members, HashSet<string> model, int seed)
    {
        var seen = new List<string>();
        while (members.MoveNext())
            seen.Add(Encoding.ASCII.GetString(members.Current.GetText(new byte[20])));
        Assert.That(seen, Is.EquivalentTo(model), $"seed {seed}");
    }
}
