using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace KestrelFree.Storage;

// XXH3 with 64 bits and seed 0: the digest by which clients name a value without sending it (DIGEST, IFDEQ). Not cryptographic.
//
// How the input is taken depends on its length, so that short ones cost a few multiplications and long ones run at memory's speed:
//
//       0 ..  16   one or two overlapping reads, mixed with the secret
//      17 .. 128   pairs of 16 bytes from both ends inwards
//     129 .. 240   16 bytes at a time, then the last 16
//     from 241     stripes of 64 bytes into eight 64-bit lanes; after every 16 stripes (1 KB) the lanes are scrambled; the last stripe
//                  overlaps what was read before it
//
// "Mixing" is a 64 x 64 multiplication to 128 bits, folded by xor. A stripe is one multiplication of 32 x 32 bits per lane, which AVX2 does
// for four lanes at once. All reads are little-endian.
//
// Source: the XXH3 section of the xxHash specification. The package that has it is not to be had on every mirror that this is built from.

/// <summary>XXH3's hash of 64 bits, unseeded.</summary>
public static class XxHash3
{
    private const uint Prime32A = 0x9E3779B1;
    private const uint Prime32B = 0x85EBCA77;
    private const uint Prime32C = 0xC2B2AE3D;
    private const ulong Prime64A = 0x9E3779B185EBCA87;
    private const ulong Prime64B = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime64C = 0x165667B19E3779F9;
    private const ulong Prime64D = 0x85EBCA77C2B2AE63;
    private const ulong Prime64E = 0x27D4EB2F165667C5;
    private const ulong MixA = 0x165667919E3779F9;
    private const ulong MixB = 0x9FB21C651E98DF25;

    private const int StripeBytes = 64;
    private const int Lanes = 8;
    private const int StripesPerBlock = 16;
    private const int BlockBytes = StripeBytes * StripesPerBlock;

    private static ReadOnlySpan<byte> Secret =>
    [
        0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb,
        0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
        0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb,
        0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
        0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31,
        0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
        0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc,
        0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
    ];

    /// <summary>The hash of the bytes; O(length), no allocation.</summary>
    public static ulong Hash(ReadOnlySpan<byte> input) => input.Length switch
    {
        <= 16 => HashShort(input),
        <= 128 => HashMedium(input),
        <= 240 => HashLonger(input),
        _ => HashLong(input),
    };

    private static ulong HashShort(ReadOnlySpan<byte> input)
    {
        int length = input.Length;
        if (length > 8)
        {
            ulong low = Read64(input, 0) ^ Read64(Secret, 24) ^ Read64(Secret, 32);
            ulong high = Read64(input, length - 8) ^ Read64(Secret, 40) ^ Read64(Secret, 48);
            return Avalanche((ulong)length + BinaryPrimitives.ReverseEndianness(low) + high + Fold(low, high));
        }

        if (length >= 4)
        {
            ulong both = Read32(input, length - 4) + ((ulong)Read32(input, 0) << 32);
            return AvalancheWithLength(both ^ Read64(Secret, 8) ^ Read64(Secret, 16), length);
        }

        if (length == 0) return AvalancheOld(Read64(Secret, 56) ^ Read64(Secret, 64));
        uint bytes = ((uint)input[0] << 16) | ((uint)input[length >> 1] << 24) | input[length - 1] | ((uint)length << 8);
        return AvalancheOld(bytes ^ (ulong)(Read32(Secret, 0) ^ Read32(Secret, 4)));
    }

    private static ulong HashMedium(ReadOnlySpan<byte> input)
    {
        ulong sum = (ulong)input.Length * Prime64A;
        for (int pair = (input.Length - 1) / 32; pair >= 0; pair--)
        {
            sum += Mix16(input, 16 * pair, 32 * pair);
            sum += Mix16(input, input.Length - (16 * (pair + 1)), (32 * pair) + 16);
        }

        return Avalanche(sum);
    }

    private static ulong HashLonger(ReadOnlySpan<byte> input)
    {
        ulong sum = (ulong)input.Length * Prime64A;
        for (int i = 0; i < 8; i++)
            sum += Mix16(input, 16 * i, 16 * i);
        sum = Avalanche(sum);
        for (int i = 8; i < input.Length / 16; i++)
            sum += Mix16(input, 16 * i, (16 * (i - 8)) + 3);
        return Avalanche(sum + Mix16(input, input.Length - 16, 136 - 17));
    }

