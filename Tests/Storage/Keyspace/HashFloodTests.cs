using System.Buffers.Binary;
using KestrelFree.Storage;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Keyspaces;

// Whoever knows the key of the hash finds names that agree in as many leading bits as he has patience for, and a directory that grows by doubling
// explodes, or its segments become chains. The names here were looked for under a key that the test knows: in a keyspace with that key the
// segment that they share is split as deep as a table of this size may be, which shows that the names are good, and in one that is made as the
// server makes its own it must not be.

/// <summary>Names that are chosen so that their hashes collide.</summary>
public sealed class HashFloodTests
{
    private const int Names = 1500;
    private const int AgreeingBits = 12;
    private const int KnownSeed = 7;
    private const int Deep = 8;

    private List<byte[]> _names = null!;

    [OneTimeSetUp]
    public void Find_names_that_collide_under_a_known_key()
    {
        var hasher = Known().Hasher;
        _names = [];
        for (ulong number = 0; _names.Count < Names; number++)
        {
            var name = new byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(name, number);
            if (hasher.Hash(name) >> (64 - AgreeingBits) == 0) _names.Add(name);
        }
    }

    [Test]
    public void As_keys_they_harm_only_the_keyspace_whose_hash_is_known() => AssertHarmless(FillKeys);

    [Test]
    public void As_members_of_a_set_or_fields_of_a_hash_they_harm_only_where_the_hash_is_known() => AssertHarmless(FillMembers);

    [Test]
    public void As_members_of_a_sorted_set_they_harm_only_where_the_hash_is_known() => AssertHarmless(FillScores);

    [Test]
    public void No_two_keyspaces_hash_alike()
    {
        var hashes = Enumerable.Range(0, 20).Select(_ => Secret().Hasher.Hash("name"u8)).ToHashSet();
        Assert.That(hashes, Has.Count.EqualTo(20));
    }

    private static Keyspace Known() => new(new KeyspaceOptions { Seed = KnownSeed, HugePages = HugePages.Off });

    private static Keyspace Secret() => new(new KeyspaceOptions { HugePages = HugePages.Off });

    // All the names begin with zeros where they collide, so the segment of hash 0 is the one that they would be in.
    private static void AssertHarmless(Func<Keyspace, Table> fill)
    {
        Assert.That(DepthAtZero(fill(Known())), Is.GreaterThan(Deep), "the names do not collide");
        Assert.That(DepthAtZero(fill(Secret())), Is.LessThan(Deep));
    }

    private static int DepthAtZero(Table table) => table.Pages.Head(table.Directory.HeadOf(0)).Depth;

    private Table FillKeys(Keyspace keyspace)
    {
        foreach (var name in _names) keyspace[0].LookupWrite(name).SetString("v"u8, Expiry.None);
        return keyspace[0].Table;
    }

    private Table FillMembers(Keyspace keyspace)
    {
        var members = new MemberTable(keyspace.Pages, keyspace.Hasher);
        foreach (var name in _names) members.Add(name);
        return members.Table;
    }

    private Table FillScores(Keyspace keyspace)
    {
        var scores = new ZsetTree(keyspace.Pages, keyspace.Hasher);
        foreach (var name in _names)
        {
            var member = scores.Find(name);
            scores.Add(ref member, 0);
        }

        return scores.Table;
    }
}
