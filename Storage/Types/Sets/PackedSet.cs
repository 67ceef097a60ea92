using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage.Types;

/// <summary>What adding a member to a packed set came to.</summary>
internal enum SetAddition
{
    /// <summary>It was there.</summary>
    Present,

    /// <summary>It was added.</summary>
    Added,

    /// <summary>It was not added: an intset takes integers only, and a listpack would take them all.</summary>
    NeedsListpack,

    /// <summary>It was not added: no packed form takes it.</summary>
    NeedsTable,
}

/// <summary>Reads and edits the intset or listpack of a set, wherever it lives.</summary>
internal static class PackedSet
{
    // As in Redis: the format's own limit.
    private const int MaxIntsetEntries = 1 << 30;

    /// <summary>The number of members. O(1).</summary>
    public static int Count(ReadOnlySpan<byte> bytes, ValueForm form) =>
        form == ValueForm.SetIntset ? IntSet.Count(bytes) : Listpack.Count(bytes);

    /// <summary>Whether there is such a member. O(log n) in an intset, O(bytes) in a listpack.</summary>
    public static bool Contains(ReadOnlySpan<byte> bytes, ValueForm form, ReadOnlySpan<byte> member)
    {
        if (form == ValueForm.SetListpack) return Listpack.Find(bytes, member) != Listpack.None;
        return Numbers.TryParseInteger(member, out long integer) && IntSet.Contains(bytes, integer);
    }

    /// <summary>The bytes of an empty set of a form.</summary>
    public static ReadOnlySpan<byte> Empty(ValueForm form) => form == ValueForm.SetIntset ? IntSet.Empty : Listpack.Empty;

    /// <summary>The form that a new set takes, given one of its members and how many there may be.</summary>
    public static ValueForm FormFor(ReadOnlySpan<byte> member, long expected, CollectionLimits limits)
    {
        if (expected <= limits.SetMaxIntsetEntries && Numbers.TryParseInteger(member, out _))
            return ValueForm.SetIntset;
        return expected <= limits.SetMaxListpackEntries ? ValueForm.SetListpack : ValueForm.SetTable;
    }

    /// <summary>Whether a set of a form may hold so many members.</summary>
    public static bool Holds(ValueForm form, long members, CollectionLimits limits) => form switch
    {
        ValueForm.SetIntset => members <= Math.Min(limits.SetMaxIntsetEntries, MaxIntsetEntries),
        ValueForm.SetListpack => members <= limits.SetMaxListpackEntries,
        _ => true,
    };

    /// <summary>Adds a member if the form takes it. An intset may come to hold one too many: the caller then makes a table of it.</summary>
    public static SetAddition Add<T>(ref T target, ValueForm form, scoped ReadOnlySpan<byte> member, CollectionLimits limits)
        where T : IPackedBytes, allows ref struct
    {
        var value = new ListpackValue(member);
        if (form == ValueForm.SetIntset)
        {
            if (!value.IsInteger)
                return FitsListpack(target.Bytes, member, limits) ? SetAddition.NeedsListpack : SetAddition.NeedsTable;
            return IntSet.Add(ref target, value.Integer) ? SetAddition.Added : SetAddition.Present;
        }

        if (Listpack.Find(target.Bytes, member) != Listpack.None) return SetAddition.Present;
        if (Listpack.Count(target.Bytes) >= limits.SetMaxListpackEntries
            || member.Length > limits.SetMaxListpackValue
            || !Listpack.CanGrow(target.Bytes, member.Length))
            return SetAddition.NeedsTable;

        ListpackEdits.Append(ref target, value);
        return SetAddition.Added;
    }

    /// <summary>Takes a member away; false if it is not there.</summary>
    public static bool Remove<T>(ref T target, ValueForm form, scoped ReadOnlySpan<byte> member)
        where T : IPackedBytes, allows ref struct
    {
        if (form == ValueForm.SetIntset)
            return Numbers.TryParseInteger(member, out long integer) && IntSet.Remove(ref target, integer);
        int at = Listpack.Find(target.Bytes, member);
        if (at == Listpack.None) return false;
        ListpackEdits.Delete(ref target, at);
        return true;
    }

    /// <summary>A member drawn fairly.</summary>
    public static ListpackValue Random(ReadOnlySpan<byte> bytes, ValueForm form, Random dice)
    {
        if (form == ValueForm.SetIntset) return new ListpackValue(IntSet.GetRandom(bytes, dice));
        return Listpack.Get(bytes, Listpack.Seek(bytes, dice.Next(Listpack.Count(bytes))));
    }

    // Whether the integers of an intset fit a listpack together with another member.
    private static bool FitsListpack(ReadOnlySpan<byte> intset, ReadOnlySpan<byte> member, CollectionLimits limits)
    {
        int count = IntSet.Count(intset);
        if (count >= limits.SetMaxListpackEntries || member.Length > limits.SetMaxListpackValue) return false;
        return count == 0 || Math.Max(Numbers.DigitCount(IntSet.Min(intset)), Numbers.DigitCount(IntSet.Max(intset))) <= limits.SetMaxListpackValue;
    }
}
