using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>
/// A set that no key holds yet: what SINTERSTORE and its relatives make, and SUNION to find what is there twice. It grows through the encodings
/// as a stored one does (see <see cref="SetRef"/>).
/// </summary>
public sealed class SetBuilder
{
    private readonly Keyspace _keyspace;
    private PackedBuffer _packed = new();
    private ValueForm _form;
    private MemberTable? _table;

    internal SetBuilder(Keyspace keyspace) => _keyspace = keyspace;

    /// <summary>The number of members. O(1).</summary>
    public long Count => _table?.Count ?? PackedSet.Count(_packed.Bytes, _form);

    /// <summary>Its members.</summary>
    public SetMembers Members => new(_form, _table == null ? _packed.Bytes : default, _table);

    /// <summary>Begins a set of the same encoding as another one that may become its superset.</summary>
    public SetBuilder StartLike(SetRef set) => Start(set.Entry.Form == ValueForm.SetIntset ? ValueForm.SetIntset : ValueForm.SetListpack);

    /// <summary>The same for a set that <see cref="CompactIntegers"/> ends.</summary>
    public SetBuilder StartCompactLike(SetOperand set)
    {
        // A table's members have no order that others could rely on, so its integers go into an intset at once, where nothing is searched for.
        bool takesIntegers = set.Form == ValueForm.SetTable && _keyspace.Limits.SetMaxListpackEntries <= _keyspace.Limits.SetMaxIntsetEntries;
        return Start(set.Form == ValueForm.SetIntset || takesIntegers ? ValueForm.SetIntset : ValueForm.SetListpack);
    }

    /// <summary>Begins an empty set of integers, so far.</summary>
    public SetBuilder Start() => Start(ValueForm.SetIntset);

    /// <summary>Begins an empty set that is to hold a member and others, so many in all.</summary>
    internal SetBuilder StartFor(ReadOnlySpan<byte> member, long expected)
    {
        ValueForm form = PackedSet.FormFor(member, expected, _keyspace.Limits);
        Start(form == ValueForm.SetTable ? ValueForm.SetListpack : form);
        if (form == ValueForm.SetTable) BecomeTable();
        return this;
    }

    /// <summary>Adds a member; false if it is there.</summary>
    public bool Add(ListpackValue member) => Add(member.GetText(stackalloc byte[ListpackValue.MaxIntegerText]));

    /// <summary>Takes a member away; false if it is not there.</summary>
    public bool Remove(ListpackValue member)
    {
        ReadOnlySpan<byte> text = member.GetText(stackalloc byte[ListpackValue.MaxIntegerText]);
        return _table?.Remove(text) ?? PackedSet.Remove(ref _packed, _form, text);
    }

    /// <summary>Makes an intset of it if all members are integers and not too many. O(n).</summary>
    public void CompactIntegers()
    {
        if (_form == ValueForm.SetIntset || !PackedSet.Holds(ValueForm.SetIntset, Count, _keyspace.Limits)) return;
        var integers = new PackedBuffer(IntSet.Empty);
        for (SetMembers members = Members; members.MoveNext();)
        {
            if (!members.Current.TryGetInteger(out long integer)) return;
            IntSet.Add(ref integers, integer);
        }

        Discard();
        _packed.Set(integers.Bytes);
        _form = ValueForm.SetIntset;
    }

    /// <summary>Makes it the value of a key, whatever that held, and is empty again. Does not signal.</summary>
    internal void StoreIn(ref EntryRef entry, Expiry expiry)
    {
        if (_table == null) entry.SetPacked(_form, _packed.Bytes, expiry);
        else entry.SetCollection(_form, _table, expiry);
        _table = null;
        Start();
    }

    /// <summary>Makes it the value of a key that was looked up for writing, which then does not expire.</summary>
    public void StoreIn(EntryRef entry)
    {
        StoreIn(ref entry, Expiry.None);
        entry.SignalModified();
    }

    /// <summary>Hands the set over: a table, or bytes that live until the next set is built.</summary>
    internal MemberTable? Take(out ValueForm form, out ReadOnlySpan<byte> packed)
    {
        MemberTable? table = _table;
        form = _form;
        packed = table == null ? _packed.Bytes : default;
        _table = null;
        return table;
    }

    /// <summary>Lets go of the members.</summary>
    public void Discard()
    {
        if (_table != null) _keyspace.Pages.Discarded.Add(_table, default);
        _table = null;
        Start(ValueForm.SetIntset);
    }

    private SetBuilder Start(ValueForm form)
    {
        Invariant.Check(_table == null);
        _form = form;
        _packed.Set(PackedSet.Empty(form));
        return this;
    }

    internal bool Add(ReadOnlySpan<byte> member)
    {
        if (_table != null) return _table.Add(member);
        switch (PackedSet.Add(ref _packed, _form, member, _keyspace.Limits))
        {
            case SetAddition.Present:
                return false;
            case SetAddition.NeedsListpack:
                BecomeListpack();
                return Add(member);
            case SetAddition.NeedsTable:
                BecomeTable();
                return Add(member);
            default:
                if (!PackedSet.Holds(_form, Count, _keyspace.Limits)) BecomeTable();
                return true;
        }
    }

    private void BecomeListpack()
    {
        var listpack = new PackedBuffer(Listpack.Empty);
        for (SetMembers members = Members; members.MoveNext();)
            ListpackEdits.Append(ref listpack, members.Current);
        (_packed, _form) = (listpack, ValueForm.SetListpack);
    }

    private void BecomeTable()
    {
        var table = new MemberTable(_keyspace.Pages, _keyspace.Hasher);
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        for (SetMembers members = Members; members.MoveNext();)
            table.Add(members.Current.GetText(text));
        (_table, _form) = (table, ValueForm.SetTable);
    }
}
