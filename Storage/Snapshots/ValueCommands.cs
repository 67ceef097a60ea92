using System.Buffers;
using System.Globalization;
using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// The commands that make a value anew, for an append-only file whose base is no snapshot (aof-use-rdb-preamble no). One row per type. A command
// takes at most so many elements that loading it blocks nobody for long:
//
//     RPUSH key e e ...    SADD key m m ...    ZADD key s m s m ...    HMSET key f v f v ...    then HPEXPIREAT for each field that expires
//     XADD key id f v ...  for each entry, XSETID for what the stream remembers, XGROUP CREATE and CREATECONSUMER, and XCLAIM for each pending entry
//     PEXPIREAT key ms     last

/// <summary>Writes values as the commands that make them. O(value); on any thread, of an entry that nobody writes.</summary>
public sealed class ValueCommands
{
    private const int ElementsPerCommand = 64;
    private const int LongestScore = 32;
    private const long Never = 0;

    private readonly IBufferWriter<byte> _output;
    private readonly CommandEncoder _encoder;
    private readonly ArrayBufferWriter<byte> _batch = new();
    private readonly CommandEncoder _batchEncoder;

    /// <summary>Writes to an output.</summary>
    public ValueCommands(IBufferWriter<byte> output)
    {
        _output = output;
        _encoder = new CommandEncoder(output);
        _batchEncoder = new CommandEncoder(_batch);
    }

    /// <summary>Writes the choice of a database.</summary>
    public void WriteSelect(int database)
    {
        _encoder.Begin(2);
        _encoder.Argument("SELECT"u8);
        _encoder.Argument(database);
    }

    /// <summary>Writes a key and its value. Throws NotSupportedException for a type without a row.</summary>
    public void Write(scoped in EntryView entry)
    {
        ReadOnlySpan<byte> key = entry.Key;
        switch (entry.Type)
        {
            case DataType.String:
                WriteString(key, entry);
                break;
            case DataType.List:
                WriteList(key, entry);
                break;
            case DataType.Set:
                WriteSet(key, entry);
                break;
            case DataType.SortedSet:
                WriteZset(key, entry);
                break;
            case DataType.Hash:
                WriteHash(key, entry);
                break;
            case DataType.Stream:
                WriteStream(key, entry.Collection<StreamValue>().Log);
                break;
            default:
                throw new NotSupportedException($"values of type {entry.Type} cannot be written as commands");
        }

        if (!entry.HasExpiry) return;
        Begin(3, "PEXPIREAT"u8, key);
        _encoder.Argument(entry.ExpiryMs);
    }

    private void Begin(int count, ReadOnlySpan<byte> name, ReadOnlySpan<byte> key)
    {
        _encoder.Begin(count);
        _encoder.Argument(name);
        _encoder.Argument(key);
    }

    private void EndBatch(ReadOnlySpan<byte> name, ReadOnlySpan<byte> key, ref int arguments)
    {
        if (arguments == 0) return;
        Begin(2 + arguments, name, key);
        _output.Write(_batch.WrittenSpan);
        _batch.ResetWrittenCount();
        arguments = 0;
    }

