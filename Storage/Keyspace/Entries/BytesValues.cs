using KestrelFree.Protocol;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// Values that are bytes - strings, and packed collections (listpacks, intsets) - and where these are put, and how they grow.
//
//     exactly a 64-bit integer   8 bytes in the entry (strings only)
//     up to 200 bytes            in the entry
//     up to 256 KB               in a run
//     above                      in an array of their own
//
// A string that APPEND or SETRANGE has made longer gets up to twice its length in a run, but not more than 2 KB beyond it, and from 16 KB on what
// its size class leaves: however long it is, the room it has to spare is not a tenth of the pages that it lies in. (Twice its length up to 1 MB is what
// Redis gives, whoever stops there pays for it.) In an array it gets an eighth more, 1 MB at least; there what was never used does not count, and
// mostly is not there. So a sequence of appends costs O(1) per byte: up to 16 bytes are copied for each. Within the entry it has no slack: at most 200
// relocations lead out of it. A packed value gets none anywhere but what its size class leaves (6 to 12 %, which is geometric too): there are many
// of them, and they are small.
//
// A value may be written in place if its run or array is its own (no fork sees it); the block of its entry was made private before.
//
// A packed value that has shrunk to half its run moves to a smaller one, and below 150 bytes back into the entry; the gap to 200 keeps one that
// grows and shrinks about the border from moving each time. Strings never shrink but by being overwritten.

/// <summary>Stores and changes the bytes of an entry. The place is always that of a live entry and is refreshed.</summary>
internal static class BytesValues
{
    private const int MinArraySlack = 1 << 20;
    private const int MaxRunSlack = 2048;
    private const int SlackUpTo = 16 * 1024;
    private const int MaxLength = int.MaxValue - 64;
    private const int InlineAgainBelow = 150;

    /// <summary>Adds a key with a value of these bytes.</summary>
    public static void Add(Table table, ulong hash, ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value, ValueForm form, long expiry, ref EntryPlace place)
    {
        ValuePlace where = PlaceFor(value.Length);
        if (where == ValuePlace.Inline)
        {
            table.Insert(hash, key, EntryLayout.Inline(form, value.Length, expiry), ref place);
            value.CopyTo(Entry.InlineValue(ref place.Entry));
            return;
        }

        uint id = Allocate(table.Pages, where, value, value.Length, value.Length);
        table.Insert(hash, key, EntryLayout.Reference(form, where, expiry), ref place);
        Entry.SetReference(ref place.Entry, id, value.Length);
    }

    /// <summary>Adds a key with an integer.</summary>
    public static void AddInteger(Table table, ulong hash, ReadOnlySpan<byte> key, long value, long expiry, ref EntryPlace place)
    {
        table.Insert(hash, key, EntryLayout.Integer(expiry), ref place);
        Entry.SetInteger(ref place.Entry, value);
    }

    /// <summary>Puts these bytes in the place of any value.</summary>
    public static void Overwrite(Table table, ulong hash, ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value, ValueForm form, long expiry, ref EntryPlace place)
    {
        table.MakeWritable(hash, key, ref place);
        ValuePlace where = PlaceFor(value.Length);
        if (where == ValuePlace.Inline)
        {
            ReleaseReference(table, hash, ref place);
            table.Reshape(hash, EntryLayout.Inline(form, value.Length, expiry), ref place);
            value.CopyTo(Entry.InlineValue(ref place.Entry));
            return;
        }

        if (where != ValuePlace.Run || !TryOverwriteRun(table, hash, value, ref place))
        {
            uint id = Allocate(table.Pages, where, value, value.Length, value.Length);
            ReleaseReference(table, hash, ref place);
            table.Reshape(hash, EntryLayout.Reference(form, where, expiry), ref place);
            Entry.SetReference(ref place.Entry, id, value.Length);
            return;
        }

        table.Reshape(hash, EntryLayout.Reference(form, where, expiry), ref place);
    }

    /// <summary>Puts an integer in the place of any value; where one was, nothing moves.</summary>
    public static void OverwriteInteger(Table table, ulong hash, ReadOnlySpan<byte> key, long value, long expiry, ref EntryPlace place)
    {
        table.MakeWritable(hash, key, ref place);
        ReleaseReference(table, hash, ref place);
        table.Reshape(hash, EntryLayout.Integer(expiry), ref place);
        Entry.SetInteger(ref place.Entry, value);
    }

