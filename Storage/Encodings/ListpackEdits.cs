namespace KestrelFree.Storage.Encodings;

// Every edit measures first, asks for its room in one splice, and then writes. Header fields follow Redis's rule: the element count is kept up
// while it is known and stays unknown once it is.
//
// The values must not lie in the listpack that is edited: its bytes may move before they are read.

/// <summary>Changes listpacks wherever they live. All are O(bytes behind the place); none allocates.</summary>
public static class ListpackEdits
{
    /// <summary>Puts an element behind the last.</summary>
    public static void Append<T>(ref T target, scoped ListpackValue value)
        where T : IPackedBytes, allows ref struct => InsertBefore(ref target, Listpack.EndOffset(target.Bytes), value);

    /// <summary>Puts two elements (a field and its value, a member and its score) behind the last.</summary>
    public static void Append<T>(ref T target, scoped ListpackValue first, scoped ListpackValue second)
        where T : IPackedBytes, allows ref struct => InsertBefore(ref target, Listpack.EndOffset(target.Bytes), first, second);

    /// <summary>Puts an element before the first.</summary>
    public static void Prepend<T>(ref T target, scoped ListpackValue value)
        where T : IPackedBytes, allows ref struct => InsertBefore(ref target, Listpack.HeaderBytes, value);

    /// <summary>Puts an element before the one at an offset (or before the end); it gets that offset.</summary>
    public static void InsertBefore<T>(ref T target, int offset, scoped ListpackValue value)
        where T : IPackedBytes, allows ref struct
    {
        Span<byte> listpack = Splice(ref target, offset, 0, value.EntryBytes, 1);
        value.WriteTo(listpack[offset..]);
    }

    /// <summary>Puts two elements before the one at an offset (or before the end).</summary>
    public static void InsertBefore<T>(ref T target, int offset, scoped ListpackValue first, scoped ListpackValue second)
        where T : IPackedBytes, allows ref struct
    {
        Span<byte> room = Splice(ref target, offset, 0, first.EntryBytes + second.EntryBytes, 2)[offset..];
        second.WriteTo(room[first.WriteTo(room)..]);
    }

    /// <summary>Puts an element behind the one at an offset; returns the new one's offset.</summary>
    public static int InsertAfter<T>(ref T target, int offset, scoped ListpackValue value)
        where T : IPackedBytes, allows ref struct
    {
        int after = Listpack.After(target.Bytes, offset);
        InsertBefore(ref target, after, value);
        return after;
    }

    /// <summary>Puts the entries of another listpack before the element at an offset (or before the end), as they are.</summary>
    public static void InsertEntries<T>(ref T target, int offset, ReadOnlySpan<byte> source)
        where T : IPackedBytes, allows ref struct
    {
        ReadOnlySpan<byte> entries = source[Listpack.HeaderBytes..^1];
        Span<byte> listpack = Splice(ref target, offset, 0, entries.Length, Listpack.Count(source));
        entries.CopyTo(listpack[offset..]);
    }

    /// <summary>Appends another listpack to this one, as Redis's merge does: what is counted again here is an unknown count.</summary>
    public static void Merge<T>(ref T target, ReadOnlySpan<byte> source)
        where T : IPackedBytes, allows ref struct
    {
        long count = (long)Listpack.Count(target.Bytes) + Listpack.Count(source);
        InsertEntries(ref target, Listpack.EndOffset(target.Bytes), source);
        Listpack.WriteHeader(target.Splice(0, 0, 0), (int)Math.Min(count, Listpack.UnknownCount));
    }

    /// <summary>Puts another element in the place of the one at an offset; in place if it is as long.</summary>
    public static void Replace<T>(ref T target, int offset, scoped ListpackValue value)
        where T : IPackedBytes, allows ref struct
    {
        int removed = ListpackElement.EntryBytesAt(target.Bytes, offset);
        Span<byte> listpack = Splice(ref target, offset, removed, value.EntryBytes, 0);
        value.WriteTo(listpack[offset..]);
    }

    /// <summary>Takes the element at an offset away; what followed it then has that offset.</summary>
    public static void Delete<T>(ref T target, int offset)
        where T : IPackedBytes, allows ref struct => Splice(ref target, offset, ListpackElement.EntryBytesAt(target.Bytes, offset), 0, -1);

    /// <summary>Takes up to so many elements away, from the one at an offset on; returns how many. O(bytes).</summary>
    public static int Delete<T>(ref T target, int offset, long count)
        where T : IPackedBytes, allows ref struct
    {
        ReadOnlySpan<byte> listpack = target.Bytes;
        int end = offset;
        int deleted = 0;
        for (; deleted < count && listpack[end] != ListpackElement.End; deleted++)
            end = Listpack.After(listpack, end);
        if (deleted > 0) Splice(ref target, offset, end - offset, 0, -deleted);
        return deleted;
    }

    /// <summary>Takes up to so many elements away, from an index on (negative: from the end); returns how many. O(bytes).</summary>
    public static int DeleteRange<T>(ref T target, long index, long count)
        where T : IPackedBytes, allows ref struct
    {
        int offset = Listpack.Seek(target.Bytes, index);
        return offset == Listpack.None ? 0 : Delete(ref target, offset, count);
    }

    /// <summary>Takes the elements at these offsets, in ascending order, away. O(bytes), whatever their number.</summary>
    public static void DeleteAll<T>(ref T target, scoped ReadOnlySpan<int> offsets)
        where T : IPackedBytes, allows ref struct
    {
        if (offsets.IsEmpty) return;
        Span<byte> listpack = target.Splice(0, 0, 0);
        int kept = offsets[0];
        for (int i = 0; i < offsets.Length; i++)
        {
            int from = Listpack.After(listpack, offsets[i]);
            int to = i + 1 < offsets.Length ? offsets[i + 1] : Listpack.EndOffset(listpack);
            listpack[from..to].CopyTo(listpack[kept..]);
            kept += to - from;
        }

        Splice(ref target, kept, Listpack.EndOffset(listpack) - kept, 0, -offsets.Length);
    }

    /// <summary>
    /// Makes room for entries that the caller then writes at the offset (see <see cref="ListpackValue.WriteTo"/>), in the place of removed ones,
    /// and keeps the header; <paramref name="countChange"/> is the number of elements more or less.
    /// </summary>
    public static Span<byte> Splice<T>(ref T target, int offset, int removed, int inserted, int countChange)
        where T : IPackedBytes, allows ref struct
    {
        int count = Listpack.HeaderCount(target.Bytes);
        Span<byte> listpack = target.Splice(offset, removed, inserted);
        Listpack.WriteHeader(listpack, count == Listpack.UnknownCount ? count : count + countChange);
        return listpack;
    }
}
