using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace KestrelFree.Storage.Types;

// Each step combines a source into a result of the same or a greater length, as though the source went on with zeros. A whole BITOP is a sequence of
// them over blocks that stay in the processor's cache, so that every source is read once and the result is written once.

/// <summary>Bitwise operations on spans, a vector at a time. All O(bytes).</summary>
public static class BitwiseKernels
{
    /// <summary>A two-operand operation.</summary>
    private interface IOperation
    {
        static abstract Vector256<byte> Apply(Vector256<byte> result, Vector256<byte> source);

        static abstract byte Apply(byte result, byte source);
    }

    /// <summary>Keeps the ones that the source has too.</summary>
    public static void And(Span<byte> result, ReadOnlySpan<byte> source)
    {
        Combine<AndOperation>(result, source);
        result[source.Length..].Clear();
    }

    /// <summary>Adds the source's ones.</summary>
    public static void Or(Span<byte> result, ReadOnlySpan<byte> source) => Combine<OrOperation>(result, source);

    /// <summary>Inverts where the source has ones.</summary>
    public static void Xor(Span<byte> result, ReadOnlySpan<byte> source) => Combine<XorOperation>(result, source);

    /// <summary>Takes the source's ones away.</summary>
    public static void AndNot(Span<byte> result, ReadOnlySpan<byte> source) => Combine<AndNotOperation>(result, source);

    /// <summary>Becomes the inverted source.</summary>
    public static void Not(Span<byte> result, ReadOnlySpan<byte> source)
    {
        Combine<NotOperation>(result, source);
        result[source.Length..].Fill(0xff);
    }

    /// <summary>Becomes the source.</summary>
    public static void Copy(Span<byte> result, ReadOnlySpan<byte> source)
    {
        source.CopyTo(result);
        result[source.Length..].Clear();
    }

    /// <summary>Adds the source's ones to those seen so far, and those that had been seen before to those seen more than once.</summary>
    public static void Tally(Span<byte> seen, Span<byte> more, ReadOnlySpan<byte> source)
    {
        Span<Vector256<byte>> seenVectors = MemoryMarshal.Cast<byte, Vector256<byte>>(seen[..source.Length]);
        Span<Vector256<byte>> moreVectors = MemoryMarshal.Cast<byte, Vector256<byte>>(more[..source.Length]);
        ReadOnlySpan<Vector256<byte>> sourceVectors = MemoryMarshal.Cast<byte, Vector256<byte>>(source);
        for (int i = 0; i < sourceVectors.Length && i < seenVectors.Length && i < moreVectors.Length; i++)
        {
            moreVectors[i] |= seenVectors[i] & sourceVectors[i];
            seenVectors[i] |= sourceVectors[i];
        }

        for (int i = sourceVectors.Length * Vector256<byte>.Count; i < source.Length; i++)
        {
            more[i] |= (byte)(seen[i] & source[i]);
            seen[i] |= source[i];
        }
    }

    private static void Combine<TOperation>(Span<byte> result, ReadOnlySpan<byte> source)
        where TOperation : IOperation
    {
        result = result[..source.Length];
        Span<Vector256<byte>> resultVectors = MemoryMarshal.Cast<byte, Vector256<byte>>(result);
        ReadOnlySpan<Vector256<byte>> sourceVectors = MemoryMarshal.Cast<byte, Vector256<byte>>(source);
        for (int i = 0; i < sourceVectors.Length && i < resultVectors.Length; i++)
            resultVectors[i] = TOperation.Apply(resultVectors[i], sourceVectors[i]);
        for (int i = sourceVectors.Length * Vector256<byte>.Count; i < source.Length; i++)
            result[i] = TOperation.Apply(result[i], source[i]);
    }

    private readonly struct AndOperation : IOperation
    {
        public static Vector256<byte> Apply(Vector256<byte> result, Vector256<byte> source) => result & source;

        public static byte Apply(byte result, byte source) => (byte)(result & source);
    }

    private readonly struct OrOperation : IOperation
    {
        public static Vector256<byte> Apply(Vector256<byte> result, Vector256<byte> source) => result | source;

        public static byte Apply(byte result, byte source) => (byte)(result | source);
    }

    private readonly struct XorOperation : IOperation
    {
        public static Vector256<byte> Apply(Vector256<byte> result, Vector256<byte> source) => result ^ source;

        public static byte Apply(byte result, byte source) => (byte)(result ^ source);
    }

    private readonly struct AndNotOperation : IOperation
    {
        public static Vector256<byte> Apply(Vector256<byte> result, Vector256<byte> source) => Vector256.AndNot(result, source);

        public static byte Apply(byte result, byte source) => (byte)(result & ~source);
    }

    private readonly struct NotOperation : IOperation
    {
        public static Vector256<byte> Apply(Vector256<byte> result, Vector256<byte> source) => ~source;

        public static byte Apply(byte result, byte source) => (byte)~source;
    }
}
