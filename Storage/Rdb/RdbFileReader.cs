using System.Text;

namespace KestrelFree.Storage;

/// <summary>What a file's key does to one that is there already.</summary>
public enum KnownKeys
{
    /// <summary>No key may be there: the file is corrupt.</summary>
    Refuse,

    /// <summary>It takes its place.</summary>
    Replace,
}

/// <summary>What a file is read for.</summary>
public enum RdbPurpose
{
    /// <summary>Its keys are stored.</summary>
    Load,

    /// <summary>
    /// Its keys are read and thrown away, also those of modules, whatever database they are in: only whether the file is sound counts.
    /// </summary>
    Check,
}

/// <summary>
/// Reads an RDB file into a keyspace, see <see cref="RdbWriter"/>, at once or in slices between which the keyspace is in order. Keys come in as
/// by commands, events included. What is corrupt is an <see cref="RdbException"/>; the keys before it have been stored then.
/// </summary>
/// <param name="keyspace">Takes the keys.</param>
/// <param name="check">How strictly packed values are checked.</param>
public sealed class RdbFileReader(Keyspace keyspace, PayloadCheck check)
{
    private const int MagicBytes = 5;
    private const int VersionDigits = 4;
    private const int FirstVersionWithChecksum = 5;
    private const long NotGiven = -1;

    private const int EntriesPerLook = 16;
    private const ulong LeastEntryBytes = 4;

    private readonly Dictionary<string, string> _aux = [];
    private readonly List<byte[]> _functions = [];
    private RdbInput? _input;
    private RdbFamily _family;
    private bool _ended;
    private byte[] _key = new byte[256];
    private int _keyLength;
    private RdbLoading _loading = new(keyspace[0], check);
    private long _expiryMs = NotGiven;
    private long _idleSeconds = NotGiven;
    private int _frequency = (int)NotGiven;

    /// <summary>What happens to keys past their time: they are left out, unless expired keys are only to be hidden.</summary>
    public ExpiredKeys ExpiredKeys { get; init; } = ExpiredKeys.Delete;

    /// <summary>What the file is read for.</summary>
    public RdbPurpose Purpose { get; init; }

    /// <summary>The bytes of the file, or more.</summary>
    public long MostBytes { get; init; } = 1 << 20;

    /// <summary>Whether a checksum that the file has must be right.</summary>
    public bool VerifiesChecksum { get; init; } = true;

    /// <summary>The version of the format of the file.</summary>
    public int Version { get; private set; }

    /// <summary>Keys that have been stored.</summary>
    public long KeysLoaded { get; private set; }

    /// <summary>Keys that have been read, or whose values were being read when that failed.</summary>
    public long KeysRead { get; private set; }

    /// <summary>Keys among them that expire, now or later.</summary>
    public long KeysThatExpire { get; private set; }

    /// <summary>The type of the value that is being read, of the key <see cref="CurrentKey"/>; null between keys.</summary>
    public RdbType? CurrentType { get; private set; }

    /// <summary>The key whose value is being read.</summary>
    public ReadOnlySpan<byte> CurrentKey => _key.AsSpan(0, _keyLength);

    /// <summary>Up to where the file was read when one of the callbacks was last called, or at its end.</summary>
    public long Offset { get; private set; }

    /// <summary>Whether the file has a checksum: known at its end.</summary>
    public bool HasChecksum { get; private set; }

    /// <summary>Keys that were left out since they are past their time.</summary>
    public long KeysExpired { get; private set; }

    /// <summary>Keys that were left out since their collections have no elements.</summary>
    public long KeysEmpty { get; private set; }

    /// <summary>What happens to a key that is there already.</summary>
    public KnownKeys KnownKeys { get; init; } = KnownKeys.Refuse;

    /// <summary>Is called for each key that is stored, before it is.</summary>
    public Action? BeforeKey { get; init; }

    /// <summary>Is told what the file tells about itself, by name.</summary>
    public Action<string, string>? AuxRead { get; init; }

    /// <summary>Is told the number of each database whose keys begin.</summary>
    public Action<ulong>? DatabaseRead { get; init; }

    /// <summary>Is told of each key that is left out since its collection has no elements.</summary>
    public Action<byte[]>? EmptyKeyRead { get; init; }

    /// <summary>Sources of libraries of functions.</summary>
    public IReadOnlyList<byte[]> Functions => _functions;

