using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Storage.Rdb;

/// <summary>Sound bodies of payloads (type and value) of every type that is read, small enough for damage to hit all their parts.</summary>
internal static class RdbBodies
{
    /// <summary>The bodies.</summary>
    public static IReadOnlyList<byte[]> All { get; } =
    [
        OlderEncodings.Counted((int)RdbType.List, Texts("a", "17", new string('x', 50))),
        OlderEncodings.Body((int)RdbType.ListZiplist, OlderEncodings.Ziplist("a", "17", "-1", "text")),
        OlderEncodings.Counted((int)RdbType.ListQuicklist, OlderEncodings.Ziplist("a", "17"), OlderEncodings.Ziplist("b")),
        [(byte)RdbType.ListQuicklist2, 3, 2, .. OlderEncodings.Prefixed(ListpackOf("a", "12")), 1, .. OlderEncodings.Prefixed(Texts("plain")[0]), 2, .. OlderEncodings.Prefixed(ListpackOf("b"))],
        [(byte)RdbType.ListQuicklist2, 1, 2, .. OlderEncodings.Prefixed(ListpackOf("a", "12"))],
        [(byte)RdbType.Zset, 2, .. OlderEncodings.Prefixed(Texts("a")[0]), .. BitConverter.GetBytes(2.5), .. OlderEncodings.Prefixed(Texts("b")[0]), .. BitConverter.GetBytes(-1.0)],
        [(byte)RdbType.ZsetText, 3, .. OlderEncodings.Prefixed(Texts("a")[0]), .. OlderEncodings.Prefixed(Texts("2.5")[0]), .. OlderEncodings.Prefixed(Texts("b")[0]), 254, .. OlderEncodings.Prefixed(Texts("c")[0]), 255],
        OlderEncodings.Body((int)RdbType.ZsetListpack, ListpackOf("a", "1", "b", "2.5", "c", "2.5", "17", "300")),
        OlderEncodings.Body((int)RdbType.ZsetZiplist, OlderEncodings.Ziplist("a", "1", "b", "2.5", "c", "2.5", "17", "300")),
        Stream(RdbType.Stream), Stream(RdbType.Stream2), Stream(RdbType.Stream3),
        OlderEncodings.Counted((int)RdbType.Set, Texts("a", "17", "b")),
        OlderEncodings.Body((int)RdbType.SetIntset, IntsetOf(1, 2, 70000)),
        OlderEncodings.Body((int)RdbType.SetListpack, ListpackOf("a", "12", "text")),
        [(byte)RdbType.Hash, 2, .. Texts("f", "v", "g", "12").SelectMany(OlderEncodings.Prefixed)],
        OlderEncodings.Body((int)RdbType.HashZipmap, OlderEncodings.Zipmap(2, "f", "v", "g", new string('x', 260))),
        OlderEncodings.Body((int)RdbType.HashZiplist, OlderEncodings.Ziplist("f", "v", "g", "70000", new string('x', 300), "5")),
        OlderEncodings.Body((int)RdbType.HashListpack, ListpackOf("f", "v", "g", "-5000")),
        [(byte)RdbType.HashMetadata, .. BitConverter.GetBytes(33_177_117_420_000), 2, 1, .. Texts("f", "v").SelectMany(OlderEncodings.Prefixed), 0, .. Texts("g", "w").SelectMany(OlderEncodings.Prefixed)],
        [(byte)RdbType.HashListpackEx, .. BitConverter.GetBytes(33_177_117_420_000), .. OlderEncodings.Prefixed(ListpackOf("f", "v", "33177117420000", "g", "w", "0"))],
    ];

    /// <summary>Bodies of a stream of two entries, one deleted, with a group that has one pending, in the three forms.</summary>
    private static byte[] Stream(RdbType type)
    {
        byte[] first = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
        var listpack = ListpackOf("1", "1", "1", "f", "0", "2", "0", "0", "v", "4", "1", "1", "0", "1", "g", "w", "6");
        List<byte> body = [(byte)type, 1, .. OlderEncodings.Prefixed(first), .. OlderEncodings.Prefixed(listpack), 1, 2, 1];
        if (type >= RdbType.Stream2) body.AddRange([1, 1, 2, 1, 2]);
        body.AddRange([1, 1, (byte)'g', 1, 1]);
        if (type >= RdbType.Stream2) body.Add(1);
        body.AddRange([1, .. first, .. BitConverter.GetBytes(1_700_000_000_000), 3]);
        body.AddRange([1, 1, (byte)'c', .. BitConverter.GetBytes(1_700_000_000_001)]);
        if (type >= RdbType.Stream3) body.AddRange(BitConverter.GetBytes(1_700_000_000_002));
        return [.. body, 1, .. first];
    }

    /// <summary>A listpack of these elements.</summary>
    public static byte[] ListpackOf(params IReadOnlyList<string> elements)
    {
        var packed = new PackedBuffer(Listpack.Empty);
        foreach (var element in elements)
            ListpackEdits.Append(ref packed, ByteText.Bytes(element));
        return packed.Bytes.ToArray();
    }

    private static byte[] IntsetOf(params IReadOnlyList<long> members)
    {
        var packed = new PackedBuffer(IntSet.Empty);
        foreach (var member in members)
            IntSet.Add(ref packed, member);
        return packed.Bytes.ToArray();
    }

    private static byte[][] Texts(params IReadOnlyList<string> texts) => [.. texts.Select(ByteText.Bytes)];
}
