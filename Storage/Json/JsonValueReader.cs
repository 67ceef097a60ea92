using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KestrelFree.Protocol;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>A value that was read: bytes, or an object.</summary>
/// <param name="Form">Its form.</param>
/// <param name="Collection">The object, if it is one.</param>
/// <param name="Bytes">The bytes, if it is not.</param>
internal sealed record JsonValue(ValueForm Form, CollectionValue? Collection, byte[] Bytes);

/// <summary>Reads values of every type as <see cref="JsonFileWriter"/> writes them.</summary>
internal sealed class JsonValueReader(Keyspace keyspace, JsonTokens tokens)
{
    private readonly List<(byte[] Field, byte[] Value, long ExpiryMs)> _fields = [];
    private readonly List<ArgSlice> _slices = [];
    private readonly ArrayBufferWriter<byte> _pairs = new();

    /// <summary>
    /// Reads the value whose name has been read. O(bytes). Throws <see cref="JsonFileException"/> for what is none, and for a collection without
    /// elements.
    /// </summary>
    public JsonValue Read(string name)
    {
        switch (name)
        {
            case "string":
                return new JsonValue(ValueForm.String, null, tokens.ReadBytes(name).ToArray());
            case "list":
                return ReadList();
            case "set":
                return ReadSet();
            case "zset":
                return ReadZset();
            case "hash":
                return ReadHash();
            case "stream":
                return ReadStream();
            default:
                tokens.Fail(name, "nothing of this name is known");
                return null;
        }
    }

    private JsonValue ReadList()
    {
        var built = new ListBuilder(keyspace);
        tokens.Expect(JsonTokenType.StartArray, "list");
        while (tokens.Read("element") != JsonTokenType.EndArray)
            built.Add(tokens.CurrentBytes("element"));
        RefuseEmpty("list", built.Count);
        Quicklist? nodes = built.Take(out ReadOnlySpan<byte> packed);
        return nodes is null ? new JsonValue(ValueForm.ListListpack, null, packed.ToArray()) : new JsonValue(ValueForm.ListQuicklist, nodes, []);
    }

    private JsonValue ReadSet()
    {
        SetBuilder built = keyspace.SetBuilder.Start();
        tokens.Expect(JsonTokenType.StartArray, "set");
        while (tokens.Read("member") != JsonTokenType.EndArray)
        {
            if (!built.Add(tokens.CurrentBytes("member"))) tokens.Fail("member", "it occurs twice");
        }

        RefuseEmpty("set", built.Count);
        MemberTable? table = built.Take(out ValueForm form, out ReadOnlySpan<byte> packed);
        return new JsonValue(form, table, packed.ToArray());
    }

    private JsonValue ReadZset()
    {
        var built = new ZsetBuilder(keyspace);
        tokens.Expect(JsonTokenType.StartArray, "zset");
        while (tokens.Read("member") == JsonTokenType.StartArray)
        {
            byte[] member = tokens.ReadBytes("member").ToArray();
            if (!built.TryAdd(member, ReadScore(), out _)) tokens.Fail("member", "it occurs twice");
            tokens.Expect(JsonTokenType.EndArray, "member");
        }

        ExpectedEndOfArray("zset");
        RefuseEmpty("zset", built.Count);
        built.Complete();
        ZsetTree? tree = built.Take(out ReadOnlySpan<byte> packed);
        return tree is null ? new JsonValue(ValueForm.ZsetListpack, null, packed.ToArray()) : new JsonValue(ValueForm.ZsetTree, tree, []);
    }

    private double ReadScore()
    {
        if (!Numbers.TryParseDouble(tokens.ReadBytes("score"), out double score) || double.IsNaN(score))
            tokens.Fail("score", $"'{Encoding.UTF8.GetString(tokens.Text)}' is no number");
        return score;
    }

