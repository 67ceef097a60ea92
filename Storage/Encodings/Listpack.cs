using System.Buffers.Binary;
using KestrelFree.Protocol;

namespace KestrelFree.Storage.Encodings;

// A listpack: a sequence of short strings and integers in one piece of memory, byte for byte Redis's, so that it goes into RDB files and DUMP
// payloads, and comes out of them, as it is.
//
//     [total bytes : 32][elements : 16] [entry] [entry] ... [0xff]
//
// Numbers are little-endian; an entry is described at ListpackElement. An element count of 65535 means "unknown": it is reached by counting up, and
// Redis's own edits never leave it again, only a count of all elements would tell.
//
// An element is named by the offset of its entry: 6 is the first one's, and that of the end byte (the length minus one) stands for "behind the last".
// Offsets survive edits behind them, and unlike spans they may be kept while the bytes move. What finds nothing answers None.
//
// Edits are at ListpackEdits; they ask their IPackedBytes for the exact room and write each byte once. That is O(bytes behind the edit), which the
// limits on packed values (128 elements of 64 bytes by default) keep small: an ordered index over the entries would cost more than it saves.
//
// Costs: Count O(1), but O(n) when unknown; First, Last, Next, Previous O(1); Seek O(n), from the nearer end; Find O(bytes).
// Source: redis 7.2 src/listpack.c for the facts of the format.

/// <summary>Reads listpacks. Bytes that did not come from here must have passed <see cref="IsValid(ReadOnlySpan{byte})"/>.</summary>
public static class Listpack
{
    /// <summary>Bytes before the first entry.</summary>
    public const int HeaderBytes = 6;

    /// <summary>Bytes of a listpack without elements.</summary>
    public const int EmptyBytes = HeaderBytes + 1;

    /// <summary>More bytes than this no listpack gets.</summary>
    public const int MaxBytes = 1 << 30;

    /// <summary>The offset of an element that is not there.</summary>
    public const int None = -1;

    internal const int UnknownCount = ushort.MaxValue;

    /// <summary>A listpack without elements.</summary>
    public static ReadOnlySpan<byte> Empty => [EmptyBytes, 0, 0, 0, 0, 0, ListpackElement.End];

    /// <summary>The number of elements. O(1), O(n) beyond 65534.</summary>
    public static int Count(ReadOnlySpan<byte> listpack)
    {
        int count = HeaderCount(listpack);
        if (count != UnknownCount) return count;
        count = 0;
        for (int at = First(listpack); at != None; at = Next(listpack, at))
            count++;
        return count;
    }

    /// <summary>Whether so many more bytes keep it under <see cref="MaxBytes"/>.</summary>
    public static bool CanGrow(ReadOnlySpan<byte> listpack, long bytes) => listpack.Length + bytes <= MaxBytes;

    /// <summary>The offset of the first element.</summary>
    public static int First(ReadOnlySpan<byte> listpack) => OrNone(listpack, HeaderBytes);

    /// <summary>The offset of the last element.</summary>
    public static int Last(ReadOnlySpan<byte> listpack) => Previous(listpack, EndOffset(listpack));

    /// <summary>The offset of the element after the one at an offset.</summary>
    public static int Next(ReadOnlySpan<byte> listpack, int offset) => OrNone(listpack, After(listpack, offset));

    /// <summary>The offset of the element before the one at an offset, or before the end.</summary>
    public static int Previous(ReadOnlySpan<byte> listpack, int offset)
    {
        if (offset <= HeaderBytes) return None;
        long encoded = ListpackElement.ReadBackLength(listpack, offset);
        Invariant.Check(encoded > 0 && encoded < offset, "a listpack entry has a valid back length");
        return offset - (int)encoded - ListpackElement.BackLengthBytes(encoded);
    }

    /// <summary>The offset behind the element at an offset: the next one's, or the end's.</summary>
    public static int After(ReadOnlySpan<byte> listpack, int offset) => offset + ListpackElement.EntryBytesAt(listpack, offset);

    /// <summary>The offset of the end byte: before it is behind the last element.</summary>
    public static int EndOffset(ReadOnlySpan<byte> listpack) => listpack.Length - 1;

    /// <summary>The offset of the element with an index; a negative one counts from the end. O(n), from the nearer end.</summary>
    public static int Seek(ReadOnlySpan<byte> listpack, long index)
    {
        int count = HeaderCount(listpack);
        if (count == UnknownCount) return index < 0 ? SeekBackward(listpack, ~index) : SeekForward(listpack, index);
        if (index < 0) index += count;
        if (index < 0 || index >= count) return None;
        return index > count / 2 ? SeekBackward(listpack, count - 1 - index) : SeekForward(listpack, index);
    }

