using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// A data set as JSON, for people and their tools: to look into, to compare, to change by hand. Lines of JSON, an object each:
//
//     {"format":"kestrel-free","version":1}                                                     the first line
//     {"function":"#!lua name=..."}                                                             a library of functions
//     {"db":0,"key":"k","string":"v"}
//     {"db":0,"key":"k","expireAtMs":1767225600000,"list":["a","b"]}
//     {"db":0,"key":"k","idleSeconds":60,"set":["a","b"]}                                       or "frequency":9, where an eviction policy goes by it
//     {"db":0,"key":"k","zset":[["a",1.5],["b","-inf"]]}                                        by score; infinities are words
//     {"db":0,"key":"k","hash":[["f","v"],["g","w",1767225600000]]}                             a field that expires has a time
//     {"db":0,"key":"k","stream":{"lastId":"5-1","maxDeletedId":"3-1","entriesAdded":4,
//         "entries":[["4-1","f","v"],["5-1","f","v","g","w"]],
//         "groups":[{"name":"g","lastId":"4-1","entriesRead":3,
//             "consumers":[{"name":"c","seenMs":1767225600000,"activeMs":-1}],
//             "pending":[["4-1","c",1767225600000,2]]}]}}                                       id, consumer, when and how often delivered
//
// What stands for bytes is a JSON string where they are UTF-8, and {"base64":"..."} otherwise: one of the two fits any bytes, and neither can be
// taken for the other. The value's name says its type, so names may come in any order. Times are Unix milliseconds. Encodings are left out: they
// are no data.
//
// A collection is written as it is walked, and what has gathered goes to the stream after every so many bytes, so that memory does not follow
// the size of a value.

/// <summary>Writes a snapshot as lines of JSON.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The writer of JSON holds nothing but memory, and the stream is the caller's.")]
public sealed class JsonFileWriter : ISnapshotFileWriter
{
    /// <summary>What the first line calls the format.</summary>
    public const string Format = "kestrel-free";

    /// <summary>The version of the format.</summary>
    public const int Version = 1;

    private const int FlushBytes = 64 * 1024;
    private const int MostTextBytes = 64 << 20;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Stream _stream;
    private readonly Utf8JsonWriter _json;
    private readonly RdbFileOptions? _options;
    private readonly AccessClock? _access;
    private long _written;

    /// <summary>Prepares to write.</summary>
    /// <param name="stream">Takes the file; it stays the caller's.</param>
    /// <param name="options">What is told besides keys and values: functions, and the use of keys. Nothing, if null.</param>
    public JsonFileWriter(Stream stream, RdbFileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _json = new Utf8JsonWriter(stream, Options);
        _options = options;
        if (options?.Access is { } policy)
            _access = AccessClock.StandingAt(options.CreatedMs, policy, options.LfuDecayMinutes);
    }

    /// <inheritdoc/>
    public long BytesWritten => Volatile.Read(ref _written);

    /// <inheritdoc/>
    public bool Write(Snapshot snapshot, Func<bool>? advance = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        WriteHeader();
        SnapshotWalk walk = snapshot.Walk();
        while (walk.MoveNext())
        {
            WriteKey(walk.DatabaseIndex, walk.Entry);
            if (advance is not null && !advance()) return false;
        }

        return true;
    }

    private void WriteHeader()
    {
        _json.WriteStartObject();
        _json.WriteString("format"u8, Format);
        _json.WriteNumber("version"u8, Version);
        EndLine();
        foreach (byte[] library in _options?.Functions ?? [])
        {
            _json.WriteStartObject();
            _json.WritePropertyName("function"u8);
            WriteBytes(library);
            EndLine();
        }
    }

    private void WriteKey(int database, in EntryView entry)
    {
        _json.WriteStartObject();
        _json.WriteNumber("db"u8, database);
        _json.WritePropertyName("key"u8);
        WriteBytes(entry.Key);
        if (entry.HasExpiry) _json.WriteNumber("expireAtMs"u8, entry.ExpiryMs);
        if (_access?.Policy == AccessPolicy.Lru)
            _json.WriteNumber("idleSeconds"u8, _access.IdleMs(entry.Access) / 1000);
        else if (_access?.Policy == AccessPolicy.Lfu)
            _json.WriteNumber("frequency"u8, _access.Frequency(entry.Access));
        WriteValue(entry);
        EndLine();
    }

    private void EndLine()
    {
        _json.WriteEndObject();
        Flush();
        _json.Reset();
        _stream.WriteByte((byte)'\n');
        Volatile.Write(ref _written, _written + 1);
    }

    private void Flush()
    {
        long pending = _json.BytesPending;
        _json.Flush();
        Volatile.Write(ref _written, _written + pending);
    }

    private void FlushIfLong()
    {
        if (_json.BytesPending >= FlushBytes) Flush();
    }

