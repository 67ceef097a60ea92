using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Storage;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>What collections take of the managed heap, against what is counted for it.</summary>
internal sealed class CollectionHeapTests
{
    private const int Keys = 3000;
    private static readonly byte[] Large = [.. Enumerable.Repeat((byte)'x', 100)];

    private Keyspace _keyspace = null!;

    [SetUp]
    public void Make_a_keyspace() => _keyspace = new Keyspace(new KeyspaceOptions { Clock = new ManualClock(1_700_000_000_000), Seed = 7 });

    [TestCase("set", 1)]
    [TestCase("hash", 1)]
    [TestCase("zset", 1)]
    [TestCase("list", 100)]
    [TestCase("stream", 1)]
    [TestCase("group", 1)]
    [TestCase("consumers", 20)]
    [TestCase("pending", 1)]
    public void What_a_collection_takes_of_the_heap_is_counted(string kind, int elements)
    {
        for (var key = 0; key < Keys / 2; key++)
            Make(kind, key, elements);
        (long heap, long counted) before = (Heap(), Counted());
        for (var key = 0; key < Keys; key++)
            Make(kind, Keys + key, elements);
        long heap = (Heap() - before.heap) / Keys, counted = (Counted() - before.counted) / Keys;

        Assert.That(counted, Is.EqualTo(heap).Within(20).Percent);
        GC.KeepAlive(_keyspace);
    }

    // All generations but that of pinned objects, which the chunks are.
    private static long Heap()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var generations = GC.GetGCMemoryInfo(GCKind.FullBlocking).GenerationInfo;
        long bytes = 0;
        foreach (var generation in generations[..4])
            bytes += generation.SizeAfterBytes - generation.FragmentationAfterBytes;
        return bytes;
    }

    private long Counted() => _keyspace.Memory.LargeValueBytes + _keyspace.Memory.ManagedBytes;

    private void Make(string kind, int key, int elements)
    {
        var name = Encoding.ASCII.GetBytes($"key:{key:D8}");
        switch (kind)
        {
            case "set":
                var set = new SetRef(_keyspace[0].LookupWrite(name));
                set.Add(Large);
                break;
            case "hash":
                var hash = new HashRef(_keyspace[0].LookupWrite(name));
                hash.Set("field"u8, Large);
                break;
            case "zset":
                var zset = new ZsetRef(_keyspace[0].LookupWrite(name));
                double score = 1;
                zset.Add(Large, ref score, ZsetRules.None);
                break;
            case "list":
                var list = new ListRef(_keyspace[0].LookupWrite(name));
                for (var i = 0; i < elements; i++)
                    list.Push(ListEnd.Tail, Large);
                break;
            default:
                MakeStream(kind, name, elements);
                break;
        }
    }

    private void MakeStream(string kind, byte[] name, int elements)
    {
        var stream = new StreamRef(_keyspace[0].LookupWrite(name));
        var log = stream.OpenOrCreate();
        for (uint entry = 1; entry <= (kind == "consumers" ? 1 : elements); entry++)
            log.Append(new StreamId(entry, 0), new ArgVector("fv"u8, [new ArgSlice(0, 1), new ArgSlice(1, 1)]), new CollectionLimits());
        if (kind != "stream") AddConsumers(log.AddGroup("group"u8), kind, kind == "group" ? 0 : elements);
        stream.SignalChanged();
    }

    private static void AddConsumers(ConsumerGroup group, string kind, int elements)
    {
        for (uint number = 0; number < elements; number++)
        {
            var consumer = group.GetOrAddConsumer(kind == "consumers" ? Member((int)number) : "one"u8, 1, out _);
            if (kind == "pending") group.Deliver(new StreamId(number + 1, 0), consumer, 1, 1);
        }
    }

    private static byte[] Member(int number) => Encoding.ASCII.GetBytes($"member:{number:D8}");
}
