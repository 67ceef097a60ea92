using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// A set as commands see it, whatever its encoding:
//
//     SetIntset     up to set-max-intset-entries integers and nothing else
//     SetListpack   up to set-max-listpack-entries members of up to set-max-listpack-value bytes
//     SetTable      beyond: a MemberTable
//
// It goes that way only, as in Redis: an intset that gets a member that is no integer becomes a listpack, one that gets too many a table. Every write
// tells of itself (Modified, once per member), and a set that has lost its last member is deleted.

/// <summary>A set, or the place where one would be. Dies with the next write to another key.</summary>
public ref struct SetRef : ICollectionRef<SetRef>
{
    private EntryRef _entry;

    /// <summary>Opens an entry that is missing or holds a set.</summary>
    public SetRef(EntryRef entry)
    {
        Invariant.Check(!entry.Exists || entry.Type == Type);
        _entry = entry;
    }

    /// <inheritdoc/>
    public static DataType Type => DataType.Set;

    /// <summary>Whether there is a set. Never true for one without members.</summary>
    public readonly bool Exists => _entry.Exists;

    /// <summary>Its key.</summary>
    public readonly ReadOnlySpan<byte> Key => _entry.Key;

    /// <summary>The number of members. O(1).</summary>
    public readonly long Count
    {
        get
        {
            if (!_entry.Exists) return 0;
            return IsTable ? Table.Count : PackedSet.Count(_entry.PackedBytes, _entry.Form);
        }
    }

    /// <summary>Whether it is a listpack or an intset.</summary>
    public readonly bool IsPacked => !_entry.Exists || !IsTable;

    /// <summary>All members, in no particular order. The set must not be written to meanwhile.</summary>
    public readonly SetMembers Members => _entry.Exists ? SetMembers.Of(_entry.View) : new SetMembers(ValueForm.SetIntset, IntSet.Empty, null);

    /// <summary>Opens an entry that is missing or holds one.</summary>
    public static SetRef Open(EntryRef entry) => new(entry);

    /// <summary>A portion of SSCAN: some <paramref name="count"/> members (1 at least) from a cursor on.</summary>
    public readonly ElementScan Scan(ulong cursor, long count) => new(this, cursor, count);

    internal readonly EntryRef Entry => _entry;

    private readonly bool IsTable => _entry.Form == ValueForm.SetTable;

    private readonly MemberTable Table => _entry.Collection<MemberTable>();

    private readonly Keyspace Keyspace => _entry.Database.Keyspace;

    /// <summary>Whether there is such a member. O(1), O(bytes) while a listpack.</summary>
    public readonly bool Contains(ReadOnlySpan<byte> member)
    {
        if (!_entry.Exists) return false;
        return IsTable ? Table.Contains(member) : PackedSet.Contains(_entry.PackedBytes, _entry.Form, member);
    }

    /// <summary>Adds the members that begin at an argument; returns how many are new.</summary>
    public int AddAll(in ArgVector args, int first)
    {
        int added = _entry.Exists ? AddToExisting(args, first) : Create(args, first);
        for (int i = 0; i < added; i++)
            _entry.SignalModified();
        return added;
    }

    /// <summary>Adds a member; false if it is there.</summary>
    public bool Add(scoped ReadOnlySpan<byte> member)
    {
        if (!Put(member)) return false;
        SignalPut();
        return true;
    }

    /// <summary>Adds a member as <see cref="Add"/> does, but <see cref="SignalPut"/> must follow.</summary>
    public bool Put(scoped ReadOnlySpan<byte> member)
    {
        if (_entry.Exists) return PutIntoExisting(member);
        SetBuilder built = Keyspace.SetBuilder.StartFor(member, 1);
        built.Add(new ListpackValue(member));
        built.StoreIn(ref _entry, Expiry.None);
        return true;
    }

    /// <summary>Signals that a member was put into the set.</summary>
    public readonly void SignalPut() => _entry.SignalModified();

    /// <summary>Takes a member away; false if it is not there. The set goes with its last member.</summary>
    public bool Remove(scoped ReadOnlySpan<byte> member)
    {
        if (!Take(member)) return false;
        SignalTaken();
        return true;
    }

    /// <summary>Takes a member away as <see cref="Remove"/> does, but <see cref="SignalTaken"/> must follow.</summary>
    public bool Take(scoped ReadOnlySpan<byte> member)
    {
        if (!_entry.Exists) return false;
        return IsTable ? _entry.WritableCollection<MemberTable>().Remove(member) : PackedSet.Remove(ref _entry, _entry.Form, member);
    }

    /// <summary>Signals that a member was taken away; the set goes if none is left.</summary>
    public void SignalTaken()
    {
        if (Count == 0) _entry.Delete();
        else _entry.SignalModified();
    }

    /// <summary>A member drawn fairly; false if there is none. O(1), O(bytes) while a listpack.</summary>
    public readonly bool TryGetRandom(out ListpackValue member)
    {
        member = default;
        if (!_entry.Exists) return false;
        if (!IsTable)
        {
            member = PackedSet.Random(_entry.PackedBytes, _entry.Form, Keyspace.Dice);
            return true;
        }

        bool found = Table.TryGetRandom(Keyspace.Dice, out EntryView entry);
        member = found ? ListpackValue.OfString(entry.Key) : default;
        return found;
    }

    /// <summary>Takes away what <see cref="TryGetRandom"/> has drawn.</summary>
    public void RemoveDrawn(ListpackValue member)
    {
        // The member lies in what is about to change.
        PackedBuffer copy = Keyspace.Scratch;
        copy.Set(member.GetText(stackalloc byte[ListpackValue.MaxIntegerText]));
        bool removed = Remove(copy.Bytes);
        Invariant.Check(removed);
    }

    /// <summary>Puts what was built in the set's place; <paramref name="removed"/> members are gone.</summary>
    public void ReplaceBy(SetBuilder remaining, long removed)
    {
        remaining.StoreIn(ref _entry, Expiry.Keep);
        for (; removed > 0; removed--)
            _entry.SignalModified();
    }

    /// <summary>Deletes it.</summary>
    public void Delete() => _entry.Delete();

    // The form that Redis chooses from the first of the members and their number, new or not; and so below for a set that exists.
    private int Create(in ArgVector args, int first)
    {
        SetBuilder built = Keyspace.SetBuilder.StartFor(args[first], args.Count - first);
        int added = 0;
        for (int i = first; i < args.Count; i++)
        {
            if (built.Add(new ListpackValue(args[i]))) added++;
        }

        built.StoreIn(ref _entry, Expiry.None);
        return added;
    }

    private int AddToExisting(in ArgVector args, int first)
    {
        if (!PackedSet.Holds(_entry.Form, args.Count - first, Keyspace.Limits)) EnsureTable();
        int added = 0;
        for (int i = first; i < args.Count; i++)
        {
            if (Put(args[i])) added++;
        }

        return added;
    }

    private bool PutIntoExisting(scoped ReadOnlySpan<byte> member)
    {
        if (IsTable) return _entry.WritableCollection<MemberTable>().Add(member);
        switch (PackedSet.Add(ref _entry, _entry.Form, member, Keyspace.Limits))
        {
            case SetAddition.Present:
                return false;
            case SetAddition.NeedsListpack:
                BecomeListpack();
                return PutIntoExisting(member);
            case SetAddition.NeedsTable:
                EnsureTable();
                return PutIntoExisting(member);
            default:
                if (!PackedSet.Holds(_entry.Form, Count, Keyspace.Limits)) EnsureTable();
                return true;
        }
    }

    private void BecomeListpack()
    {
        PackedBuffer listpack = Keyspace.Scratch;
        listpack.Set(Listpack.Empty);
        for (SetMembers members = Members; members.MoveNext();)
            ListpackEdits.Append(ref listpack, members.Current);
        _entry.SetPacked(ValueForm.SetListpack, listpack.Bytes);
    }

    private void EnsureTable()
    {
        if (IsTable) return;
        var table = new MemberTable(Keyspace.Pages, Keyspace.Hasher);
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        for (SetMembers members = Members; members.MoveNext();)
            table.Add(members.Current.GetText(text));
        _entry.SetCollection(ValueForm.SetTable, table);
    }
}
