using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace KestrelFree.Storage;

/// <summary>
/// Reads the lines of JSON that <see cref="JsonFileWriter"/> writes into a keyspace, in slices between which the keyspace is in order. Keys come
/// in as by commands, events included. What is wrong is a <see cref="JsonFileException"/>; the keys before it have been stored then.
/// </summary>
public sealed class JsonFileReader
{
    private const long NotGiven = -1;

    private readonly Keyspace _keyspace;
    private readonly JsonTokens _tokens;
    private readonly JsonValueReader _values;
    private readonly List<byte[]> _functions = [];
    private bool _hasHeader;

    /// <summary>Prepares to read.</summary>
    /// <param name="keyspace">Takes the keys.</param>
    /// <param name="stream">The file; it stays the caller's.</param>
    /// <param name="name">What it is, for errors.</param>
    public JsonFileReader(Keyspace keyspace, Stream stream, string name)
    {
        _keyspace = keyspace;
        _tokens = new JsonTokens(stream, name);
        _values = new JsonValueReader(keyspace, _tokens);
    }

    /// <summary>The bytes that have been read.</summary>
    public long Offset => _tokens.Offset;

    /// <summary>Keys that have been stored.</summary>
    public long KeysLoaded { get; private set; }

    /// <summary>Keys that were left out since they are past their time.</summary>
    public long KeysExpired { get; private set; }

    /// <summary>Sources of libraries of functions.</summary>
    public IReadOnlyList<byte[]> Functions => _functions;

    /// <summary>
    /// Reads for a time at least, or so many bytes; true at the end. A value is never left half read. Throws <see cref="JsonFileException"/>,
    /// and what the stream throws.
    /// </summary>
    public bool ReadSlice(long budgetMicros, long mostBytes)
    {
        long began = Stopwatch.GetTimestamp();
        long offset = Offset;
        do
        {
            if (!_tokens.TryRead("key"))
            {
                if (!_hasHeader) _tokens.Fail("format", "this file is empty");
                return true;
            }

            if (_tokens.Type != JsonTokenType.StartObject) _tokens.Fail("key", "an object is expected");
            ReadObject();
        }
        while (Offset - offset < mostBytes && Stopwatch.GetElapsedTime(began).TotalMicroseconds < budgetMicros);

        return false;
    }

    private void ReadObject()
    {
        var line = new Line { ExpiryMs = NotGiven, IdleSeconds = NotGiven, Frequency = NotGiven };
        while (_tokens.Read("name") == JsonTokenType.PropertyName)
            ReadProperty(Encoding.UTF8.GetString(_tokens.Text), ref line);

        if (!_hasHeader && !line.IsHeader) _tokens.Fail("format", "the first line does not tell it");
        _hasHeader = true;
        if (line.Key is not null || line.Value is not null || !(line.IsHeader || line.IsFunction)) Store(line);
    }

    private void ReadProperty(string name, ref Line line)
    {
        switch (name)
        {
            case "format" or "version" when !_hasHeader:
                CheckHeader(name);
                line.IsHeader |= name == "format";
                break;
            case "function":
                _functions.Add(_tokens.ReadBytes(name).ToArray());
                line.IsFunction = true;
                break;
            case "db":
                line.Database = _tokens.ReadInteger(name);
                break;
            case "key":
                line.Key = _tokens.ReadBytes(name).ToArray();
                break;
            case "expireAtMs":
                line.ExpiryMs = _tokens.ReadInteger(name);
                break;
            case "idleSeconds":
                line.IdleSeconds = ReadWithin(name, uint.MaxValue);
                break;
            case "frequency":
                line.Frequency = ReadWithin(name, byte.MaxValue);
                break;
            default:
                if (line.Value is not null) _tokens.Fail(name, "the key has a value already");
                line.Value = _values.Read(name);
                break;
        }
    }

    private void Store(in Line line)
    {
        if (line.Key is null || line.Value is null) _tokens.Fail("key", "a key and a value are expected");
        if (line.Database < 0 || line.Database >= _keyspace.DatabaseCount)
            _tokens.Fail("db", $"{line.Database} of {_keyspace.DatabaseCount} databases");
        if (!TryStore(_keyspace[(int)line.Database], line.Key, line.Value, line.ExpiryMs, out EntryRef entry)) return;
        if (line.IdleSeconds != NotGiven) entry.SetIdle(line.IdleSeconds);
        else if (line.Frequency != NotGiven) entry.SetFrequency((int)line.Frequency);
    }

    private long ReadWithin(string name, long most)
    {
        long number = _tokens.ReadInteger(name);
        if (number < 0 || number > most) _tokens.Fail(name, $"{number} is not between 0 and {most}");
        return number;
    }

    private void CheckHeader(string name)
    {
        if (name == "format" && !_tokens.ReadBytes(name).SequenceEqual(Encoding.UTF8.GetBytes(JsonFileWriter.Format)))
            _tokens.Fail(name, $"it is not {JsonFileWriter.Format}");
        if (name == "version" && _tokens.ReadInteger(name) is var version && version != JsonFileWriter.Version)
            _tokens.Fail(name, $"{version} is none that is read");
    }

    private bool TryStore(Database database, byte[] key, JsonValue value, long expiryMs, out EntryRef entry)
    {
        entry = default;
        RdbValue stored = new(value.Form, value.Collection, value.Bytes);
        if (expiryMs >= 0 && expiryMs < _keyspace.Clock.NowMs)
        {
            stored.Discard(database);
            KeysExpired++;
            return false;
        }

        entry = database.LookupWrite(key);
        if (entry.Exists)
        {
            stored.Discard(database);
            _tokens.Fail("key", "it occurs twice");
        }

        stored.StoreInto(ref entry, expiryMs < 0 ? Expiry.None : Expiry.At(expiryMs));
        KeysLoaded++;
        return true;
    }

    // What one line tells, as far as it was read.
    private struct Line
    {
        public byte[]? Key;
        public JsonValue? Value;
        public long Database;
        public long ExpiryMs;
        public long IdleSeconds;
        public long Frequency;
        public bool IsHeader;
        public bool IsFunction;
    }
}
