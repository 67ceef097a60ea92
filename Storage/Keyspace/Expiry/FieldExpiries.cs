using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage.Keyspaces;

// The fields of a hash may expire each at a time of its own. They need no index: the bounds by which the active expire cycle finds the segments
// of keys that are due (ExpirySweep) cover the fields of a segment's hashes too.
//
// Whoever gives a hash a field that expires, or gives such a hash a place in a table, notes the earliest of its fields for the segment
// (Table.NoteFieldExpiry); a split or merge asks the entries. Both know it at once: a packed hash keeps its fields in the order in which they expire,
// a table has such bounds of its own.
//
// How many hashes have such fields is counted by the table of their keys: Database counts an entry out before it gets another value or goes, and
// in when it has got one, and HashRef does so about each edit in place.

/// <summary>When the fields of an entry's hash expire.</summary>
internal static class FieldExpiries
{
    /// <summary>
    /// The earliest expiry of a field, or a bound below it, or Never. O(1); reads nothing but the form of an entry that is no such hash.
    /// </summary>
    public static long EarliestOf(PageStore pages, ref byte entry)
    {
        ValueForm form = Entry.Form(ref entry);
        if (form == ValueForm.HashTable) return ((MemberTable)pages.Objects[Entry.Reference(ref entry)]).EarliestExpiry;
        if (form != ValueForm.HashListpackEx) return Directory.Never;
        long earliest = PackedHash.EarliestExpiry(BytesValues.Bytes(pages, ref entry), form);
        return earliest == Entry.NoExpiry ? Directory.Never : earliest;
    }

    /// <summary>Whether an entry holds a hash of which a field expires. O(1).</summary>
    public static bool Exist(PageStore pages, ref byte entry) => EarliestOf(pages, ref entry) != Directory.Never;

    /// <summary>The earliest expiry of a field of an entry that exists, or a bound below it, or Never. O(1).</summary>
    public static long EarliestOf(EntryRef entry) => EarliestOf(entry.Database.Table.Pages, ref entry.Place.Entry);

    /// <summary>The earliest of an entry's own expiry and those of its fields, or Never. O(1).</summary>
    public static long EarliestWithKey(PageStore pages, ref byte entry)
    {
        long fields = EarliestOf(pages, ref entry);
        return Entry.HasExpiry(ref entry) ? Math.Min(fields, Entry.Expiry(ref entry)) : fields;
    }
}
