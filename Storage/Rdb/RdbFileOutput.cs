using System.Buffers;

namespace KestrelFree.Storage;

/// <summary>A buffer before a stream, which keeps the checksum and the number of what it has taken. Not thread-safe but for the number.</summary>
internal sealed class RdbFileOutput(Stream stream) : IBufferWriter<byte>
{
    private const int BufferBytes = 128 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _used;
    private ulong _checksum;
    private long _flushed;

    /// <summary>Bytes that have gone to the stream; any thread may ask.</summary>
    public long FlushedBytes => Volatile.Read(ref _flushed);

    /// <inheritdoc/>
    public void Advance(int count) => _used += count;

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Invariant.Check(sizeHint <= BufferBytes);
        if (BufferBytes - _used < Math.Max(sizeHint, 1)) Flush();
        return _buffer.AsSpan(_used);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GetSpan(sizeHint);
        return _buffer.AsMemory(_used);
    }

    /// <summary>The checksum of everything so far.</summary>
    public ulong Checksum()
    {
        Flush();
        return _checksum;
    }

    /// <summary>Hands what is buffered to the stream.</summary>
    public void Flush()
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, _used);
        _checksum = Crc64.Append(_checksum, bytes);
        stream.Write(bytes);
        _used = 0;
        Volatile.Write(ref _flushed, _flushed + bytes.Length);
    }
}