    /// <summary>Whether the whole file has been read.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>What the file tells about itself, by name.</summary>
    public IReadOnlyDictionary<string, string> Aux => _aux;

    /// <summary>Reads a whole file. O(bytes). Throws <see cref="RdbException"/>, and what the stream throws.</summary>
    public void Read(RdbInput input)
    {
        Begin(input);
        while (!IsComplete)
            ReadSlice(TimeBudget.Unlimited, long.MaxValue);
    }

    /// <summary>Reads the header of a file, for <see cref="ReadSlice"/> to go on. Throws as <see cref="Read"/> does.</summary>
    public void Begin(RdbInput input)
    {
        Invariant.Check(_input is null);
        _input = input;
        RdbReader reader = new(input);
        ReadHeader(ref reader);
        reader.Suspend();
    }

    /// <summary>Reads for a time at least, or so many bytes; a value is never left half read. Throws as <see cref="Read"/> does.</summary>
    public void ReadSlice(long budgetMicros, long mostBytes)
    {
        Invariant.Check(_input is not null && !IsComplete);
        var budget = new TimeBudget(Math.Min(budgetMicros, TimeBudget.Unlimited));
        RdbReader reader = new(_input);
        long began = reader.Offset;
        do
        {
            RdbLookAhead.Prefetch(reader.LookAhead(RdbLookAhead.WindowBytes), _loading.Database, EntriesPerLook);
            for (int i = 0; i < EntriesPerLook && !_ended; i++)
                ReadNext(ref reader);
        }
        while (!_ended && !budget.IsSpent && reader.Offset - began < mostBytes);

        if (_ended) ReadChecksum(ref reader);
        IsComplete = _ended;
        reader.Suspend();
    }

    private void ReadNext(scoped ref RdbReader reader)
    {
        byte code = reader.ReadByte("opcode");
        if (code == (byte)RdbOpcode.End) _ended = true;
        else if (code >= (byte)RdbOpcode.SlotSizes) ReadOpcode(ref reader, (RdbOpcode)code);
        else ReadEntry(ref reader, (RdbType)code);
    }

    // "REDIS" and four digits, or "VALKEY" and three.
    private void ReadHeader(scoped ref RdbReader reader)
    {
        ReadOnlySpan<byte> magic = reader.ReadBytes(MagicBytes, "magic");
        _family = magic.SequenceEqual("VALKE"u8) ? RdbFamily.Valkey : RdbFamily.Redis;
        if (_family == RdbFamily.Redis && !magic.SequenceEqual("REDIS"u8))
            reader.Fail("magic", "this is not an RDB file");
        ReadOnlySpan<byte> digits = reader.ReadBytes(VersionDigits, "version");
        if (_family == RdbFamily.Valkey && digits[0] == 'Y') digits = digits[1..];
        Version = int.TryParse(digits, out int version) ? version : 0;
        bool isRead = _family == RdbFamily.Valkey ? Version == RdbFormat.ValkeyVersion : Version is >= 1 and <= RdbFormat.NewestVersion;
        if (!isRead)
            reader.Fail("version", $"'{Encoding.Latin1.GetString(digits)}' is none that is read (Redis's 1 to {RdbFormat.NewestVersion}, Valkey's {RdbFormat.ValkeyVersion})");
        _loading = LoadingInto(keyspace[0]);
    }

    private RdbLoading LoadingInto(Database database) => new(database, check) { Family = _family, SkipsModules = Purpose == RdbPurpose.Check };

