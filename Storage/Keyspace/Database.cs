using System.Buffers;
using KestrelFree.Protocol;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage;

/// <summary>
/// One numbered database: looks keys up, lets them expire, and tells <see cref="IKeyspaceEvents"/> of every change. Its contents are a
/// <see cref="Table"/>, which SWAPDB exchanges and a flush replaces. All operations O(1) amortised unless stated.
/// </summary>
public sealed class Database
{
    // As many as Redis makes before it gives up on a replica's database of nothing but expired keys.
    private const int MaxHiddenTries = 100;

    private readonly Keyspace _keyspace;

    internal Database(Keyspace keyspace, int index, Table table)
    {
        _keyspace = keyspace;
        Index = index;
        Table = table;
    }

    /// <summary>Its number.</summary>
    public int Index { get; }

    /// <summary>Keys, those included that are past their time but not yet deleted.</summary>
    public long Count => Table.Count;

    /// <summary>Keys that expire.</summary>
    public long ExpiresCount => Table.Expiries.Count;

    /// <summary>Hashes that have a field which expires.</summary>
    public long ExpiringHashes => Table.ExpiringHashes;

    /// <summary>The average time that keys which expire have left, in ms.</summary>
    public long AverageTtlMs => Table.Expiries.AverageTtl(_keyspace.Clock.NowMs);

    /// <summary>How many entries its segments have room for. O(segments).</summary>
    public long SlotCount() => Table.SlotCount();

    /// <summary>Bytes of what finds its keys: directory and segment heads. O(segments).</summary>
    public long DirectoryBytes() => SlotCount() / SegmentHead.SlotCount * SegmentHead.Bytes + Table.Directory.Bytes;

    internal Table Table { get; set; }

    internal AccessClock Access => _keyspace.Access;

    internal Keyspace Keyspace => _keyspace;

    /// <summary>Looks a key up to read it: counts a hit or miss, marks the key as used, and never finds one past its time.</summary>
    public EntryRef LookupRead(ReadOnlySpan<byte> key, Touch touch = Touch.Yes)
    {
        ulong hash = _keyspace.HashOf(key);
        EntryPlace place = default;
        bool found = Table.Find(hash, key, ref place) && !IsGone(hash, key, ref place);
        _keyspace.CountLookup(found);
        if (found && touch == Touch.Yes && Access.Policy != AccessPolicy.Lrm) MarkUsed(ref place);
        if (!found && _keyspace.TellsMisses && touch != Touch.Unseen) _keyspace.Events.Missed(this, key);
        return new EntryRef(this, key, hash, place, found);
    }

    /// <summary>Looks a key up to write it. A key past its time is deleted, so that it can be added again.</summary>
    public EntryRef LookupWrite(ReadOnlySpan<byte> key, Touch touch = Touch.Yes)
    {
        ulong hash = _keyspace.HashOf(key);
        EntryPlace place = default;
        bool found = FindForWrite(hash, key, ref place);
        if (found && touch == Touch.Yes) MarkUsed(ref place);
        return new EntryRef(this, key, hash, place, found);
    }

    /// <summary>Looks a key up without any trace: it is neither counted, nor marked, nor deleted when past its time (but not found either).</summary>
    public EntryRef Peek(ReadOnlySpan<byte> key)
    {
        ulong hash = _keyspace.HashOf(key);
        EntryPlace place = default;
        bool found = Table.Find(hash, key, ref place) && !IsExpired(ref place);
        return new EntryRef(this, key, hash, place, found);
    }

    /// <summary>As <see cref="Peek"/>, but finds a key past its time as well, for who looks at the storage itself.</summary>
    public EntryRef PeekStored(ReadOnlySpan<byte> key)
    {
        ulong hash = _keyspace.HashOf(key);
        EntryPlace place = default;
        bool found = Table.Find(hash, key, ref place);
        return new EntryRef(this, key, hash, place, found);
    }

    /// <summary>Whether there is such a key.</summary>
    public bool Exists(ReadOnlySpan<byte> key) => LookupRead(key).Exists;

    /// <summary>Gives a key a string, whatever it held: what SET does.</summary>
    public void SetString(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Expiry expiry = default)
    {
        ulong hash = _keyspace.HashOf(key);
        EntryPlace place = default;
        bool found = FindForWrite(hash, key, ref place);
        long old = found ? Entry.ExpiryOrNone(ref place.Entry) : Entry.NoExpiry;
        PutString(hash, key, value, StringForm.Compact, expiry.Resolve(old), found, ref place);
        if (found) MarkUsed(ref place);
        SignalWrite(key, added: !found);
    }