    private static ulong HashLong(ReadOnlySpan<byte> input)
    {
        Span<ulong> lanes = [Prime32C, Prime64A, Prime64B, Prime64C, Prime64D, Prime32B, Prime64E, Prime32A];
        int last = Secret.Length - StripeBytes;
        int blocks = (input.Length - 1) / BlockBytes;
        for (int block = 0; block < blocks; block++)
        {
            Accumulate(lanes, input.Slice(block * BlockBytes, BlockBytes), StripesPerBlock, 0);
            Scramble(lanes, last);
        }

        ReadOnlySpan<byte> rest = input[(blocks * BlockBytes)..];
        Accumulate(lanes, rest, (rest.Length - 1) / StripeBytes, 0);
        Accumulate(lanes, input[^StripeBytes..], 1, last - 7);

        ulong sum = (ulong)input.Length * Prime64A;
        for (int i = 0; i < Lanes; i += 2)
            sum += Fold(lanes[i] ^ Read64(Secret, 11 + (8 * i)), lanes[i + 1] ^ Read64(Secret, 19 + (8 * i)));
        return Avalanche(sum);
    }

    // The n-th stripe is keyed with the secret from secretAt + 8 n.
    internal static void Accumulate(Span<ulong> lanes, ReadOnlySpan<byte> input, int stripes, int secretAt)
    {
        if (Avx2.IsSupported) AccumulateWide(lanes, input, stripes, secretAt);
        else AccumulateScalar(lanes, input, stripes, secretAt);
    }

    private static void AccumulateWide(Span<ulong> lanes, ReadOnlySpan<byte> input, int stripes, int secretAt)
    {
        Vector256<ulong> low = Vector256.Create<ulong>(lanes);
        Vector256<ulong> high = Vector256.Create<ulong>(lanes[4..]);
        for (int n = 0; n < stripes; n++)
        {
            ReadOnlySpan<byte> stripe = input.Slice(n * StripeBytes, StripeBytes);
            ReadOnlySpan<byte> key = Secret.Slice(secretAt + (8 * n), StripeBytes);
            low = AddFour(low, Vector256.Create(stripe), Vector256.Create(key));
            high = AddFour(high, Vector256.Create(stripe[32..]), Vector256.Create(key[32..]));
        }

        low.CopyTo(lanes);
        high.CopyTo(lanes[4..]);
    }

    // Each lane gets its neighbour's input and the product of the halves of its own keyed one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> AddFour(Vector256<ulong> lanes, Vector256<byte> input, Vector256<byte> key)
    {
        const byte swapPairs = 0b01_00_11_10;
        Vector256<uint> keyed = (input ^ key).AsUInt32();
        Vector256<ulong> product = Avx2.Multiply(keyed, (keyed.AsUInt64() >> 32).AsUInt32());
        return lanes + product + Avx2.Shuffle(input.AsUInt32(), swapPairs).AsUInt64();
    }

    internal static void AccumulateScalar(Span<ulong> lanes, ReadOnlySpan<byte> input, int stripes, int secretAt)
    {
        for (int n = 0; n < stripes; n++)
        {
            for (int i = 0; i < Lanes; i++)
            {
                ulong value = Read64(input, (n * StripeBytes) + (8 * i));
                ulong keyed = value ^ Read64(Secret, secretAt + (8 * (n + i)));
                lanes[i ^ 1] += value;
                lanes[i] += (uint)keyed * (keyed >> 32);
            }
        }
    }

    private static void Scramble(Span<ulong> lanes, int secretAt)
    {
        for (int i = 0; i < Lanes; i++)
        {
            ulong lane = lanes[i];
            lanes[i] = (lane ^ (lane >> 47) ^ Read64(Secret, secretAt + (8 * i))) * Prime32A;
        }
    }

    private static ulong Mix16(ReadOnlySpan<byte> input, int at, int secretAt) =>
        Fold(Read64(input, at) ^ Read64(Secret, secretAt), Read64(input, at + 8) ^ Read64(Secret, secretAt + 8));

    private static ulong Fold(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }

    private static ulong Avalanche(ulong hash)
    {
        hash = (hash ^ (hash >> 37)) * MixA;
        return hash ^ (hash >> 32);
    }

    private static ulong AvalancheWithLength(ulong hash, int length)
    {
        hash = (hash ^ BitOperations.RotateLeft(hash, 49) ^ BitOperations.RotateLeft(hash, 24)) * MixB;
        hash = (hash ^ ((hash >> 35) + (ulong)length)) * MixB;
        return hash ^ (hash >> 28);
    }

    // The final mix of XXH64, which the shortest inputs kept.
    private static ulong AvalancheOld(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * Prime64B;
        hash = (hash ^ (hash >> 29)) * Prime64C;
        return hash ^ (hash >> 32);
    }

    private static uint Read32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong Read64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