    private void ReadOpcode(scoped ref RdbReader reader, RdbOpcode opcode)
    {
        switch (opcode)
        {
            case RdbOpcode.ExpireTimeMs:
                _expiryMs = (long)reader.ReadUInt64("expiry");
                break;
            case RdbOpcode.ExpireTime:
                _expiryMs = (int)reader.ReadUInt32("expiry") * 1000L;
                break;
            case RdbOpcode.Idle:
                _idleSeconds = (long)Math.Min(reader.ReadLength("idle time"), long.MaxValue);
                break;
            case RdbOpcode.Frequency:
                _frequency = reader.ReadByte("frequency");
                break;
            case RdbOpcode.SelectDatabase:
                SelectDatabase(ref reader);
                break;
            case RdbOpcode.ResizeDatabase:
                Presize(reader.ReadLength("number of keys"));
                reader.ReadLength("number of keys that expire");
                break;
            case RdbOpcode.Aux:
                string name = Encoding.UTF8.GetString(reader.ReadString("aux name"));
                _aux[name] = Encoding.UTF8.GetString(reader.ReadString("aux value"));
                Offset = reader.Offset;
                AuxRead?.Invoke(name, _aux[name]);
                break;
            case RdbOpcode.SlotSizes:
                reader.ReadLength("slot");
                reader.ReadLength("number of keys in the slot");
                reader.ReadLength("number of keys in the slot that expire");
                break;
            case RdbOpcode.Function:
                _functions.Add(reader.ReadString("library of functions").ToArray());
                break;
            case RdbOpcode.ModuleAux when Purpose == RdbPurpose.Check:
                RdbModules.SkipAux(ref reader);
                break;
            case RdbOpcode.ModuleAux:
                RdbModules.Refuse(ref reader);
                break;
            default:
                reader.Fail("opcode", $"{(byte)opcode} is none that is read");
                break;
        }
    }

    // A number that lies costs no more than the file could be true.
    private void Presize(ulong keys)
    {
        if (Purpose == RdbPurpose.Load)
            _loading.Database.Presize((long)Math.Min(keys, (ulong)MostBytes / LeastEntryBytes));
    }

    private void SelectDatabase(scoped ref RdbReader reader)
    {
        ulong index = reader.ReadLength("database number");
        Offset = reader.Offset;
        DatabaseRead?.Invoke(index);
        if (Purpose == RdbPurpose.Check) return;
        if (index >= (ulong)keyspace.DatabaseCount)
            reader.Fail("database number", $"{index} of {keyspace.DatabaseCount} databases");
        _loading = LoadingInto(keyspace[(int)index]);
    }

    private void ReadEntry(scoped ref RdbReader reader, RdbType type)
    {
        CurrentType = null;
        ReadOnlySpan<byte> read = reader.ReadString("key");
        if (_key.Length < read.Length)
            _key = new byte[Math.Max(read.Length, Math.Min(2 * _key.Length, Array.MaxLength))];
        read.CopyTo(_key);
        _keyLength = read.Length;
        CurrentType = type;
        KeysRead++;

        RdbValue value = RdbValues.Load(ref reader, type, _loading);
        if (_expiryMs != NotGiven) KeysThatExpire++;
        Take(ref reader, CurrentKey, value);
        CurrentType = null;
        _expiryMs = _idleSeconds = NotGiven;
        _frequency = (int)NotGiven;
    }

    private void Take(scoped ref RdbReader reader, ReadOnlySpan<byte> key, RdbValue value)
    {
        bool isPast = _expiryMs != NotGiven && _expiryMs < keyspace.Clock.NowMs;
        if (value.IsEmpty)
        {
            if (Purpose == RdbPurpose.Check) reader.Fail("value", "it has no elements");
            KeysEmpty++;
            EmptyKeyRead?.Invoke(key.ToArray());
        }
        else if (Purpose == RdbPurpose.Check || (isPast && ExpiredKeys == ExpiredKeys.Delete))
        {
            value.Discard(_loading.Database);
            if (isPast) KeysExpired++;
        }
        else
        {
            Store(ref reader, key, value);
        }
    }

    private void Store(scoped ref RdbReader reader, ReadOnlySpan<byte> key, RdbValue value)
    {
        BeforeKey?.Invoke();
        EntryRef entry = _loading.Database.LookupWrite(key);
        if (entry.Exists && KnownKeys == KnownKeys.Refuse)
        {
            value.Discard(_loading.Database);
            reader.Fail("key", "it occurs twice");
        }

        value.StoreInto(ref entry, _expiryMs == NotGiven ? Expiry.None : Expiry.At(_expiryMs));
        if (_idleSeconds != NotGiven) entry.SetIdle(_idleSeconds);
        else if (_frequency != NotGiven) entry.SetFrequency(_frequency);
        KeysLoaded++;
    }

    private void ReadChecksum(scoped ref RdbReader reader)
    {
        Offset = reader.Offset;
        if (Version < FirstVersionWithChecksum) return;
        ulong actual = reader.Checksum();
        ulong expected = reader.ReadUInt64("checksum");
        Offset = reader.Offset;
        HasChecksum = expected != 0;
        if (VerifiesChecksum && expected != 0 && expected != actual)
            reader.FailChecksum($"it is {actual:x16}, the file says {expected:x16}");
    }
}
