using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KestrelFree.Storage.Pages;

// Runs: where values of about 200 bytes to 256 KB, and long keys, live. One heap object per 1 KB value was measured at 1.6 us a SET and
// collector pauses of 22-114 ms; a run costs a list pop.
//
//     chunk (4 MB) = 16 slabs of 256 KB, or one slab of 4 MB for the classes over 16 KB
//     slab         = runs of one size class
//     handle       = chunk number : 16 | 64-byte unit within the chunk : 16          (so 256 GB of runs at most)
//
// A run has no header: 1024 bytes of value take 1024 bytes. What belongs to it lies in its slab's descriptor: its size class, and the births
// that forks ask for. Free runs of a slab form a list through their own first bytes. A slab that runs empty goes back to be cut for any class, but
// for one per class; a chunk that is one slab, or whose slabs are all free, goes back to the pool, which keeps one at hand for all classes. (Strings
// that grow together leave one class after the other, which would each keep 4 MB.)
//
// Why not a general first-fit heap: uniform hashing makes everything grow and shrink at once, which strands whole generations of odd
// sizes (18 % measured). Size classes bound the loss: 12 % within a run, 6 % at the end of a slab.
//
// Memory goes back to the system by slabs: one that is free is discarded where it lies, but for a few. Where runs were freed all over, slabs do
// not run empty by themselves. In an evacuation (Compaction drives it) the walk over the keyspace asks of every run whether it is to move. The
// first run of a sparse slab that is met decides: if the class's other slabs have room for all of its runs, it is handed out from no more, and
// they move. So nothing has to be searched or sorted beforehand, however many slabs there are, and moving never needs a new slab:
//
//     room of a class (free runs of the slabs in use)  >=  runs that are yet to move

/// <summary>Hands out size-classed runs of bytes from pooled chunks. O(1) but for taking a chunk.</summary>
internal sealed class RunAllocator(ChunkPool pool)
{
    private const int SlabUnitBits = 12;
    private const int SlabBytes = SizeClasses.UnitBytes << SlabUnitBits;
    private const int SlabsPerChunk = ChunkPool.ChunkBytes / SlabBytes;
    private const int LargestInSlab = 16 * 1024;
    private const uint UnitMask = 0xffff;
    private const int None = -1;
    private const int WarmSlabs = 16;

    private sealed class Slab(uint firstHandle, int sizeClass, int capacity)
    {
        public readonly uint FirstHandle = firstHandle;
        public readonly int SizeClass = sizeClass;
        public readonly int RunUnits = SizeClasses.BytesOf(sizeClass) / SizeClasses.UnitBytes;
        public readonly uint[] Births = new uint[capacity];
        public int Used;
        public int Touched;
        public int FreeHead = None;
        public bool IsLeaving;
        public Slab? NextWithRoom;
        public Slab? PreviousWithRoom;

        public bool IsFull => Used == Births.Length;

        public int Room => Births.Length - Used;

        public int IndexOf(uint handle) => (int)(handle - FirstHandle) / RunUnits;
    }

    private readonly Slab?[] _withRoom = new Slab?[SizeClasses.Count];
    private readonly long[] _room = new long[SizeClasses.Count];
    private readonly long[] _yetToMove = new long[SizeClasses.Count];
    private readonly List<Slab> _leaving = [];
    private readonly ChunkSet _withFreeSlabs = new();
    private readonly ChunkSet _withWarmSlabs = new();
    private ushort[] _freeSlabs = new ushort[64]; // a bit per slab of a cut chunk
    private ushort[] _warmSlabs = new ushort[64]; // those of them that have not been discarded
    private int _warmCount;
    private int _spareChunks;
    private bool _isEvacuating;
    private Slab?[] _slabs = new Slab?[64 * SlabsPerChunk];

    /// <summary>Bytes of the runs in use, class sizes counted whole.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Runs in use.</summary>
    public long Used { get; private set; }

    /// <summary>Bytes of the slabs that the runs lie in.</summary>
    public long SlabsBytes { get; private set; }

    /// <summary>Whether <see cref="DiscardOne"/> has something to do.</summary>
    public bool HasIdle => _warmCount > WarmSlabs;

    /// <summary>Hands out a run of at least so many bytes, of arbitrary contents, born in <paramref name="epoch"/>; its handle is never 0.</summary>
    public uint Allocate(int bytes, uint epoch)
    {
        int sizeClass = SizeClasses.ClassOf(bytes);
        Slab slab = _withRoom[sizeClass] ?? AddSlab(sizeClass);
        int index = slab.FreeHead;
        uint handle;
        if (index == None)
        {
            index = slab.Touched++;
            handle = slab.FirstHandle + (uint)(index * slab.RunUnits);
        }
        else
        {
            handle = slab.FirstHandle + (uint)(index * slab.RunUnits);
            slab.FreeHead = Unsafe.ReadUnaligned<int>(ref At(handle));
        }

        slab.Births[index] = epoch;
        slab.Used++;
        _room[sizeClass]--;
        if (slab.IsFull) Unlink(slab);
        Used++;
        UsedBytes += SizeClasses.BytesOf(sizeClass);
        return handle;
    }

