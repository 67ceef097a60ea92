using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// A sorted set that a command makes before it knows where, or whether, to store it. It begins as a listpack in a buffer and becomes a tree when it has
// outgrown that. Members come in order (Append), or in any order and more than once, their scores being looked up and changed in between (Find, Note): then
// only the member table is filled, and put in order at the end.
//
// What is not stored is given up by Discard; a large one is freed in slices.

/// <summary>Makes a sorted set, of the encoding that it would have as a key's value.</summary>
public sealed class ZsetBuilder
{
    private readonly Keyspace _keyspace;
    private readonly PackedBuffer _packed = new(Listpack.Empty);
    private ZsetTree? _tree;

    /// <summary>An empty one.</summary>
    public ZsetBuilder(Keyspace keyspace) => _keyspace = keyspace;

    /// <summary>The number of members.</summary>
    public long Count => _tree?.Count ?? PackedZset.Count(_packed.Bytes);

    /// <summary>Adds the elements of a range, which all come behind those that are there. O(count).</summary>
    public void Append(ZsetRef zset, ZsetRange range)
    {
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        ZsetElements elements = zset.From(range.Start, ZsetOrder.Ascending);
        for (long left = range.Count; left > 0; left--)
        {
            elements.MoveNext();
            Append(elements.Member.GetText(text), elements.Score);
        }
    }

    /// <summary>Adds a member behind all that are there. O(1) amortised.</summary>
    public void Append(scoped ReadOnlySpan<byte> member, double score)
    {
        PackedBuffer packed = _packed;
        if (_tree == null && Count < _keyspace.Limits.ZsetMaxListpackEntries && member.Length <= _keyspace.Limits.ZsetMaxListpackValue)
        {
            PackedZset.Append(ref packed, member, score);
            return;
        }

        ZsetTree tree = EnsureTree();
        ZsetMember found = tree.Find(member);
        tree.Add(ref found, score);
    }

    /// <summary>Puts it in the place of a key's value and expiry, or deletes the key if it is empty; true if it is not.</summary>
    public bool StoreTo(EntryRef entry)
    {
        if (Count == 0)
        {
            Discard();
            entry.Delete();
            return false;
        }

        if (_tree == null)
            entry.SetPacked(ValueForm.ZsetListpack, _packed.Bytes, Expiry.None);
        else
            entry.SetCollection(ValueForm.ZsetTree, _tree, Expiry.None);
        entry.SignalModified();
        return true;
    }

    /// <summary>Gives it up.</summary>
    public void Discard()
    {
        if (_tree != null)
            _keyspace.Pages.Discarded.Add(_tree, new Snapshots.Reach(0, 0));
        _tree = null;
    }

    private ZsetTree EnsureTree()
    {
        if (_tree != null)
            return _tree;
        _tree = new ZsetTree(_keyspace.Pages, _keyspace.Hasher);
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        ReadOnlySpan<byte> listpack = _packed.Bytes;
        for (int at = Listpack.First(listpack); at != Listpack.None; at = Listpack.Next(listpack, Listpack.After(listpack, at)))
        {
            ZsetMember member = _tree.Find(Listpack.Get(listpack, at).GetText(text));
            _tree.Add(ref member, PackedZset.ScoreOf(listpack, at));
        }

        return _tree;
    }
}