    /// <summary>The element at an offset.</summary>
    public static ListpackValue Get(ReadOnlySpan<byte> listpack, int offset) => ListpackElement.Read(listpack, offset, out _);

    /// <summary>The element with an index; false when there is none. O(n).</summary>
    public static bool TryGet(ReadOnlySpan<byte> listpack, long index, out ListpackValue value)
    {
        int offset = Seek(listpack, index);
        value = offset == None ? default : Get(listpack, offset);
        return offset != None;
    }

    /// <summary>
    /// The offset of the first element with this text, from the one at an offset on; <paramref name="skip"/> elements are left out between two
    /// that are looked at (1 for the fields of a hash). O(bytes); integers are compared without being printed.
    /// </summary>
    public static int Find(ReadOnlySpan<byte> listpack, int offset, ReadOnlySpan<byte> text, int skip = 0)
    {
        if (offset == None) return None;
        bool isInteger = Numbers.TryParseInteger(text, out long integer);
        while (listpack[offset] != ListpackElement.End)
        {
            ListpackValue value = ListpackElement.Read(listpack, offset, out int entryBytes);
            if (value.IsInteger ? isInteger && value.Integer == integer : value.Bytes.SequenceEqual(text))
                return offset;
            offset += entryBytes;
            for (int left = skip; left > 0 && listpack[offset] != ListpackElement.End; left--)
                offset += ListpackElement.EntryBytesAt(listpack, offset);
        }

        return None;
    }

    /// <summary>The offset of the first element with this text. O(bytes).</summary>
    public static int Find(ReadOnlySpan<byte> listpack, ReadOnlySpan<byte> text, int skip = 0) => Find(listpack, First(listpack), text, skip);

    /// <summary>Whether the header and the end are those of a listpack of just these bytes. O(1); the entries may be anything.</summary>
    public static bool HasValidFrame(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= EmptyBytes && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == (uint)bytes.Length && bytes[^1] == ListpackElement.End;

    /// <summary>
    /// Whether these bytes are a listpack through and through, so that nothing done to it strays. Accepts what Redis accepts. O(bytes).
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes) => IsValid(bytes, out _);

    /// <summary>Whether these bytes are a listpack through and through, and how many elements it has. O(bytes).</summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes, out int count)
    {
        count = 0;
        if (!HasValidFrame(bytes)) return false;
        int end = EndOffset(bytes);
        int offset = HeaderBytes;
        while (offset < end)
        {
            if (!TryStep(bytes, ref offset, end)) return false;
            count++;
        }

        int expected = HeaderCount(bytes);
        return offset == end && (expected == UnknownCount || expected == count);
    }

    internal static int HeaderCount(ReadOnlySpan<byte> listpack) => BinaryPrimitives.ReadUInt16LittleEndian(listpack[sizeof(uint)..]);

    internal static void WriteHeader(Span<byte> listpack, int count)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(listpack, (uint)listpack.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(listpack[sizeof(uint)..], (ushort)Math.Min(count, UnknownCount));
    }

    // An entry is sound if it ends before the end byte and its back length, however it is spelt, leads back to its start.
    private static bool TryStep(ReadOnlySpan<byte> bytes, ref int offset, int end)
    {
        long encoded = ListpackElement.EncodedBytesWithin(bytes, offset, end);
        if (encoded == 0) return false;
        long next = offset + encoded + ListpackElement.BackLengthBytes(encoded);
        if (next > end || ListpackElement.ReadBackLength(bytes, (int)next) != encoded) return false;
        offset = (int)next;
        return true;
    }

    private static int OrNone(ReadOnlySpan<byte> listpack, int offset) => listpack[offset] == ListpackElement.End ? None : offset;

    private static int SeekForward(ReadOnlySpan<byte> listpack, long steps)
    {
        int offset = First(listpack);
        for (; steps > 0 && offset != None; steps--)
            offset = Next(listpack, offset);
        return offset;
    }

    private static int SeekBackward(ReadOnlySpan<byte> listpack, long steps)
    {
        int offset = Last(listpack);
        for (; steps > 0 && offset != None; steps--)
            offset = Previous(listpack, offset);
        return offset;
    }
}
