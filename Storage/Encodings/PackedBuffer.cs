namespace KestrelFree.Storage.Encodings;

/// <summary>A packed value in an array that doubles as it grows: for values that are still being made, and to be used again.</summary>
public sealed class PackedBuffer : IPackedBytes
{
    private byte[] _bytes;
    private int _length;

    /// <summary>A buffer that holds a copy of a packed value, or nothing.</summary>
    public PackedBuffer(ReadOnlySpan<byte> value = default)
    {
        _bytes = new byte[Math.Max(64, value.Length)];
        Set(value);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Holds a copy of a packed value instead.</summary>
    public void Set(ReadOnlySpan<byte> value)
    {
        if (_bytes.Length < value.Length) _bytes = new byte[value.Length];
        value.CopyTo(_bytes);
        _length = value.Length;
    }

    /// <inheritdoc/>
    public Span<byte> Splice(int offset, int removed, int inserted)
    {
        int length = checked(_length - removed + inserted);
        if (length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(length, (int)Math.Min((long)_bytes.Length * 2, Array.MaxLength)));
        if (removed != inserted) _bytes.AsSpan((offset + removed).._length).CopyTo(_bytes.AsSpan(offset + inserted));
        _length = length;
        return _bytes.AsSpan(0, length);
    }
}
