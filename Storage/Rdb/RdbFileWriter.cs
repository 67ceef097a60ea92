using System.Globalization;
using System.Text;

namespace KestrelFree.Storage;

/// <summary>What a file tells besides keys, and how it is written.</summary>
public sealed record RdbFileOptions
{
    /// <summary>
    /// The version of the format. A value that needs a newer one raises it, if the stream can seek, and breaks an invariant otherwise.
    /// </summary>
    public int Version { get; init; } = RdbFormat.Version;

    /// <summary>Sources of libraries of functions.</summary>
    public IReadOnlyList<byte[]> Functions { get; init; } = [];

    /// <summary>The version of Redis that the server claims to be (aux redis-ver).</summary>
    public required string RedisVersion { get; init; }

    /// <summary>When the snapshot was taken, in Unix milliseconds (aux ctime).</summary>
    public required long CreatedMs { get; init; }

    /// <summary>Used memory at the time, in bytes (aux used-mem).</summary>
    public long UsedMemory { get; init; }

    /// <summary>Whether an append-only file goes on where this file ends (aux aof-base).</summary>
    public bool IsAofBase { get; init; }

    /// <summary>More names and values about the file, such as the replication id.</summary>
    public IReadOnlyList<(string Name, string Value)> Aux { get; init; } = [];

    /// <summary>Whether strings are compressed.</summary>
    public RdbCompression Compression { get; init; } = RdbCompression.Lzf;

    /// <summary>Whether the file ends with a checksum (rdbchecksum); 0 stands in its place otherwise.</summary>
    public bool HasChecksum { get; init; } = true;

    /// <summary>What of the keys' use is written: idle times (LRU), frequencies (LFU), or nothing.</summary>
    public AccessPolicy? Access { get; init; }

    /// <summary>lfu-decay-time, in minutes.</summary>
    public int LfuDecayMinutes { get; init; } = 1;
}

/// <summary>
/// Writes a snapshot as an RDB file, see <see cref="RdbWriter"/>. <see cref="Write"/> may run on a thread of its own, since it reads nothing but the
/// snapshot's walk; the counters may be read by any thread meanwhile.
/// </summary>
public sealed class RdbFileWriter : ISnapshotFileWriter
{
    private const int MagicBytes = 5;
    private const int HeaderBytes = MagicBytes + 4;

    private readonly Stream _stream;
    private readonly RdbFileOutput _output;
    private readonly RdbWriter _writer;
    private readonly RdbFileOptions _options;
    private readonly AccessClock _access;
    private long _keys;

    /// <summary>Prepares to write.</summary>
    /// <param name="stream">Takes the file; flushing, syncing and closing it is the caller's.</param>
    /// <param name="options">What to write.</param>
    public RdbFileWriter(Stream stream, RdbFileOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _stream = stream;
        Version = options.Version;
        _output = new RdbFileOutput(stream);
        _writer = new RdbWriter(_output) { Compression = options.Compression };
        _access = AccessClock.StandingAt(options.CreatedMs, options.Access ?? AccessPolicy.Lru, options.LfuDecayMinutes);
    }

    /// <summary>Bytes that have gone to the stream so far.</summary>
    public long BytesWritten => _output.FlushedBytes;

    /// <summary>Keys that have been written so far.</summary>
    public long KeysWritten => Volatile.Read(ref _keys);

    /// <summary>The version that the file has got.</summary>
    public int Version { get; private set; }

    /// <summary>The first key that made it newer than it should be, if one did.</summary>
    public byte[]? RaisedBy { get; private set; }

    /// <summary>
    /// Writes all of a snapshot, unless told to stop. O(bytes). Throws what the stream throws, and NotSupportedException for a type without a
    /// row.
    /// </summary>
    /// <param name="snapshot">What to write.</param>
    /// <param name="advance">Is called after each key, and says whether to go on.</param>
    /// <returns>Whether it is whole.</returns>
    public bool Write(Snapshot snapshot, Func<bool>? advance = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        WriteHeader();
        int database = -1;
        SnapshotWalk walk = snapshot.Walk();
        while (walk.MoveNext())
        {
            if (walk.DatabaseIndex != database)
            {
                database = walk.DatabaseIndex;
                WriteDatabase(snapshot.Databases[database]);
            }

            WriteEntry(walk.Entry);
            if (advance is not null && !advance()) return false;
        }

        WriteEnd();
        return true;
    }