    private void WriteValue(in EntryView entry)
    {
        switch (entry.Type)
        {
            case DataType.String:
                _json.WritePropertyName("string"u8);
                WriteBytes(entry.GetString(stackalloc byte[ListpackValue.MaxIntegerText]));
                break;
            case DataType.List:
                WriteList(entry);
                break;
            case DataType.Set:
                WriteSet(entry);
                break;
            case DataType.SortedSet:
                WriteZset(entry);
                break;
            case DataType.Hash:
                WriteHash(entry);
                break;
            case DataType.Stream:
                WriteStream(entry.Collection<StreamValue>().Log);
                break;
            default:
                throw new NotSupportedException($"values of type {entry.Type} cannot be written as JSON");
        }
    }

    private void WriteBytes(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= MostTextBytes && Utf8.IsValid(bytes))
        {
            _json.WriteStringValue(bytes);
        }
        else
        {
            _json.WriteStartObject();
            _json.WritePropertyName("base64"u8);
            for (; bytes.Length > MostTextBytes; bytes = bytes[MostTextBytes..])
                _json.WriteBase64StringSegment(bytes[..MostTextBytes], isFinalSegment: false);
            _json.WriteBase64StringSegment(bytes, isFinalSegment: true);
            _json.WriteEndObject();
        }

        FlushIfLong();
    }

    private void WriteElement(ListpackValue value) => WriteBytes(value.GetText(stackalloc byte[ListpackValue.MaxIntegerText]));

    private void WriteList(in EntryView entry)
    {
        _json.WriteStartArray("list"u8);
        var elements = new ListElements(entry, 0, ListEnd.Tail);
        while (elements.MoveNext())
            WriteElement(elements.Current);
        _json.WriteEndArray();
    }

    private void WriteSet(in EntryView entry)
    {
        _json.WriteStartArray("set"u8);
        SetMembers members = SetMembers.Of(entry);
        while (members.MoveNext())
            WriteElement(members.Current);
        _json.WriteEndArray();
    }

    private void WriteZset(in EntryView entry)
    {
        _json.WriteStartArray("zset"u8);
        var elements = new ZsetElements(entry, 0, ZsetOrder.Ascending);
        while (elements.MoveNext())
        {
            _json.WriteStartArray();
            WriteElement(elements.Member);
            if (double.IsInfinity(elements.Score)) _json.WriteStringValue(elements.Score > 0 ? "inf"u8 : "-inf"u8);
            else _json.WriteNumberValue(elements.Score);
            _json.WriteEndArray();
        }

        _json.WriteEndArray();
    }

    private void WriteHash(in EntryView entry)
    {
        _json.WriteStartArray("hash"u8);
        for (HashFields fields = HashFields.AllOf(entry); fields.MoveNext();)
        {
            _json.WriteStartArray();
            WriteElement(fields.Field);
            WriteElement(fields.Value);
            if (fields.ExpiryMs >= 0) _json.WriteNumberValue(fields.ExpiryMs);
            _json.WriteEndArray();
        }

        _json.WriteEndArray();
    }

    private void WriteStream(StreamLog log)
    {
        _json.WriteStartObject("stream"u8);
        WriteId("lastId", log.LastId);
        WriteId("maxDeletedId", log.MaxDeletedId);
        _json.WriteNumber("entriesAdded"u8, log.EntriesAdded);
        _json.WriteStartArray("entries"u8);
        StreamCursor entries = log.Read(StreamId.Min, StreamId.Max);
        while (entries.MoveNext())
        {
            _json.WriteStartArray();
            _json.WriteStringValue(Text(entries.Id));
            while (entries.TryReadField(out ListpackValue field, out ListpackValue value))
            {
                WriteElement(field);
                WriteElement(value);
            }

            _json.WriteEndArray();
        }

        _json.WriteEndArray();
        _json.WriteStartArray("groups"u8);
        foreach (ConsumerGroup group in log.Groups())
            WriteGroup(group);
        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    private void WriteGroup(ConsumerGroup group)
    {
        _json.WriteStartObject();
        _json.WritePropertyName("name"u8);
        WriteBytes(group.Name);
        WriteId("lastId", group.LastId);
        _json.WriteNumber("entriesRead"u8, group.EntriesRead);
        _json.WriteStartArray("consumers"u8);
        foreach (Consumer consumer in group.Consumers())
        {
            _json.WriteStartObject();
            _json.WritePropertyName("name"u8);
            WriteBytes(consumer.Name);
            _json.WriteNumber("seenMs"u8, consumer.SeenMs);
            _json.WriteNumber("activeMs"u8, consumer.ActiveMs);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
        _json.WriteStartArray("pending"u8);
        bool found = group.TryPendingFrom(StreamId.Min, null, out StreamId id, out PendingEntry pending);
        while (found)
        {
            WritePending(id, pending);
            found = id.TryNext(out StreamId next) && group.TryPendingFrom(next, null, out id, out pending);
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    private void WritePending(StreamId id, in PendingEntry pending)
    {
        _json.WriteStartArray();
        _json.WriteStringValue(Text(id));
        WriteBytes(pending.Consumer);
        _json.WriteNumberValue(pending.DeliveredMs);
        _json.WriteNumberValue(pending.Deliveries);
        _json.WriteEndArray();
    }

    private void WriteId(string name, StreamId id) => _json.WriteString(name, Text(id));

    private static string Text(StreamId id) => string.Create(CultureInfo.InvariantCulture, $"{id.Ms}-{id.Seq}");
}
