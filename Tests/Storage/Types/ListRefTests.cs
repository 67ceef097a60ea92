using System.Text;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>Lists as commands see them, in both encodings, against a model, while forks are held.</summary>
public sealed class ListRefTests
{
    private readonly byte[] _scratch = new byte[ListpackValue.MaxIntegerText];
    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() => _keyspace = new Keyspace(new KeyspaceOptions { Clock = new ManualClock(1_700_000_000_000), Seed = 5 });

    [Test]
    public void Lists_equal_a_model_under_every_node_size([Values(-5, -2, -1, 1, 2, 128)] int size, [Values(0, 3)] int plainFrom, [Range(1, 4)] int seed)
    {
        _keyspace.Limits.ListMaxListpackSize = size;
        _keyspace.Limits.ListPlainFrom = plainFrom;
        using var script = new ListScript(_keyspace, seed, most: seed % 2 == 0 ? 12_000 : 600);

        Assert.That(() => script.Run(3000), Throws.Nothing, $"seed {seed}");
    }

    [Test]
    public void Compressed_lists_equal_a_model([Values(1, 2, 5)] int depth, [Values(-1, 1, 3, 16)] int size, [Range(1, 3)] int seed)
    {
        _keyspace.Limits.ListMaxListpackSize = size;
        _keyspace.Limits.ListCompressDepth = depth;
        using var script = new ListScript(_keyspace, seed, most: seed % 2 == 0 ? 6000 : 300);

        Assert.That(() => script.Run(2000), Throws.Nothing, $"seed {seed}");
    }

    [Test]
    public void What_is_inside_is_compressed()
    {
        _keyspace.Limits.ListCompressDepth = 1;
        for (var i = 0; i < 50_000; i++)
            List().Push(i % 2 == 0 ? ListEnd.Tail : ListEnd.Head, Encoding.ASCII.GetBytes($"much the same {i % 10}"));

        Assert.That(ListStructure.TryMeasure(_keyspace[0].Peek("list"u8), out var structure), Is.True);
        Assert.That(_keyspace.Memory.RunBytes, Is.LessThan(structure.Bytes / 5));
        Assert.That(Text(20_001), Is.EqualTo("much the same 7"));
        Assert.That(() => _keyspace.Validate(), Throws.Nothing);
    }

    [Test]
    public void A_list_keeps_its_depth_and_a_copy_has_it_too()
    {
        _keyspace.Limits.ListCompressDepth = 1;
        for (var i = 0; i < 20_000; i++)
            List().Push(ListEnd.Tail, "an element"u8);
        _keyspace.Limits.ListCompressDepth = 0;
        List().Push(ListEnd.Tail, "another"u8);
        _keyspace[0].Copy("list"u8, _keyspace[0], "copy"u8);

        Assert.That(ListStructure.TryMeasure(_keyspace[0].Peek("list"u8), out var list) && list.CompressDepth == 1, Is.True);
        Assert.That(ListStructure.TryMeasure(_keyspace[0].Peek("copy"u8), out var copy) && copy == list, Is.True);
        Assert.That(() => _keyspace.Validate(), Throws.Nothing);
    }

    [Test]
    public void Many_nodes_are_found_by_index()
    {
        _keyspace.Limits.ListMaxListpackSize = 1;
        for (var i = 0; i < 20_000; i++)
            List().Push(i % 2 == 0 ? ListEnd.Tail : ListEnd.Head, Encoding.ASCII.GetBytes($"{i}"));

        for (var index = 0; index < 20_000; index += 7)
            Assert.That(Text(index), Is.EqualTo($"{(index < 10_000 ? 19_999 - 2 * index : 2 * (index - 10_000))}"));
        Assert.That(() => _keyspace.Validate(), Throws.Nothing);
    }

    [Test]
    public void A_trimmed_list_gives_its_memory_back()
    {
        for (var i = 0; i < 200_000; i++)
            List().Push(ListEnd.Tail, Encoding.ASCII.GetBytes($"element {i}"));
        var full = _keyspace.Memory.UsedBytes;

        var list = List();
        list.Trim(100_000, 100_009);
        _keyspace.FinishMaintenance();

        Assert.That(_keyspace.Memory.UsedBytes, Is.LessThan(full / 20));
        Assert.That(Text(0), Is.EqualTo("element 100000"));
        Assert.That(Text(-1), Is.EqualTo("element 100009"));
        Assert.That(() => _keyspace.Validate(), Throws.Nothing);
    }

    [TestCase(-2, 8192)]
    [TestCase(-1, 4096)]
    [TestCase(-5, 65536)]
    [TestCase(-9, 65536)]
    public void A_listpack_holds_as_many_bytes_as_configured(int size, int bytes)
    {
        _keyspace.Limits.ListMaxListpackSize = size;
        // Nothing but the text counts for what is to come.
        List().Push(ListEnd.Tail, new byte[bytes - Listpack.EmptyBytes]);
        Assert.That(EncodingName(), Is.EqualTo("listpack"));

        List().Push(ListEnd.Tail, default(ReadOnlySpan<byte>));
        Assert.That(EncodingName(), Is.EqualTo("quicklist"));
    }

    [Test]
    public void A_quicklist_becomes_a_listpack_at_half_the_limit()
    {
        _keyspace.Limits.ListMaxListpackSize = 6;
        for (var i = 0; i < 7; i++)
            List().Push(ListEnd.Tail, "x"u8);
        Assert.That(EncodingName(), Is.EqualTo("quicklist"));

        var list = List();
        list.Pop(ListEnd.Tail, 3);
        Assert.That(EncodingName(), Is.EqualTo("quicklist"), "four are left");

        list = List();
        list.Pop(ListEnd.Head, 1);
        Assert.That(EncodingName(), Is.EqualTo("listpack"));
    }

    private ListRef List() => new(_keyspace[0].LookupWrite("list"u8));

    private string EncodingName() => Encoding.ASCII.GetString(_keyspace[0].Peek("list"u8).EncodingName);

    private string Text(long index)
    {
        var found = List().TryGet(index, out var value);
        Assert.That(found, Is.True);
        return Encoding.ASCII.GetString(value.GetText(_scratch));
    }
}
