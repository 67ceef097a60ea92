using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// A large sorted set: a table of members, each with its score's 64 bits as an integer, beside a tree that orders them.
//
//     member table   a -> 1.5   b -> 7   ...           what is in it, and what score it has: O(1)
//     score tree     1.5 a | 7 b | ...                 who comes where: O(log n)
//
// Members of over 200 bytes are kept once, by the table; the tree refers to them.

/// <summary>A sorted set that is too large for a listpack.</summary>
internal sealed class ZsetTree : CollectionValue
{
    private readonly Table _table;
    private readonly ScoreTree _order;

    /// <summary>An empty one.</summary>
    public ZsetTree(PageStore pages, KeyHasher hasher)
    {
        _table = Table.NestedAndOrdered(pages, hasher);
        _order = new ScoreTree(pages);
    }

    private ZsetTree(Table table, ScoreTree order)
    {
        _table = table;
        _order = order;
    }

    /// <summary>The members, for reading.</summary>
    public Table Table => _table;

    /// <summary>Their order, for reading.</summary>
    public ScoreTree Order => _order;

    /// <inheritdoc/>
    public override Table? Members => _table;

    /// <inheritdoc/>
    public override long Count => _table.Count;

    /// <inheritdoc/>
    public override int ShellBytes => 530;

    /// <inheritdoc/>
    public override long MemoryBytes => _table.MemoryBytes + _order.Bytes;

    /// <inheritdoc/>
    public override long Measure(long samples) => KeyUsage.OfTable(_table, samples) + _order.Bytes;

    /// <inheritdoc/>
    public override CollectionValue Copy() => CopyWithout(default);

    /// <summary>A set of its own with all elements but those of a range. O(m log m) for m that are left.</summary>
    public ZsetTree CopyWithout(ZsetRange range)
    {
        var copy = new ZsetTree(_table.Pages, _table.Hasher);
        copy._table.Presize(Count - range.Count);
        copy.Add(_order, 0, range.Start);
        copy.Add(_order, range.Start + range.Count, Count - range.Start - range.Count);
        return copy;
    }

    /// <inheritdoc/>
    public override void Open(Reach reach) => _table.Owner = _order.Owner = reach;

    /// <inheritdoc/>
    public override bool MoveNodes(ref long position, in TimeBudget budget) => _order.MoveNodes(ref position, budget);

    /// <inheritdoc/>
    public override Teardown TearDown() => new ZsetTeardown(new TableTeardown(_table), new ScoreTreeTeardown(_order));

    /// <inheritdoc/>
    public override void Check(KeyspaceCheck check)
    {
        check.CheckNested(_table);
        _order.Check(check);
        Invariant.Check(_order.Count == _table.Count);
        for (var cursor = new ScoreCursor(_order, 0); cursor.MoveNext();)
        {
            bool found = TryGetScore(cursor.Member, out double score);
            Invariant.Check(found && score.Equals(cursor.Score));
        }
    }

    /// <inheritdoc/>
    protected override CollectionValue CloneShell() => new ZsetTree(_table.Clone(), _order.Clone());

    /// <summary>Looks a member up, for <see cref="Add"/>, <see cref="SetScore"/> or <see cref="Remove(ref ZsetMember)"/>. O(1).</summary>
    public ZsetMember Find(ReadOnlySpan<byte> member)
    {
        var found = new ZsetMember { Name = member, Hash = _table.Hasher.Hash(member) };
        found.Exists = _table.Find(found.Hash, member, ref found.Place);
        if (found.Exists) found.Score = ScoreOf(ref found.Place.Entry);
        return found;
    }

    /// <summary>The score in an entry of the member table.</summary>
    public static double ScoreOf(ref byte entry) => BitConverter.Int64BitsToDouble(Entry.Integer(ref entry));

    /// <summary>The score of a member. O(1).</summary>
    public bool TryGetScore(ReadOnlySpan<byte> member, out double score)
    {
        ZsetMember found = Find(member);
        score = found.Score;
        return found.Exists;
    }

    /// <summary>Adds a member that was looked up and is missing. O(log n).</summary>
    public void Add(ref ZsetMember member, double score)
    {
        Note(ref member, score);
        _order.Insert(score, member.Name, LongMember.Of(ref member.Place.Entry));
    }

    private void Add(ScoreTree order, long first, long count)
    {
        if (count == 0) return;
        for (var cursor = new ScoreCursor(order, first); count > 0 && cursor.MoveNext(); count--)
        {
            ZsetMember member = Find(cursor.Member);
            Add(ref member, cursor.Score);
        }
    }

