namespace KestrelFree.Protocol;

/// <summary>Encoded bytes that many clients receive, such as a published message: written once, never changed.</summary>
public sealed class SharedReply
{
    private SharedReply(byte[] bytes) => Array = bytes;

    /// <summary>The number of bytes.</summary>
    public int Length => Array.Length;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => Array;

    /// <summary>The array itself, for the buffers that refer to it.</summary>
    internal byte[] Array { get; }

    /// <summary>Keeps a copy of encoded bytes.</summary>
    public static SharedReply Create(ReadOnlySpan<byte> encoded) => new(encoded.ToArray());
}
