namespace KestrelFree.Protocol;

/// <summary>
/// The arguments of one request, as slices of the bytes they came in; nothing is copied. It is valid until the buffer
/// below it next changes: what must outlive the command is copied (see <see cref="OwnedRequest"/>).
/// </summary>
public readonly ref struct ArgVector
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly ReadOnlySpan<ArgSlice> _slices;

    /// <summary>Joins slices with the buffer that they point into.</summary>
    public ArgVector(ReadOnlySpan<byte> buffer, ReadOnlySpan<ArgSlice> slices)
    {
        _buffer = buffer;
        _slices = slices;
    }

    /// <summary>The number of arguments, the command's name included.</summary>
    public int Count => _slices.Length;

    /// <summary>The bytes of argument <paramref name="index"/>; O(1).</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such argument.</exception>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            ArgSlice slice = _slices[index];
            return _buffer.Slice(slice.Offset, slice.Length);
        }
    }

    /// <summary>The sum of the arguments' lengths in bytes; O(Count).</summary>
    public long TotalBytes
    {
        get
        {
            long total = 0;
            foreach (ArgSlice slice in _slices)
                total += slice.Length;
            return total;
        }
    }

    /// <summary>The arguments from <paramref name="first"/> on; O(1).</summary>
    public ArgVector From(int first) => new(_buffer, _slices[first..]);

    /// <summary>So many arguments from <paramref name="first"/> on; O(1).</summary>
    public ArgVector Slice(int first, int count) => new(_buffer, _slices.Slice(first, count));
}
