using System.Diagnostics;
using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage.Pages;

/// <summary>
/// The heap objects that entries hold by number: byte arrays of values over 256 KB, and collections that have outgrown their inline form.
/// Slots come in pages of 4,096, so that growing never copies them. O(1).
/// </summary>
internal sealed class ObjectSlots
{
    private const int PageBits = 12;
    private const int PageSlots = 1 << PageBits;

    private readonly Stack<uint> _free = new();
    private object?[][] _pages = [];
    private uint[][] _births = [];
    private int _pageCount;
    private uint _next = 1;

    /// <summary>Bytes of the arrays held, with their headers, and of collections' shells.</summary>
    public long ArrayBytes { get; private set; }

    /// <summary>Slots in use.</summary>
    public long Used => _next - 1 - _free.Count;

    /// <summary>Puts an object into a slot, born in <paramref name="epoch"/>; the slot's number is never 0.</summary>
    public uint Allocate(object value, uint epoch)
    {
        if (!_free.TryPop(out uint slot))
        {
            slot = _next++;
            if (slot >> PageBits >= _pageCount)
                AddPage();
        }

        _pages[slot >> PageBits][slot & (PageSlots - 1)] = value;
        _births[slot >> PageBits][slot & (PageSlots - 1)] = epoch;
        ArrayBytes += BytesOf(value);
        return slot;
    }

    /// <summary>Empties a slot; its object is the collector's from then on.</summary>
    public void Free(uint slot)
    {
        ref object? place = ref _pages[slot >> PageBits][slot & (PageSlots - 1)];
        Invariant.Check(place != null);
        ArrayBytes -= BytesOf(place);
        place = null;
        _free.Push(slot);
    }

    /// <summary>The object in a slot.</summary>
    public object this[uint slot] => _pages[slot >> PageBits][slot & (PageSlots - 1)]!;

    /// <summary>The array in a slot.</summary>
    public byte[] Array(uint slot)
    {
        Debug.Assert(this[slot] is byte[]);
        return (byte[])this[slot];
    }

    /// <summary>The epoch in which a slot was filled.</summary>
    public uint BirthOf(uint slot) => _births[slot >> PageBits][slot & (PageSlots - 1)];

    /// <summary>Declares a slot as new as <paramref name="epoch"/>: nobody older needs it.</summary>
    public void SetBirth(uint slot, uint epoch) => _births[slot >> PageBits][slot & (PageSlots - 1)] = epoch;

    /// <summary>What an object counts for in <see cref="ArrayBytes"/>.</summary>
    public static long BytesOf(object value) => value is byte[] array ? array.Length + 24 : CollectionValue.ShellBytes;

    private void AddPage()
    {
        if (_pageCount == _pages.Length)
        {
            System.Array.Resize(ref _pages, Math.Max(4, _pageCount * 2));
            System.Array.Resize(ref _births, _pages.Length);
        }

        _pages[_pageCount] = new object?[PageSlots];
        _births[_pageCount++] = new uint[PageSlots];
    }
}
