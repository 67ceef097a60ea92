namespace KestrelFree.Protocol;

/// <summary>The array that every client without leftovers receives into; one per loop.</summary>
public sealed class ReceiveBuffer
{
    /// <summary>Its size in bytes.</summary>
    public const int Bytes = 64 * 1024;

    /// <summary>The array; pinned, since nearly every receive call writes to it.</summary>
    internal byte[] Array { get; private set; } = Allocate();

    /// <summary>
    /// Leaves the array to whoever reads it now and takes another: to be called before a command in progress lets the loop
    /// serve other clients.
    /// </summary>
    public void Renew() => Array = Allocate();

    private static byte[] Allocate() => GC.AllocateUninitializedArray<byte>(Bytes, pinned: true);
}
