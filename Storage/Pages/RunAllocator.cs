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
// for one per class; a chunk whose slabs are all free goes back to the pool.
//
// Why not a general first-fit heap: uniform hashing makes everything grow and shrink at once, which strands whole generations of odd
// sizes (18 % measured). Size classes bound the loss: 12 % within a run, 6 % at the end of a slab.

/// <summary>Hands out size-classed runs of bytes from pooled chunks. O(1) but for taking a chunk.</summary>
internal sealed class RunAllocator(ChunkPool pool)
{
    private const int SlabUnitBits = 12;
    private const int SlabBytes = SizeClasses.UnitBytes << SlabUnitBits;
    private const int SlabsPerChunk = ChunkPool.ChunkBytes / SlabBytes;
    private const int LargestInSlab = 16 * 1024;
    private const uint UnitMask = 0xffff;
    private const int None = -1;

    private sealed class Slab(uint firstHandle, int sizeClass, int capacity)
    {
        public readonly uint FirstHandle = firstHandle;
        public readonly int SizeClass = sizeClass;
        public readonly int RunUnits = SizeClasses.BytesOf(sizeClass) / SizeClasses.UnitBytes;
        public readonly uint[] Births = new uint[capacity];
        public int Used;
        public int Touched;
        public int FreeHead = None;
        public Slab? NextWithRoom;
        public Slab? PreviousWithRoom;

        public bool IsFull => Used == Births.Length;

        public int IndexOf(uint handle) => (int)(handle - FirstHandle) / RunUnits;
    }

    private readonly Slab?[] _withRoom = new Slab?[SizeClasses.Count];
    private readonly ChunkSet _withFreeSlabs = new();
    private ushort[] _freeSlabs = new ushort[64]; // a bit per slab of a cut chunk
    private int _spareChunks;
    private Slab?[] _slabs = new Slab?[64 * SlabsPerChunk];

    /// <summary>Bytes of the runs in use, class sizes counted whole.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Runs in use.</summary>
    public long Used { get; private set; }

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
        if (slab.IsFull)
            Unlink(slab);
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
        if (wasFull)
            Link(slab);
        if (slab.Used == 0 && (slab.NextWithRoom ?? slab.PreviousWithRoom) != null)
            RemoveSlab(slab);
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

        Link(slab);
        return slab;
    }

    private uint TakeFreeSlab()
    {
        if (!_withFreeSlabs.TryGetLowest(out int number))
            number = CutChunk();
        if (_freeSlabs[number] == ushort.MaxValue)
            _spareChunks--;
        int slab = BitOperations.TrailingZeroCount(_freeSlabs[number]);
        _freeSlabs[number] &= (ushort)~(1 << slab);
        if (_freeSlabs[number] == 0)
            _withFreeSlabs.Remove(number);
        return ((uint)number << 16) | ((uint)slab << SlabUnitBits);
    }

    private int CutChunk()
    {
        int number = RentChunk();
        _freeSlabs[number] = ushort.MaxValue;
        _withFreeSlabs.Add(number);
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
            Array.Resize(ref _freeSlabs, _slabs.Length / SlabsPerChunk);
        return number;
    }

    private void RemoveSlab(Slab slab)
    {
        Unlink(slab);
        int number = (int)(slab.FirstHandle >> 16);
        if (SizeClasses.BytesOf(slab.SizeClass) > LargestInSlab)
        {
            _slabs.AsSpan(number * SlabsPerChunk, SlabsPerChunk).Clear();
            pool.Return(number);
            return;
        }

        _slabs[slab.FirstHandle >> SlabUnitBits] = null;
        _freeSlabs[number] |= (ushort)(1 << ((int)(slab.FirstHandle >> SlabUnitBits) & (SlabsPerChunk - 1)));
        _withFreeSlabs.Add(number);
        if (_freeSlabs[number] == ushort.MaxValue && ++_spareChunks > 1)
            ReturnChunk(number);
    }

    private void ReturnChunk(int number)
    {
        _spareChunks--;
        _freeSlabs[number] = 0;
        _withFreeSlabs.Remove(number);
        pool.Return(number);
    }

    private void Link(Slab slab)
    {
        Slab? next = _withRoom[slab.SizeClass];
        slab.NextWithRoom = next;
        slab.PreviousWithRoom = null;
        if (next != null)
            next.PreviousWithRoom = slab;
        _withRoom[slab.SizeClass] = slab;
    }

    private void Unlink(Slab slab)
    {
        Debug.Assert(slab.PreviousWithRoom != null || _withRoom[slab.SizeClass] == slab);
        if (slab.PreviousWithRoom != null)
            slab.PreviousWithRoom.NextWithRoom = slab.NextWithRoom;
        else
            _withRoom[slab.SizeClass] = slab.NextWithRoom;
        if (slab.NextWithRoom != null)
            slab.NextWithRoom.PreviousWithRoom = slab.PreviousWithRoom;
        slab.NextWithRoom = slab.PreviousWithRoom = null;
    }
}
