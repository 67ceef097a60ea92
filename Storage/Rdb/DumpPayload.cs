using System.Buffers;
using System.Buffers.Binary;

namespace KestrelFree.Storage;

// What DUMP replies and RESTORE takes: a value without its key and expiry.
//
//     type : 1   value   version : 2   checksum : 8
//
// The version is the oldest one that has the type, so that as many servers as possible take the payload. The checksum covers all before it. It guards
// against accidents, not against malice: the value is read as carefully as if there were none.

/// <summary>Writes and reads the payloads of DUMP and RESTORE. An instance keeps its buffers; not thread-safe.</summary>
public sealed class DumpPayload
{
    private const int VersionBytes = sizeof(ushort);
    private const int FooterBytes = VersionBytes + RdbFormat.ChecksumBytes;
    private const int KeptBytes = 64 * 1024;
    private const string Source = "DUMP payload";

    private ArrayBufferWriter<byte> _buffer;
    private RdbWriter _writer;

    /// <summary>Creates empty buffers.</summary>
    public DumpPayload()
    {
        _buffer = new ArrayBufferWriter<byte>();
        _writer = new RdbWriter(_buffer);
    }

    /// <summary>The payload of an entry's value, valid until the next call; false if its type has no form yet. O(bytes of the value).</summary>
    public bool TryWrite(scoped in EntryRef entry, RdbCompression compression, out ReadOnlySpan<byte> payload)
    {
        Reset();
        _writer.Compression = compression;
        EntryView view = entry.View;
        payload = default;
        if (RdbValues.Saver(view) is not { } saver) return false;
        _writer.WriteType(saver.Type);
        saver.Save(_writer, view);
        _writer.WriteUInt16((ushort)saver.Version);
        _writer.WriteUInt64(Crc64.Append(0, _buffer.WrittenSpan));
        payload = _buffer.WrittenSpan;
        return true;
    }

    /// <summary>Whether a payload is whole and of a version that is read. O(length).</summary>
    public static bool IsIntact(ReadOnlySpan<byte> payload)
    {
        if (!HasKnownVersion(payload)) return false;
        ulong checksum = BinaryPrimitives.ReadUInt64LittleEndian(payload[^RdbFormat.ChecksumBytes..]);
        return Crc64.Append(0, payload[..^RdbFormat.ChecksumBytes]) == checksum;
    }

    /// <summary>Whether a payload is long enough and of a version that is read, whatever its checksum. O(1).</summary>
    public static bool HasKnownVersion(ReadOnlySpan<byte> payload) =>
        payload.Length >= FooterBytes && BinaryPrimitives.ReadUInt16LittleEndian(payload[^FooterBytes..]) <= RdbFormat.NewestVersion;

    /// <summary>
    /// Stores the value of a payload, in the place of whatever the key holds. O(length). Throws <see cref="RdbException"/> for a value that is
    /// not sound, before anything is changed.
    /// </summary>
    public static void Restore(ReadOnlySpan<byte> payload, scoped ref EntryRef entry, Expiry expiry, RdbLoading loading)
    {
        RdbReader reader = new(payload[..^FooterBytes], Source);
        RdbValue value = Load(ref reader, loading);
        if (entry.Exists) entry.SignalReplaced();
        value.StoreInto(ref entry, expiry);
    }

    /// <summary>Reads the value of a payload and forgets it. O(length). Throws <see cref="RdbException"/> for one that is not sound.</summary>
    public static void Check(ReadOnlySpan<byte> payload, RdbLoading loading)
    {
        ArgumentNullException.ThrowIfNull(loading);
        RdbReader reader = new(payload[..^FooterBytes], Source);
        Load(ref reader, loading).Discard(loading.Database);
    }

    private static RdbValue Load(scoped ref RdbReader reader, RdbLoading loading)
    {
        RdbType type = (RdbType)reader.ReadByte("type");
        RdbValue value = RdbValues.Load(ref reader, type, loading);
        if (value.IsEmpty) reader.Fail("value", "a collection without elements");
        return value;
    }

    // A large value's buffer is not kept for small ones.
    private void Reset()
    {
        _buffer.ResetWrittenCount();
        if (_buffer.Capacity <= KeptBytes) return;
        _buffer = new ArrayBufferWriter<byte>();
        _writer = new RdbWriter(_buffer);
    }
}