    // Which form a hash begins in depends on whether a field expires, which is known at its end; unless there are too many for either packed form.
    private JsonValue ReadHash()
    {
        HashBuilder? built = null;
        _fields.Clear();
        tokens.Expect(JsonTokenType.StartArray, "hash");
        while (tokens.Read("field") == JsonTokenType.StartArray)
        {
            _fields.Add(ReadField());
            if (_fields.Count > keyspace.Limits.HashMaxListpackEntries)
                AddFields(built ??= keyspace.HashBuilder.Start(ValueForm.HashListpackEx, ulong.MaxValue));
        }

        ExpectedEndOfArray("hash");
        if (built is null)
        {
            RefuseEmpty("hash", _fields.Count);
            ValueForm packedForm = _fields.Exists(static field => field.ExpiryMs >= 0) ? ValueForm.HashListpackEx : ValueForm.HashListpack;
            built = keyspace.HashBuilder.Start(packedForm, (ulong)_fields.Count);
        }

        AddFields(built);
        MemberTable? table = built.Take(out ValueForm form, out ReadOnlySpan<byte> packed);
        return new JsonValue(form, table, table is null ? packed.ToArray() : []);
    }

    private (byte[] Field, byte[] Value, long ExpiryMs) ReadField()
    {
        byte[] field = tokens.ReadBytes("field").ToArray();
        byte[] value = tokens.ReadBytes("value").ToArray();
        long expiryMs = Entry.NoExpiry;
        if (tokens.Read("expiry of a field") == JsonTokenType.EndArray) return (field, value, expiryMs);
        if (tokens.Type != JsonTokenType.Number || !Numbers.TryParseInteger(tokens.Text, out expiryMs) || expiryMs < 0)
            tokens.Fail("expiry of a field", "a time in milliseconds is expected");
        tokens.Expect(JsonTokenType.EndArray, "field");
        return (field, value, expiryMs);
    }

    private void AddFields(HashBuilder built)
    {
        foreach ((byte[] field, byte[] value, long expiryMs) in _fields)
        {
            if (built.Add(field, value, expiryMs)) continue;
            built.Discard();
            tokens.Fail("field", "it occurs twice");
        }

        _fields.Clear();
    }

    private JsonValue ReadStream()
    {
        var stream = new StreamValue(keyspace.Pages);
        try
        {
            ReadLog(stream.Log);
        }
        catch
        {
            keyspace.Pages.Discarded.Add(stream, default);
            throw;
        }

        return new JsonValue(ValueForm.Stream, stream, []);
    }

    private void ReadLog(StreamLog log)
    {
        StreamId last = StreamId.Min;
        long? added = null;
        tokens.Expect(JsonTokenType.StartObject, "stream");
        while (tokens.Read("stream") == JsonTokenType.PropertyName)
        {
            string name = Encoding.UTF8.GetString(tokens.Text);
            if (name == "lastId") last = ReadId(name);
            else if (name == "maxDeletedId") log.MaxDeletedId = ReadId(name);
            else if (name == "entriesAdded") added = tokens.ReadInteger(name);
            else if (name == "entries") ReadEntries(log);
            else if (name == "groups") ReadGroups(log);
            else tokens.Fail(name, "a stream has nothing of this name");
        }

        if (last != StreamId.Min && last < log.LastId) tokens.Fail("lastId", "there are entries behind it");
        if (last != StreamId.Min) log.LastId = last;
        log.EntriesAdded = added ?? log.Length;
    }

    private void ReadEntries(StreamLog log)
    {
        tokens.Expect(JsonTokenType.StartArray, "entries");
        while (tokens.Read("entry") == JsonTokenType.StartArray)
        {
            StreamId id = ReadId("id of an entry");
            ReadPairs();
            if (_slices.Count == 0 || _slices.Count % 2 != 0) tokens.Fail("entry", "fields and values are expected");
            var pairs = new ArgVector(_pairs.WrittenSpan, [.. _slices]);
            AppendOutcome outcome = log.Append(id, pairs, keyspace.Limits);
            if (outcome != AppendOutcome.Added)
                tokens.Fail("id of an entry", outcome == AppendOutcome.NotGreater ? "ids have to grow" : "the entry is too large");
        }

        ExpectedEndOfArray("entries");
    }

    private void ReadPairs()
    {
        _slices.Clear();
        _pairs.ResetWrittenCount();
        while (tokens.Read("entry") != JsonTokenType.EndArray)
        {
            ReadOnlySpan<byte> bytes = tokens.CurrentBytes("entry");
            _slices.Add(new ArgSlice(_pairs.WrittenCount, bytes.Length));
            _pairs.Write(bytes);
        }
    }

    private void ReadGroups(StreamLog log)
    {
        tokens.Expect(JsonTokenType.StartArray, "groups");
        while (tokens.Read("group") == JsonTokenType.StartObject)
            ReadGroup(log);
        ExpectedEndOfArray("groups");
    }

