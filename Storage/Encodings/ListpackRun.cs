using System.Runtime.CompilerServices;

namespace KestrelFree.Storage.Encodings;

/// <summary>Neighbouring elements of a listpack, read from the first to the last. It dies with the span that it reads.</summary>
public ref struct ListpackRun
{
    private readonly ReadOnlySpan<byte> _listpack;
    private int _offset;

    internal ListpackRun(ReadOnlySpan<byte> listpack, int offset, int count)
    {
        _listpack = listpack;
        _offset = offset;
        Count = count;
    }

    /// <summary>How many are left.</summary>
    public int Count { get; private set; }

    /// <summary>The next element; false behind the last. O(1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(out ListpackValue element)
    {
        if (Count == 0)
        {
            element = default;
            return false;
        }

        Count--;
        element = ListpackElement.Read(_listpack, _offset, out int bytes);
        _offset += bytes;
        return true;
    }
}
