using System.Diagnostics;
using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage.Pages;

// The heap objects that entries hold by number: byte arrays of values over 256 KB, and collections that have outgrown their inline form.
//
//     slot = page : 20 | index : 12
//
// Slots come in pages of 4,096, so that growing never copies them. As everywhere, the lowest page with room is handed out from first; free slots
// of a page form a list through their births, which nobody asks for meanwhile. A page that runs empty is dropped, but for one.
//
// An array that a string grows in has room to spare, and the system backs memory only when it is written to. So an array counts as far as it has been
// used, which its owner tells when that grows.
//
// An evacuation (Compaction drives it) takes high pages out of use, and whoever walks the keyspace moves their objects.

/// <summary>Numbered places for heap objects. O(1).</summary>
internal sealed class ObjectSlots
{
    private const int PageBits = 12;
    private const int PageSlots = 1 << PageBits;
    private const int ArrayHeaderBytes = 24;
    private const int PageBytes = PageSlots * (8 + 4 + 4);

    private readonly ChunkSet _withRoom = new();
    private readonly ChunkSet _absent = new();
    private object?[][] _objects = [];
    private uint[][] _births = [];
    private int[][] _counted = [];
    private PageState[] _states = [];
    private int _pageCount;
    private int _presentCount;
    private int _spareCount;
    private int _leavingCount;

    private struct PageState
    {
        public int Used;
        public int Touched;
        public int FreeHead; // index + 1, so that 0 is none: the first slot of the first page is never handed out
        public bool IsLeaving;
    }

    /// <summary>Bytes of the arrays held, as far as they were used, with their headers, and of collections' shells.</summary>
    public long ArrayBytes { get; private set; }

    /// <summary>Slots in use.</summary>
    public long Used { get; private set; }

    /// <summary>Bytes of the slots in use, alone.</summary>
    public long UsedBytes => Used * (PageBytes / PageSlots);

    /// <summary>Bytes of the pages.</summary>
    public long PagesBytes => (long)_presentCount * PageBytes;

    /// <summary>Whether pages are being evacuated.</summary>
    public bool IsEvacuating => _leavingCount != 0;

    /// <summary>Puts a collection or an array that is all in use into a slot, born in <paramref name="epoch"/>; the slot's number is never 0.</summary>
    public uint Allocate(object value, uint epoch) => Place(value, BytesOf(value), epoch);

    /// <summary>The same of an array whose first bytes are in use.</summary>
    public uint Allocate(byte[] array, int used, uint epoch) => Place(array, used + ArrayHeaderBytes, epoch);

    /// <summary>Notes that so many bytes of an array are in use.</summary>
    public void Use(uint slot, int bytes)
    {
        ref int counted = ref _counted[slot >> PageBits][slot & (PageSlots - 1)];
        if (bytes + ArrayHeaderBytes <= counted) return;
        ArrayBytes += bytes + ArrayHeaderBytes - counted;
        counted = bytes + ArrayHeaderBytes;
    }

    /// <summary>Empties a slot; its object is the collector's from then on.</summary>
    public void Free(uint slot) => Vacate(slot);

    /// <summary>Moves an object to another slot, which is returned.</summary>
    public uint Move(uint slot, uint epoch)
    {
        object value = this[slot];
        int counted = BytesOf(slot);
        Vacate(slot);
        return Place(value, counted, epoch);
    }

    /// <summary>The object in a slot.</summary>
    public object this[uint slot] => _objects[slot >> PageBits][slot & (PageSlots - 1)]!;

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

    /// <summary>What the object in a slot counts for in <see cref="ArrayBytes"/>.</summary>
    public int BytesOf(uint slot) => _counted[slot >> PageBits][slot & (PageSlots - 1)];

    /// <summary>
    /// Chooses pages whose objects find room in the others; <see cref="IsLeaving"/> tells from now on which objects are to move. O(pages).
    /// </summary>
    public void BeginEvacuation(EvacuationScope scope)
    {
        int surplus = scope == EvacuationScope.Everything ? _presentCount : _presentCount - (int)(Used / PageSlots) - 2;
        for (int page = _pageCount - 1; page >= 0 && surplus > 0; page--)
        {
            ref PageState state = ref _states[page];
            if (state.Used == 0 || (scope == EvacuationScope.Sparse && state.Used > PageSlots / 4 * 3)) continue;
            state.IsLeaving = true;
            _withRoom.Remove(page);
            _leavingCount++;
            surplus--;
        }
    }

    /// <summary>Whether an object lies in a page that is being evacuated.</summary>
    public bool IsLeaving(uint slot) => _states[slot >> PageBits].IsLeaving;

    /// <summary>Puts pages that could not be emptied back to use. O(pages).</summary>
    public void EndEvacuation()
    {
        for (int page = 0; page < _pageCount && _leavingCount > 0; page++)
        {
            if (!_states[page].IsLeaving) continue;
            _states[page].IsLeaving = false;
            _leavingCount--;
            if (HasRoom(page)) _withRoom.Add(page);
        }
    }

    private static int BytesOf(object value) => value is byte[] array ? array.Length + ArrayHeaderBytes : ((CollectionValue)value).ShellBytes;

    private uint Place(object value, int counted, uint epoch)
    {
        ArrayBytes += counted;
        if (!_withRoom.TryGetLowest(out int page)) page = AddPage();
        ref PageState state = ref _states[page];
        int index = state.FreeHead - 1;
        if (index >= 0) state.FreeHead = (int)_births[page][index];
        else index = state.Touched++;
        if (state.Used++ == 0) _spareCount--;
        if (!HasRoom(page)) _withRoom.Remove(page);
        _objects[page][index] = value;
        _births[page][index] = epoch;
        _counted[page][index] = counted;
        Used++;
        return ((uint)page << PageBits) | (uint)index;
    }

    private void Vacate(uint slot)
    {
        int page = (int)(slot >> PageBits), index = (int)(slot & (PageSlots - 1));
        ref object? place = ref _objects[page][index];
        Invariant.Check(place != null);
        place = null;
        ArrayBytes -= BytesOf(slot);
        ref PageState state = ref _states[page];
        _births[page][index] = (uint)state.FreeHead;
        state.FreeHead = index + 1;
        Used--;
        if (!state.IsLeaving) _withRoom.Add(page);
        if (--state.Used == 0 && (++_spareCount > 1 || state.IsLeaving)) DropPage(page);
    }

    private bool HasRoom(int page) => _states[page].FreeHead != 0 || _states[page].Touched < PageSlots;

    private int AddPage()
    {
        if (_absent.TryGetLowest(out int page))
        {
            _absent.Remove(page);
        }
        else
        {
            page = _pageCount++;
            if (_pageCount > _objects.Length)
            {
                System.Array.Resize(ref _objects, Math.Max(4, _pageCount * 2));
                System.Array.Resize(ref _births, _objects.Length);
                System.Array.Resize(ref _counted, _objects.Length);
                System.Array.Resize(ref _states, _objects.Length);
            }
        }

        _objects[page] = new object?[PageSlots];
        _births[page] = new uint[PageSlots];
        _counted[page] = new int[PageSlots];
        _states[page] = new PageState { Touched = page == 0 ? 1 : 0 };
        _withRoom.Add(page);
        _presentCount++;
        _spareCount++;
        return page;
    }

    private void DropPage(int page)
    {
        if (_states[page].IsLeaving) _leavingCount--;
        else _withRoom.Remove(page);
        _objects[page] = [];
        _births[page] = [];
        _counted[page] = [];
        _states[page] = default;
        _absent.Add(page);
        _presentCount--;
        _spareCount--;
    }
}
