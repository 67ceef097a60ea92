using System.Buffers.Binary;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Storage.Rdb;

// Writers of what Redis wrote before 7.0, to have something to read. A ziplist's integers come in seven widths; here each element takes the
// shortest one.

/// <summary>Ziplists, zipmaps and the types that hold them, as bodies of payloads.</summary>
internal static class OlderEncodings
{
    /// <summary>A ziplist of these elements.</summary>
    public static byte[] Ziplist(params IReadOnlyList<string> elements)
    {
        var bytes = new List<byte>(new byte[10]);
        var tail = 10;
        var previous = 0;
        foreach (var element in elements)
        {
            tail = bytes.Count;
            bytes.AddRange(previous < 254 ? [(byte)previous] : [254, .. BitConverter.GetBytes(previous)]);
            bytes.AddRange(Entry(element));
            previous = bytes.Count - tail;
        }

        bytes.Add(0xFF);
        byte[] all = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(all, all.Length);
        BinaryPrimitives.WriteInt32LittleEndian(all.AsSpan(4), tail);
        BinaryPrimitives.WriteUInt16LittleEndian(all.AsSpan(8), (ushort)Math.Min(elements.Count, ushort.MaxValue));
        return all;
    }

    /// <summary>A zipmap of fields and values; each value has <paramref name="free"/> unused bytes behind it.</summary>
    public static byte[] Zipmap(int free, params IReadOnlyList<string> pairs)
    {
        List<byte> bytes = [(byte)Math.Min(pairs.Count / 2, 254)];
        for (var at = 0; at < pairs.Count; at += 2)
        {
            bytes.AddRange([.. MapLength(pairs[at].Length), .. ByteText.Bytes(pairs[at])]);
            bytes.AddRange([.. MapLength(pairs[at + 1].Length), (byte)free, .. ByteText.Bytes(pairs[at + 1]), .. new byte[free]]);
        }

        bytes.Add(0xFF);
        return [.. bytes];
    }

    /// <summary>A type and strings behind it: the body of a payload.</summary>
    public static byte[] Body(int type, params byte[][] strings) => [(byte)type, .. strings.SelectMany(Prefixed)];

    /// <summary>A type, a count, and so many strings.</summary>
    public static byte[] Counted(int type, params byte[][] strings) => [(byte)type, (byte)strings.Length, .. strings.SelectMany(Prefixed)];

    /// <summary>A string behind its length.</summary>
    public static byte[] Prefixed(byte[] text) => text.Length < 64 ? [(byte)text.Length, .. text] : [0x80, .. BigEndian(text.Length), .. text];

    private static byte[] Entry(string element)
    {
        if (long.TryParse(element, out var integer) && $"{integer}" == element) return Integer(integer);
        byte[] length = element.Length switch
        {
            < 64 => [(byte)element.Length],
            < 16384 => [(byte)(0x40 | (element.Length >> 8)), (byte)element.Length],
            _ => [0x80, .. BigEndian(element.Length)],
        };
        return [.. length, .. ByteText.Bytes(element)];
    }

    private static byte[] Integer(long value)
    {
        var bytes = BitConverter.GetBytes(value);
        return value switch
        {
            >= 0 and <= 12 => [(byte)(0xF1 + value)],
            >= sbyte.MinValue and <= sbyte.MaxValue => [0xFE, .. bytes[..1]],
            >= short.MinValue and <= short.MaxValue => [0xC0, .. bytes[..2]],
            >= -(1 << 23) and < 1 << 23 => [0xF0, .. bytes[..3]],
            >= int.MinValue and <= int.MaxValue => [0xD0, .. bytes[..4]],
            _ => [0xE0, .. bytes],
        };
    }

    private static byte[] BigEndian(int value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static byte[] MapLength(int length) => length < 254 ? [(byte)length] : [254, .. BitConverter.GetBytes(length)];
}
