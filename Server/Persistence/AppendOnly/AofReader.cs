using KestrelFree.Protocol;

namespace KestrelFree.Server.Persistence;

/// <summary>
/// Reads a file of an append-only file token by token, through a window that grows to the longest request. Zeros at the file's end, where the
/// file system had made room for bytes that never came, count as not there.
/// </summary>
internal sealed class AofReader
{
    private const int WindowBytes = 1 << 20;

    private readonly AofParser _parser = new();
    private readonly Stream _stream;
    private readonly string _path;
    private readonly long _zeros;
    private byte[] _buffer = new byte[WindowBytes];
    private int _start;
    private int _next;
    private int _end;
    private long _read;

    /// <summary>Begins to read a stream that can seek, at an offset. Throws IOException.</summary>
    internal AofReader(Stream stream, string path, long offset)
    {
        _stream = stream;
        _path = path;
        Length = stream.Length;
        _zeros = CountZerosAtEnd(offset);
        stream.Position = offset;
        _read = offset;
    }

    /// <summary>The bytes of the file.</summary>
    internal long Length { get; }

    /// <summary>Where the last token begins.</summary>
    internal long TokenOffset => _read - (_end - _start);

    /// <summary>Where the next token begins.</summary>
    internal long Offset => _read - (_end - _next);

    /// <summary>The arguments of the last token, which was a request; they live until the next.</summary>
    internal ArgVector Arguments => _parser.Arguments(_buffer.AsSpan(0, _end));

    /// <summary>The last token, which was an annotation.</summary>
    internal ReadOnlySpan<byte> Annotation => _buffer.AsSpan(_start, _next - _start);

    /// <summary>
    /// Reads the next token; incomplete means that the file ends in it, or before it. Amortised O(bytes). Throws IOException and
    /// <see cref="LoadException"/>.
    /// </summary>
    internal AofToken Next()
    {
        _start = _next;
        AofToken token;
        do
        {
            _next = _start;
            token = _parser.Read(_buffer.AsSpan(0, _end), ref _next);
        }
        while (token == AofToken.Incomplete && TryFill());

        if (token is AofToken.Incomplete or AofToken.Malformed) _next = _start;
        return token;
    }

    private bool TryFill()
    {
        var left = Length - _zeros - _read;
        if (left <= 0) return false;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, Array.MaxLength));
        var count = _stream.Read(_buffer, _end, (int)Math.Min(_buffer.Length - _end, left));
        if (count == 0) throw new LoadException($"Unrecoverable error reading the append only file {_path}: it has become shorter while it was read");
        _end += count;
        _read += count;
        return true;
    }

    private long CountZerosAtEnd(long from)
    {
        const int Step = 64 * 1024;
        var block = new byte[Step];
        var end = Length;
        while (end > from)
        {
            var count = (int)Math.Min(Step, end - from);
            _stream.Position = end - count;
            _stream.ReadExactly(block.AsSpan(0, count));
            var last = block.AsSpan(0, count).LastIndexOfAnyExcept((byte)0);
            if (last >= 0) return Length - (end - count + last + 1);
            end -= count;
        }

        return Length - from;
    }
}