    /// <summary>Takes a run back.</summary>
    public void Free(uint handle)
    {
        Slab slab = SlabOf(handle);
        bool wasFull = slab.IsFull;
        Unsafe.WriteUnaligned(ref At(handle), slab.FreeHead);
        slab.FreeHead = slab.IndexOf(handle);
        Invariant.Check(--slab.Used >= 0);
        Used--;
        UsedBytes -= SizeClasses.BytesOf(slab.SizeClass);
        if (slab.IsLeaving)
        {
            _yetToMove[slab.SizeClass]--;
            if (slab.Used == 0) RemoveSlab(slab);
            return;
        }

        _room[slab.SizeClass]++;
        if (wasFull) Link(slab);
        if (slab.Used == 0 && (IsChunk(slab) || (slab.NextWithRoom ?? slab.PreviousWithRoom) != null))
        {
            Unlink(slab);
            _room[slab.SizeClass] -= slab.Room;
            RemoveSlab(slab);
        }
    }

    /// <summary>From now on <see cref="IsLeaving"/> chooses slabs to evacuate.</summary>
    public void BeginEvacuation(EvacuationScope scope)
    {
        _isEvacuating = true;
        for (int i = 0; i < _slabs.Length && scope == EvacuationScope.Everything; i++)
        {
            if (_slabs[i] is { IsLeaving: false, Used: > 0 } slab) Leave(slab);
        }
    }

    /// <summary>Whether slabs are being evacuated.</summary>
    public bool IsEvacuating => _isEvacuating;

    /// <summary>Whether a run is to move, so that its slab runs empty. O(1).</summary>
    public bool IsLeaving(uint handle)
    {
        if (!_isEvacuating) return false;
        Slab slab = SlabOf(handle);
        return slab.IsLeaving || TryLeave(slab);
    }

    /// <summary>Puts slabs that could not be emptied back to use. O(slabs chosen).</summary>
    public void EndEvacuation()
    {
        _isEvacuating = false;
        foreach (Slab slab in _leaving)
        {
            if (slab.Used == 0) continue;
            slab.IsLeaving = false;
            _yetToMove[slab.SizeClass] -= slab.Used;
            _room[slab.SizeClass] += slab.Room;
            if (!slab.IsFull) Link(slab);
        }

        _leaving.Clear();
        // Not a search of the library's: that is not in the compiled image, and compiling it takes milliseconds.
        foreach (long left in _yetToMove)
            Invariant.Check(left == 0);
    }

    /// <summary>Gives the memory of one free slab back to the system, beyond the few kept warm.</summary>
    public void DiscardOne()
    {
        bool found = _withWarmSlabs.TryGetLowest(out int number);
        Invariant.Check(found);
        int slab = BitOperations.TrailingZeroCount(_warmSlabs[number]);
        SetCold(number, (ushort)(1 << slab));
        pool.Discard(number, slab * SlabBytes, SlabBytes);
    }

    /// <summary>The first byte of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte At(uint handle) => ref pool.At(handle >> 16, (nint)(handle & UnitMask) * SizeClasses.UnitBytes);

    /// <summary>The first bytes of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Bytes(uint handle, int length) => MemoryMarshal.CreateSpan(ref At(handle), length);

    /// <summary>How many bytes a run holds.</summary>
    public int CapacityOf(uint handle) => SizeClasses.BytesOf(SlabOf(handle).SizeClass);

    /// <summary>The epoch in which a run was born.</summary>
    public uint BirthOf(uint handle)
    {
        Slab slab = SlabOf(handle);
        return slab.Births[slab.IndexOf(handle)];
    }

    /// <summary>Declares a run as new as <paramref name="epoch"/>: nobody older needs it.</summary>
    public void SetBirth(uint handle, uint epoch)
    {
        Slab slab = SlabOf(handle);
        slab.Births[slab.IndexOf(handle)] = epoch;
    }

    private Slab SlabOf(uint handle) => _slabs[handle >> SlabUnitBits]!;

    private Slab AddSlab(int sizeClass)
    {
        int runBytes = SizeClasses.BytesOf(sizeClass);
        Slab slab;
        if (runBytes > LargestInSlab)
        {
            uint first = (uint)RentChunk() << 16;
            slab = new Slab(first, sizeClass, ChunkPool.ChunkBytes / runBytes);
            _slabs.AsSpan((int)(first >> SlabUnitBits), SlabsPerChunk).Fill(slab);
        }
        else
        {
            uint first = TakeFreeSlab();
            slab = new Slab(first, sizeClass, SlabBytes / runBytes);
            _slabs[first >> SlabUnitBits] = slab;
        }

        SlabsBytes += BytesOf(slab);
        _room[sizeClass] += slab.Room;
        Link(slab);
        return slab;
    }

