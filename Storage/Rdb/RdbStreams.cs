using System.Buffers.Binary;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// Streams in the RDB format.
//
//     nodes  { master id : string of 16  listpack }
//     entries   last id
//     [first id   greatest deleted id   entries ever added]                          from Stream2 on
//     groups  { name   last id   [entries read]
//               pending  { id : 16  delivered ms : 8  deliveries }
//               consumers  { name  seen ms : 8  [active ms : 8]  pending  { id : 16 } } }
//
// Ids are two 64-bit numbers: as lengths, or in 16 bytes, high byte first. Entries read is from Stream2 on, active ms from Stream3 on, which is
// of version 11: so Stream2 is written, and a consumer that comes back was active when it was last seen. What older forms lack is reckoned from
// what they have.

/// <summary>How streams are written and read.</summary>
internal static class RdbStreams
{
    private const int IdBytes = 16;

    public static readonly RdbSaver[] Savers =
    [
        new(ValueForm.Stream, RdbType.Stream2, RdbFormat.Version, Save),
    ];

    public static readonly RdbLoader[] Loaders =
    [
        new(RdbType.Stream, static (scoped ref reader, loading) => Load(ref reader, loading, RdbType.Stream)),
        new(RdbType.Stream2, static (scoped ref reader, loading) => Load(ref reader, loading, RdbType.Stream2)),
        new(RdbType.Stream3, static (scoped ref reader, loading) => Load(ref reader, loading, RdbType.Stream3)),
    ];

    private static void Save(RdbWriter writer, in EntryView entry)
    {
        StreamLog log = entry.Collection<StreamValue>().Log;
        Span<byte> id = stackalloc byte[IdBytes];
        writer.WriteLength((ulong)log.NodeCount);
        bool found = log.TryNodeFrom(StreamId.Min, out StreamId master, out ReadOnlySpan<byte> listpack);
        while (found)
        {
            Put(id, master);
            writer.WriteString(id);
            writer.WriteString(listpack);
            found = master.TryNext(out StreamId next) && log.TryNodeFrom(next, out master, out listpack);
        }

        writer.WriteLength((ulong)log.Length);
        WriteId(writer, log.LastId);
        WriteId(writer, log.FirstId);
        WriteId(writer, log.MaxDeletedId);
        writer.WriteLength((ulong)log.EntriesAdded);
        writer.WriteLength((ulong)log.GroupCount);
        foreach (ConsumerGroup group in log.Groups())
            SaveGroup(writer, group);
    }

    private static void SaveGroup(RdbWriter writer, ConsumerGroup group)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        writer.WriteString(group.Name);
        WriteId(writer, group.LastId);
        writer.WriteLength((ulong)group.EntriesRead);
        writer.WriteLength((ulong)group.PendingCount);
        bool found = group.TryPendingFrom(StreamId.Min, null, out StreamId id, out PendingEntry pending);
        while (found)
        {
            Put(bytes, id);
            writer.WriteBytes(bytes);
            writer.WriteUInt64((ulong)pending.DeliveredMs);
            writer.WriteLength((ulong)pending.Deliveries);
            found = id.TryNext(out StreamId next) && group.TryPendingFrom(next, null, out id, out pending);
        }

