namespace KestrelFree.Protocol;

/// <summary>
/// A request that outlives the query buffer: what MULTI queues, and what a blocked client keeps in order to run again.
/// Immutable; one array of bytes and one of slices.
/// </summary>
public sealed class OwnedRequest
{
    private const int ObjectOverheadBytes = 80;

    private readonly byte[] _bytes;
    private readonly ArgSlice[] _slices;

    private OwnedRequest(byte[] bytes, ArgSlice[] slices)
    {
        _bytes = bytes;
        _slices = slices;
    }

    /// <summary>The arguments; valid as long as this object lives.</summary>
    public ArgVector Args => new(_bytes, _slices);

    /// <summary>About how many bytes this object keeps.</summary>
    public long MemoryBytes => ObjectOverheadBytes + _bytes.LongLength + (8L * _slices.Length);

    /// <summary>Copies a request; O(its bytes).</summary>
    /// <exception cref="OverflowException">The arguments together are longer than an array may be.</exception>
    public static OwnedRequest CopyOf(in ArgVector args)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)args.TotalBytes));
        var slices = new ArgSlice[args.Count];
        int offset = 0;
        for (int i = 0; i < slices.Length; i++)
        {
            ReadOnlySpan<byte> arg = args[i];
            arg.CopyTo(bytes.AsSpan(offset));
            slices[i] = new ArgSlice(offset, arg.Length);
            offset += arg.Length;
        }

        return new OwnedRequest(bytes, slices);
    }
}