    private uint TakeFreeSlab()
    {
        if (!_withFreeSlabs.TryGetLowest(out int number)) number = CutChunk();
        if (_freeSlabs[number] == ushort.MaxValue) _spareChunks--;
        int slab = BitOperations.TrailingZeroCount(_freeSlabs[number]);
        _freeSlabs[number] &= (ushort)~(1 << slab);
        if (_freeSlabs[number] == 0) _withFreeSlabs.Remove(number);
        SetCold(number, (ushort)(1 << slab));
        return ((uint)number << 16) | ((uint)slab << SlabUnitBits);
    }

    private int CutChunk()
    {
        int number = RentChunk();
        _freeSlabs[number] = ushort.MaxValue;
        _withFreeSlabs.Add(number);
        SetWarm(number, ushort.MaxValue);
        _spareChunks++;
        return number;
    }

    private int RentChunk()
    {
        int number = pool.Rent();
        Invariant.Check(number <= UnitMask, "more than 256 GB of medium values");
        while (number * SlabsPerChunk >= _slabs.Length)
            Array.Resize(ref _slabs, _slabs.Length * 2);
        if (_slabs.Length / SlabsPerChunk > _freeSlabs.Length)
        {
            Array.Resize(ref _freeSlabs, _slabs.Length / SlabsPerChunk);
            Array.Resize(ref _warmSlabs, _freeSlabs.Length);
        }

        return number;
    }

    private void RemoveSlab(Slab slab)
    {
        int number = (int)(slab.FirstHandle >> 16);
        SlabsBytes -= BytesOf(slab);
        if (IsChunk(slab))
        {
            _slabs.AsSpan(number * SlabsPerChunk, SlabsPerChunk).Clear();
            pool.Return(number);
            return;
        }

        _slabs[slab.FirstHandle >> SlabUnitBits] = null;
        ushort bit = (ushort)(1 << ((int)(slab.FirstHandle >> SlabUnitBits) & (SlabsPerChunk - 1)));
        _freeSlabs[number] |= bit;
        _withFreeSlabs.Add(number);
        SetWarm(number, bit);
        if (_freeSlabs[number] == ushort.MaxValue && ++_spareChunks > 1) ReturnChunk(number);
    }

    // Only what is worth it: a slab that is three quarters full costs more to move than it gives back.
    private bool TryLeave(Slab slab)
    {
        if (slab.Used * 4 > slab.Births.Length * 3) return false;
        int sizeClass = slab.SizeClass;
        if (_room[sizeClass] - slab.Room < _yetToMove[sizeClass] + slab.Used) return false;
        Leave(slab);
        return true;
    }

    private void Leave(Slab slab)
    {
        if (!slab.IsFull) Unlink(slab);
        slab.IsLeaving = true;
        _room[slab.SizeClass] -= slab.Room;
        _yetToMove[slab.SizeClass] += slab.Used;
        _leaving.Add(slab);
    }

    private void SetWarm(int number, ushort slabs)
    {
        _warmCount += BitOperations.PopCount((uint)(slabs & ~_warmSlabs[number]));
        _warmSlabs[number] |= slabs;
        _withWarmSlabs.Add(number);
    }

    private void SetCold(int number, ushort slabs)
    {
        if (_warmSlabs[number] == 0) return;
        _warmCount -= BitOperations.PopCount((uint)(slabs & _warmSlabs[number]));
        _warmSlabs[number] &= (ushort)~slabs;
        if (_warmSlabs[number] == 0) _withWarmSlabs.Remove(number);
    }

    private static bool IsChunk(Slab slab) => SizeClasses.BytesOf(slab.SizeClass) > LargestInSlab;

    private static int BytesOf(Slab slab) => IsChunk(slab) ? ChunkPool.ChunkBytes : SlabBytes;

    private void ReturnChunk(int number)
    {
        _spareChunks--;
        _freeSlabs[number] = 0;
        _withFreeSlabs.Remove(number);
        SetCold(number, ushort.MaxValue);
        pool.Return(number);
    }

    private void Link(Slab slab)
    {
        Slab? next = _withRoom[slab.SizeClass];
        slab.NextWithRoom = next;
        slab.PreviousWithRoom = null;
        if (next != null) next.PreviousWithRoom = slab;
        _withRoom[slab.SizeClass] = slab;
    }

    private void Unlink(Slab slab)
    {
        Debug.Assert(slab.PreviousWithRoom != null || _withRoom[slab.SizeClass] == slab);
        if (slab.PreviousWithRoom != null) slab.PreviousWithRoom.NextWithRoom = slab.NextWithRoom;
        else _withRoom[slab.SizeClass] = slab.NextWithRoom;
        if (slab.NextWithRoom != null) slab.NextWithRoom.PreviousWithRoom = slab.PreviousWithRoom;
        slab.NextWithRoom = slab.PreviousWithRoom = null;
    }
}
