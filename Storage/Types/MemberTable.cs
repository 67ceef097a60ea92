using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;
using Directory = KestrelFree.Storage.Keyspaces.Directory;

namespace KestrelFree.Storage.Types;

// A large set or hash: a Table of its own over the pages that all tables share, so that it grows, shrinks, forks and is scanned as a database does.
// A member is a key there. The members of a set have an empty value; the fields of a hash have one that is stored as strings are
// in the keyspace (integers as 8 bytes, short ones inline, longer ones in runs), and an expiry where a field has one. A hash without such pays
// nothing.
//
// Neighbouring segments that have become small merge as members go, every eighth time, since drawing a member at random wants segments that are
// not empty; the rest is done with the databases' (Compaction).
//
// It costs a head of 1.3 KB and a block at least, which is why small ones are packed.

/// <summary>The members of a large set, or the fields of a large hash. All operations O(1) amortised.</summary>
internal sealed class MemberTable : CollectionValue
{
    private readonly Table _table;

    /// <summary>An empty one.</summary>
    public MemberTable(PageStore pages, KeyHasher hasher) => _table = Table.Nested(pages, hasher);

    private MemberTable(Table table) => _table = table;

    /// <summary>The table, for reading; what it holds is written through this class.</summary>
    public Table Table => _table;

    /// <inheritdoc/>
    public override Table? Members => _table;

    /// <inheritdoc/>
    public override long Count => _table.Count;

    /// <inheritdoc/>
    public override int ShellBytes => 450;

    /// <inheritdoc/>
    public override long MemoryBytes => _table.MemoryBytes;

    /// <inheritdoc/>
    public override long Measure(long samples) => KeyUsage.OfTable(_table, samples);

    /// <inheritdoc/>
    public override CollectionValue Copy()
    {
        var copy = Table.Nested(_table.Pages, _table.Hasher);
        for (var members = new TableScan(_table, 0, long.MaxValue); members.MoveNext();)
        {
            ref byte entry = ref members.Place.Entry;
            ulong hash = Entry.Hash(_table.Hasher, ref entry);
            EntryTransfer.Copy(_table, ref members.Place, copy, hash, Entry.Key(_table.Pages, ref entry), Entry.Access(ref entry));
        }

        return new MemberTable(copy);
    }

    /// <inheritdoc/>
    public override void Open(Reach reach) => _table.Owner = reach;

    /// <inheritdoc/>
    public override Teardown TearDown() => new TableTeardown(_table);

    /// <inheritdoc/>
    public override void Check(KeyspaceCheck check) => check.CheckNested(_table);

    /// <inheritdoc/>
    protected override CollectionValue CloneShell() => new MemberTable(_table.Clone());

    /// <summary>The earliest expiry of a field, or a bound below it, or Never. O(1).</summary>
    public long EarliestExpiry => _table.Expiries.Count == 0 ? Directory.Never : _table.Directory.Earliest;

    /// <summary>Whether there is such a member.</summary>
    public bool Contains(ReadOnlySpan<byte> member) => TryFind(member, out _);

    /// <summary>Finds a member or field.</summary>
    public bool TryFind(ReadOnlySpan<byte> member, out EntryView entry)
    {
        EntryPlace place = default;
        bool found = _table.Find(_table.Hasher.Hash(member), member, ref place);
        entry = found ? new EntryView(_table.Pages, ref place.Entry) : default;
        return found;
    }

    /// <summary>A member drawn fairly; false when there is none. O(1) on average.</summary>
    public bool TryGetRandom(Random dice, out EntryView entry)
    {
        EntryPlace place = default;
        bool found = RandomEntry.TryPick(_table, dice, ref place);
        entry = found ? new EntryView(_table.Pages, ref place.Entry) : default;
        return found;
    }

    /// <summary>Adds a member; false if it is there.</summary>
    public bool Add(ReadOnlySpan<byte> member)
    {
        ulong hash = _table.Hasher.Hash(member);
        EntryPlace place = default;
        if (_table.Find(hash, member, ref place)) return false;
        BytesValues.Add(_table, hash, member, default, ValueForm.String, Entry.NoExpiry, ref place);
        return true;
    }

