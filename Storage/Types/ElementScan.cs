using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>
/// One portion of SSCAN, HSCAN or ZSCAN: the elements of a collection from a cursor on, without fields past their time. A packed one comes
/// whole, whatever the cursor and the count; of a table what is there from the first portion to the last is met (see <see cref="TableScan"/>).
/// Nothing may be written before <see cref="MoveNext"/> has returned false.
/// </summary>
public ref struct ElementScan
{
    private readonly Table? _members;
    private readonly long _nowMs;
    private readonly DataType _type;
    private TableScan _table;
    private SetMembers _set;
    private HashFields _hash;
    private ZsetElements _zset;

    internal ElementScan(SetRef set, ulong cursor, long count)
    {
        _type = DataType.Set;
        if (set.IsPacked) _set = set.Members;
        else _table = new TableScan(_members = set.Entry.Collection<MemberTable>().Table, cursor, count);
    }

    internal ElementScan(HashRef hash, long nowMs, ulong cursor, long count)
    {
        _type = DataType.Hash;
        _nowMs = nowMs;
        if (hash.IsPacked) _hash = hash.Fields;
        else _table = new TableScan(_members = hash.Table.Table, cursor, count);
    }

    internal ElementScan(ZsetRef zset, ulong cursor, long count)
    {
        _type = DataType.SortedSet;
        if (zset.IsPacked) _zset = zset.From(0, ZsetOrder.Ascending);
        else _table = new TableScan(_members = zset.Tree.Table, cursor, count);
    }

    /// <summary>Where the next portion begins, once this one has ended; 0 when there is none. Below 2^48.</summary>
    public readonly ulong Cursor => _members == null ? 0 : _table.Cursor;

    /// <summary>The member or field of this step; valid until the next.</summary>
    public ListpackValue Element => _members != null ? ListpackValue.OfString(Entry.Key) : _type switch
    {
        DataType.Hash => _hash.Field,
        DataType.SortedSet => _zset.Member,
        _ => _set.Current,
    };

    /// <summary>The value of the field of this step.</summary>
    public ListpackValue Value => _members != null ? Entry.Element : _hash.Value;

    /// <summary>The score of the member of this step.</summary>
    public double Score => _members != null ? ZsetTree.ScoreOf(ref _table.Place.Entry) : _zset.Score;

    /// <summary>Whether the collection is packed.</summary>
    public readonly bool IsPacked => _members == null;

    private EntryView Entry => new(_members!.Pages, ref _table.Place.Entry);

    /// <summary>Goes to the next element; false at the end of the portion.</summary>
    public bool MoveNext()
    {
        if (_members == null) return MoveNextPacked();
        while (_table.MoveNext())
        {
            if (_type != DataType.Hash || !Entry.HasExpiry || Entry.ExpiryMs >= _nowMs) return true;
        }

        return false;
    }

    private bool MoveNextPacked() => _type switch
    {
        DataType.Hash => _hash.MoveNext(),
        DataType.SortedSet => _zset.MoveNext(),
        _ => _set.MoveNext(),
    };
}