    private void WriteHeader()
    {
        _writer.WriteBytes(Magic(_options.Version));
        WriteAux("redis-ver", _options.RedisVersion);
        WriteAux("redis-bits", "64");
        WriteAux("ctime", string.Create(CultureInfo.InvariantCulture, $"{_options.CreatedMs / 1000}"));
        WriteAux("used-mem", string.Create(CultureInfo.InvariantCulture, $"{_options.UsedMemory}"));
        foreach ((string name, string value) in _options.Aux)
            WriteAux(name, value);
        WriteAux("aof-base", _options.IsAofBase ? "1" : "0");
        foreach (byte[] library in _options.Functions)
        {
            _writer.WriteOpcode(RdbOpcode.Function);
            _writer.WriteString(library);
        }
    }

    private static byte[] Magic(int version) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"REDIS{version:0000}"));

    private void WriteAux(string name, string value)
    {
        _writer.WriteOpcode(RdbOpcode.Aux);
        _writer.WriteString(Encoding.UTF8.GetBytes(name));
        _writer.WriteString(Encoding.UTF8.GetBytes(value));
    }

    private void WriteDatabase(SnapshotDatabase database)
    {
        _writer.WriteOpcode(RdbOpcode.SelectDatabase);
        _writer.WriteLength((ulong)database.Index);
        _writer.WriteOpcode(RdbOpcode.ResizeDatabase);
        _writer.WriteLength((ulong)database.Count);
        _writer.WriteLength((ulong)database.ExpiresCount);
    }

    private void WriteEntry(in EntryView entry)
    {
        RdbSaver saver = RdbValues.Saver(entry) ?? throw new NotSupportedException($"values of type {entry.Type} cannot be saved yet");
        if (saver.Version > Version) RaiseVersion(saver.Version, entry.Key);
        if (entry.HasExpiry)
        {
            _writer.WriteOpcode(RdbOpcode.ExpireTimeMs);
            _writer.WriteUInt64((ulong)entry.ExpiryMs);
        }

        WriteAccess(entry.Access);
        _writer.WriteType(saver.Type);
        _writer.WriteString(entry.Key);
        saver.Save(_writer, entry);
        Volatile.Write(ref _keys, _keys + 1);
    }

    private void WriteAccess(uint access)
    {
        if (_options.Access == AccessPolicy.Lru)
        {
            _writer.WriteOpcode(RdbOpcode.Idle);
            _writer.WriteLength((ulong)_access.IdleMs(access) / 1000);
        }
        else if (_options.Access == AccessPolicy.Lfu)
        {
            _writer.WriteOpcode(RdbOpcode.Frequency);
            _writer.WriteByte((byte)_access.Frequency(access));
        }
    }

    private void RaiseVersion(int version, ReadOnlySpan<byte> key)
    {
        Invariant.Check(_stream.CanSeek, "a stream that cannot seek is given a version that all values fit");
        Version = version;
        RaisedBy ??= key.ToArray();
    }

    private void WriteEnd()
    {
        _writer.WriteOpcode(RdbOpcode.End);
        ulong checksum = _output.Checksum();
        if (Version > _options.Version) checksum ^= RewriteHeader();
        _writer.WriteUInt64(_options.HasChecksum ? checksum : 0);
        _output.Flush();
    }

    // What value needs which version is only known when all have been seen: the header changes afterwards, and the checksum by what that makes of it.
    private ulong RewriteHeader()
    {
        byte[] header = Magic(Version);
        ReadOnlySpan<byte> old = Magic(_options.Version);
        long end = _stream.Position;
        _stream.Position = end - _output.FlushedBytes;
        _stream.Write(header);
        _stream.Position = end;
        for (int i = 0; i < header.Length; i++)
            header[i] ^= old[i];
        return Crc64.AppendZeros(Crc64.Append(0, header), _output.FlushedBytes - HeaderBytes);
    }
}
