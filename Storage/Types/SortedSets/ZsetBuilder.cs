using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// A sorted set that a command makes before it knows where, or whether, to store it. There are two ways, not to be mixed:
//
//     in order       Append: it begins as a listpack in a buffer and becomes a tree when it has outgrown that
//     in any order   Set, TryAdd, Forget, then Sorted or Complete: only a member table is filled, of which Complete makes a listpack or a tree
//
// What is not stored is given up by Discard; a large one is freed in slices.

/// <summary>Makes a sorted set, of the encoding that it would have as a key's value.</summary>
public sealed class ZsetBuilder
{
    private readonly Keyspace _keyspace;
    private readonly PackedBuffer _packed = new(Listpack.Empty);
    private ZsetTree? _tree;
    private int _longestMember;

    /// <summary>An empty one.</summary>
    public ZsetBuilder(Keyspace keyspace) => _keyspace = keyspace;

    /// <summary>The number of members.</summary>
    public long Count => _tree?.Count ?? PackedZset.Count(_packed.Bytes);

    /// <summary>All elements, by score; valid until the next change.</summary>
    public ZsetElements Elements => new(_packed.Bytes, _tree?.Order, 0, ZsetOrder.Ascending);

    /// <summary>All elements of what came in any order and was not completed, by score. O(n log n).</summary>
    public SortedMembers Sorted() => new(_tree?.Table);

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

    /// <summary>Makes room for members that are going to come in any order, if there are none yet. O(members / 170).</summary>
    public void Expect(long members)
    {
        if (members > _keyspace.Limits.ZsetMaxListpackEntries && _tree == null) EnsureTree().Table.Presize(members);
    }

    /// <summary>Gives a member a score unless it has one, which is told then. O(1).</summary>
    public bool TryAdd(scoped ReadOnlySpan<byte> member, double score, out double known)
    {
        ZsetTree tree = EnsureTree();
        ZsetMember found = tree.Find(member);
        known = found.Score;
        if (found.Exists) return false;
        tree.Note(ref found, score);
        _longestMember = Math.Max(_longestMember, member.Length);
        return true;
    }

    /// <summary>Gives a member a score, whether or not it has one. O(1).</summary>
    public void Set(scoped ReadOnlySpan<byte> member, double score)
    {
        ZsetTree tree = EnsureTree();
        ZsetMember found = tree.Find(member);
        tree.Note(ref found, score);
        _longestMember = Math.Max(_longestMember, member.Length);
    }

    /// <summary>Takes a member away, if it is there. O(1).</summary>
    public void Forget(scoped ReadOnlySpan<byte> member)
    {
        ZsetMember found = EnsureTree().Find(member);
        if (found.Exists) _tree!.Forget(ref found);
    }

    /// <summary>Puts what came in any order in order. O(n log n).</summary>
    public void Complete()
    {
        if (_tree == null) return;
        // The longest may have been taken away again.
        bool fits = _tree.Count <= _keyspace.Limits.ZsetMaxListpackEntries
            && (_longestMember <= _keyspace.Limits.ZsetMaxListpackValue || LongestMember() <= _keyspace.Limits.ZsetMaxListpackValue);
        if (!fits)
        {
            _tree.PutInOrder();
            return;
        }

        PackedBuffer packed = _packed;
        using (SortedMembers members = Sorted())
        {
            while (members.MoveNext())
                PackedZset.Append(ref packed, members.Name, members.Score);
        }

        Discard();
    }

    /// <summary>
    /// Puts it in the place of a key's value and expiry, which counts as so many changes, or deletes the key if it is empty; true if it is not.
    /// </summary>
    public bool StoreTo(EntryRef entry, long changes = 1)
    {
        if (Count == 0)
        {
            Discard();
            entry.Delete();
            return false;
        }

        if (_tree == null) entry.SetPacked(ValueForm.ZsetListpack, _packed.Bytes, Expiry.None);
        else entry.SetCollection(ValueForm.ZsetTree, _tree, Expiry.None);
        entry.SignalModified(changes);
        return true;
    }

    /// <summary>Hands the sorted set over: a tree, or null and a listpack that lives as long as the builder.</summary>
    internal ZsetTree? Take(out ReadOnlySpan<byte> packed)
    {
        ZsetTree? tree = _tree;
        _tree = null;
        packed = _packed.Bytes;
        return tree;
    }

    /// <summary>Gives it up.</summary>
    public void Discard()
    {
        if (_tree != null) _keyspace.Pages.Discarded.Add(_tree, new Snapshots.Reach(0, 0));
        _tree = null;
    }

    private int LongestMember()
    {
        int longest = 0;
        for (var cursor = new TableCursor(_tree!.Table); cursor.MoveNext();)
            longest = Math.Max(longest, cursor.Entry.Key.Length);
        return longest;
    }

    private ZsetTree EnsureTree()
    {
        if (_tree != null) return _tree;
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
