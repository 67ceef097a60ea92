using System.Buffers.Binary;

namespace KestrelFree.Storage.Types;

/// <summary>
/// MurmurHash2's 64-bit variant A, which HyperLogLogs are made with: whoever adds the same elements anywhere must get the same registers.
/// </summary>
/// <remarks>Source: Austin Appleby's MurmurHash2, in the public domain.</remarks>
internal static class MurmurHash64A
{
    private const ulong Multiplier = 0xc6a4a7935bd1e995;
    private const int Shift = 47;

    /// <summary>The hash of some bytes. O(bytes).</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes, ulong seed)
    {
        ulong hash = seed ^ ((ulong)bytes.Length * Multiplier);
        while (bytes.Length >= sizeof(ulong))
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(bytes) * Multiplier;
            word = (word ^ (word >> Shift)) * Multiplier;
            hash = (hash ^ word) * Multiplier;
            bytes = bytes[sizeof(ulong)..];
        }

        if (!bytes.IsEmpty)
        {
            ulong rest = 0;
            for (int i = bytes.Length - 1; i >= 0; i--)
                rest = (rest << 8) | bytes[i];
            hash = (hash ^ rest) * Multiplier;
        }

        hash = (hash ^ (hash >> Shift)) * Multiplier;
        return hash ^ (hash >> Shift);
    }
}
