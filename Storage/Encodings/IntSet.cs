using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace KestrelFree.Storage.Encodings;

// An intset: the members of a set of integers as one sorted array, byte for byte Redis's.
//
//     [bytes a member : 32][members : 32] [member] [member] ...
//
// Numbers are little-endian, members of 2, 4 or 8 bytes, all alike, in ascending order. A member that does not fit widens all of them; since it is
// then the smallest or the greatest, it goes to one of the ends. They never get narrower again.
//
// Costs: Find O(log n) without branches to be mispredicted; Add and Remove O(bytes behind the member); a widening Add O(n).
// Source: redis 7.2 src/intset.c for the facts of the format. Members are searched as the machine's own integers; on a big-endian machine the search
// reads one member at a time instead.

/// <summary>Reads and changes intsets. Bytes that did not come from here must have passed <see cref="IsValid"/>.</summary>
public static class IntSet
{
    /// <summary>Bytes before the first member.</summary>
    public const int HeaderBytes = 8;

    /// <summary>An intset without members.</summary>
    public static ReadOnlySpan<byte> Empty => [sizeof(short), 0, 0, 0, 0, 0, 0, 0];

    /// <summary>The number of members. O(1).</summary>
    public static int Count(ReadOnlySpan<byte> set) => BinaryPrimitives.ReadInt32LittleEndian(set[sizeof(int)..]);

    /// <summary>Bytes that each member takes: 2, 4 or 8.</summary>
    public static int MemberBytes(ReadOnlySpan<byte> set) => BinaryPrimitives.ReadInt32LittleEndian(set);

    /// <summary>The member with an index, in ascending order. O(1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public static long Get(ReadOnlySpan<byte> set, int index)
    {
        int width = MemberBytes(set);
        ReadOnlySpan<byte> member = set[HeaderBytes..].Slice(index * width, width);
        return width switch
        {
            sizeof(short) => BinaryPrimitives.ReadInt16LittleEndian(member),
            sizeof(int) => BinaryPrimitives.ReadInt32LittleEndian(member),
            _ => BinaryPrimitives.ReadInt64LittleEndian(member),
        };
    }

    /// <summary>The smallest member. O(1).</summary>
    public static long Min(ReadOnlySpan<byte> set) => Get(set, 0);

    /// <summary>The greatest member. O(1).</summary>
    public static long Max(ReadOnlySpan<byte> set) => Get(set, Count(set) - 1);

    /// <summary>A member drawn fairly. O(1).</summary>
    public static long GetRandom(ReadOnlySpan<byte> set, Random random) => Get(set, random.Next(Count(set)));

    /// <summary>Whether a value is a member. O(log n).</summary>
    public static bool Contains(ReadOnlySpan<byte> set, long value) => Find(set, value, out _);

    /// <summary>Whether a value is a member, and the index that it has or would get. O(log n).</summary>
    public static bool Find(ReadOnlySpan<byte> set, long value, out int index)
    {
        int width = MemberBytes(set);
        if (WidthOf(value) > width)
        {
            index = value < 0 ? 0 : Count(set);
            return false;
        }

        ReadOnlySpan<byte> members = set[HeaderBytes..];
        return width switch
        {
            _ when !BitConverter.IsLittleEndian => FindByMember(set, value, out index),
            sizeof(short) => Find(MemoryMarshal.Cast<byte, short>(members), (short)value, out index),
            sizeof(int) => Find(MemoryMarshal.Cast<byte, int>(members), (int)value, out index),
            _ => Find(MemoryMarshal.Cast<byte, long>(members), value, out index),
        };
    }

    /// <summary>Adds a value; false if it is a member already. O(bytes behind it), O(n) when all members widen. Allocates nothing.</summary>
    public static bool Add<T>(ref T target, long value)
        where T : IPackedBytes, allows ref struct
    {
        ReadOnlySpan<byte> old = target.Bytes;
        if (Find(old, value, out int index)) return false;
        int width = MemberBytes(old);
        if (WidthOf(value) > width)
        {
            AddWidening(ref target, value);
            return true;
        }

        int count = Count(old);
        Span<byte> set = target.Splice(HeaderBytes + (index * width), 0, width);
        WriteHeader(set, width, count + 1);
        Write(set, index, width, value);
        return true;
    }

