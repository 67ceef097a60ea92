using KestrelFree.Storage;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>Lists that are built beside the keyspace take the form that a stored one has.</summary>
internal sealed class ListBuilderTests
{
    private Keyspace _keyspace = null!;

    [SetUp]
    public void CreateKeyspace() => _keyspace = new Keyspace(new KeyspaceOptions { Databases = 1 });

    [TestCase(-1, 4), TestCase(-2, 10), TestCase(1, 1), TestCase(0, 1), TestCase(16, 16)]
    public void What_fits_in_one_listpack_is_one(int maxListpackSize, int elements)
    {
        _keyspace.Limits.ListMaxListpackSize = maxListpackSize;
        Build(elements, size: 10);
        Assert.That(Encoding(), Is.EqualTo("listpack"));
        AssertElements(elements, size: 10);
    }

    [TestCase(-1, 500), TestCase(-2, 1000), TestCase(1, 2), TestCase(0, 2), TestCase(16, 17)]
    public void What_does_not_fit_is_a_quicklist(int maxListpackSize, int elements)
    {
        _keyspace.Limits.ListMaxListpackSize = maxListpackSize;
        Build(elements, size: 10);
        Assert.That(Encoding(), Is.EqualTo("quicklist"));
        AssertElements(elements, size: 10);
    }

    [Test]
    public void An_element_beyond_the_limit_is_a_node_of_its_own()
    {
        Build(3, size: 10_000);
        Assert.That(Encoding(), Is.EqualTo("quicklist"));
        AssertElements(3, size: 10_000);
    }

    [Test]
    public void What_the_key_held_is_gone_and_so_is_its_expiry()
    {
        _keyspace[0].SetString("key"u8, "old"u8, Expiry.At(long.MaxValue));
        Build(2, size: 10);
        AssertElements(2, size: 10);
        Assert.That(_keyspace[0].LookupRead("key"u8).HasExpiry, Is.False);
    }

    [Test]
    public void A_builder_that_has_stored_or_discarded_is_empty()
    {
        var builder = new ListBuilder(_keyspace);
        for (var i = 0; i < 2000; i++) builder.Add("element"u8);
        builder.Discard();
        Assert.That(builder.Count, Is.Zero);
        builder.Add("one"u8);
        builder.StoreIn(_keyspace[0].LookupWrite("key"u8));
        Assert.That(builder.Count, Is.Zero);
        Assert.That(new ListRef(_keyspace[0].LookupRead("key"u8)).Count, Is.EqualTo(1));
        _keyspace.FinishMaintenance();
        _keyspace.Validate();
    }

    private static byte[] Element(int number, int size) => System.Text.Encoding.ASCII.GetBytes($"{number}".PadLeft(size, 'x'));

    private void Build(int elements, int size)
    {
        var builder = new ListBuilder(_keyspace);
        for (var i = 0; i < elements; i++) builder.Add(Element(i, size));
        Assert.That(builder.Count, Is.EqualTo(elements));
        builder.StoreIn(_keyspace[0].LookupWrite("key"u8));
        _keyspace.Validate();
    }

    private string Encoding() => System.Text.Encoding.ASCII.GetString(_keyspace[0].LookupRead("key"u8).EncodingName);

    private void AssertElements(int elements, int size)
    {
        var list = new ListRef(_keyspace[0].LookupRead("key"u8));
        Assert.That(list.Count, Is.EqualTo(elements));
        for (var i = 0; i < elements; i++)
        {
            Assert.That(list.TryGet(i, out var value), Is.True);
            Assert.That(value.Bytes.SequenceEqual(Element(i, size)), Is.True, $"element {i}");
        }
    }
}
