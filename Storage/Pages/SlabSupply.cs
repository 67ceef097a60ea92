using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KestrelFree.Storage.Pages;

// Large slabs, one prepared ahead of its use.
//
// The first touch of a huge page makes the system clear 2 MB, and often compact memory first: 5.5 to 8 ms of processor time were measured here,
// against 0.1 ms for an ordinary page. On the loop's thread that is a pause for every client at each 2 MB that the keyspace grows by. So the faults
// are taken beforehand by a pool thread. It does so inside a system call, 2 MB at a time: a thread in a call does not hold up a collection, as one
// that faults in managed code would, and the lock on the address space is free between calls.
//
// When growth outruns the supply, a slab is made on the spot without huge pages: slower to use, but no pause.
//
// Threads: the worker owns a slab from its allocation until it puts it into _ready; the loop owns it once it has taken it out, with an exchange that
// orders both. Nobody else sees either field, and no contents are shared.

/// <summary>Makes pinned slabs of one size, keeping one ready whose memory is there already.</summary>
internal sealed unsafe class SlabSupply(int bytes, HugePages hugePages)
{
    private const int HugePageBytes = 1 << 21;

    private byte[]? _ready;
    private int _isPreparing;

    /// <summary>Whether a prepared slab waits to be taken.</summary>
    public bool IsReady => Volatile.Read(ref _ready) != null;

    /// <summary>Starts preparing a slab, unless one is ready or on its way. Returns at once.</summary>
    public void PrepareNext()
    {
        if (hugePages == HugePages.Off || IsReady || Interlocked.Exchange(ref _isPreparing, 1) != 0) return;
        ThreadPool.UnsafeQueueUserWorkItem(static supply => supply.Prepare(), this, preferLocal: false);
    }

    /// <summary>Takes the prepared slab, or makes one without huge pages.</summary>
    public byte[] Take() => Interlocked.Exchange(ref _ready, null) ?? Allocate();

    /// <summary>Takes the prepared slab if there is one.</summary>
    public bool TryTakeReady([NotNullWhen(true)] out byte[]? slab)
    {
        slab = Interlocked.Exchange(ref _ready, null);
        return slab != null;
    }

    private void Prepare()
    {
        try
        {
            byte[] slab = Allocate();
            nint start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(slab));
            MemoryAdvice.PreferHugePages(start, bytes);
            for (nint done = 0; done < bytes; done += HugePageBytes)
                MemoryAdvice.Populate(start + done, Math.Min(HugePageBytes, bytes - done));
            Volatile.Write(ref _ready, slab);
        }
        catch (OutOfMemoryException)
        {
            // The loop will ask for the memory itself when it needs it, and fail where a failure is handled.
        }
        finally
        {
            Volatile.Write(ref _isPreparing, 0);
        }
    }

    private byte[] Allocate() => GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
}
