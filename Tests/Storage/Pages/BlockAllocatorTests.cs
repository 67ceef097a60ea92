using KestrelFree.Storage;
using KestrelFree.Storage.Pages;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Pages;

/// <summary>Blocks of one size: no id twice, none lost, and chunks that run empty go back.</summary>
public sealed class BlockAllocatorTests
{
    [TestCase(1024, 1)]
    [TestCase(1024, 2)]
    [TestCase(1344, 1)]
    public void Blocks_do_not_overlap(int stride, int step)
    {
        var blocks = new BlockAllocator(new ChunkPool(HugePages.Off), stride, step);
        uint[] ids = [.. Enumerable.Range(0, 10_000).Select(_ => blocks.Allocate(1))];
        for (var i = 0; i < ids.Length; i++)
            Contents(blocks, ids[i]).Fill((byte)i);

        for (var i = 0; i < ids.Length; i++)
            Assert.That(Contents(blocks, ids[i]).IndexOfAnyExcept((byte)i), Is.EqualTo(-1));
    }

    [Test]
    public void A_block_that_was_freed_is_handed_out_again()
    {
        var blocks = new BlockAllocator(new ChunkPool(HugePages.Off), 1024, 1);
        var first = blocks.Allocate(1);
        blocks.Allocate(1);
        blocks.Free(first);

        Assert.That(blocks.Allocate(2), Is.EqualTo(first));
        Assert.That(blocks.BirthOf(first), Is.EqualTo(2));
    }

    [Test]
    public void Chunks_that_run_empty_go_back_to_the_pool()
    {
        var pool = new ChunkPool(HugePages.Off);
        var blocks = new BlockAllocator(pool, 1024, 1);
        uint[] ids = [.. Enumerable.Range(0, 5 * 4096).Select(_ => blocks.Allocate(1))];
        Assert.That(pool.RentedBytes, Is.EqualTo(5 * ChunkPool.ChunkBytes));

        foreach (var id in ids)
            blocks.Free(id);

        Assert.That(blocks.UsedBytes, Is.Zero);
        Assert.That(pool.RentedBytes, Is.EqualTo(ChunkPool.ChunkBytes));
    }

    [Test]
    public void Discarded_chunks_can_be_used_again()
    {
        var pool = new ChunkPool(HugePages.Advise);
        int[] chunks = [.. Enumerable.Range(0, 10).Select(_ => pool.Rent())];
        foreach (var chunk in chunks)
            pool.Return(chunk);
        while (pool.HasIdle)
            pool.DiscardSlice();
        var reserved = pool.ReservedBytes;

        foreach (var _ in chunks)
            pool.At((uint)pool.Rent(), ChunkPool.ChunkBytes - 1) = 1;

        // One of them may just be on its way to being warm, so that a slab is made instead.
        Assert.That(pool.ReservedBytes, Is.EqualTo(reserved).Or.EqualTo(reserved + 2 * ChunkPool.ChunkBytes));
    }

    [Test]
    public void Only_sparse_chunks_are_evacuated_and_no_more_than_fit_into_the_others()
    {
        var pool = new ChunkPool(HugePages.Off);
        var blocks = new BlockAllocator(pool, 1024, 1);
        uint[] ids = [.. Enumerable.Range(0, 4 * 4096).Select(_ => blocks.Allocate(1))];
        // The second and the fourth chunk keep a tenth, the others all.
        uint[] freed = [.. ids.Where((_, i) => i / 4096 % 2 == 1 && i % 10 != 0)];
        foreach (var id in freed)
            blocks.Free(id);
        blocks.BeginEvacuation(EvacuationScope.Sparse);

        uint[] leaving = [.. ids.Except(freed).Where(blocks.IsLeaving)];
        Assert.That(leaving.Select(id => id >> BlockAllocator.IndexBits).Distinct(), Is.EqualTo(new[] { ids[^1] >> BlockAllocator.IndexBits }));
        foreach (var id in leaving)
        {
            Assert.That(blocks.IsLeaving(blocks.Allocate(2)), Is.False);
            blocks.Free(id);
        }

        Assert.That(pool.RentedBytes, Is.EqualTo(3 * ChunkPool.ChunkBytes));
        blocks.EndEvacuation();
    }

    [Test]
    public void A_chunk_that_could_not_be_emptied_is_used_again()
    {
        var blocks = new BlockAllocator(new ChunkPool(HugePages.Off), 1024, 1);
        uint[] ids = [.. Enumerable.Range(0, 100).Select(_ => blocks.Allocate(1))];
        blocks.BeginEvacuation(EvacuationScope.Everything);
        var elsewhere = blocks.Allocate(1);
        blocks.EndEvacuation();

        Assert.That(elsewhere >> BlockAllocator.IndexBits, Is.Not.EqualTo(ids[0] >> BlockAllocator.IndexBits));
        Assert.That(blocks.Allocate(1) >> BlockAllocator.IndexBits, Is.EqualTo(ids[0] >> BlockAllocator.IndexBits));
    }

    private static Span<byte> Contents(BlockAllocator blocks, uint id) =>
        System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref blocks.At(id), blocks.BlockBytes);
}
