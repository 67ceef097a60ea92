using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace KestrelFree.Storage;

/// <summary>The 20 bytes of a digest under construction. They stand for equality of data and keep nobody out.</summary>
public struct ValueDigest
{
    /// <summary>The length of a digest in bytes.</summary>
    public const int Length = 20;

    private DigestBytes _bytes;

    /// <summary>The bytes so far.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Adds bytes of which the order among others added so does not matter. O(length).</summary>
    [SuppressMessage("Security", "CA5350", Justification = "Redis's digest is made of SHA-1, and secures nothing.")]
    public void Xor(scoped ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA1.HashData(data, hash);
        Span<byte> bytes = _bytes;
        for (int i = 0; i < Length; i++)
            bytes[i] ^= hash[i];
    }

    /// <summary>Adds bytes of which the order does matter. O(length).</summary>
    [SuppressMessage("Security", "CA5350", Justification = "Redis's digest is made of SHA-1, and secures nothing.")]
    public void Mix(scoped ReadOnlySpan<byte> data)
    {
        Xor(data);
        Span<byte> hash = stackalloc byte[Length];
        SHA1.HashData(_bytes, hash);
        hash.CopyTo(_bytes);
    }

    /// <summary>Takes in another digest: what was xored into that one counts as xored into this.</summary>
    public void Join(in ValueDigest other)
    {
        Span<byte> bytes = _bytes;
        for (int i = 0; i < Length; i++)
            bytes[i] ^= other.Bytes[i];
    }

    [InlineArray(Length)]
    private struct DigestBytes
    {
        private byte _first;
    }
}