        writer.WriteLength((ulong)group.ConsumerCount);
        foreach (Consumer consumer in group.Consumers())
            SaveConsumer(writer, consumer);
    }

    private static void SaveConsumer(RdbWriter writer, Consumer consumer)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        writer.WriteString(consumer.Name);
        writer.WriteUInt64((ulong)consumer.SeenMs);
        writer.WriteLength((ulong)consumer.PendingCount);
        bool found = consumer.TryPendingFrom(StreamId.Min, out StreamId id);
        while (found)
        {
            Put(bytes, id);
            writer.WriteBytes(bytes);
            found = id.TryNext(out StreamId next) && consumer.TryPendingFrom(next, out id);
        }
    }

    private static void WriteId(RdbWriter writer, StreamId id)
    {
        writer.WriteLength(id.Ms);
        writer.WriteLength(id.Seq);
    }

    private static void Put(Span<byte> target, StreamId id)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, id.Ms);
        BinaryPrimitives.WriteUInt64BigEndian(target[sizeof(ulong)..], id.Seq);
    }

    private static RdbValue Load(scoped ref RdbReader reader, RdbLoading loading, RdbType type)
    {
        PageStore pages = loading.Database.Keyspace.Pages;
        var stream = new StreamValue(pages);
        try
        {
            LoadLog(ref reader, stream.Log, type);
        }
        catch
        {
            pages.Discarded.Add(stream, default);
            throw;
        }

        return new RdbValue(ValueForm.Stream, stream, default);
    }

    private static void LoadLog(scoped ref RdbReader reader, StreamLog log, RdbType type)
    {
        LoadNodes(ref reader, log);
        if (reader.ReadLength("number of entries") != (ulong)log.Length)
            reader.Fail("number of entries", $"the listpacks hold {log.Length}");
        StreamId last = ReadLengths(ref reader, "last id");
        if (last < log.LastId) reader.Fail("last id", "there are entries behind it");
        log.LastId = last;
        log.EntriesAdded = log.Length;
        if (type >= RdbType.Stream2)
        {
            // The first id follows from the entries.
            ReadLengths(ref reader, "first id");
            log.MaxDeletedId = ReadLengths(ref reader, "greatest deleted id");
            log.EntriesAdded = (long)Math.Min(reader.ReadLength("number of entries ever added"), long.MaxValue);
        }

        for (ulong left = reader.ReadLength("number of groups"); left > 0; left--)
            LoadGroup(ref reader, log, type);
    }

    private static void LoadNodes(scoped ref RdbReader reader, StreamLog log)
    {
        for (ulong left = reader.ReadLength("number of listpacks"); left > 0; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadString("id of a listpack");
            if (key.Length != IdBytes) reader.Fail("id of a listpack", $"it has {key.Length} bytes");
            StreamId master = IdOf(key);
            if (!log.TryAddNode(master, reader.ReadString("listpack")))
                reader.Fail("listpack", "Stream listpack integrity check failed, it does not hold entries, or not in their order");
        }
    }

    private static void LoadGroup(scoped ref RdbReader reader, StreamLog log, RdbType type)
    {
        ReadOnlySpan<byte> name = reader.ReadString("name of a group");
        if (log.FindGroup(name) != null) reader.Fail("name of a group", "it occurs twice");
        ConsumerGroup group = log.AddGroup(name);
        group.LastId = ReadLengths(ref reader, "last id of a group");
        group.EntriesRead = type >= RdbType.Stream2 ? (long)reader.ReadLength("entries read") : StreamProgress.EntriesUpTo(log, group.LastId);
        if (group.EntriesRead < ConsumerGroup.UnknownEntriesRead) reader.Fail("entries read", "it is negative");

        var pending = new Dictionary<StreamId, (long DeliveredMs, long Deliveries)>();
        for (ulong left = reader.ReadLength("number of pending entries"); left > 0; left--)
        {
            StreamId id = IdOf(reader.ReadBytes(IdBytes, "pending entry"));
            long deliveredMs = (long)reader.ReadUInt64("time of a delivery");
            if (!pending.TryAdd(id, (deliveredMs, (long)Math.Min(reader.ReadLength("number of deliveries"), long.MaxValue))))
                reader.Fail("pending entry", "it occurs twice");
        }

        for (ulong left = reader.ReadLength("number of consumers"); left > 0; left--)
            LoadConsumer(ref reader, group, pending, type);
        if (pending.Count > 0) reader.Fail("pending entry", $"{pending.Count} belong to no consumer");
    }

    private static void LoadConsumer(scoped ref RdbReader reader, ConsumerGroup group, Dictionary<StreamId, (long DeliveredMs, long Deliveries)> pending, RdbType type)
    {
        Consumer consumer = group.GetOrAddConsumer(reader.ReadString("name of a consumer"), 0, out bool isNew);
        if (!isNew) reader.Fail("name of a consumer", "Duplicate stream consumer detected");
        consumer.SeenMs = (long)reader.ReadUInt64("time of a consumer");
        consumer.ActiveMs = type >= RdbType.Stream3 ? (long)reader.ReadUInt64("active time of a consumer") : consumer.SeenMs;
        for (ulong left = reader.ReadLength("number of entries pending for a consumer"); left > 0; left--)
        {
            StreamId id = IdOf(reader.ReadBytes(IdBytes, "entry pending for a consumer"));
            if (!pending.Remove(id, out (long DeliveredMs, long Deliveries) entry))
                reader.Fail("entry pending for a consumer", "its group has none such pending, or it has another consumer");
            group.Deliver(id, consumer, entry.DeliveredMs, entry.Deliveries);
        }
    }

    private static StreamId ReadLengths(scoped ref RdbReader reader, string field)
    {
        ulong ms = reader.ReadLength(field);
        return new StreamId(ms, reader.ReadLength(field));
    }

    private static StreamId IdOf(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[sizeof(ulong)..]));
}
