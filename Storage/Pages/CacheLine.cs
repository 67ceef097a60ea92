using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace KestrelFree.Storage.Pages;

/// <summary>
/// Asks the processor for a cache line ahead of its use. Unsafe since the instruction takes a pointer; it never faults, and pages are pinned.
/// Where the runtime has no such instruction (ARM before SVE) an ordinary load does it, at the price of waiting for it when the pipeline is full.
/// </summary>
internal static unsafe class CacheLine
{
    public const int Bytes = 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(ref byte line)
    {
        if (Sse.IsSupported) Sse.Prefetch0(Unsafe.AsPointer(ref line));
        else _ = Volatile.Read(ref line);
    }
}