    /// <summary>
    /// Gives the value so many bytes, keeping the first ones; the others are anything. It gets a form, raw for a string, and is writable.
    /// </summary>
    public static Span<byte> Resize(Table table, ulong hash, scoped ReadOnlySpan<byte> key, int length, ValueForm form, scoped ref EntryPlace place)
    {
        table.MakeWritable(hash, key, ref place);
        if (Entry.Place(ref place.Entry) == ValuePlace.Integer) SpellOut(table, hash, ref place);
        return Entry.Place(ref place.Entry) switch
        {
            ValuePlace.Inline when length <= Entry.MaxInlineValue => ResizeInline(table, hash, length, form, ref place),
            ValuePlace.Inline => MoveOut(table, hash, length, form, ref place),
            _ => ResizeReferenced(table, hash, length, form, ref place),
        };
    }

    /// <summary>
    /// Puts <paramref name="inserted"/> bytes of any content in the place of <paramref name="removed"/> ones of a packed value and moves what
    /// follows; returns all of it, writable. O(bytes behind the place), O(bytes) when it moves.
    /// </summary>
    public static Span<byte> Splice(
        Table table, ulong hash, scoped ReadOnlySpan<byte> key, int offset, int removed, int inserted, scoped ref EntryPlace place)
    {
        ValueForm form = Entry.Form(ref place.Entry);
        int oldLength = Bytes(table.Pages, ref place.Entry).Length;
        int newLength = checked(oldLength - removed + inserted);
        // What follows moves while the value has its larger size.
        Span<byte> bytes = Resize(table, hash, key, Math.Max(oldLength, newLength), form, ref place);
        if (removed == inserted) return bytes;
        bytes[(offset + removed)..oldLength].CopyTo(bytes[(offset + inserted)..]);
        return newLength >= oldLength ? bytes : Resize(table, hash, key, newLength, form, ref place);
    }

    /// <summary>The bytes of a value that is not stored as an integer.</summary>
    public static Span<byte> Bytes(PageStore pages, ref byte entry) => Entry.Place(ref entry) switch
    {
        ValuePlace.Inline => Entry.InlineValue(ref entry),
        ValuePlace.Run => pages.Runs.Bytes(Entry.Reference(ref entry), Entry.ReferencedLength(ref entry)),
        _ => pages.Objects.Array(Entry.Reference(ref entry)).AsSpan(0, Entry.ReferencedLength(ref entry)),
    };

    /// <summary>Gives up the run or object of an entry, which is about to get another value or to go.</summary>
    public static void ReleaseReference(Table table, ulong hash, ref EntryPlace place)
    {
        if (Entry.Place(ref place.Entry) >= ValuePlace.Run)
            ReleaseReference(table.Pages, ref place.Entry, table.ReachOf(hash, place.Head.Depth));
    }

    /// <summary>Gives up the run or object that an entry has, and all that a collection consists of.</summary>
    public static void ReleaseReference(PageStore pages, ref byte entry, Reach reach)
    {
        uint id = Entry.Reference(ref entry);
        if (Entry.Place(ref entry) == ValuePlace.Run)
        {
            pages.Retire(ItemKind.Run, id, reach);
            return;
        }

        if (ValueForms.IsCollection(Entry.Form(ref entry)))
            pages.Discarded.Add((CollectionValue)pages.Objects[id], reach);
        pages.Retire(ItemKind.Object, id, reach);
    }

    private static ValuePlace PlaceFor(int length) => length switch
    {
        <= Entry.MaxInlineValue => ValuePlace.Inline,
        <= SizeClasses.MaxBytes => ValuePlace.Run,
        _ => ValuePlace.Object,
    };

    // With the first bytes of a value of so many.
    private static uint Allocate(PageStore pages, ValuePlace where, ReadOnlySpan<byte> first, int length, int capacity)
    {
        if (where == ValuePlace.Run)
        {
            uint run = pages.Runs.Allocate(capacity, pages.Forks.Current);
            first.CopyTo(pages.Runs.Bytes(run, first.Length));
            return run;
        }

        byte[] array = pages.Arrays.Take(capacity);
        first.CopyTo(array);
        return pages.Objects.Allocate(array, length, pages.Forks.Current);
    }

    private static bool TryOverwriteRun(Table table, ulong hash, scoped ReadOnlySpan<byte> value, ref EntryPlace place)
    {
        if (Entry.Place(ref place.Entry) != ValuePlace.Run) return false;
        PageStore pages = table.Pages;
        uint run = Entry.Reference(ref place.Entry);
        bool fits = pages.Runs.CapacityOf(run) == SizeClasses.BytesOf(SizeClasses.ClassOf(value.Length));
        if (!fits || !pages.TryMakePrivate(ItemKind.Run, run, table.ReachOf(hash, place.Head.Depth))) return false;
        value.CopyTo(pages.Runs.Bytes(run, value.Length));
        Entry.SetReference(ref place.Entry, run, value.Length);
        return true;
    }

