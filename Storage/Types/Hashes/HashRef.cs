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
public ref struct HashRef : ICollectionRef<HashRef>
{
    // Of a large hash; what else is due the active expire cycle takes away, and nobody sees it till then.
    private const int FieldsExpiredAtOnce = 16;

    // Up to so many bytes at a time nobody fills a listpack, which takes a write of all of it each time.
    private const int FewBytes = 1024;

    private EntryRef _entry;

    /// <summary>Opens an entry that is missing or holds a hash.</summary>
    public HashRef(EntryRef entry)
    {
        Invariant.Check(!entry.Exists || entry.Type == Type);
        _entry = entry;
    }

    /// <inheritdoc/>
    public static DataType Type => DataType.Hash;

    /// <summary>Whether there is a hash. Never true for one without fields.</summary>
    public readonly bool Exists => _entry.Exists;

    /// <summary>Its key.</summary>
    public readonly ReadOnlySpan<byte> Key => _entry.Key;

    /// <summary>The number of fields, those included that are past their time but not yet deleted. O(1).</summary>
    public readonly long Count
    {
        get
        {
            if (!_entry.Exists) return 0;
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

    private readonly long NowMs => _entry.Database.Keyspace.ExpiryNowMs;

    /// <summary>Opens an entry that is missing or holds one, and takes some fields away that are past their time.</summary>
    public static HashRef Open(EntryRef entry)
    {
        var hash = new HashRef(entry);
        hash.ExpireFields(FieldsExpiredAtOnce);
        return hash;
    }

    /// <summary>The number of fields that are not past their time. O(1), O(n) if some may expire.</summary>
    public readonly long CountLive()
    {
        if (!MayExpire) return Count;
        long count = 0;
        for (HashFields fields = Fields; fields.MoveNext();)
            count++;
        return count;
    }

    /// <summary>The value of a field.</summary>
    public readonly bool TryGet(ReadOnlySpan<byte> field, out ListpackValue value)
    {
        value = default;
        if (!_entry.Exists) return false;
        if (IsTable) return TryGetFromTable(field, out value);
        ReadOnlySpan<byte> listpack = _entry.PackedBytes;
        ValueForm form = _entry.Form;
        int at = PackedHash.Find(listpack, form, field);
        if (at == Listpack.None || IsPast(PackedHash.ExpiryOf(listpack, form, at))) return false;
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
        if (!IsShort(field) || !IsShort(value) || !HasRoom((long)field.Length + value.Length)) EnsureTable();
        bool added = Put(field, value, expiry);
        if (MayExpire) _entry.NoteFieldExpiry();
        _entry.SignalModified();
        return added;
    }

    /// <summary>Gives the fields that begin at an argument, every second one, the values that follow them; returns how many are new.</summary>
    public int SetAll(in ArgVector args, int first)
    {
        int pairs = (args.Count - first) / 2;
        if (pairs == 1) return Set(args[first], args[first + 1]) ? 1 : 0;
        if (!FitsPacked(args, first)) EnsureTable();
        int added = _entry.Exists && IsTable ? SetInTable(args, first) : SetPacked(args, first);
        if (MayExpire) _entry.NoteFieldExpiry();
        for (int i = 0; i < pairs; i++)
            _entry.SignalModified();
        return added;
    }

    /// <summary>Takes a field away; false if it is not there. The hash goes with its last field.</summary>
    public bool Delete(scoped ReadOnlySpan<byte> field)
    {
        if (!_entry.Exists || !Remove(field)) return false;
        if (Count == 0)
        {
            _entry.Delete();
            return true;
        }

        if (MayExpire) _entry.NoteFieldExpiry();
        _entry.SignalModified();
        return true;
    }

    /// <summary>When a field expires, in unix ms, -1 if it does not; false if it is not there.</summary>
    public readonly bool TryGetExpiry(ReadOnlySpan<byte> field, out long expiryMs)
    {
        expiryMs = Keyspaces.Entry.NoExpiry;
        if (!_entry.Exists) return false;
        if (IsTable)
        {
            bool found = Table.TryFind(field, out EntryView entry);
            return found && TryPass(entry.ExpiryMs, out expiryMs);
        }

        int at = PackedHash.Find(_entry.PackedBytes, _entry.Form, field);
        if (at == Listpack.None) return false;
        return TryPass(PackedHash.ExpiryOf(_entry.PackedBytes, _entry.Form, at), out expiryMs);
    }

    /// <summary>Lets a field that is there expire, at a unix time in ms.</summary>
    public void SetExpiry(scoped ReadOnlySpan<byte> field, long unixMs)
    {
        if (_entry.Form == ValueForm.HashListpack) BecomeListpackEx();
        PutExpiry(field, unixMs);
        _entry.NoteFieldExpiry();
        _entry.SignalModified();
    }

    /// <summary>Makes a field that is there stay for good.</summary>
    public void ClearExpiry(scoped ReadOnlySpan<byte> field)
    {
        PutExpiry(field, Keyspaces.Entry.NoExpiry);
        _entry.SignalModified();
    }

    /// <summary>
    /// Takes fields past their time away, so many at most, and the hash with its last field; nothing while expired keys are only hidden.
    /// </summary>
    public void ExpireFields(int limit)
    {
        if (!_entry.Exists || _entry.Database.Keyspace.ExpiredKeys == ExpiredKeys.Hide || FieldExpiries.EarliestOf(_entry) >= NowMs)
            return;
        _entry.BeginFieldEdit();
        int expired = IsTable ? ExpireInTable(limit) : ExpirePacked();
        _entry.EndFieldEdit();
        if (expired == 0) return;
        _entry.Database.SignalFieldsExpired(ref _entry, expired, Count == 0 ? HashFate.Removed : HashFate.Kept);
    }

    /// <summary>A field drawn fairly, and its value; false if there is none. O(1), O(bytes) while packed.</summary>
    public readonly bool TryGetRandom(out ListpackValue field, out ListpackValue value)
    {
        field = value = default;
        if (!_entry.Exists) return false;
        if (IsTable)
        {
            if (!Table.TryGetRandom(_entry.Database.Keyspace.Dice, out EntryView found)) return false;
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

    private readonly bool TryPass(long found, out long expiryMs)
    {
        bool isPast = IsPast(found);
        expiryMs = isPast ? Keyspaces.Entry.NoExpiry : found;
        return !isPast;
    }

    private readonly bool IsPast(long expiryMs) => expiryMs >= 0 && expiryMs < NowMs;

    private readonly bool IsShort(ReadOnlySpan<byte> text) => text.Length <= Limits.HashMaxListpackValue;

    // What Redis looks at before it sets fields: their number, new or not, and the length of each.
    private readonly bool FitsPacked(in ArgVector args, int first)
    {
        if ((args.Count - first) / 2 > Limits.HashMaxListpackEntries) return false;
        long bytes = 0;
        for (int i = first; i < args.Count; i++)
        {
            if (!IsShort(args[i])) return false;
            bytes += args[i].Length;
        }

        return HasRoom(bytes);
    }

    // Where hash-max-listpack-value allows huge values a listpack can reach its limit.
    private readonly bool HasRoom(long bytes) =>
        bytes <= FewBytes || (_entry.Exists ? IsTable || Listpack.CanGrow(_entry.PackedBytes, bytes) : bytes <= Listpack.MaxBytes);

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

        _entry.BeginFieldEdit();
        bool added = IsTable ? PutInTable(_entry.WritableCollection<MemberTable>(), field, value, expiry) : PackedHash.Set(ref _entry, _entry.Form, field, value, expiry);
        _entry.EndFieldEdit();
        if (added && !IsTable) UnpackIfLarge();
        return added;
    }

    private readonly bool PutInTable(MemberTable table, scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, Expiry expiry)
    {
        RemoveIfPast(table, field);
        return table.Set(field, value, expiry);
    }

    private int SetInTable(in ArgVector args, int first)
    {
        int added = 0;
        _entry.BeginFieldEdit();
        MemberTable table = _entry.WritableCollection<MemberTable>();
        for (int i = first; i < args.Count; i += 2)
            added += PutInTable(table, args[i], args[i + 1], Expiry.None) ? 1 : 0;
        _entry.EndFieldEdit();
        return added;
    }

    // A field past its time that is still there counts as new when it is set, and keeps nothing.
    private readonly void RemoveIfPast(MemberTable table, scoped ReadOnlySpan<byte> field)
    {
        if (table.Table.Expiries.Count > 0 && table.TryFind(field, out EntryView entry) && IsPast(entry.ExpiryMs))
            table.Remove(field);
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
        _entry.BeginFieldEdit();
        bool isRemoved = IsTable ? _entry.WritableCollection<MemberTable>().Remove(field) : RemovePacked(field);
        _entry.EndFieldEdit();
        return isRemoved;
    }

    private bool RemovePacked(scoped ReadOnlySpan<byte> field)
    {
        int at = PackedHash.Find(_entry.PackedBytes, _entry.Form, field);
        if (at == Listpack.None) return false;
        PackedHash.Delete(ref _entry, _entry.Form, at);
        return true;
    }

    private void PutExpiry(scoped ReadOnlySpan<byte> field, long expiryMs)
    {
        _entry.BeginFieldEdit();
        if (IsTable)
            _entry.WritableCollection<MemberTable>().SetExpiry(field, expiryMs);
        else if (_entry.Form == ValueForm.HashListpackEx)
            PackedHash.SetExpiry(ref _entry, PackedHash.Find(_entry.PackedBytes, _entry.Form, field), expiryMs, _entry.Database.Keyspace.Scratch);
        _entry.EndFieldEdit();
    }

    private void BecomeListpackEx()
    {
        PackedBuffer scratch = _entry.Database.Keyspace.Scratch;
        scratch.Set(Listpack.Empty);
        for (HashFields fields = Fields; fields.MoveNext();)
        {
            ListpackEdits.Append(ref scratch, fields.Field, fields.Value);
            ListpackEdits.Append(ref scratch, new ListpackValue(0L));
        }

        _entry.SetPacked(ValueForm.HashListpackEx, scratch.Bytes);
    }

    // Those that are due come first.
    private int ExpirePacked()
    {
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        int expired = 0;
        var fields = new HashFields(this, long.MinValue);
        for (; fields.MoveNext() && IsPast(fields.ExpiryMs); expired++)
            _entry.Database.Keyspace.Events.FieldExpired(_entry.Database, _entry.Key, fields.Field.GetText(text));
        ListpackEdits.Delete(ref _entry, Listpack.HeaderBytes, expired * PackedHash.StrideOf(ValueForm.HashListpackEx));
        _entry.NoteFieldExpiry();
        return expired;
    }

    private int ExpireInTable(int limit)
    {
        PackedBuffer field = _entry.Database.Keyspace.Scratch;
        MemberTable table = _entry.WritableCollection<MemberTable>();
        ulong from = 0;
        int expired = 0;
        for (; expired < limit && table.TryFindDue(NowMs, ref from, out EntryView due); expired++)
        {
            // The name lies in what is about to go.
            field.Set(due.Key);
            _entry.Database.Keyspace.Events.FieldExpired(_entry.Database, _entry.Key, field.Bytes);
            table.Remove(field.Bytes);
        }

        _entry.NoteFieldExpiry();
        return expired;
    }

    private void UnpackIfLarge()
    {
        if (Count > Limits.HashMaxListpackEntries) EnsureTable();
    }

    private void EnsureTable()
    {
        if (_entry.Exists && IsTable) return;
        Keyspace keyspace = _entry.Database.Keyspace;
        var table = new MemberTable(keyspace.Pages, keyspace.Hasher);
        Span<byte> fieldText = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> valueText = stackalloc byte[ListpackValue.MaxIntegerText];
        // What is past its time comes along: it has yet to be told of.
        for (var fields = new HashFields(this, long.MinValue); _entry.Exists && fields.MoveNext();)
            table.Set(fields.Field.GetText(fieldText), fields.Value.GetText(valueText), fields.ExpiryMs < 0 ? Expiry.None : Expiry.At(fields.ExpiryMs));
        _entry.SetCollection(ValueForm.HashTable, table);
        _entry.NoteFieldExpiry();
    }
}
