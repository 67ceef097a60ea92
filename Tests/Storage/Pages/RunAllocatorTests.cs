using KestrelFree.Storage;
using KestrelFree.Storage.Pages;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Pages;

/// <summary>Size-classed runs: large enough, never overlapping, none lost.</summary>
public sealed class RunAllocatorTests
{
    [Test]
    public void The_class_of_a_size_is_the_smallest_that_holds_it()
    {
        for (var bytes = 1; bytes <= SizeClasses.MaxBytes; bytes++)
        {
            var sizeClass = SizeClasses.ClassOf(bytes);
            if (SizeClasses.BytesOf(sizeClass) < bytes || (sizeClass > 0 && SizeClasses.BytesOf(sizeClass - 1) >= bytes))
                Assert.Fail($"{bytes} bytes are of class {sizeClass}");
        }

        Assert.That(SizeClasses.BytesOf(SizeClasses.ClassOf(1024)), Is.EqualTo(1024));
        Assert.That(SizeClasses.BytesOf(SizeClasses.Count - 1), Is.EqualTo(SizeClasses.MaxBytes));
    }

    [Test]
    public void Runs_equal_a_model_under_random_use([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        var pool = new ChunkPool(HugePages.Off);
        var runs = new RunAllocator(pool);
        var live = new List<(uint Handle, int Bytes, byte Fill)>();
        for (var i = 0; i < 20_000; i++)
        {
            // Grows for a while, then shrinks, so that slabs and chunks fill and run empty.
            if (live.Count == 0 || random.Next(100) < (i / 4000 % 2 == 0 ? 60 : 40))
                live.Add(Allocate(runs, random, (byte)i));
            else
                Free(runs, live, random.Next(live.Count));
        }

        Assert.That(runs.UsedBytes, Is.EqualTo(live.Sum(run => (long)runs.CapacityOf(run.Handle))));
        while (live.Count != 0)
            Free(runs, live, live.Count - 1);
        Assert.That(runs.UsedBytes, Is.Zero);
    }

    [Test]
    public void Runs_of_another_class_reuse_the_memory_of_freed_ones()
    {
        var pool = new ChunkPool(HugePages.Off);
        var runs = new RunAllocator(pool);
        uint[] handles = [.. Enumerable.Range(0, 40_000).Select(_ => runs.Allocate(1000, 1))];
        var reserved = pool.ReservedBytes;
        foreach (var handle in handles)
            runs.Free(handle);

        for (var i = 0; i < 20_000; i++)
            runs.Allocate(1900, 1);

        Assert.That(pool.ReservedBytes, Is.EqualTo(reserved));
    }

    private static (uint Handle, int Bytes, byte Fill) Allocate(RunAllocator runs, Random random, byte fill)
    {
        var bytes = 1 + random.Next(random.Next(20) == 0 ? SizeClasses.MaxBytes : 3000);
        var handle = runs.Allocate(bytes, epoch: 7);
        Assert.That(runs.CapacityOf(handle), Is.GreaterThanOrEqualTo(bytes));
        Assert.That(runs.BirthOf(handle), Is.EqualTo(7));
        runs.Bytes(handle, bytes).Fill(fill);
        return (handle, bytes, fill);
    }

    private static void Free(RunAllocator runs, List<(uint Handle, int Bytes, byte Fill)> live, int index)
    {
        (var handle, var bytes, var fill) = live[index];
        live[index] = live[^1];
        live.RemoveAt(live.Count - 1);
        Assert.That(runs.Bytes(handle, bytes).IndexOfAnyExcept(fill), Is.EqualTo(-1));
        runs.Free(handle);
    }
}
