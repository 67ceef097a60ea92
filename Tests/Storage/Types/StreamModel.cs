using System.Text;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Types;

/// <summary>What a stream should hold, in the collections of the base library.</summary>
internal sealed class StreamModel
{
    /// <summary>Fields and values by id.</summary>
    public SortedList<StreamId, string[]> Entries { get; private init; } = [];

    /// <summary>Groups by name.</summary>
    public SortedList<string, GroupModel> Groups { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>The greatest id ever.</summary>
    public StreamId LastId { get; private set; }

    private StreamId MaxDeletedId { get; set; }

    private long Added { get; set; }

    public void Add(StreamId id, string[] pairs)
    {
        Entries.Add(id, pairs);
        LastId = id;
        Added++;
    }

    public void Delete(StreamId id)
    {
        if (Entries.Remove(id) && id > MaxDeletedId) MaxDeletedId = id;
    }

    public int Trim(int keep, StreamId? minId, ReferencePolicy policy)
    {
        var deleted = 0;
        foreach (var id in Entries.Keys.ToArray())
        {
            if (minId == null ? Entries.Count <= keep : id >= minId) break;
            if (policy == ReferencePolicy.Acked && Groups.Values.Any(group => id > group.LastId || group.Pending.ContainsKey(id)))
                continue;
            foreach (var group in Groups.Values.Where(_ => policy == ReferencePolicy.Delete))
                group.Pending.Remove(id);
            Entries.Remove(id);
            deleted++;
        }

        return deleted;
    }

    public StreamModel Copy() => new()
    {
        Entries = new SortedList<StreamId, string[]>(Entries),
        Groups = new SortedList<string, GroupModel>(Groups.ToDictionary(pair => pair.Key, pair => pair.Value.Copy()), StringComparer.Ordinal),
        LastId = LastId, MaxDeletedId = MaxDeletedId, Added = Added,
    };

    public void AssertSame(StreamLog log)
    {
        Check(log.Length == Entries.Count && log.LastId == LastId && log.MaxDeletedId == MaxDeletedId && log.EntriesAdded == Added, "counters");
        Check(log.FirstId == Entries.Keys.FirstOrDefault() && log.NewestId() == Entries.Keys.LastOrDefault(), "ends");
        AssertEntries(log.Read(StreamId.Min, StreamId.Max), Entries.Keys);
        Check(log.Groups().Select(group => Text(group.Name)).SequenceEqual(Groups.Keys), "groups");
        foreach ((var name, var group) in Groups)
            group.AssertSame(log.FindGroup(Encoding.Latin1.GetBytes(name))!);
    }

    public void AssertRange(StreamLog log, Random random)
    {
        StreamId first = Somewhere(random), last = Somewhere(random);
        StreamId[] expected = [.. Entries.Keys.Where(id => id >= first && id <= last)];
        AssertEntries(log.Read(first, last), expected);
        AssertEntries(log.Read(first, last, StreamOrder.Backward), [.. expected.Reverse()]);
        Check(log.Contains(first) == Entries.ContainsKey(first), "what is there");
    }

    private StreamId Somewhere(Random random) => random.Next(5) switch
    {
        0 => StreamId.Min,
        1 => StreamId.Max,
        2 => new StreamId(LastId.Ms / 2, 7),
        _ => Entries.Count == 0 ? LastId : Entries.Keys[random.Next(Entries.Count)],
    };

    private void AssertEntries(StreamCursor cursor, IEnumerable<StreamId> expected)
    {
        foreach (var id in expected)
        {
            Check(cursor.MoveNext() && cursor.Id == id, $"entry {id}");
            var pairs = Entries[id];
            Check(cursor.FieldCount * 2 == pairs.Length, "fields");
            for (var i = 0; i < pairs.Length; i += 2)
                Check(cursor.TryReadField(out var field, out var value) && Is(field, pairs[i]) && Is(value, pairs[i + 1]), $"field {i / 2} of {id}");
            Check(!cursor.TryReadField(out _, out _), "too many fields");
        }

        Check(!cursor.MoveNext(), "too many entries");
    }

    internal static void Check(bool holds, string what)
    {
        if (!holds) throw new AssertionException($"the stream has other {what} than the model");
    }

    internal static string Text(byte[] name) => Encoding.Latin1.GetString(name);

    private static bool Is(ListpackValue value, string text) => value.TextEquals(Encoding.Latin1.GetBytes(text));
}

/// <summary>What a consumer group should hold.</summary>
internal sealed class GroupModel
{
    /// <summary>What is pending, with whom and since when.</summary>
    public SortedList<StreamId, (string Consumer, long Time)> Pending { get; private init; } = [];

    /// <summary>The consumers.</summary>
    public SortedSet<string> Consumers { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>The last id that was delivered.</summary>
    public StreamId LastId { get; set; }

    public GroupModel Copy() => new()
    {
        Pending = new SortedList<StreamId, (string, long)>(Pending), Consumers = new SortedSet<string>(Consumers, StringComparer.Ordinal), LastId = LastId,
    };

    public long Forget(string consumer)
    {
        StreamId[] its = [.. Pending.Where(pair => pair.Value.Consumer == consumer).Select(pair => pair.Key)];
        foreach (var id in its)
            Pending.Remove(id);
        return its.Length;
    }

    public void AssertSame(ConsumerGroup group)
    {
        StreamModel.Check(group.LastId == LastId && group.PendingCount == Pending.Count, "progress of a group");
        StreamModel.Check(group.Consumers().Select(consumer => StreamModel.Text(consumer.Name)).SequenceEqual(Consumers), "consumers");
        AssertPending(group, null, Pending);
        AssertDeliveries(group);
        foreach (var consumer in group.Consumers())
            AssertPending(group, consumer, Of(StreamModel.Text(consumer.Name)));
    }

    private void AssertDeliveries(ConsumerGroup group)
    {
        var at = DeliveryTime.Start;
        StreamModel.Check(group.OldestDeliveryMs == Pending.Values.Select(entry => entry.Time).DefaultIfEmpty(long.MaxValue).Min(), "oldest delivery");
        foreach ((var id, (_, var time)) in Pending.OrderBy(pair => pair.Value.Time).ThenBy(pair => pair.Key))
            StreamModel.Check(group.TryNextDelivery(ref at) && at == new DeliveryTime(time, id), $"delivery of {id}");
        StreamModel.Check(!group.TryNextDelivery(ref at), "deliveries");
    }

    private SortedList<StreamId, (string Consumer, long Time)> Of(string consumer) =>
        new(Pending.Where(pair => pair.Value.Consumer == consumer).ToDictionary(pair => pair.Key, pair => pair.Value));

    private static void AssertPending(ConsumerGroup group, Consumer? consumer, SortedList<StreamId, (string Consumer, long Time)> expected)
    {
        var from = StreamId.Min;
        foreach ((var id, (var name, var time)) in expected)
        {
            var found = group.TryPendingFrom(from, consumer, out var next, out var entry);
            StreamModel.Check(found && next == id && StreamModel.Text(entry.Consumer) == name && entry.DeliveredMs == time, $"pending entry {id}");
            id.TryNext(out from);
        }

        StreamModel.Check(!group.TryPendingFrom(from, consumer, out _, out _), "pending entries");
        StreamModel.Check(consumer == null || consumer.PendingCount == expected.Count, "numbers of pending entries");
    }
}
