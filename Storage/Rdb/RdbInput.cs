namespace KestrelFree.Storage;

/// <summary>
/// A window on a stream for an <see cref="RdbReader"/>, and the checksum of what has passed. The window grows no faster than bytes come, so that a
/// length that lies costs no memory.
/// </summary>
public sealed class RdbInput
{
    private const int InitialBytes = 64 * 1024;

    private readonly Stream _stream;
    private byte[] _buffer = new byte[InitialBytes];
    private int _start;
    private int _end;
    private ulong _checksum;

    /// <summary>Reads a stream from where it stands.</summary>
    /// <param name="stream">The stream; it stays the caller's.</param>
    /// <param name="name">What it is, for errors.</param>
    public RdbInput(Stream stream, string name)
    {
        _stream = stream;
        Name = name;
    }

    /// <summary>What the stream is, for errors.</summary>
    public string Name { get; }

    /// <summary>How many bytes have passed: where the window begins.</summary>
    public long Offset { get; private set; }

    /// <summary>
    /// Is called whenever more bytes have been read, so that a value of many bytes keeps nobody waiting. It may read the keyspace and change its
    /// configuration, but neither load nor change data.
    /// </summary>
    public Action? Refilled { get; init; }

    /// <summary>The bytes that are there.</summary>
    internal ReadOnlySpan<byte> Window => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Lets bytes pass and reads until at least <paramref name="wanted"/> are there, or the stream ends. Gives the new window.</summary>
    internal ReadOnlySpan<byte> Advance(int passed, int wanted)
    {
        _checksum = Crc64.Append(_checksum, Window[..passed]);
        _start += passed;
        Offset += passed;
        bool isRefilled = false;
        while (_end - _start < wanted)
        {
            MakeRoom();
            int count = _stream.Read(_buffer, _end, _buffer.Length - _end);
            if (count == 0) break;
            _end += count;
            isRefilled = true;
        }

        if (isRefilled) Refilled?.Invoke();
        return Window;
    }

    /// <summary>The checksum of what has passed and so many bytes more.</summary>
    internal ulong ChecksumWith(int more) => Crc64.Append(_checksum, Window[..more]);

    private void MakeRoom()
    {
        if (_end < _buffer.Length) return;
        byte[] target = _start > _buffer.Length / 2 ? _buffer : new byte[(int)Math.Min(2L * _buffer.Length, Array.MaxLength)];
        Window.CopyTo(target);
        _end -= _start;
        _start = 0;
        _buffer = target;
    }
}
