using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Types;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>Streams against a model of them, and their listpacks.</summary>
internal sealed class StreamTests
{
    private static readonly CollectionLimits Limits = new() { StreamNodeMaxEntries = 3 };

    private readonly PageStore _pages = new(HugePages.Off);

    [TestCase(0, 100, 1)]
    [TestCase(300, 0, 2)]
    [TestCase(300, 0, 3)]
    [TestCase(4096, 100, 4)]
    [TestCase(0, 2, 5)]
    [TestCase(0, 2, 6)]
    [TestCase(0, 1, 7)]
    public void A_stream_and_its_forks_equal_their_models(long maxBytes, long maxEntries, int seed)
    {
        using var script = new StreamScript(seed, maxBytes, maxEntries);
        script.Run(3000);
    }

    [Test]
    public void A_node_keeps_its_fields_once_for_all_entries_that_have_them()
    {
        var log = NewLog();
        log.Append(new StreamId(5, 1), Pairs("f", "v"), Limits);
        log.Append(new StreamId(6, 0), Pairs("f", "12"), Limits);
        log.Append(new StreamId(6, 1), Pairs("g", "w"), Limits);
        log.Delete(new StreamId(6, 0));

        Assert.That(log.TryNodeFrom(StreamId.Min, out var master, out var listpack));

        Assert.That(master, Is.EqualTo(new StreamId(5, 1)));
        Assert.That(Elements(listpack), Is.EqualTo("2 1 1 f 0 2 0 0 v 4 3 1 -1 12 4 0 1 0 1 g w 6"));
    }

    // 3,000 entries in nodes of three.
    [TestCase(0, 0, 0, TrimPrecision.Exact, 3000)]
    [TestCase(1, 0, 0, TrimPrecision.Exact, 2999)]
    [TestCase(100, 0, 0, TrimPrecision.Exact, 2900)]
    [TestCase(100, 0, 0, TrimPrecision.WholeNodes, 2898)]
    [TestCase(100, 0, 1000, TrimPrecision.WholeNodes, 999)]
    [TestCase(2990, 0, 1000, TrimPrecision.WholeNodes, 9)]
    [TestCase(2999, 0, 0, TrimPrecision.WholeNodes, 0)]
    [TestCase(3000, 0, 0, TrimPrecision.Exact, 0)]
    [TestCase(0, 1, 0, TrimPrecision.Exact, 0)]
    [TestCase(0, 2000, 0, TrimPrecision.Exact, 1999)]
    [TestCase(0, 2000, 0, TrimPrecision.WholeNodes, 1998)]
    [TestCase(0, 2002, 0, TrimPrecision.WholeNodes, 2001)]
    [TestCase(0, 2000, 500, TrimPrecision.WholeNodes, 498)]
    [TestCase(0, 5000, 0, TrimPrecision.Exact, 3000)]
    public void A_large_trim_takes_what_one_node_after_the_other_would(long maxLength, int minId, long limit, TrimPrecision precision, int expected)
    {
        var log = NewLog();
        for (var i = 1; i <= 3000; i++)
            log.Append(new StreamId((ulong)i, 0), Pairs("f", $"{i}"), Limits);
        log.Delete(new StreamId(3000, 0));
        log.Append(new StreamId(3001, 0), Pairs("f", "last"), Limits);

        var trim = new StreamTrim { MaxLength = maxLength, MinId = minId == 0 ? null : new StreamId((ulong)minId, 0), Limit = limit, Precision = precision };
        Assert.That(log.Trim(trim), Is.EqualTo(expected));

        Assert.That(log.Length, Is.EqualTo(3000 - expected));
        Assert.That(Ids(log), Has.Length.EqualTo(log.Length));
        Assert.That(log.FirstId, Is.EqualTo(log.Length == 0 ? StreamId.Min : new StreamId(expected == 2999 ? 3001 : (ulong)expected + 1, 0)));
        var again = NewLog();
        for (var from = StreamId.Min; log.TryNodeFrom(from, out var master, out var listpack); master.TryNext(out from))
            again.TryAddNode(master, listpack);
        Assert.That((log.NodeCount, log.RadixNodes), Is.EqualTo((again.NodeCount, again.RadixNodes)), "of a stream that never had more");
    }

    [Test]
    public void What_a_large_trim_cuts_off_is_freed_in_slices()
    {
        var keyspace = new Keyspace(new KeyspaceOptions { Databases = 1, Clock = new ManualClock(1), Seed = 1 });
        var log = new StreamRef(keyspace[0].LookupWrite("s"u8)).OpenOrCreate();
        for (var i = 1; i <= 50_000; i++)
            log.Append(new StreamId((ulong)i, 0), Pairs("f", "v"), Limits);
        var full = keyspace.Memory.RunBytes;

        var fork = keyspace.Fork();
        log = new StreamRef(keyspace[0].LookupWrite("s"u8)).OpenOrCreate();
        Assert.That(log.Trim(new StreamTrim { MaxLength = 10 }), Is.EqualTo(49_990));
        Assert.That(log.NodeCount, Is.EqualTo(4));
        Assert.That(keyspace.Memory.RunBytes, Is.GreaterThan(full / 2), "later");
        keyspace.Validate();
        var walk = fork.Walk();
        Assert.That(walk.MoveNext() && walk.Entry.Collection<StreamValue>().Log.Length == 50_000 && !walk.MoveNext());
        fork.Release();
        keyspace.FinishMaintenance();

        Assert.That(keyspace.Memory.RunBytes, Is.LessThan(full / 100));
        keyspace.Validate();
    }

