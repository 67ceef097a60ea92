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
// Empty chunks come back to the pool. The pool keeps one warm and tells the system to take the pages of the others, which are cold then. When a
// keyspace that shrank grows again, a pool thread has the next cold chunk backed by huge pages ahead of its use, for the reason that SlabSupply
// gives; if growth is faster than that, a chunk does without huge pages.
//
// The first chunks are arrays of their own and take no huge pages, so that a small server stays small; from 16 MB on they are cut from arrays of
// 8 MB, the next of which SlabSupply has ready beforehand. (With 16 MB what is ready but unused took 10 M small keys from 42.6 to 45.3 bytes each.)
//
// Threads: the loop only, with two exceptions. A snapshot's walk reads Addresses. It asks only for chunks that held something when the fork was
// made; those entries of the table never change. And a pool thread warms a cold chunk, which nobody uses until it has written its number
// into _warmedAhead; the loop takes it from there with an exchange that orders both.
//
// Unsafe: this is the one place where a number becomes a reference. Sound since the arrays are pinned and held by _slabs for the pool's life.

/// <summary>Pinned memory in chunks of 4 MB, numbered from 1.</summary>
internal sealed unsafe class ChunkPool(HugePages hugePages)
{
    public const int ChunkBytes = 1 << 22;
    private const int MaxChunks = 1 << 16;
    private const int SmallSlabs = 4;
    private const int ChunksPerLargeSlab = 2;
    private const int WarmChunks = 1;
    private const int HugePageBytes = 1 << 21;
    private const int None = 0;

    private readonly List<byte[]> _slabs = [];
    private readonly SlabSupply _largeSlabs = new(ChunksPerLargeSlab * ChunkBytes + CacheLine.Bytes, hugePages);
    private readonly Stack<int> _cold = new();
    private readonly Stack<int> _warm = new();
    private int _chunks = 1;
    private int _cooling;
    private int _aheadCount;
    private int _warmedAhead;

    /// <summary>
    /// The addresses of chunks by number. Of its full size from the start (the system backs only what is written), so that whoever reads it
    /// often can keep the reference.
    /// </summary>
    public nint[] Addresses { get; } = new nint[MaxChunks];

    /// <summary>Bytes of every chunk ever made, in use or not.</summary>
    public long ReservedBytes => (long)(_chunks - 1) * ChunkBytes;

    /// <summary>Bytes of chunks that an allocator holds.</summary>
    public long RentedBytes => ReservedBytes - (long)(_cold.Count + _warm.Count + _aheadCount + (_cooling == None ? 0 : 1)) * ChunkBytes;

    /// <summary>Whether <see cref="DiscardSlice"/> has something to do.</summary>
    public bool HasIdle => _warm.Count > WarmChunks || _cooling != None;

    /// <summary>Hands out a chunk of arbitrary contents. O(1) but for the system's allocation.</summary>
    public int Rent()
    {
        if (!_warm.TryPop(out int number) && !TryTakeWarmedAhead(out number) && !TryTakeCold(out number))
        {
            AddSlab(TakeSlab());
            number = _warm.Pop();
        }

        if (_warm.Count == 0) WarmAhead();
        return number;
    }

    /// <summary>Takes a chunk back.</summary>
    public void Return(int number) => _warm.Push(number);

    /// <summary>Gives the memory of half an idle chunk, beyond the few kept warm, back to the system. (A whole one takes up to 0.5 ms.)</summary>
    public void DiscardSlice()
    {
        if (_cooling != None)
        {
            Discard(_cooling, ChunkBytes / 2, ChunkBytes / 2);
            _cold.Push(_cooling);
            _cooling = None;
            return;
        }

        // What was prepared for growth would not be used before all cold chunks are.
        if (_cold.Count > WarmChunks && _largeSlabs.TryTakeReady(out byte[]? ready)) AddSlab(ready);
        _cooling = _warm.Pop();
        Discard(_cooling, 0, ChunkBytes / 2);
    }

    /// <summary>Gives the memory of a part of a chunk, whose contents are no longer wanted, back to the system.</summary>
    public void Discard(int number, int offset, int bytes) => MemoryAdvice.Discard(Addresses[number] + offset, bytes);

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

    private bool TryTakeWarmedAhead(out int number)
    {
        number = Interlocked.Exchange(ref _warmedAhead, None);
        if (number == None) return false;
        _aheadCount = 0;
        return true;
    }

    private bool TryTakeCold(out int number)
    {
        if (!_cold.TryPop(out number)) return false;
        if (hugePages == HugePages.Advise) MemoryAdvice.AvoidHugePages(Addresses[number], ChunkBytes);
        return true;
    }

    private void WarmAhead()
    {
        if (hugePages == HugePages.Off || _aheadCount != 0 || !_cold.TryPop(out int number)) return;
        _aheadCount = 1;
        ThreadPool.UnsafeQueueUserWorkItem(static chunk => chunk.Pool.Warm(chunk.Number), (Pool: this, Number: number), preferLocal: false);
    }

    private void Warm(int number)
    {
        nint start = Addresses[number];
        MemoryAdvice.PreferHugePages(start, ChunkBytes);
        for (nint done = 0; done < ChunkBytes; done += HugePageBytes)
            MemoryAdvice.Populate(start + done, HugePageBytes);
        Volatile.Write(ref _warmedAhead, number);
    }

    private byte[] TakeSlab()
    {
        byte[] slab = _slabs.Count < SmallSlabs
            ? GC.AllocateUninitializedArray<byte>(ChunkBytes + CacheLine.Bytes, pinned: true)
            : _largeSlabs.Take();
        if (_slabs.Count + 1 >= SmallSlabs) _largeSlabs.PrepareNext();
        return slab;
    }

    private void AddSlab(byte[] slab)
    {
        int chunks = slab.Length / ChunkBytes;
        _slabs.Add(slab);
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