    /// <summary>Deletes a key; false if it is missing.</summary>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        ulong hash = _keyspace.HashOf(key);
        EntryPlace place = default;
        if (!FindForWrite(hash, key, ref place)) return false;
        RemoveFound(hash, key, ref place);
        SignalDeleted(key);
        return true;
    }

    /// <summary>Deletes a key, also one past its time, which then has not expired; false if there is none.</summary>
    public bool DeleteStored(ReadOnlySpan<byte> key)
    {
        EntryRef entry = PeekStored(key);
        return entry.Delete();
    }

    /// <summary>Deletes a key; false if it is missing. As <see cref="Delete"/>, which frees nothing at once that takes long either.</summary>
    public bool Unlink(ReadOnlySpan<byte> key) => Delete(key);

    /// <summary>
    /// Gives a key another name, in this database or another, whatever was there; false if the key is missing. The value is not copied unless it
    /// lies in the entry; expiry and access clock are kept. O(1). The two must not be the same.
    /// </summary>
    public bool Rename(ReadOnlySpan<byte> key, Database to, ReadOnlySpan<byte> newKey)
    {
        ulong hash = _keyspace.HashOf(key), newHash = _keyspace.HashOf(newKey);
        EntryPlace place = default;
        if (!FindAndMakeRoom(hash, key, to, newHash, newKey, ref place)) return false;
        EntryTransfer.Move(Table, hash, key, ref place, to.Table, newHash, newKey);
        to.SignalAdded(newKey);
        _keyspace.Events.Renamed(this, key, to, newKey);
        return true;
    }

    /// <summary>
    /// Gives another key, in this database or another, a copy of a key's value and its expiry, whatever was there; false if the key is missing.
    /// O(value). The two must not be the same.
    /// </summary>
    public bool Copy(ReadOnlySpan<byte> key, Database to, ReadOnlySpan<byte> newKey)
    {
        ulong hash = _keyspace.HashOf(key), newHash = _keyspace.HashOf(newKey);
        EntryPlace place = default;
        if (!FindAndMakeRoom(hash, key, to, newHash, newKey, ref place)) return false;
        EntryTransfer.Copy(Table, ref place, to.Table, newHash, newKey, Access.Initial());
        to.SignalWrite(newKey, added: true);
        return true;
    }

    /// <summary>
    /// A portion of SCAN: some <paramref name="count"/> keys (1 at least) from a cursor on; keys past their time are deleted or hidden on the
    /// way.
    /// </summary>
    public KeyScan Scan(ulong cursor, long count) => new(this, cursor, count, _keyspace.ExpiredKeys);

    /// <summary>All keys, without those past their time, which stay: what KEYS asks for. O(keys).</summary>
    public KeyScan Walk() => new(this, 0, long.MaxValue, ExpiredKeys.Hide);

    /// <summary>
    /// Finds a key at random, each with the same probability; false when there is none. Keys past their time are deleted on the way; where they
    /// are only hidden, one may be found if there seems to be nothing else. O(1) on average.
    /// </summary>
    public bool TryGetRandomKey(out EntryView entry)
    {
        EntryPlace place = default;
        entry = default;
        for (int hidden = 0; hidden < MaxHiddenTries;)
        {
            if (!RandomEntry.TryPick(Table, _keyspace.Dice, ref place)) return false;
            if (!IsExpired(ref place)) break;
            if (_keyspace.ExpiredKeys == ExpiredKeys.Delete) ExpireAt(ref place);
            else hidden++;
        }

        entry = new EntryView(Table.Pages, ref place.Entry);
        return true;
    }

    /// <summary>Prepares for so many keys to come, if there are none yet: they need not be moved as the table grows. O(keys / 170).</summary>
    internal void Presize(long keys)
    {
        if (Table.Count == 0) Table.Presize(keys);
    }

    /// <summary>Empties the database. O(segments) at once, or in slices.</summary>
    public void Flush(FlushMode mode)
    {
        _keyspace.Events.Flushing(this, Count);
        _keyspace.Discard(Table, mode);
        Table = _keyspace.NewTable(Table.Ordinal);
    }

    internal void PutString(ulong hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, StringForm form, long expiry, bool found, ref EntryPlace place)
    {
        if (form == StringForm.Compact && Numbers.TryParseInteger(value, out long integer))
        {
            PutInteger(hash, key, integer, expiry, found, ref place);
            return;
        }

        PutBytes(hash, key, value, form == StringForm.Raw ? ValueForm.RawString : ValueForm.String, expiry, found, ref place);
    }

    internal void PutBytes(ulong hash, ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value, ValueForm form, long expiry, bool found, ref EntryPlace place)
    {
        if (found)
        {
            Table.CountOut(ref place.Entry);
            BytesValues.Overwrite(Table, hash, key, value, form, expiry, ref place);
        }
        else
        {
            BytesValues.Add(Table, hash, key, value, form, expiry, ref place);
            Entry.SetAccess(ref place.Entry, Access.Initial());
        }

        Table.CountIn(ref place.Entry);
    }

    internal void PutInteger(ulong hash, ReadOnlySpan<byte> key, long value, long expiry, bool found, ref EntryPlace place)
    {
        if (found)
        {
            Table.CountOut(ref place.Entry);
            BytesValues.OverwriteInteger(Table, hash, key, value, expiry, ref place);
            return;
        }

        BytesValues.AddInteger(Table, hash, key, value, expiry, ref place);
        Entry.SetAccess(ref place.Entry, Access.Initial());
    }

    internal void PutCollection(
        ulong hash, ReadOnlySpan<byte> key, CollectionValue value, ValueForm form, long expiry, bool found, ref EntryPlace place)
    {
        uint slot = Table.Pages.Objects.Allocate(value, Table.Pages.Forks.Current);
        EntryLayout layout = EntryLayout.Reference(form, ValuePlace.Object, expiry);
        if (found)
        {
            Table.CountOut(ref place.Entry);
            Table.MakeWritable(hash, key, ref place);
            BytesValues.ReleaseReference(Table, hash, ref place);
            Table.Reshape(hash, layout, ref place);
        }
        else
        {
            Table.Insert(hash, key, layout, ref place);
            Entry.SetAccess(ref place.Entry, Access.Initial());
        }

        Entry.SetReference(ref place.Entry, slot, 0);
        Table.CountIn(ref place.Entry);
        value.Open(value.Widen(Table.ReachOf(hash, place.Head.Depth), Table.Pages.Forks));
    }

    internal CollectionValue OpenCollection(ulong hash, ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        PageStore pages = Table.Pages;
        uint slot = Entry.Reference(ref place.Entry);
        var value = (CollectionValue)pages.Objects[slot];
        Reach reach = value.Widen(Table.ReachOf(hash, place.Head.Depth), pages.Forks);
        if (!pages.TryMakePrivate(ItemKind.Object, slot, reach))
        {
            value = value.Clone();
            Table.MakeWritable(hash, key, ref place);
            Entry.SetReference(ref place.Entry, pages.Objects.Allocate(value, pages.Forks.Current), 0);
            pages.Retire(ItemKind.Object, slot, reach);
        }

        value.Open(reach);
        return value;
    }

    internal void PutExpiry(ulong hash, ReadOnlySpan<byte> key, long expiry, ref EntryPlace place)
    {
        Table.MakeWritable(hash, key, ref place);
        ref byte entry = ref place.Entry;
        var layout = new EntryLayout(Entry.Form(ref entry), Entry.Place(ref entry), Entry.ValueFieldBytes(ref entry), expiry);
        Table.Reshape(hash, layout, ref place);
        Table.NoteFieldExpiry(hash, ref place);
    }

    internal void PutAccess(ulong hash, ReadOnlySpan<byte> key, uint access, ref EntryPlace place)
    {
        Table.MakeWritable(hash, key, ref place);
        Entry.SetAccess(ref place.Entry, access);
    }

    internal void RemoveFound(ulong hash, ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        Table.CountOut(ref place.Entry);
        BytesValues.ReleaseReference(Table, hash, ref place);
        Table.Remove(hash, key, ref place);
    }

    internal void SignalWrite(ReadOnlySpan<byte> key, bool added)
    {
        if (added) SignalAdded(key);
        _keyspace.Events.Modified(this, key);
    }

    internal void SignalAdded(ReadOnlySpan<byte> key)
    {
        if (_keyspace.TellsAdditions) _keyspace.Events.Added(this, key);
        _keyspace.Events.KeyReady(this, key);
    }

    internal void SignalFieldsExpired(ref EntryRef entry, int fields, HashFate fate)
    {
        if (fate == HashFate.Removed) entry.RemoveEmptied();
        _keyspace.Events.FieldsExpired(this, entry.Key, fields, fate);
    }

    internal void SignalReady(ReadOnlySpan<byte> key) => _keyspace.Events.KeyReady(this, key);

    internal void SignalChanged(ReadOnlySpan<byte> key) => _keyspace.Events.Changed(this, key);

    internal void CountRead(ReadOnlySpan<byte> key, bool found)
    {
        _keyspace.CountLookup(found);
        if (!found && _keyspace.TellsMisses) _keyspace.Events.Missed(this, key);
    }

    internal void SignalDeleted(ReadOnlySpan<byte> key) => _keyspace.Events.Deleted(this, key);

    // As in Redis, a key is still there in the millisecond that it expires at.
    internal bool IsExpired(ref EntryPlace place) =>
        Entry.HasExpiry(ref place.Entry) && Entry.Expiry(ref place.Entry) < _keyspace.ExpiryNowMs;

    /// <summary>Deletes the keys past their time of the segment of a hash.</summary>
    internal void ExpireSegment(ulong hash)
    {
        EntryPlace place = default;
        // Slots stay where they are while their neighbours go, but heads may be copied: each step finds its head again.
        for (int position = 0; Table.TryFindFrom(hash, ref position, ref place); position++)
        {
            if (IsExpired(ref place)) ExpireAt(ref place);
        }
    }

    // For reads: an expired key is not found, and deleted unless expired keys are only hidden.
    private bool IsGone(ulong hash, ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        if (!IsExpired(ref place)) return false;
        if (_keyspace.ExpiredKeys == ExpiredKeys.Delete) Expire(hash, key, ref place);
        return true;
    }

    private bool FindForWrite(ulong hash, ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        if (!Table.Find(hash, key, ref place)) return false;
        if (!IsExpired(ref place)) return true;
        Expire(hash, key, ref place);
        return false;
    }

    /// <summary>Removes a key whose time has come. The key must not be a span into the keyspace.</summary>
    internal void Expire(ulong hash, ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        RemoveFound(hash, key, ref place);
        _keyspace.CountExpired();
        _keyspace.Events.Expired(this, key);
    }

    /// <summary>Removes a key whose memory is needed. The key must not be a span into the keyspace.</summary>
    internal void Evict(ulong hash, ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        RemoveFound(hash, key, ref place);
        _keyspace.Events.Evicted(this, key);
    }

    // Removing an entry may free its bytes, and the key with them, which listeners are yet to hear of.
    private void ExpireAt(ref EntryPlace place)
    {
        ReadOnlySpan<byte> key = Entry.Key(Table.Pages, ref place.Entry);
        byte[] copy = ArrayPool<byte>.Shared.Rent(key.Length);
        key.CopyTo(copy);
        Expire(Entry.Hash(Table.Hasher, ref place.Entry), copy.AsSpan(0, key.Length), ref place);
        ArrayPool<byte>.Shared.Return(copy);
    }

    // What a transfer begins with: the entry is found, once more after what had the new name is gone, which may have moved it.
    private bool FindAndMakeRoom(ulong hash, ReadOnlySpan<byte> key, Database to, ulong newHash, ReadOnlySpan<byte> newKey, ref EntryPlace place)
    {
        if (!FindForWrite(hash, key, ref place)) return false;
        Invariant.Check(to != this || !key.SequenceEqual(newKey));
        to.MakeRoomFor(newHash, newKey);
        bool found = Table.Find(hash, key, ref place);
        Invariant.Check(found);
        return true;
    }

    // Deletes what has a name that another key is about to get, without telling of it: the name stays in use.
    private void MakeRoomFor(ulong hash, ReadOnlySpan<byte> key)
    {
        EntryPlace place = default;
        if (FindForWrite(hash, key, ref place)) RemoveFound(hash, key, ref place);
    }

    // A page that a fork sees keeps its access clocks: marking a read must not cost a copy.
    private void MarkUsed(ref EntryPlace place)
    {
        if (_keyspace.Touching == Touch.No) return;
        uint old = Entry.Access(ref place.Entry);
        uint now = Access.Touched(old);
        if (now != old && !Table.IsSharedWithFork(ref place)) Entry.SetAccess(ref place.Entry, now);
    }
}