    [Test]
    public void A_saved_node_makes_the_same_stream()
    {
        var log = NewLog();
        for (var i = 1; i < 20; i++)
            log.Append(new StreamId((ulong)i, 0), Pairs("f", $"{i}"), Limits);
        log.Delete(new StreamId(1, 0));
        log.Delete(new StreamId(7, 0));

        var loaded = NewLog();
        var from = StreamId.Min;
        while (log.TryNodeFrom(from, out var master, out var listpack))
        {
            Assert.That(loaded.TryAddNode(master, listpack));
            Assert.That(loaded.TryAddNode(master, listpack), Is.False, "it is there");
            master.TryNext(out from);
        }

        Assert.That((loaded.Length, loaded.FirstId, loaded.LastId, loaded.NodeCount, loaded.RadixNodes), Is.EqualTo((log.Length, log.FirstId, log.LastId, log.NodeCount, log.RadixNodes)));
        Assert.That(Ids(loaded), Is.EqualTo(Ids(log)));
    }

    [Test]
    public void A_damaged_node_is_refused_or_read_without_harm()
    {
        var log = NewLog();
        log.Append(new StreamId(5, 1), Pairs("f", "v", "g", "w"), Limits);
        log.Append(new StreamId(6, 0), Pairs("f", "12", "g", "longer than that"), Limits);
        log.Append(new StreamId(6, 1), Pairs("h", "w"), Limits);
        log.TryNodeFrom(StreamId.Min, out var master, out var listpack);
        var sound = listpack.ToArray();
        var accepted = 0;
        for (var at = 0; at < sound.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                byte[] damaged = [.. sound];
                damaged[at] = (byte)value;
                var loaded = NewLog();
                if (!loaded.TryAddNode(master, damaged)) continue;
                accepted++;
                Exercise(loaded);
            }
        }

        Assert.That(accepted, Is.GreaterThan(sound.Length).And.LessThan(sound.Length * 256));
    }

    [TestCase("1-1", 1ul, 1ul)]
    [TestCase("7", 7ul, 99ul)]
    [TestCase("18446744073709551615-18446744073709551615", ulong.MaxValue, ulong.MaxValue)]
    [TestCase("0-0", 0ul, 0ul)]
    public void An_id_is_read_from_text(string text, ulong ms, ulong seq)
    {
        Assert.That(StreamId.TryParse(Encoding.ASCII.GetBytes(text), 99, out var id));
        Assert.That(id, Is.EqualTo(new StreamId(ms, seq)));
    }

    [TestCase("")]
    [TestCase("-1")]
    [TestCase("1-")]
    [TestCase("1-2-3")]
    [TestCase("a-1")]
    [TestCase("18446744073709551616-1")]
    public void What_is_no_id_is_refused(string text) => Assert.That(StreamId.TryParse(Encoding.ASCII.GetBytes(text), 0, out _), Is.False);

    [Test]
    public void Ids_have_neighbours_up_to_the_ends()
    {
        Assert.That(new StreamId(1, ulong.MaxValue).TryNext(out var id) && id == new StreamId(2, 0));
        Assert.That(id.TryPrevious(out id) && id == new StreamId(1, ulong.MaxValue));
        Assert.That(new StreamId(0, 1).TryPrevious(out id) && id == StreamId.Min);
        Assert.That(id.TryPrevious(out _), Is.False);
        id = StreamId.Max;
        Assert.That(id.TryNext(out id), Is.False);
    }

    private static void Exercise(StreamLog log)
    {
        var ids = Ids(log);
        var back = log.Read(StreamId.Min, StreamId.Max, StreamOrder.Backward);
        while (back.MoveNext())
        {
        }

        if (ids.Length > 0) log.Delete(log.FirstId);
        if (log.LastId != StreamId.Max)
            log.Append(log.LastId.TryNext(out var next) ? next : next, Pairs("f", "v"), Limits);
        log.Trim(new StreamTrim { MaxLength = 1 });
    }

    private static string[] Ids(StreamLog log)
    {
        var ids = new List<string>();
        var cursor = log.Read(StreamId.Min, StreamId.Max);
        while (cursor.MoveNext())
        {
            while (cursor.TryReadField(out _, out _))
            {
            }

            ids.Add(cursor.Id.ToString());
        }

        return [.. ids];
    }

    private static string Elements(ReadOnlySpan<byte> listpack)
    {
        var text = new List<string>();
        foreach (var value in new ListpackReader(listpack))
            text.Add(value.IsInteger ? value.Integer.ToString() : Encoding.Latin1.GetString(value.Bytes));
        return string.Join(' ', text);
    }

    private StreamLog NewLog() => new(_pages);

    private static ArgVector Pairs(params string[] words)
    {
        var slices = new ArgSlice[words.Length];
        var at = 0;
        for (var i = 0; i < words.Length; at += words[i++].Length)
            slices[i] = new ArgSlice(at, words[i].Length);
        return new ArgVector(Encoding.Latin1.GetBytes(string.Concat(words)), slices);
    }
}