    // The name is needed first, whatever comes first.
    private void ReadGroup(StreamLog log)
    {
        byte[]? groupName = null;
        StreamId last = StreamId.Min;
        long entriesRead = ConsumerGroup.UnknownEntriesRead;
        var consumers = new List<(byte[] Name, long SeenMs, long ActiveMs)>();
        var pending = new List<(StreamId Id, byte[] Consumer, long DeliveredMs, long Deliveries)>();
        while (tokens.Read("group") == JsonTokenType.PropertyName)
        {
            string name = Encoding.UTF8.GetString(tokens.Text);
            if (name == "name")
                groupName = tokens.ReadBytes(name).ToArray();
            else if (name == "lastId")
                last = ReadId(name);
            else if (name == "entriesRead")
                entriesRead = Math.Max(tokens.ReadInteger(name), ConsumerGroup.UnknownEntriesRead);
            else if (name == "consumers")
                ReadConsumers(consumers);
            else if (name == "pending")
                ReadPending(pending);
            else
                tokens.Fail(name, "a group has nothing of this name");
        }

        if (groupName is null || log.FindGroup(groupName) is not null)
            tokens.Fail("group", "a name that no other has is expected");
        ConsumerGroup group = log.AddGroup(groupName);
        group.LastId = last;
        group.EntriesRead = entriesRead;
        foreach ((byte[] name, long seenMs, long activeMs) in consumers)
        {
            Consumer consumer = group.GetOrAddConsumer(name, 0, out bool isNew);
            if (!isNew) tokens.Fail("consumer", "its name occurs twice");
            (consumer.SeenMs, consumer.ActiveMs) = (seenMs, activeMs);
        }

        foreach ((StreamId id, byte[] name, long deliveredMs, long deliveries) in pending)
        {
            Consumer? consumer = group.FindConsumer(name);
            if (consumer is null || group.TryGetPending(id, out _))
                tokens.Fail("pending entry", "it has no such consumer, or occurs twice");
            group.Deliver(id, consumer, deliveredMs, deliveries);
        }
    }

    private void ReadConsumers(List<(byte[] Name, long SeenMs, long ActiveMs)> consumers)
    {
        tokens.Expect(JsonTokenType.StartArray, "consumers");
        while (tokens.Read("consumer") == JsonTokenType.StartObject)
        {
            byte[]? name = null;
            long seenMs = 0;
            long activeMs = -1;
            while (tokens.Read("consumer") == JsonTokenType.PropertyName)
            {
                string property = Encoding.UTF8.GetString(tokens.Text);
                if (property == "name") name = tokens.ReadBytes(property).ToArray();
                else if (property == "seenMs") seenMs = tokens.ReadInteger(property);
                else if (property == "activeMs") activeMs = tokens.ReadInteger(property);
                else tokens.Fail(property, "a consumer has nothing of this name");
            }

            if (name is null) tokens.Fail("consumer", "a name is expected");
            consumers.Add((name, seenMs, activeMs));
        }

        ExpectedEndOfArray("consumers");
    }

    private void ReadPending(List<(StreamId Id, byte[] Consumer, long DeliveredMs, long Deliveries)> pending)
    {
        tokens.Expect(JsonTokenType.StartArray, "pending");
        while (tokens.Read("pending entry") == JsonTokenType.StartArray)
        {
            StreamId id = ReadId("id of a pending entry");
            byte[] consumer = tokens.ReadBytes("consumer of a pending entry").ToArray();
            long deliveredMs = tokens.ReadInteger("time of a delivery");
            pending.Add((id, consumer, deliveredMs, tokens.ReadInteger("number of deliveries")));
            tokens.Expect(JsonTokenType.EndArray, "pending entry");
        }

        ExpectedEndOfArray("pending");
    }

    private StreamId ReadId(string field)
    {
        if (!StreamId.TryParse(tokens.ReadBytes(field), 0, out StreamId id))
            tokens.Fail(field, "an id is expected, as 1767225600000-0");
        return id;
    }

    private void ExpectedEndOfArray(string field)
    {
        if (tokens.Type != JsonTokenType.EndArray)
            tokens.Fail(field, string.Create(CultureInfo.InvariantCulture, $"arrays are expected in it, this is {tokens.Type}"));
    }

    private void RefuseEmpty(string field, long count)
    {
        if (count == 0) tokens.Fail(field, "it has no elements");
    }
}
