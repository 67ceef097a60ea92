using System.Runtime.CompilerServices;

namespace KestrelFree.Storage.Pages;

// Blocks of one size, cut from chunks: segment heads, and the 1 KB and 2 KB blocks that entries lie in.
//
//     id = chunk number : 20 | index : 12, index counted in strides of the *smallest* block that shares the address rule
//
// Since all blocks of an allocator are alike, there is no external fragmentation: any free block serves any request, and memory is lost only to
// chunks that are sparsely used. Allocation therefore takes the lowest chunk that has room (a bitmap finds it), which lets the others
// run empty and go back to the pool. Within a chunk free blocks form a list through their own first bytes, last freed first, so that
// the next block handed out is likely still in the cache.
//
// Every block has a birth: the epoch in which it was handed out. See ForkEpochs for what it decides. Births lie in an array beside the chunk,
// 4 bytes a block, not in the blocks: they are read only while a fork lives.

/// <summary>Hands out blocks of one size from pooled chunks. O(1) but for taking a chunk.</summary>
internal sealed class BlockAllocator
{
    public const int IndexBits = 12;
    private const uint IndexMask = (1u << IndexBits) - 1;
    private const int None = -1;

    private sealed class Chunk(int capacity)
    {
        public readonly uint[] Births = new uint[capacity];
        public int Used;
        public int Touched;
        public int FreeHead = None;
    }

    private readonly ChunkPool _pool;
    private readonly int _stride;
    private readonly int _step;
    private readonly int _capacity;
    private readonly ChunkSet _withRoom = new();
    private Chunk?[] _chunks = new Chunk?[64];
    private int _spareChunks;

    /// <summary>Makes blocks of <paramref name="step"/> times <paramref name="stride"/> bytes; ids count in strides.</summary>
    public BlockAllocator(ChunkPool pool, int stride, int step)
    {
        _pool = pool;
        _stride = stride;
        _step = step;
        _capacity = Math.Min(ChunkPool.ChunkBytes / stride, 1 << IndexBits) / step;
        BlockBytes = stride * step;
    }

    /// <summary>Bytes of one block.</summary>
    public int BlockBytes { get; }

    /// <summary>Blocks handed out and not freed.</summary>
    public long Used { get; private set; }

    /// <summary>Bytes of the blocks in use.</summary>
    public long UsedBytes => Used * BlockBytes;

    /// <summary>Hands out a block of arbitrary contents, born in <paramref name="epoch"/>; its id is never 0.</summary>
    public uint Allocate(uint epoch)
    {
        if (!_withRoom.TryGetLowest(out int number))
            number = AddChunk();
        Chunk chunk = _chunks[number]!;
        int index = chunk.FreeHead;
        if (index == None)
            index = chunk.Touched++;
        else
            chunk.FreeHead = Unsafe.ReadUnaligned<int>(ref At(Id(number, index)));
        if (chunk.Used++ == 0)
            _spareChunks--;
        if (chunk.Used == _capacity)
            _withRoom.Remove(number);
        chunk.Births[index] = epoch;
        Used++;
        return Id(number, index);
    }

    /// <summary>Takes a block back.</summary>
    public void Free(uint id)
    {
        int number = (int)(id >> IndexBits);
        int index = (int)(id & IndexMask) / _step;
        Chunk chunk = _chunks[number]!;
        Unsafe.WriteUnaligned(ref At(id), chunk.FreeHead);
        chunk.FreeHead = index;
        _withRoom.Add(number);
        Used--;
        Invariant.Check(--chunk.Used >= 0);
        if (chunk.Used == 0)
            ReturnIfSpare(number);
    }

    /// <summary>The first byte of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte At(uint id) => ref At(_pool.Addresses, id, _stride);

    /// <summary>The first byte of a block, by the pool's table of addresses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte At(nint[] addresses, uint id, int stride) =>
        ref ChunkPool.At(addresses, id >> IndexBits, (nint)(id & IndexMask) * stride);

    /// <summary>The epoch in which a block was born.</summary>
    public uint BirthOf(uint id) => _chunks[id >> IndexBits]!.Births[(int)(id & IndexMask) / _step];

    /// <summary>Declares a block as new as <paramref name="epoch"/>: nobody older needs it.</summary>
    public void SetBirth(uint id, uint epoch) => _chunks[id >> IndexBits]!.Births[(int)(id & IndexMask) / _step] = epoch;

    private uint Id(int number, int index) => ((uint)number << IndexBits) | (uint)(index * _step);

    private int AddChunk()
    {
        int number = _pool.Rent();
        if (number >= _chunks.Length)
            Array.Resize(ref _chunks, Math.Max(number + 1, _chunks.Length * 2));
        _chunks[number] = new Chunk(_capacity);
        _withRoom.Add(number);
        _spareChunks++;
        return number;
    }

    // One empty chunk stays: a block freed and allocated at the edge of a chunk must not move chunks to and fro.
    private void ReturnIfSpare(int number)
    {
        if (++_spareChunks == 1)
            return;
        _spareChunks--;
        _withRoom.Remove(number);
        _chunks[number] = null;
        _pool.Return(number);
    }
}
