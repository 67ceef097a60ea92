using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// A hash as commands see it, whatever its encoding:
//
//     HashListpack     up to hash-max-listpack-entries fields of up to hash-max-listpack-value bytes (PackedHash)
//     HashListpackEx   the same, once a field has an expiry
//     HashTable        beyond: a MemberTable
//
// It goes that way only, as in Redis. Every write tells of itself (Modified, once per field), and a hash that has lost its last field is deleted.
//
// Several fields set at once are set in a copy of the listpack (Keyspace.Scratch), which then replaces it: the entry moves once, not once per field.

/// <summary>A hash, or the place where one would be. Dies with the next write to another key.</summary>
public ref struct HashRef
{
    private EntryRef _entry;

    /// <summary>Opens an entry that is missing or holds a hash.</summary>
    public HashRef(EntryRef entry)
    {
        Invariant.Check(!entry.Exists || entry.Type == DataType.Hash);
        _entry = entry;
    }

    /// <summary>Whether there is a hash. Never true for one without fields.</summary>
    public readonly bool Exists => _entry.Exists;

    /// <summary>Its key.</summary>
    public readonly ReadOnlySpan<byte> Key => _entry.Key;

    /// <summary>The number of fields, those included that are past their time but not yet deleted. O(1).</summary>
    public readonly long Count
    {
        get
        {
            if (!_entry.Exists)
                return 0;
            return IsTable ? Table.Count : PackedHash.Count(_entry.PackedBytes, _entry.Form);
        }
    }

    /// <summary>Whether a field may have an expiry: the count may then be too high.</summary>
    public readonly bool MayExpire =>
        _entry.Exists && (IsTable ? Table.Table.Expiries.Count > 0 : _entry.Form == ValueForm.HashListpackEx);

    /// <summary>Whether it is a listpack.</summary>
    public readonly bool IsPacked => !_entry.Exists || !IsTable;

    internal readonly bool IsTable => _entry.Form == ValueForm.HashTable;

    internal readonly MemberTable Table => _entry.Collection<MemberTable>();

    internal readonly EntryRef Entry => _entry;

    private readonly CollectionLimits Limits => _entry.Database.Keyspace.Limits;

    private readonly long NowMs => _entry.Database.Keyspace.Clock.NowMs;

    /// <summary>The number of fields that are not past their time. O(1), O(n) if some may expire.</summary>
    public readonly long CountLive()
    {
        if (!MayExpire)
            return Count;
        long count = 0;
        for (HashFields fields = Fields; fields.MoveNext();)
            count++;
        return count;
    }

    /// <summary>The value of a field.</summary>
    public readonly bool TryGet(ReadOnlySpan<byte> field, out ListpackValue value)
    {
        value = default;
        if (!_entry.Exists)
            return false;
        if (IsTable)
            return TryGetFromTable(field, out value);
        ReadOnlySpan<byte> listpack = _entry.PackedBytes;
        ValueForm form = _entry.Form;
        int at = PackedHash.Find(listpack, form, field);
        if (at == Listpack.None || IsPast(PackedHash.ExpiryOf(listpack, form, at)))
            return false;
        value = PackedHash.ValueOf(listpack, at);
        return true;
    }

    /// <summary>Whether there is such a field.</summary>
    public readonly bool Contains(ReadOnlySpan<byte> field) => TryGet(field, out _);

    /// <summary>All fields with their values, in no particular order. The hash must not be written to meanwhile.</summary>
    public readonly HashFields Fields => new(this, NowMs);

    /// <summary>A portion of HSCAN: some <paramref name="count"/> fields (1 at least) from a cursor on.</summary>
    public readonly ElementScan Scan(ulong cursor, long count) => new(this, NowMs, cursor, count);

    /// <summary>Gives a field a value; true if it is new. O(1), O(bytes) while packed.</summary>
    public bool Set(scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, Expiry expiry = default)
    {
        if (!IsShort(field) || !IsShort(value))
            EnsureTable();
        bool added = Put(field, value, expiry);
        _entry.SignalModified();
        return added;
    }

    /// <summary>Gives the fields that begin at an argument, every second one, the values that follow them; returns how many are new.</summary>
    public int SetAll(in ArgVector args, int first)
    {
        int pairs = (args.Count - first) / 2;
        if (pairs == 1)
            return Set(args[first], args[first + 1]) ? 1 : 0;
        if (!FitsPacked(args, first))
            EnsureTable();
        int added = _entry.Exists && IsTable ? SetInTable(args, first) : SetPacked(args, first);
        for (int i = 0; i < pairs; i++)
            _entry.SignalModified();
        return added;
    }

    /// <summary>Takes a field away; false if it is not there. The hash goes with its last field.</summary>
    public bool Delete(scoped ReadOnlySpan<byte> field)
    {
        if (!_entry.Exists || !Remove(field))
            return false;
        if (Count == 0)
            _entry.Delete();
        else
            _entry.SignalModified();
        return true;
    }

    /// <summary>A field drawn fairly, and its value; false if there is none. O(1), O(bytes) while packed.</summary>
    public readonly bool TryGetRandom(out ListpackValue field, out ListpackValue value)
    {
        field = value = default;
        if (!_entry.Exists)
            return false;
        if (IsTable)
        {
            if (!Table.TryGetRandom(_entry.Database.Keyspace.Dice, out EntryView found))
                return false;
            field = ListpackValue.OfString(found.Key);
            value = found.Element;
            return true;
        }

        ReadOnlySpan<byte> listpack = _entry.PackedBytes;
        int at = Listpack.Seek(listpack, (long)_entry.Database.Keyspace.Dice.Next((int)Count) * PackedHash.StrideOf(_entry.Form));
        field = Listpack.Get(listpack, at);
        value = PackedHash.ValueOf(listpack, at);
        return true;
    }

    private readonly bool TryGetFromTable(ReadOnlySpan<byte> field, out ListpackValue value)
    {
        bool found = Table.TryFind(field, out EntryView entry) && !IsPast(entry.ExpiryMs);
        value = found ? entry.Element : default;
        return found;
    }

    private readonly bool IsPast(long expiryMs) => expiryMs >= 0 && expiryMs < NowMs;

    private readonly bool IsShort(ReadOnlySpan<byte> text) => text.Length <= Limits.HashMaxListpackValue;

    // What Redis looks at before it sets fields: their number, new or not, and the length of each.
    private readonly bool FitsPacked(in ArgVector args, int first)
    {
        if ((args.Count - first) / 2 > Limits.HashMaxListpackEntries)
            return false;
        for (int i = first; i < args.Count; i++)
        {
            if (!IsShort(args[i]))
                return false;
        }

        return true;
    }

    private bool Put(scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, Expiry expiry)
    {
        if (!_entry.Exists)
        {
            PackedBuffer scratch = _entry.Database.Keyspace.Scratch;
            scratch.Set(Listpack.Empty);
            PackedHash.Set(ref scratch, ValueForm.HashListpack, field, value, Expiry.None);
            _entry.SetPacked(ValueForm.HashListpack, scratch.Bytes);
            UnpackIfLarge();
            return true;
        }

        if (IsTable)
            return _entry.WritableCollection<MemberTable>().Set(field, value, expiry);
        bool added = PackedHash.Set(ref _entry, _entry.Form, field, value, expiry);
        if (added)
            UnpackIfLarge();
        return added;
    }

    private int SetInTable(in ArgVector args, int first)
    {
        var table = _entry.WritableCollection<MemberTable>();
        int added = 0;
        for (int i = first; i < args.Count; i += 2)
            added += table.Set(args[i], args[i + 1], Expiry.None) ? 1 : 0;
        return added;
    }

    private int SetPacked(in ArgVector args, int first)
    {
        PackedBuffer scratch = _entry.Database.Keyspace.Scratch;
        ValueForm form = _entry.Exists ? _entry.Form : ValueForm.HashListpack;
        scratch.Set(_entry.Exists ? _entry.PackedBytes : Listpack.Empty);
        int added = 0;
        for (int i = first; i < args.Count; i += 2)
            added += PackedHash.Set(ref scratch, form, args[i], args[i + 1], Expiry.None) ? 1 : 0;
        _entry.SetPacked(form, scratch.Bytes);
        UnpackIfLarge();
        return added;
    }

    private bool Remove(scoped ReadOnlySpan<byte> field)
    {
        if (IsTable)
            return _entry.WritableCollection<MemberTable>().Remove(field);
        int at = PackedHash.Find(_entry.PackedBytes, _entry.Form, field);
        if (at == Listpack.None)
            return false;
        PackedHash.Delete(ref _entry, _entry.Form, at);
        return true;
    }

    private void UnpackIfLarge()
    {
        if (Count > Limits.HashMaxListpackEntries)
            EnsureTable();
    }

    private void EnsureTable()
    {
        if (_entry.Exists && IsTable)
            return;
        Keyspace keyspace = _entry.Database.Keyspace;
        var table = new MemberTable(keyspace.Pages, keyspace.Hasher);
        Span<byte> fieldText = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> valueText = stackalloc byte[ListpackValue.MaxIntegerText];
        // What is past its time comes along: it has yet to be told of.
        for (var fields = new HashFields(this, long.MinValue); _entry.Exists && fields.MoveNext();)
            table.Set(fields.Field.GetText(fieldText), fields.Value.GetText(valueText), fields.ExpiryMs < 0 ? Expiry.None : Expiry.At(fields.ExpiryMs));
        _entry.SetCollection(ValueForm.HashTable, table);
    }
}
