namespace KestrelFree.Storage.Pages;

// The arrays of values over 256 KB. They are ordinary objects, so the collector may have their addresses back; but it keeps the memory behind
// them: after deleting 1,000 values of 1 MB all of it stayed resident until something else made it collect, and longer. A blocking collection
// that compacts gives it back, and stops the server for as long. So memory goes back to the system by hand here too: before an array is let go,
// the pages within it are discarded, in slices. The collector does not read what is dead, and clears or overwrites what it hands out again.
//
// The last few arrays stay as they are, and the next value of about the same size gets one: overwriting big values neither allocates nor collects.
//
// Unsafe: an address is passed to the system, of an array that is pinned meanwhile and that nothing else refers to.

/// <summary>Hands out arrays for big values, and gives the memory of those that are gone back to the system.</summary>
internal sealed unsafe class LargeArrays
{
    private const int WarmArrays = 4;
    private const int WarmBytes = 8 << 20;
    private const int SliceBytes = 1 << 20;

    private readonly List<byte[]> _warm = [];
    private readonly Queue<byte[]> _idle = new();
    private long _warmBytes;
    private int _discarded;

    /// <summary>Whether <see cref="DiscardSlice"/> has something to do.</summary>
    public bool HasIdle => _idle.Count != 0;

    /// <summary>An array of at least so many bytes, and at most a sixteenth more, of arbitrary contents.</summary>
    public byte[] Take(int bytes)
    {
        for (int i = _warm.Count - 1; i >= 0; i--)
        {
            byte[] array = _warm[i];
            if (array.Length < bytes || array.Length - bytes > bytes / 16) continue;
            _warm.RemoveAt(i);
            _warmBytes -= array.Length;
            return array;
        }

        return GC.AllocateUninitializedArray<byte>(bytes);
    }

    /// <summary>Takes back an array that nobody refers to any more.</summary>
    public void Give(byte[] array)
    {
        _warm.Add(array);
        _warmBytes += array.Length;
        while (_warm.Count > WarmArrays || _warmBytes > WarmBytes)
        {
            _warmBytes -= _warm[0].Length;
            _idle.Enqueue(_warm[0]);
            _warm.RemoveAt(0);
        }
    }

    /// <summary>Gives 1 MB back to the system, or what is left of an array.</summary>
    public void DiscardSlice()
    {
        byte[] array = _idle.Peek();
        int bytes = Math.Min(SliceBytes, array.Length - _discarded);
        fixed (byte* start = array)
            MemoryAdvice.Discard((nint)start + _discarded, bytes);
        _discarded += bytes;
        if (_discarded < array.Length) return;
        _discarded = 0;
        _idle.Dequeue();
    }
}
