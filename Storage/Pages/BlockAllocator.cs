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
// Where blocks were freed all over, chunks do not run empty by themselves. An evacuation (Compaction drives it) chooses the sparsest chunks
// whose blocks fit into the others: they are handed out from no more, and whoever walks the keyspace moves their blocks.
//
// Every block has a birth: the epoch in which it was handed out. See ForkEpochs for what it decides. Births lie in an array beside the chunk,
// 4 bytes a block, not in the blocks: they are read only while a fork lives. The array is pinned, since the collector would copy it twice, 16 KB
// for every 4 MB of data: that was most of the first pause after loading, 5 to 16 ms at 10 M keys.

/// <summary>Hands out blocks of one size from pooled chunks. O(1) but for taking a chunk.</summary>
internal sealed class BlockAllocator
{
    public const int IndexBits = 12;
    private const uint IndexMask = (1u << IndexBits) - 1;
    private const int None = -1;

    private sealed class Chunk(int capacity)
    {
        public readonly uint[] Births = GC.AllocateArray<uint>(capacity, pinned: true);
        public int Used;
        public int Touched;
        public int FreeHead = None;
        public bool IsLeaving;
    }

    private const int FillLevels = 64;

    private readonly ChunkPool _pool;
    private readonly int _stride;
    private readonly int _step;
    private readonly int _capacity;
    private readonly ChunkSet _withRoom = new();
    private readonly List<int> _leaving = [];
    private Chunk?[] _chunks = new Chunk?[64];
    private int _chunkCount;
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

    /// <summary>Bytes of the chunks that the blocks lie in.</summary>
    public long ChunkBytes => (long)_chunkCount * ChunkPool.ChunkBytes;

    /// <summary>Hands out a block of arbitrary contents, born in <paramref name="epoch"/>; its id is never 0.</summary>
    public uint Allocate(uint epoch)
    {
        if (!_withRoom.TryGetLowest(out int number)) number = AddChunk();
        Chunk chunk = _chunks[number]!;
        int index = chunk.FreeHead;
        if (index == None) index = chunk.Touched++;
        else chunk.FreeHead = Unsafe.ReadUnaligned<int>(ref At(Id(number, index)));
        if (chunk.Used++ == 0) _spareChunks--;
        if (chunk.Used == _capacity) _withRoom.Remove(number);
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
        Used--;
        Invariant.Check(--chunk.Used >= 0);
        if (!chunk.IsLeaving) _withRoom.Add(number);
        if (chunk.Used != 0) return;
        if (chunk.IsLeaving) ReturnChunk(number);
        else ReturnIfSpare(number);
    }

    /// <summary>
    /// Chooses the sparsest chunks whose blocks find room in the others; from now on <see cref="IsLeaving"/> tells which blocks are to move.
    /// O(chunks).
    /// </summary>
    public void BeginEvacuation(EvacuationScope scope)
    {
        if (scope == EvacuationScope.Everything)
        {
            LeaveAll();
            return;
        }

        int surplus = _chunkCount - (int)(Used / _capacity) - 1;
        Span<int> perLevel = stackalloc int[FillLevels];
        foreach (Chunk? chunk in _chunks)
        {
            if (chunk != null) perLevel[LevelOf(chunk)]++;
        }

        for (int level = 0; level < FillLevels && surplus > 0; level++)
        {
            if (perLevel[level] != 0) Leave(level, Math.Min(surplus, perLevel[level]));
            surplus -= perLevel[level];
        }
    }

    /// <summary>Whether a block lies in a chunk that is being evacuated.</summary>
    public bool IsLeaving(uint id) => _leaving.Count != 0 && _chunks[id >> IndexBits]!.IsLeaving;

    /// <summary>Puts chunks that could not be emptied back to use. O(chunks chosen).</summary>
    public void EndEvacuation()
    {
        foreach (int number in _leaving)
        {
            if (_chunks[number] is not { IsLeaving: true } chunk) continue;
            chunk.IsLeaving = false;
            if (chunk.Used < _capacity) _withRoom.Add(number);
        }

        _leaving.Clear();
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
        if (number >= _chunks.Length) Array.Resize(ref _chunks, Math.Max(number + 1, _chunks.Length * 2));
        _chunks[number] = new Chunk(_capacity);
        _withRoom.Add(number);
        _chunkCount++;
        _spareChunks++;
        return number;
    }

    // One empty chunk stays: a block freed and allocated at the edge of a chunk must not move chunks to and fro.
    private void ReturnIfSpare(int number)
    {
        if (++_spareChunks == 1) return;
        _spareChunks--;
        _withRoom.Remove(number);
        ReturnChunk(number);
    }

    private void ReturnChunk(int number)
    {
        _chunks[number] = null;
        _chunkCount--;
        _pool.Return(number);
    }

    // Full chunks and the empty spare one are of the highest level: there is nothing to win by them.
    private int LevelOf(Chunk chunk) => chunk.Used == 0 ? FillLevels - 1 : (int)((long)chunk.Used * (FillLevels - 1) / _capacity);

    private void Leave(int level, int count)
    {
        if (level == FillLevels - 1) return;
        for (int number = _chunks.Length - 1; count > 0; number--)
        {
            if (_chunks[number] is not { IsLeaving: false } chunk || LevelOf(chunk) != level) continue;
            Leave(number, chunk);
            count--;
        }
    }

    private void LeaveAll()
    {
        for (int number = 0; number < _chunks.Length; number++)
        {
            if (_chunks[number] is { Used: > 0 } chunk) Leave(number, chunk);
        }
    }

    private void Leave(int number, Chunk chunk)
    {
        chunk.IsLeaving = true;
        _withRoom.Remove(number);
        _leaving.Add(number);
    }
}

/// <summary>What an evacuation moves.</summary>
internal enum EvacuationScope
{
    /// <summary>What lies sparsely.</summary>
    Sparse,

    /// <summary>Everything: for tests.</summary>
    Everything,
}