    // The digits of an integer, as an inline string.
    private static void SpellOut(Table table, ulong hash, ref EntryPlace place)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxIntegerBytes];
        digits = digits[..Numbers.FormatInteger(digits, Entry.Integer(ref place.Entry))];
        ResizeInline(table, hash, digits.Length, ValueForm.RawString, ref place);
        digits.CopyTo(Entry.InlineValue(ref place.Entry));
    }

    private static Span<byte> ResizeInline(Table table, ulong hash, int length, ValueForm form, scoped ref EntryPlace place)
    {
        long expiry = Entry.ExpiryOrNone(ref place.Entry);
        table.Reshape(hash, EntryLayout.Inline(form, length, expiry), ref place);
        return Entry.InlineValue(ref place.Entry);
    }

    private static Span<byte> MoveOut(Table table, ulong hash, int length, ValueForm form, scoped ref EntryPlace place)
    {
        ValuePlace where = PlaceFor(length);
        ReadOnlySpan<byte> old = Entry.InlineValue(ref place.Entry);
        uint id = Allocate(table.Pages, where, old, length, CapacityFor(length, old.Length, form));
        long expiry = Entry.ExpiryOrNone(ref place.Entry);
        table.Reshape(hash, EntryLayout.Reference(form, where, expiry), ref place);
        Entry.SetReference(ref place.Entry, id, length);
        return Bytes(table.Pages, ref place.Entry);
    }

    private static Span<byte> ResizeReferenced(Table table, ulong hash, int length, ValueForm form, scoped ref EntryPlace place)
    {
        PageStore pages = table.Pages;
        Reach reach = table.ReachOf(hash, place.Head.Depth);
        uint id = Entry.Reference(ref place.Entry);
        bool isRun = Entry.Place(ref place.Entry) == ValuePlace.Run;
        int capacity = isRun ? pages.Runs.CapacityOf(id) : pages.Objects.Array(id).Length;
        bool isTooLarge = ValueForms.IsPacked(form) && length < capacity / 2;
        if (isTooLarge && length < InlineAgainBelow) return MoveIn(table, hash, length, form, ref place);
        if (length > capacity || isTooLarge || !pages.TryMakePrivate(isRun ? ItemKind.Run : ItemKind.Object, id, reach))
        {
            ReadOnlySpan<byte> old = Bytes(pages, ref place.Entry);
            // What only a fork keeps from being written in place needs no more room than it had.
            int wanted = length > capacity ? CapacityFor(length, old.Length, form) : length;
            ValuePlace where = PlaceFor(Math.Max(length, Entry.MaxInlineValue + 1));
            id = Allocate(pages, where, old[..Math.Min(old.Length, length)], length, wanted);
            ReleaseReference(table, hash, ref place);
            isRun = where == ValuePlace.Run;
        }
        else if (!isRun)
        {
            pages.Objects.Use(id, length);
        }

        long expiry = Entry.ExpiryOrNone(ref place.Entry);
        ValuePlace now = isRun ? ValuePlace.Run : ValuePlace.Object;
        table.Reshape(hash, EntryLayout.Reference(form, now, expiry), ref place);
        Entry.SetReference(ref place.Entry, id, length);
        return Bytes(pages, ref place.Entry);
    }

    private static Span<byte> MoveIn(Table table, ulong hash, int length, ValueForm form, scoped ref EntryPlace place)
    {
        Span<byte> kept = stackalloc byte[InlineAgainBelow];
        kept = kept[..length];
        Bytes(table.Pages, ref place.Entry)[..length].CopyTo(kept);
        ReleaseReference(table, hash, ref place);
        long expiry = Entry.ExpiryOrNone(ref place.Entry);
        table.Reshape(hash, EntryLayout.Inline(form, length, expiry), ref place);
        Span<byte> bytes = Entry.InlineValue(ref place.Entry);
        kept.CopyTo(bytes);
        return bytes;
    }

    // What grows bit by bit gets room for more of it; what is made at one go, or more than doubles, has what it needs.
    private static int CapacityFor(int length, int oldLength, ValueForm form)
    {
        if (length > 2L * oldLength) return length;
        if (length <= SizeClasses.MaxBytes) return ValueForms.IsPacked(form) || length > SlackUpTo ? length : length + Math.Min(length, MaxRunSlack);
        return (int)Math.Min((long)length + Math.Max(MinArraySlack, length / 8), MaxLength);
    }
}