    /// <summary>Gives a member that was found another score; its name must not lie in the set. O(log n).</summary>
    public void SetScore(ref ZsetMember member, double score)
    {
        _order.Move(member.Score, score, member.Name, LongMember.Of(ref member.Place.Entry));
        Note(ref member, score);
    }

    /// <summary>Takes a member that was found away; its name must not lie in the set. O(log n).</summary>
    public void Remove(ref ZsetMember member)
    {
        _order.Remove(member.Score, member.Name);
        Forget(ref member);
    }

    /// <summary>Takes the elements of a range away. O(count * log n).</summary>
    public void RemoveRange(ZsetRange range)
    {
        Span<byte> copy = stackalloc byte[Entry.MaxInlineKey];
        for (long left = range.Count; left > 0; left--)
        {
            var cursor = new ScoreCursor(_order, range.Start);
            cursor.MoveNext();
            scoped ReadOnlySpan<byte> member = cursor.Member;
            // A long member is the table's and stays until it is removed there.
            if (member.Length <= copy.Length)
            {
                member.CopyTo(copy);
                member = copy[..member.Length];
            }

            scoped ZsetMember found = Find(member);
            Remove(ref found);
        }
    }

    /// <summary>
    /// Gives a member a score without putting it in order: for a set that is being made, until <see cref="PutInOrder"/>. O(1).
    /// </summary>
    public void Note(ref ZsetMember member, double score)
    {
        long bits = BitConverter.DoubleToInt64Bits(score);
        if (member.Exists)
            BytesValues.OverwriteInteger(_table, member.Hash, member.Name, bits, Entry.NoExpiry, ref member.Place);
        else
            BytesValues.AddInteger(_table, member.Hash, member.Name, bits, Entry.NoExpiry, ref member.Place);
        member.Exists = true;
        member.Score = score;
    }

    /// <summary>Takes a member that was found away from a set that is being made. O(1).</summary>
    public void Forget(ref ZsetMember member)
    {
        _table.Remove(member.Hash, member.Name, ref member.Place);
        _table.Pages.Merge.RunAfterRemoval(_table, member.Hash);
        member.Exists = false;
    }

    /// <summary>Orders the members of a set that has been made by <see cref="Note"/> alone. O(n log n).</summary>
    public void PutInOrder()
    {
        Invariant.Check(_order.Count == 0);
        using var members = new SortedMembers(_table);
        while (members.MoveNext())
            _order.Insert(members.Score, members.Name, LongMember.Of(ref members.Entry));
    }
}

/// <summary>A member that was looked up in a large sorted set; dies with the next write to it.</summary>
internal ref struct ZsetMember
{
    /// <summary>The member.</summary>
    public ReadOnlySpan<byte> Name;

    /// <summary>Its hash.</summary>
    public ulong Hash;

    /// <summary>Whether it is in the set.</summary>
    public bool Exists;

    /// <summary>Its score, if it is.</summary>
    public double Score;

    /// <summary>Its entry.</summary>
    public EntryPlace Place;
}

/// <summary>Frees a large sorted set: first the order, which refers to the members, then these.</summary>
internal sealed class ZsetTeardown(TableTeardown members, ScoreTreeTeardown order) : Teardown
{
    private bool _isOrderGone;

    /// <inheritdoc/>
    public override bool Run(in TimeBudget budget)
    {
        if (!_isOrderGone) _isOrderGone = order.Run(budget);
        return _isOrderGone && members.Run(budget);
    }
}

/// <summary>Frees the nodes of a tree, each after all below it.</summary>
internal sealed class ScoreTreeTeardown : Teardown
{
    private readonly ScoreTree _tree;
    private readonly Reach _reach;
    private readonly Stack<(uint Node, int NextChild)> _path = new();

    /// <summary>Begins with a tree that nothing refers to any more.</summary>
    public ScoreTreeTeardown(ScoreTree tree)
    {
        _tree = tree;
        _reach = tree.Owner with { AsOf = Math.Min(tree.Owner.AsOf, tree.Pages.Forks.Current) };
        if (tree.Root != 0) _path.Push((tree.Root, 0));
    }

    /// <inheritdoc/>
    public override bool Run(in TimeBudget budget)
    {
        while (_path.TryPop(out (uint Node, int NextChild) step))
        {
            ScoreNode node = _tree.Node(step.Node);
            if (!node.IsLeaf && step.NextChild < node.Count)
            {
                _path.Push((step.Node, step.NextChild + 1));
                _path.Push((node.Children[step.NextChild], 0));
                continue;
            }

            _tree.Pages.Retire(ItemKind.Run, step.Node, _reach);
            if (budget.IsSpent) return _path.Count == 0;
        }

        return true;
    }
}
