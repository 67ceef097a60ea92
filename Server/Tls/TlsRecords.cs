using System.Buffers.Binary;

namespace KestrelFree.Server.Tls;

// What travels is a row of records, each with its length in front and in the clear:
//
//      type 20..24 | version 3,x | length, 2 bytes big-endian | length bytes, encrypted once keys are agreed
//
// Only whole records are ever handed to SslStream, so it never has to wait in the middle of one.

/// <summary>Finds the borders of TLS records.</summary>
internal static class TlsRecords
{
    /// <summary>The longest record that the protocol's versions allow, header included.</summary>
    internal const int MaxBytes = HeaderBytes + (16 * 1024) + 2048;

    private const int HeaderBytes = 5;
    private const byte Handshake = 22;
    private const byte Newest = 24;
    private const byte Oldest = 20;
    private const byte Major = 3;
    private const int Unknown = int.MaxValue;

    /// <summary>Whether bytes may begin a client's first record.</summary>
    internal static bool MayBegin(ReadOnlySpan<byte> bytes) =>
        (bytes.Length < 1 || bytes[0] == Handshake) && (bytes.Length < 2 || bytes[1] == Major) && !IsTooLong(bytes);

    /// <summary>The length of the first record if it is whole, else 0. O(1).</summary>
    internal static int FirstWhole(ReadOnlySpan<byte> bytes)
    {
        var length = LengthOfFirst(bytes);
        return length <= bytes.Length ? length : 0;
    }

    /// <summary>How many bytes the whole records in front take; what is no record counts as one, for SslStream to refuse. O(records).</summary>
    internal static int Whole(ReadOnlySpan<byte> bytes)
    {
        var end = 0;
        while (true)
        {
            var rest = bytes[end..];
            if (rest.Length > 1 && (rest[0] is < Oldest or > Newest || rest[1] != Major || IsTooLong(rest))) return bytes.Length;
            var length = LengthOfFirst(rest);
            if (length > rest.Length) return end;
            end += length;
        }
    }

    private static bool IsTooLong(ReadOnlySpan<byte> bytes) => LengthOfFirst(bytes) is > MaxBytes and < Unknown;

    private static int LengthOfFirst(ReadOnlySpan<byte> bytes) =>
        bytes.Length < HeaderBytes ? Unknown : HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
}
