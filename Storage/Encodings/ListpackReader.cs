namespace KestrelFree.Storage.Encodings;

/// <summary>A cursor over a listpack, before the first element when it is new. It dies with the span that it reads.</summary>
public ref struct ListpackReader
{
    // Before the first element; no entry has this offset.
    private const int Start = 0;

    private readonly ReadOnlySpan<byte> _listpack;
    private int _offset;

    /// <summary>A cursor before the first element.</summary>
    public ListpackReader(ReadOnlySpan<byte> listpack)
    {
        _listpack = listpack;
        _offset = Start;
    }

    /// <summary>The offset of the current element.</summary>
    public readonly int Offset => _offset;

    /// <summary>The current element, after a move that found one.</summary>
    public readonly ListpackValue Current => Listpack.Get(_listpack, _offset);

    /// <summary>Goes to the next element; false, and behind the last, when there is none. O(1).</summary>
    public bool MoveNext()
    {
        if (_offset == Start) _offset = Listpack.HeaderBytes;
        else if (_offset != Listpack.EndOffset(_listpack)) _offset = Listpack.After(_listpack, _offset);
        return _offset != Listpack.EndOffset(_listpack);
    }

    /// <summary>Goes to the previous element; false, and before the first, when there is none. O(1).</summary>
    public bool MovePrevious()
    {
        int previous = Listpack.Previous(_listpack, _offset);
        _offset = previous == Listpack.None ? Start : previous;
        return previous != Listpack.None;
    }

    /// <summary>Goes to the next element and reads it; false when there is none. O(1).</summary>
    public bool TryRead(out ListpackValue value)
    {
        bool found = MoveNext();
        value = found ? Current : default;
        return found;
    }

    /// <summary>Goes to the previous element and reads it; false when there is none. O(1).</summary>
    public bool TryReadBack(out ListpackValue value)
    {
        bool found = MovePrevious();
        value = found ? Current : default;
        return found;
    }

    /// <summary>
    /// Goes to the element with an index (negative: from the end); false, and nowhere else, when there is none. O(n), from the nearer end.
    /// </summary>
    public bool MoveTo(long index)
    {
        int offset = Listpack.Seek(_listpack, index);
        if (offset == Listpack.None) return false;
        _offset = offset;
        return true;
    }

    /// <summary>Goes before the first element.</summary>
    public void MoveToStart() => _offset = Start;

    /// <summary>Goes behind the last element.</summary>
    public void MoveToEnd() => _offset = Listpack.EndOffset(_listpack);

    /// <summary>Makes foreach go over the elements that follow.</summary>
    public readonly ListpackReader GetEnumerator() => this;
}