    private void WriteString(ReadOnlySpan<byte> key, in EntryView entry)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
        Begin(3, "SET"u8, key);
        _encoder.Argument(entry.GetString(digits));
    }

    private void WriteList(ReadOnlySpan<byte> key, in EntryView entry)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        int arguments = 0;
        var elements = new ListElements(entry, 0, ListEnd.Tail);
        while (elements.MoveNext())
        {
            _batchEncoder.Argument(elements.Current.GetText(digits));
            if (++arguments == ElementsPerCommand) EndBatch("RPUSH"u8, key, ref arguments);
        }

        EndBatch("RPUSH"u8, key, ref arguments);
    }

    private void WriteSet(ReadOnlySpan<byte> key, in EntryView entry)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        int arguments = 0;
        SetMembers members = SetMembers.Of(entry);
        while (members.MoveNext())
        {
            _batchEncoder.Argument(members.Current.GetText(digits));
            if (++arguments == ElementsPerCommand) EndBatch("SADD"u8, key, ref arguments);
        }

        EndBatch("SADD"u8, key, ref arguments);
    }

    private void WriteZset(ReadOnlySpan<byte> key, in EntryView entry)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> score = stackalloc byte[LongestScore];
        int arguments = 0;
        var elements = new ZsetElements(entry, 0, ZsetOrder.Ascending);
        while (elements.MoveNext())
        {
            _batchEncoder.Argument(score[..FormatScore(elements.Score, score)]);
            _batchEncoder.Argument(elements.Member.GetText(digits));
            if ((arguments += 2) == 2 * ElementsPerCommand) EndBatch("ZADD"u8, key, ref arguments);
        }

        EndBatch("ZADD"u8, key, ref arguments);
    }

    private static int FormatScore(double score, Span<byte> text)
    {
        if (double.IsInfinity(score))
        {
            ReadOnlySpan<byte> infinity = score > 0 ? "inf"u8 : "-inf"u8;
            infinity.CopyTo(text);
            return infinity.Length;
        }

        score.TryFormat(text, out int written, "g17", CultureInfo.InvariantCulture);
        return written;
    }

    private void WriteHash(ReadOnlySpan<byte> key, in EntryView entry)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        int arguments = 0;
        bool expires = false;
        var fields = new HashFields(entry, exists: true, Never);
        while (fields.MoveNext())
        {
            _batchEncoder.Argument(fields.Field.GetText(digits));
            _batchEncoder.Argument(fields.Value.GetText(digits));
            expires |= fields.ExpiryMs >= 0;
            if ((arguments += 2) == 2 * ElementsPerCommand) EndBatch("HMSET"u8, key, ref arguments);
        }

        EndBatch("HMSET"u8, key, ref arguments);
        if (expires) WriteFieldExpiries(key, entry);
    }

    private void WriteFieldExpiries(ReadOnlySpan<byte> key, in EntryView entry)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        var fields = new HashFields(entry, exists: true, Never);
        while (fields.MoveNext())
        {
            if (fields.ExpiryMs < 0) continue;
            Begin(6, "HPEXPIREAT"u8, key);
            _encoder.Argument(fields.ExpiryMs);
            _encoder.Argument("FIELDS"u8);
            _encoder.Argument(1);
            _encoder.Argument(fields.Field.GetText(digits));
        }
    }

    private void WriteStream(ReadOnlySpan<byte> key, StreamLog log)
    {
        WriteStreamEntries(key, log);
        Begin(7, "XSETID"u8, key);
        WriteId(log.LastId);
        _encoder.Argument("ENTRIESADDED"u8);
        _encoder.Argument(log.EntriesAdded);
        _encoder.Argument("MAXDELETEDID"u8);
        WriteId(log.MaxDeletedId);
        foreach (ConsumerGroup group in log.Groups())
            WriteGroup(key, group);
    }

    // A stream that has no entries is made by adding one and trimming to none.
    private void WriteStreamEntries(ReadOnlySpan<byte> key, StreamLog log)
    {
        Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
        StreamCursor entries = log.Read(StreamId.Min, StreamId.Max);
        while (entries.MoveNext())
        {
            int arguments = 0;
            while (entries.TryReadField(out ListpackValue field, out ListpackValue value))
            {
                _batchEncoder.Argument(field.GetText(digits));
                _batchEncoder.Argument(value.GetText(digits));
                arguments += 2;
            }

            Begin(3 + arguments, "XADD"u8, key);
            WriteId(entries.Id);
            _output.Write(_batch.WrittenSpan);
            _batch.ResetWrittenCount();
        }

        if (log.Length > 0) return;
        Begin(7, "XADD"u8, key);
        _encoder.Argument("MAXLEN"u8);
        _encoder.Argument(0);
        WriteId(new StreamId(0, 1));
        _encoder.Argument("x"u8);
        _encoder.Argument("y"u8);
    }

    private void WriteGroup(ReadOnlySpan<byte> key, ConsumerGroup group)
    {
        _encoder.Begin(7);
        _encoder.Argument("XGROUP"u8);
        _encoder.Argument("CREATE"u8);
        _encoder.Argument(key);
        _encoder.Argument(group.Name);
        WriteId(group.LastId);
        _encoder.Argument("ENTRIESREAD"u8);
        _encoder.Argument(group.EntriesRead);
        foreach (Consumer consumer in group.Consumers())
        {
            _encoder.Begin(5);
            _encoder.Argument("XGROUP"u8);
            _encoder.Argument("CREATECONSUMER"u8);
            _encoder.Argument(key);
            _encoder.Argument(group.Name);
            _encoder.Argument(consumer.Name);
        }

        bool found = group.TryPendingFrom(StreamId.Min, null, out StreamId id, out PendingEntry entry);
        while (found)
        {
            WritePending(key, group, id, entry);
            found = id.TryNext(out StreamId next) && group.TryPendingFrom(next, null, out id, out entry);
        }
    }

    private void WritePending(ReadOnlySpan<byte> key, ConsumerGroup group, StreamId id, in PendingEntry entry)
    {
        Begin(12, "XCLAIM"u8, key);
        _encoder.Argument(group.Name);
        _encoder.Argument(entry.Consumer);
        _encoder.Argument(0);
        WriteId(id);
        _encoder.Argument("TIME"u8);
        _encoder.Argument(entry.DeliveredMs);
        _encoder.Argument("RETRYCOUNT"u8);
        _encoder.Argument(entry.Deliveries);
        _encoder.Argument("JUSTID"u8);
        _encoder.Argument("FORCE"u8);
    }

    private void WriteId(StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.MaxText];
        _encoder.Argument(text[..id.Format(text)]);
    }
}