    /// <summary>Gives a field a value and an expiry; true if it is new.</summary>
    public bool Set(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, Expiry expiry)
    {
        ulong hash = _table.Hasher.Hash(field);
        EntryPlace place = default;
        bool found = _table.Find(hash, field, ref place);
        long expiryMs = expiry.Resolve(found ? Entry.ExpiryOrNone(ref place.Entry) : Entry.NoExpiry);
        bool isInteger = Protocol.Numbers.TryParseInteger(value, out long integer);
        if (found && isInteger) BytesValues.OverwriteInteger(_table, hash, field, integer, expiryMs, ref place);
        else if (found) BytesValues.Overwrite(_table, hash, field, value, ValueForm.String, expiryMs, ref place);
        else if (isInteger) BytesValues.AddInteger(_table, hash, field, integer, expiryMs, ref place);
        else BytesValues.Add(_table, hash, field, value, ValueForm.String, expiryMs, ref place);
        return !found;
    }

    /// <summary>
    /// Finds a field that expires before a time, in the order of hashes from <paramref name="from"/> on, which moves on; false, with exact
    /// bounds left behind, when there is none. O(1) but for a segment's entries and a number for each 500 segments that are not due.
    /// </summary>
    public bool TryFindDue(long nowMs, ref ulong from, out EntryView due)
    {
        due = default;
        Directory directory = _table.Directory;
        while (directory.Earliest < nowMs && _table.Count > 0)
        {
            DirectoryLeaf leaf = directory.LeafOf(from);
            int place = leaf.FirstBefore(nowMs, leaf.IndexOf(from));
            ulong prefix = place == DirectoryLeaf.NoPlace ? 0 : leaf.HashAt(from, place);
            if (place != DirectoryLeaf.NoPlace && TryFindDueIn(prefix, nowMs, out due))
            {
                from = prefix;
                return true;
            }

            from = place == DirectoryLeaf.NoPlace ? leaf.HashBehind(from) : Behind(prefix);
            if (from == 0) directory.TightenEarliest(nowMs);
        }

        return false;
    }

    /// <summary>Gives a field an expiry or takes it away; the field is there.</summary>
    public void SetExpiry(ReadOnlySpan<byte> field, long expiryMs)
    {
        ulong hash = _table.Hasher.Hash(field);
        EntryPlace place = default;
        bool found = _table.Find(hash, field, ref place);
        Invariant.Check(found);
        _table.MakeWritable(hash, field, ref place);
        ref byte entry = ref place.Entry;
        _table.Reshape(hash, new EntryLayout(Entry.Form(ref entry), Entry.Place(ref entry), Entry.ValueFieldBytes(ref entry), expiryMs), ref place);
    }

    /// <summary>Takes a member or field away; false if it is not there.</summary>
    public bool Remove(ReadOnlySpan<byte> member)
    {
        ulong hash = _table.Hasher.Hash(member);
        EntryPlace place = default;
        if (!_table.Find(hash, member, ref place)) return false;
        BytesValues.ReleaseReference(_table, hash, ref place);
        _table.Remove(hash, member, ref place);
        _table.Pages.Merge.RunAfterRemoval(_table, hash);
        return true;
    }

    private ulong Behind(ulong prefix)
    {
        int depth = _table.Pages.Head(_table.Directory.HeadOf(prefix)).Depth;
        return depth == 0 ? 0 : prefix + (1ul << (64 - depth));
    }

    private bool TryFindDueIn(ulong prefix, long nowMs, out EntryView due)
    {
        EntryPlace place = default;
        long earliest = Directory.Never;
        for (int position = 0; _table.TryFindFrom(prefix, ref position, ref place); position++)
        {
            long expiry = Entry.HasExpiry(ref place.Entry) ? Entry.Expiry(ref place.Entry) : Directory.Never;
            if (expiry < nowMs)
            {
                due = new EntryView(_table.Pages, ref place.Entry);
                return true;
            }

            earliest = Math.Min(earliest, expiry);
        }

        _table.Directory.SetEarliest(prefix, _table.Pages.Head(_table.Directory.HeadOf(prefix)).Depth, earliest);
        due = default;
        return false;
    }
}
