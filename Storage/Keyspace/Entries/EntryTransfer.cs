using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// RENAME, MOVE and COPY: an entry's value gets another key, in the same table or another.
//
// What lies in the entry is copied with it. A run or an object is only referred to, so moving hands the reference over, however large
// it is; what forks need to know of that is in MovedItems. Copying makes a new one.

/// <summary>Moves and copies values between entries. The new key must not be there.</summary>
internal static class EntryTransfer
{
    /// <summary>Gives a found entry another key: value, expiry and access clock stay as they are. O(1).</summary>
    public static void Move(
        Table from, ulong hash, ReadOnlySpan<byte> key, ref EntryPlace place, Table to, ulong newHash, ReadOnlySpan<byte> newKey)
    {
        EntryLayout layout = LayoutOf(ref place.Entry);
        uint access = Entry.Access(ref place.Entry);
        Span<byte> field = stackalloc byte[Entry.MaxInlineValue];
        field = field[..layout.ValueBytes];
        Entry.InlineValue(ref place.Entry).CopyTo(field);
        from.CountOut(ref place.Entry);
        NoteMove(from.Pages, layout, ref place.Entry, from.ReachOf(hash, place.Head.Depth));
        from.Remove(hash, key, ref place);
        EntryPlace target = default;
        to.Insert(newHash, newKey, layout, ref target);
        field.CopyTo(Entry.InlineValue(ref target.Entry));
        Entry.SetAccess(ref target.Entry, access);
        to.CountIn(ref target.Entry);
        to.NoteFieldExpiry(newHash, ref target);
    }

    /// <summary>Adds a key with a copy of a found entry's value and its expiry. O(value).</summary>
    public static void Copy(Table from, ref EntryPlace place, Table to, ulong newHash, ReadOnlySpan<byte> newKey, uint access)
    {
        EntryLayout layout = LayoutOf(ref place.Entry);
        Span<byte> field = stackalloc byte[Entry.MaxInlineValue];
        field = field[..layout.ValueBytes];
        Entry.InlineValue(ref place.Entry).CopyTo(field);
        uint id = CopyReferenced(from.Pages, layout, ref place.Entry);
        EntryPlace target = default;
        to.Insert(newHash, newKey, layout, ref target);
        field.CopyTo(Entry.InlineValue(ref target.Entry));
        if (id != 0) Entry.SetReference(ref target.Entry, id, Entry.ReferencedLength(ref target.Entry));
        Entry.SetAccess(ref target.Entry, access);
        to.CountIn(ref target.Entry);
        to.NoteFieldExpiry(newHash, ref target);
    }

    private static EntryLayout LayoutOf(ref byte entry) =>
        new(Entry.Form(ref entry), Entry.Place(ref entry), Entry.ValueFieldBytes(ref entry), Entry.ExpiryOrNone(ref entry));

    private static void NoteMove(PageStore pages, in EntryLayout layout, ref byte entry, Reach reach)
    {
        if (layout.Place < ValuePlace.Run) return;
        uint id = Entry.Reference(ref entry);
        pages.NoteMove(layout.Place == ValuePlace.Run ? ItemKind.Run : ItemKind.Object, id, reach);
        if (ValueForms.IsCollection(layout.Form)) ((CollectionValue)pages.Objects[id]).NoteMoved(pages.Forks);
    }

    private static uint CopyReferenced(PageStore pages, in EntryLayout layout, ref byte entry)
    {
        if (layout.Place < ValuePlace.Run) return 0;
        if (ValueForms.IsCollection(layout.Form))
            return pages.Objects.Allocate(((CollectionValue)pages.Objects[Entry.Reference(ref entry)]).Copy(), pages.Forks.Current);
        ReadOnlySpan<byte> value = BytesValues.Bytes(pages, ref entry);
        if (layout.Place == ValuePlace.Object) return pages.Objects.Allocate(value.ToArray(), pages.Forks.Current);
        uint run = pages.Runs.Allocate(Math.Max(1, value.Length), pages.Forks.Current);
        value.CopyTo(pages.Runs.Bytes(run, value.Length));
        return run;
    }
}
