using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage.Types;

// A small hash, as a listpack in one of two forms:
//
//     HashListpack     field value  field value ...                 in the order in which they came
//     HashListpackEx   field value ttl  field value ttl ...         by ttl; 0 is none and comes last
//
// The second is what a hash becomes with the first field that expires; ttl is unix time in ms. Since the first field expires first, what is due
// is found and taken away at the front.

/// <summary>Reads and edits the listpack of a hash, wherever it lives. All O(bytes).</summary>
internal static class PackedHash
{
    /// <summary>Elements per field.</summary>
    public static int StrideOf(ValueForm form) => form == ValueForm.HashListpackEx ? 3 : 2;

    /// <summary>The number of fields.</summary>
    public static int Count(ReadOnlySpan<byte> listpack, ValueForm form) => Listpack.Count(listpack) / StrideOf(form);

    /// <summary>The offset of a field, or None.</summary>
    public static int Find(ReadOnlySpan<byte> listpack, ValueForm form, ReadOnlySpan<byte> field) =>
        Listpack.Find(listpack, field, StrideOf(form) - 1);

    /// <summary>The offset behind a field's value: of its ttl, where it has one.</summary>
    private static int AfterValue(ReadOnlySpan<byte> listpack, int field) => Listpack.After(listpack, Listpack.After(listpack, field));

    /// <summary>The value of the field at an offset.</summary>
    public static ListpackValue ValueOf(ReadOnlySpan<byte> listpack, int field) => Listpack.Get(listpack, Listpack.After(listpack, field));

    /// <summary>When the field at an offset expires, in unix ms; -1 if it does not.</summary>
    public static long ExpiryOf(ReadOnlySpan<byte> listpack, ValueForm form, int field)
    {
        if (form == ValueForm.HashListpack) return Entry.NoExpiry;
        long ttl = Listpack.Get(listpack, AfterValue(listpack, field)).Integer;
        return ttl == 0 ? Entry.NoExpiry : ttl;
    }

    /// <summary>The earliest expiry of all fields; -1 if none expires. O(1).</summary>
    public static long EarliestExpiry(ReadOnlySpan<byte> listpack, ValueForm form) =>
        Listpack.First(listpack) == Listpack.None ? Entry.NoExpiry : ExpiryOf(listpack, form, Listpack.HeaderBytes);

    /// <summary>Gives a field a value, and an expiry if the form has them; true if it is new.</summary>
    public static bool Set<T>(ref T target, ValueForm form, scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, Expiry expiry)
        where T : IPackedBytes, allows ref struct
    {
        int at = Find(target.Bytes, form, field);
        if (at == Listpack.None)
        {
            Insert(ref target, form, field, value, expiry.Resolve(Entry.NoExpiry));
            return true;
        }

        long old = ExpiryOf(target.Bytes, form, at);
        long wanted = expiry.Resolve(old);
        if (wanted == old)
        {
            ListpackEdits.Replace(ref target, Listpack.After(target.Bytes, at), value);
            return false;
        }

        ListpackEdits.Delete(ref target, at, StrideOf(form));
        Insert(ref target, form, field, value, wanted);
        return false;
    }

    /// <summary>Gives the field at an offset of a HashListpackEx another expiry, and so another place.</summary>
    public static void SetExpiry<T>(ref T target, int field, long expiryMs, PackedBuffer scratch)
        where T : IPackedBytes, allows ref struct
    {
        ReadOnlySpan<byte> old = target.Bytes;
        int valueAt = Listpack.After(old, field);
        scratch.Set(old[field..Listpack.After(old, valueAt)]);
        ListpackEdits.Delete(ref target, field, StrideOf(ValueForm.HashListpackEx));
        // What was copied are two entries: they are read from it as from a listpack.
        ReadOnlySpan<byte> entries = scratch.Bytes;
        Insert(ref target, ValueForm.HashListpackEx, Listpack.Get(entries, 0), Listpack.Get(entries, valueAt - field), expiryMs);
    }

    /// <summary>Takes the field at an offset away.</summary>
    public static void Delete<T>(ref T target, ValueForm form, int field)
        where T : IPackedBytes, allows ref struct => ListpackEdits.Delete(ref target, field, StrideOf(form));

    private static void Insert<T>(ref T target, ValueForm form, scoped ListpackValue field, scoped ListpackValue value, long expiry)
        where T : IPackedBytes, allows ref struct
    {
        if (form == ValueForm.HashListpack)
        {
            ListpackEdits.Append(ref target, field, value);
            return;
        }

        var ttl = new ListpackValue(expiry == Entry.NoExpiry ? 0 : expiry);
        int offset = PlaceFor(target.Bytes, expiry);
        int bytes = field.EntryBytes + value.EntryBytes + ttl.EntryBytes;
        Span<byte> room = ListpackEdits.Splice(ref target, offset, 0, bytes, 3).Slice(offset, bytes);
        room = room[field.WriteTo(room)..];
        ttl.WriteTo(room[value.WriteTo(room)..]);
    }

    // Behind the fields that expire before it; one that does not expire is the last.
    private static int PlaceFor(ReadOnlySpan<byte> listpack, long expiry)
    {
        int end = Listpack.EndOffset(listpack);
        int at = expiry == Entry.NoExpiry ? end : Listpack.HeaderBytes;
        while (at != end)
        {
            int ttl = AfterValue(listpack, at);
            long other = Listpack.Get(listpack, ttl).Integer;
            if (other == 0 || other > expiry) return at;
            at = Listpack.After(listpack, ttl);
        }

        return at;
    }
}
