using System.Numerics;

namespace KestrelFree.Protocol;

// Arrays for query and reply buffers, in classes from 1 KB to 1 MB: powers of two up to 64 KB, and beyond, where a power of two would waste
// much, four classes for each. A client that is idle owns none, so the pool is what keeps ten thousand connections cheap and the steady state
// free of allocation.
//
// ArrayPool<byte>.Shared would do, but it locks, keeps per-thread caches that one loop thread has no use for, and rounds
// what is above 1 MB up to a power of two. This pool serves one thread, a rent is a pop, and what it retains is bounded:
// per class by a count, over all by a number of bytes. Beyond 1 MB arrays are allocated to measure and left to the GC.

/// <summary>A single-threaded pool of byte arrays.</summary>
public sealed class BufferPool
{
    /// <summary>The largest array that is pooled, in bytes.</summary>
    public const int MaxPooledBytes = 1 << MaxClassBits;

    private const int MinClassBits = 10;
    private const int FineClassBits = 16;
    private const int MaxClassBits = 20;
    private const int CoarseClasses = FineClassBits - MinClassBits + 1;
    private const int ClassesPerDoubling = 4;
    private const long MaxRetainedBytes = 32L * 1024 * 1024;

    private readonly Stack<byte[]>[] _classes = new Stack<byte[]>[CoarseClasses + ((MaxClassBits - FineClassBits) * ClassesPerDoubling)];

    /// <summary>Creates an empty pool.</summary>
    public BufferPool()
    {
        for (int i = 0; i < _classes.Length; i++)
            _classes[i] = new Stack<byte[]>();
    }

    /// <summary>The bytes that lie unused in the pool.</summary>
    public long RetainedBytes { get; private set; }

    /// <summary>An array of at least <paramref name="minimumBytes"/>, its content undefined; O(1).</summary>
    public byte[] Rent(int minimumBytes)
    {
        if (minimumBytes > MaxPooledBytes) return GC.AllocateUninitializedArray<byte>(minimumBytes);

        int index = ClassOf(minimumBytes);
        if (!_classes[index].TryPop(out byte[]? array)) return GC.AllocateUninitializedArray<byte>(BytesOf(index));
        RetainedBytes -= array.Length;
        return array;
    }

    /// <summary>Gives back what <see cref="Rent"/> returned; the caller must not touch it again. O(1).</summary>
    public void Return(byte[] array)
    {
        ArgumentNullException.ThrowIfNull(array);
        if (array.Length > MaxPooledBytes || RetainedBytes + array.Length > MaxRetainedBytes) return;
        RetainedBytes += array.Length;
        _classes[ClassOf(array.Length)].Push(array);
    }

    private static int ClassOf(int bytes)
    {
        if (bytes <= 1 << MinClassBits) return 0;
        int bits = BitOperations.Log2((uint)bytes - 1);
        if (bits < FineClassBits) return bits + 1 - MinClassBits;
        int quarter = ((bytes - 1) >> (bits - 2)) & (ClassesPerDoubling - 1);
        return CoarseClasses + ((bits - FineClassBits) * ClassesPerDoubling) + quarter;
    }

    private static int BytesOf(int index)
    {
        if (index < CoarseClasses) return 1 << (index + MinClassBits);
        int fine = index - CoarseClasses;
        int bits = FineClassBits + (fine / ClassesPerDoubling);
        return (ClassesPerDoubling + (fine % ClassesPerDoubling) + 1) << (bits - 2);
    }
}
