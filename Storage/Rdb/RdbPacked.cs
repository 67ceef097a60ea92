using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage;

/// <summary>
/// What the types have in common whose elements come packed in one string: listpacks, and the ziplists and zipmaps of older versions as
/// listpacks.
/// </summary>
internal static class RdbPacked
{
    /// <summary>Writes packed bytes as they are.</summary>
    public static void Save(RdbWriter writer, in EntryView entry) => writer.WriteString(entry.PackedBytes);

    /// <summary>Reads a listpack that is sound through and through. O(bytes).</summary>
    public static ReadOnlySpan<byte> ReadListpack(scoped ref RdbReader reader, string type)
    {
        ReadOnlySpan<byte> bytes = reader.ReadString("listpack");
        if (!Listpack.IsValid(bytes))
            reader.Fail("listpack", $"{type} listpack integrity check failed, its lengths contradict one another");
        return bytes;
    }

    /// <summary>Reads a ziplist, as a listpack that lives until the keyspace's next value is loaded. O(bytes).</summary>
    public static ReadOnlySpan<byte> ReadZiplist(scoped ref RdbReader reader, RdbLoading loading, string type)
    {
        PackedBuffer target = loading.Database.Keyspace.LoadScratch;
        target.Set(Listpack.Empty);
        if (!Ziplist.TryAppendTo(ref target, reader.ReadString("ziplist")))
            reader.Fail("ziplist", $"{type} ziplist integrity check failed, its lengths contradict one another");
        return target.Bytes;
    }

    /// <summary>Reads a zipmap, as a listpack that lives until the keyspace's next value is loaded. O(bytes).</summary>
    public static ReadOnlySpan<byte> ReadZipmap(scoped ref RdbReader reader, RdbLoading loading)
    {
        PackedBuffer target = loading.Database.Keyspace.LoadScratch;
        target.Set(Listpack.Empty);
        if (!Zipmap.TryAppendTo(ref target, reader.ReadString("zipmap")))
            reader.Fail("zipmap", "Zipmap integrity check failed, its lengths contradict one another");
        return target.Bytes;
    }

    /// <summary>The number of groups of <paramref name="stride"/> elements, which nothing is to be left of.</summary>
    public static int Check(scoped ref RdbReader reader, ReadOnlySpan<byte> listpack, int stride)
    {
        int count = Listpack.Count(listpack);
        if (count % stride != 0)
            reader.Fail("listpack", $"integrity check failed, {count} elements are no multiple of {stride}");
        return count / stride;
    }

    /// <summary>Whether an element has more bytes than so many. O(n).</summary>
    public static bool HasLonger(ReadOnlySpan<byte> listpack, long bytes)
    {
        for (int at = Listpack.First(listpack); at != Listpack.None; at = Listpack.Next(listpack, at))
        {
            ListpackValue element = Listpack.Get(listpack, at);
            if (!element.IsInteger && element.Bytes.Length > bytes) return true;
        }

        return false;
    }

    /// <summary>Refuses a listpack in which the first element of a group occurs twice. O(n log n).</summary>
    public static void CheckUnique(scoped ref RdbReader reader, ReadOnlySpan<byte> listpack, int stride)
    {
        const int fewest = 64;
        int count = Listpack.Count(listpack) / stride;
        Span<(ulong Hash, int Offset)> seen = count <= fewest ? stackalloc (ulong, int)[fewest] : new (ulong, int)[count];
        seen = seen[..count];
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        int at = Listpack.First(listpack);
        for (int i = 0; i < count; i++)
        {
            seen[i] = (XxHash3.Hash(Listpack.Get(listpack, at).GetText(text)), at);
            for (int skipped = 0; skipped < stride; skipped++)
                at = Listpack.Next(listpack, at);
        }

        seen.Sort(static (a, b) => a.Hash.CompareTo(b.Hash));
        for (int i = 1; i < count; i++)
        {
            if (HasEqualBefore(listpack, seen, i))
                reader.Fail("listpack", "integrity check failed, an element occurs twice");
        }
    }

    // Different elements may have the same hash.
    private static bool HasEqualBefore(ReadOnlySpan<byte> listpack, ReadOnlySpan<(ulong Hash, int Offset)> seen, int index)
    {
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> otherText = stackalloc byte[ListpackValue.MaxIntegerText];
        for (int other = index - 1; other >= 0 && seen[other].Hash == seen[index].Hash; other--)
        {
            if (Listpack.Get(listpack, seen[index].Offset).GetText(text).SequenceEqual(Listpack.Get(listpack, seen[other].Offset).GetText(otherText)))
                return true;
        }

        return false;
    }
}
