using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KestrelFree.Storage.Pages;

// All page memory comes from here, in chunks of 4 MB.
//
// A chunk is a slice of a pinned byte array: the collector neither moves nor scans it, and it is never given back to the collector (only an
// aggressive blocking collection would return it to the system anyway). So a chunk's number and its address are for good, and a table of
// addresses indexed by number is all that turns an id into memory:
//
//     block id  = chunk number : 20 | index : 12          (BlockAllocator)
//     run handle = chunk number : 16 | 64-byte unit : 16   (RunAllocator)
//
// Empty chunks come back to the pool. The pool keeps a few warm and tells the system that it may take the pages of the others; reusing one
// later costs only page faults.
//
// The first chunks are arrays of their own and take no huge pages, so that a small server stays small; from 16 MB on they are cut from arrays of
// 8 MB, the next of which SlabSupply has ready beforehand. (With 16 MB what is ready but unused took 10 M small keys from 42.6 to 45.3 bytes each.)
//
// Threads: the loop only, except Address, which a snapshot's walk also reads. It asks only for chunks that held something when the fork was
// made; those entries of the table never change.
//
// Unsafe: this is the one place where a number becomes a reference. Sound since the arrays are pinned and held by _slabs for the pool's life.

/// <summary>Pinned memory in chunks of 4 MB, numbered from 1.</summary>
internal sealed unsafe class ChunkPool(HugePages hugePages)
{
    public const int ChunkBytes = 1 << 22;
    private const int MaxChunks = 1 << 16;
    private const int SmallSlabs = 4;
    private const int ChunksPerLargeSlab = 2;
    private const int WarmChunks = 4;

    private readonly List<byte[]> _slabs = [];
    private readonly SlabSupply _largeSlabs = new(ChunksPerLargeSlab * ChunkBytes + CacheLine.Bytes, hugePages);
    private readonly Stack<int> _cold = new();
    private readonly Stack<int> _warm = new();
    private int _chunks = 1;

    /// <summary>
    /// The addresses of chunks by number. Of its full size from the start (the system backs only what is written), so that whoever reads it often can keep
    /// the reference.
    /// </summary>
    public nint[] Addresses { get; } = new nint[MaxChunks];

    /// <summary>Bytes of every chunk ever made, in use or not.</summary>
    public long ReservedBytes => (long)(_chunks - 1) * ChunkBytes;

    /// <summary>Bytes of chunks that an allocator holds.</summary>
    public long RentedBytes => ReservedBytes - (long)(_cold.Count + _warm.Count) * ChunkBytes;

    /// <summary>Whether <see cref="DiscardOne"/> has something to do.</summary>
    public bool HasIdle => _warm.Count > WarmChunks;

    /// <summary>Hands out a chunk of arbitrary contents. O(1) but for the system's allocation.</summary>
    public int Rent()
    {
        if (_warm.TryPop(out int number) || _cold.TryPop(out number))
            return number;
        AddSlab();
        return _warm.Pop();
    }

    /// <summary>Takes a chunk back.</summary>
    public void Return(int number) => _warm.Push(number);

    /// <summary>Gives the memory of one idle chunk back to the system, beyond the few kept warm.</summary>
    public void DiscardOne()
    {
        int number = _warm.Pop();
        MemoryAdvice.Discard(Addresses[number], ChunkBytes);
        _cold.Push(number);
    }

    /// <summary>The byte at an offset of a chunk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte At(uint number, nint offset)
    {
        Debug.Assert(number > 0 && number < (uint)_chunks);
        return ref At(Addresses, number, offset);
    }

    /// <summary>The byte at an offset of a chunk, by the table of <see cref="Addresses"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte At(nint[] addresses, uint number, nint offset)
    {
        Debug.Assert(number < addresses.Length && addresses[number] != 0 && (nuint)offset < ChunkBytes);
        return ref Unsafe.AsRef<byte>((void*)(Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(addresses), (nint)number) + offset));
    }

    private void AddSlab()
    {
        int chunks = _slabs.Count < SmallSlabs ? 1 : ChunksPerLargeSlab;
        byte[] slab = chunks == 1
            ? GC.AllocateUninitializedArray<byte>(ChunkBytes + CacheLine.Bytes, pinned: true)
            : _largeSlabs.Take();
        _slabs.Add(slab);
        if (_slabs.Count >= SmallSlabs)
            _largeSlabs.PrepareNext();
        nint start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(slab));
        start = (start + CacheLine.Bytes - 1) & ~(nint)(CacheLine.Bytes - 1);
        Invariant.Check(_chunks + chunks <= MaxChunks, "more than 256 GB of keys and values");
        // Pushed last first, so that they are handed out in the order of their addresses.
        for (int i = chunks - 1; i >= 0; i--)
        {
            Addresses[_chunks + i] = start + (nint)i * ChunkBytes;
            _warm.Push(_chunks + i);
        }

        _chunks += chunks;
    }
}