    /// <summary>Removes a value; false if it is no member. O(bytes behind it).</summary>
    public static bool Remove<T>(ref T target, long value)
        where T : IPackedBytes, allows ref struct
    {
        if (!Find(target.Bytes, value, out int index)) return false;
        RemoveAt(ref target, index);
        return true;
    }

    /// <summary>Removes the member with an index. O(bytes behind it).</summary>
    public static void RemoveAt<T>(ref T target, int index)
        where T : IPackedBytes, allows ref struct
    {
        ReadOnlySpan<byte> old = target.Bytes;
        int width = MemberBytes(old);
        int count = Count(old);
        Span<byte> set = target.Splice(HeaderBytes + (index * width), width, 0);
        WriteHeader(set, width, count - 1);
    }

    /// <summary>Whether the header fits these bytes and there is a member; the members may be in any order. O(1).</summary>
    public static bool HasValidFrame(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes) return false;
        uint width = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[sizeof(uint)..]);
        return width is sizeof(short) or sizeof(int) or sizeof(long) && count > 0 && HeaderBytes + ((ulong)count * width) == (ulong)bytes.Length;
    }

    /// <summary>Whether these bytes are an intset with members, in order and each once, as Redis wants it of a payload. O(n).</summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes)
    {
        if (!HasValidFrame(bytes)) return false;
        int count = Count(bytes);
        for (int i = 1; i < count; i++)
        {
            if (Get(bytes, i) <= Get(bytes, i - 1)) return false;
        }

        return true;
    }

    private static int WidthOf(long value) =>
        value == (short)value ? sizeof(short) : value == (int)value ? sizeof(int) : sizeof(long);

    // A halving that is the same for every outcome but the addend: the compiler makes it a conditional move.
    private static bool Find<TMember>(ReadOnlySpan<TMember> members, TMember value, out int index)
        where TMember : struct, IBinaryInteger<TMember>
    {
        int low = 0;
        int left = members.Length;
        while (left > 1)
        {
            int half = left >> 1;
            low += members[low + half - 1] < value ? half : 0;
            left -= half;
        }

        if (left == 1 && members[low] < value) low++;
        index = low;
        return low < members.Length && members[low] == value;
    }

    private static bool FindByMember(ReadOnlySpan<byte> set, long value, out int index)
    {
        int high = Count(set);
        index = 0;
        while (index < high)
        {
            int middle = (index + high) >>> 1;
            if (Get(set, middle) < value) index = middle + 1;
            else high = middle;
        }

        return index < Count(set) && Get(set, index) == value;
    }

    private static void AddWidening<T>(ref T target, long value)
        where T : IPackedBytes, allows ref struct
    {
        ReadOnlySpan<byte> old = target.Bytes;
        int wide = WidthOf(value);
        int count = Count(old);
        int shift = value < 0 ? 1 : 0;
        Span<byte> set = target.Splice(old.Length, 0, HeaderBytes + ((count + 1) * wide) - old.Length);
        // From the last to the first: the widened ones do not reach the narrow ones that are still to be read.
        for (int i = count - 1; i >= 0; i--)
            Write(set, i + shift, wide, Get(set, i));
        WriteHeader(set, wide, count + 1);
        Write(set, value < 0 ? 0 : count, wide, value);
    }

    private static void Write(Span<byte> set, int index, int width, long value)
    {
        Span<byte> member = set.Slice(HeaderBytes + (index * width), width);
        switch (width)
        {
            case sizeof(short):
                BinaryPrimitives.WriteInt16LittleEndian(member, (short)value);
                break;
            case sizeof(int):
                BinaryPrimitives.WriteInt32LittleEndian(member, (int)value);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(member, value);
                break;
        }
    }

    private static void WriteHeader(Span<byte> set, int width, int count)
    {
        BinaryPrimitives.WriteInt32LittleEndian(set, width);
        BinaryPrimitives.WriteInt32LittleEndian(set[sizeof(int)..], count);
    }
}
