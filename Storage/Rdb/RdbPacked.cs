using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage;

/// <summary>What the types have in common whose elements come packed in one string: listpacks, and the ziplists and zipmaps of older versions as listpacks.</summary>
internal static class RdbPacked
{
    /// <summary>Writes packed bytes as they are.</summary>
    public static void Save(RdbWriter writer, in EntryView entry) => writer.WriteString(entry.PackedBytes);

    /// <summary>Reads a listpack that is sound through and through. O(bytes).</summary>
    public static ReadOnlySpan<byte> ReadListpack(scoped ref RdbReader reader)
    {
        ReadOnlySpan<byte> bytes = reader.ReadString("listpack");
        if (!Listpack.IsValid(bytes))
            reader.Fail("listpack", "its lengths contradict one another");
        return bytes;
    }

    /// <summary>Reads a ziplist, as a listpack that lives until the keyspace's scratch buffer is used. O(bytes).</summary>
    public static ReadOnlySpan<byte> ReadZiplist(scoped ref RdbReader reader, RdbLoading loading)
    {
        PackedBuffer target = loading.Database.Keyspace.Scratch;
        target.Set(Listpack.Empty);
        if (!Ziplist.TryAppendTo(ref target, reader.ReadString("ziplist")))
            reader.Fail("ziplist", "its lengths contradict one another");
        return target.Bytes;
    }

    /// <summary>Reads a zipmap, as a listpack that lives until the keyspace's scratch buffer is used. O(bytes).</summary>
    public static ReadOnlySpan<byte> ReadZipmap(scoped ref RdbReader reader, RdbLoading loading)
    {
        PackedBuffer target = loading.Database.Keyspace.Scratch;
        target.Set(Listpack.Empty);
        if (!Zipmap.TryAppendTo(ref target, reader.ReadString("zipmap")))
            reader.Fail("zipmap", "its lengths contradict one another");
        return target.Bytes;
    }

    /// <summary>The number of groups of <paramref name="stride"/> elements, which nothing is to be left of.</summary>
    public static int Check(scoped ref RdbReader reader, ReadOnlySpan<byte> listpack, int stride)
    {
        int count = Listpack.Count(listpack);
        if (count % stride != 0)
            reader.Fail("listpack", $"{count} elements are no multiple of {stride}");
        return count / stride;
    }

    /// <summary>Whether an element has more bytes than so many. O(n).</summary>
    public static bool HasLonger(ReadOnlySpan<byte> listpack, long bytes)
    {
        for (int at = Listpack.First(listpack); at != Listpack.None; at = Listpack.Next(listpack, at))
        {
            ListpackValue element = Listpack.Get(listpack, at);
            if (!element.IsInteger && element.Bytes.Length > bytes)
                return true;
        }

        return false;
    }

    /// <summary>Refuses a listpack in which the first element of a group occurs twice. O(n^2): for few.</summary>
    public static void CheckUnique(scoped ref RdbReader reader, ReadOnlySpan<byte> listpack, int stride)
    {
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        for (int at = Listpack.First(listpack); at != Listpack.None;)
        {
            ReadOnlySpan<byte> element = Listpack.Get(listpack, at).GetText(text);
            for (int i = 0; i < stride && at != Listpack.None; i++)
                at = Listpack.Next(listpack, at);
            if (Listpack.Find(listpack, at, element, stride - 1) != Listpack.None)
                reader.Fail("listpack", "an element occurs twice");
        }
    }
}
