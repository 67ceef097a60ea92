using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage;

// What a command gets from looking a key up: the entry, or the place where it would be. It remembers the key's hash, so that reading, deciding
// and writing cost one hash. Writing through it refreshes it; any other write to the keyspace ends its life.

/// <summary>A key that was looked up, to be read and written.</summary>
public ref struct EntryRef : IPackedBytes
{
    /// <summary>Bytes that no string exceeds, whatever the limits of the server.</summary>
    public const int MaxStringLength = int.MaxValue - (1 << 20);

    private readonly Database _database;
    private readonly ReadOnlySpan<byte> _key;
    private readonly ulong _hash;
    private EntryPlace _place;
    private bool _exists;

    internal EntryRef(Database database, ReadOnlySpan<byte> key, ulong hash, EntryPlace place, bool exists)
    {
        _database = database;
        _key = key;
        _hash = hash;
        _place = place;
        _exists = exists;
    }

    /// <summary>Whether there is such a key.</summary>
    public readonly bool Exists => _exists;

    /// <summary>Counts a look-up to write as a read too: what the command replies is the old value. Comes before the first write.</summary>
    public readonly void CountRead() => _database.CountRead(_key, _exists);

    /// <summary>The key that was looked up.</summary>
    public readonly ReadOnlySpan<byte> Key => _key;

    /// <summary>The type of the value; <see cref="DataType.None"/> for a missing key.</summary>
    public readonly DataType Type => _exists ? View.Type : DataType.None;

    /// <summary>The type's name in TYPE's reply.</summary>
    public readonly ReadOnlySpan<byte> TypeName => DataTypes.NameOf(Type);

    /// <summary>How the value is stored.</summary>
    public readonly ValueEncoding Encoding => _exists ? View.Encoding : ValueEncoding.None;

    /// <summary>The encoding's name in OBJECT ENCODING's reply.</summary>
    public readonly ReadOnlySpan<byte> EncodingName => DataTypes.NameOf(Encoding);

    /// <summary>Whether the key expires.</summary>
    public readonly bool HasExpiry => _exists && View.HasExpiry;

    /// <summary>When the key expires, in unix ms; -1 if it does not.</summary>
    public readonly long ExpiryMs => _exists ? View.ExpiryMs : -1;

    /// <summary>Milliseconds since the key was used (LRU).</summary>
    public readonly long IdleMs => _database.Access.IdleMs(View.Access);

    /// <summary>How often the key is used (LFU's logarithmic counter).</summary>
    public readonly int Frequency => _database.Access.Frequency(View.Access);

    /// <summary>The length of a string, in the characters that GET replies.</summary>
    public readonly int StringLength => View.StringLength;

    /// <summary>The bytes of a string that is not stored as an integer.</summary>
    public readonly ReadOnlySpan<byte> StringBytes => View.StringBytes;

    /// <summary>What the value is and how it is stored.</summary>
    internal readonly ValueForm Form => View.Form;

    /// <summary>The bytes of a packed collection, until the next write to the keyspace.</summary>
    internal readonly ReadOnlySpan<byte> PackedBytes => View.PackedBytes;

    /// <summary>The database that it was looked up in.</summary>
    internal readonly Database Database => _database;

    readonly ReadOnlySpan<byte> IPackedBytes.Bytes => PackedBytes;

    /// <summary>The entry for reading, until the next write to the keyspace; it must exist.</summary>
    /// <summary>Where the entry lies.</summary>
    internal readonly EntryPlace Place => _place;

    public readonly EntryView View => new(_database.Table.Pages, ref _place.Entry);

    private readonly long OldExpiry => _exists ? Entry.ExpiryOrNone(ref _place.Entry) : Entry.NoExpiry;

    /// <summary>The integer of a string that is stored as one.</summary>
    public readonly bool TryGetInteger(out long value) => View.TryGetInteger(out value);

    /// <summary>A string's bytes; an integer is printed into <paramref name="scratch"/> (20 bytes at least).</summary>
    public readonly ReadOnlySpan<byte> GetString(Span<byte> scratch) => View.GetString(scratch);

    /// <summary>Gives the key a string, whatever it held; adds it if it is missing.</summary>
    public void SetString(ReadOnlySpan<byte> value, Expiry expiry, StringForm form = StringForm.Compact)
    {
        bool added = !_exists;
        _database.PutString(_hash, _key, value, form, expiry.Resolve(OldExpiry), _exists, ref _place);
        _exists = true;
        _database.SignalWrite(_key, added);
    }

    /// <summary>Gives the key an integer, keeping its expiry; adds it if it is missing. In place where an integer is stored.</summary>
    public void SetInteger(long value)
    {
        bool added = !_exists;
        _database.PutInteger(_hash, _key, value, OldExpiry, _exists, ref _place);
        _exists = true;
        _database.SignalWrite(_key, added);
    }

    /// <summary>Appends to the string; adds the key if it is missing. Returns the new length. O(bytes appended), amortised.</summary>
    public int Append(ReadOnlySpan<byte> tail)
    {
        if (!_exists)
        {
            SetString(tail, Expiry.None);
            return tail.Length;
        }

        int oldLength = StringLength;
        Span<byte> value = BytesValues.Resize(_database.Table, _hash, _key, checked(oldLength + tail.Length), ValueForm.RawString, ref _place);
        tail.CopyTo(value[oldLength..]);
        _database.SignalWrite(_key, added: false);
        return value.Length;
    }

    /// <summary>
    /// Gives the string a length, keeping its first bytes and adding zeros; adds the key if it is missing. Returns the whole of it, to be written
    /// to before the next use of the keyspace. Its encoding is raw from then on.
    /// </summary>
    public Span<byte> ResizeString(int length)
    {
        Span<byte> value = OpenString(length);
        SignalModified();
        return value;
    }

    /// <summary>
    /// As <see cref="ResizeString"/>, for a command that knows only afterwards whether it changes anything: it does not signal (see
    /// <see cref="SignalModified"/>).
    /// </summary>
    public Span<byte> OpenString(int length)
    {
        if (!_exists)
        {
            _database.PutString(_hash, _key, default, StringForm.Raw, Entry.NoExpiry, found: false, ref _place);
            NoteAdded();
        }

        int oldLength = StringLength;
        Span<byte> value = BytesValues.Resize(_database.Table, _hash, _key, length, ValueForm.RawString, ref _place);
        if (length > oldLength) value[oldLength..].Clear();
        return value;
    }

    /// <summary>Sets when the key expires, in unix ms.</summary>
    public void SetExpiry(long unixMs)
    {
        _database.PutExpiry(_hash, _key, Math.Max(0, unixMs), ref _place);
        _database.SignalWrite(_key, added: false);
    }

    /// <summary>Makes the key stay for good; false if it would anyway.</summary>
    public bool ClearExpiry()
    {
        if (!HasExpiry) return false;
        _database.PutExpiry(_hash, _key, Entry.NoExpiry, ref _place);
        _database.SignalWrite(_key, added: false);
        return true;
    }

    /// <summary>Makes the key one that has not been used for so many seconds; only an LRU clock can tell.</summary>
    public void SetIdle(long seconds) => _database.PutAccess(_hash, _key, _database.Access.Unused(seconds), ref _place);

    /// <summary>Makes the key one that is used so often (0 to 255); only an LFU clock can tell.</summary>
    public void SetFrequency(int frequency) => _database.PutAccess(_hash, _key, _database.Access.Used(frequency), ref _place);

    /// <summary>Makes the key one that is new, whether or not it is.</summary>
    public void SetUnused() => _database.PutAccess(_hash, _key, _database.Access.Initial(), ref _place);

    /// <summary>
    /// What the key takes of memory: its entry, with its share of what segments have to spare, and its value. Of a large collection so many parts are
    /// measured, 0 for all. O(parts measured). The key must exist.
    /// </summary>
    public readonly long MeasureMemory(long samples) => KeyUsage.Of(_database.Table, ref _place.Head, ref _place.Entry, samples);

    /// <summary>Deletes the key; false if it is missing.</summary>
    public bool Delete()
    {
        if (!_exists) return false;
        _database.RemoveFound(_hash, _key, ref _place);
        _exists = false;
        _database.SignalDeleted(_key);
        return true;
    }

    /// <summary>
    /// Gives the key a packed collection, keeping its expiry; adds it if it is missing. Does not signal: see <see cref="SignalModified"/>.
    /// </summary>
    internal void SetPacked(ValueForm form, scoped ReadOnlySpan<byte> bytes) => SetPacked(form, bytes, Expiry.Keep);

    /// <summary>Gives the key a packed collection and an expiry; adds it if it is missing. Does not signal.</summary>
    internal void SetPacked(ValueForm form, scoped ReadOnlySpan<byte> bytes, Expiry expiry)
    {
        Invariant.Check(ValueForms.IsPacked(form));
        _database.PutBytes(_hash, _key, bytes, form, expiry.Resolve(OldExpiry), _exists, ref _place);
        NoteAdded();
    }

    /// <summary>
    /// Makes the bytes of a packed collection writable, with <paramref name="inserted"/> bytes of any content in the place of
    /// <paramref name="removed"/> ones. Does not signal. O(bytes behind the place).
    /// </summary>
    internal Span<byte> SplicePacked(int offset, int removed, int inserted) =>
        BytesValues.Splice(_database.Table, _hash, _key, offset, removed, inserted, ref _place);

    /// <summary>Gives the key this expiry. Does not signal.</summary>
    internal void ReplaceExpiry(Expiry expiry)
    {
        long resolved = expiry.Resolve(OldExpiry);
        if (resolved != OldExpiry) _database.PutExpiry(_hash, _key, resolved, ref _place);
    }

    /// <summary>The members that a large set, hash or sorted set has a table for, and how many that has room for; false for other values. O(segments).</summary>
    public readonly bool TryMeasureTable(out long members, out long slots)
    {
        Table? table = ValueForms.IsCollection(Form) ? Collection<CollectionValue>().Members : null;
        (members, slots) = table == null ? (0, 0) : (table.Count, table.SlotCount());
        return table != null;
    }

    /// <summary>A collection that is an object, for reading.</summary>
    internal readonly T Collection<T>()
        where T : CollectionValue => View.Collection<T>();

    /// <summary>A collection that is an object, for writing: one that no fork sees. Does not signal.</summary>
    internal T WritableCollection<T>()
        where T : CollectionValue => (T)_database.OpenCollection(_hash, _key, ref _place);

    /// <summary>Gives the key a collection, keeping its expiry; adds it if it is missing. Returns it, open for writing. Does not signal.</summary>
    internal T SetCollection<T>(ValueForm form, T value)
        where T : CollectionValue => SetCollection(form, value, Expiry.Keep);

    /// <summary>Gives the key a collection and an expiry; adds it if it is missing. Returns it, open for writing. Does not signal.</summary>
    internal T SetCollection<T>(ValueForm form, T value, Expiry expiry)
        where T : CollectionValue
    {
        Invariant.Check(ValueForms.IsCollection(form));
        _database.PutCollection(_hash, _key, value, form, expiry.Resolve(OldExpiry), _exists, ref _place);
        NoteAdded();
        return value;
    }

    /// <summary>Takes away a hash whose last field has expired. Does not signal.</summary>
    internal void RemoveEmptied()
    {
        _database.RemoveFound(_hash, _key, ref _place);
        _exists = false;
    }

    /// <summary>Comes before an edit in place of a hash of which a field may expire, with <see cref="EndFieldEdit"/> behind it.</summary>
    internal readonly void BeginFieldEdit() => _database.Table.CountOut(ref _place.Entry);

    /// <summary>Counts whether a field of the edited hash expires.</summary>
    internal readonly void EndFieldEdit() => _database.Table.CountIn(ref _place.Entry);

    /// <summary>Notes when the fields of the hash expire, after a write to a hash whose fields do.</summary>
    internal void NoteFieldExpiry() => _database.Table.NoteFieldExpiry(_hash, ref _place);

    /// <summary>Tells that a command has changed the value, once for every element that it added, changed or took away.</summary>
    public readonly void SignalModified() => _database.SignalWrite(_key, added: false);

    /// <summary>The same for several at once; 0 for a change that is counted elsewhere.</summary>
    public readonly void SignalModified(long changes) => _database.Keyspace.Events.Modified(_database, _key, changes);

    /// <summary>Tells that a command has changed what the key keeps besides its value.</summary>
    internal readonly void SignalChanged() => _database.SignalChanged(_key);

    /// <summary>Tells that a key that exists is about to be replaced by another of its name, which counts as added.</summary>
    internal readonly void SignalReplaced() => _database.SignalAdded(_key);

    /// <summary>Tells that there is something for blocked clients to take: a key that exists got it.</summary>
    internal readonly void SignalReady() => _database.SignalReady(_key);

    Span<byte> IPackedBytes.Splice(int offset, int removed, int inserted) => SplicePacked(offset, removed, inserted);

    private void NoteAdded()
    {
        if (!_exists) _database.SignalAdded(_key);
        _exists = true;
    }
}
