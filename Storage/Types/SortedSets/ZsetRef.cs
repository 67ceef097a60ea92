using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// A sorted set as commands see it, whatever its encoding:
//
//     ZsetListpack   up to zset-max-listpack-entries members of up to zset-max-listpack-value bytes (PackedZset)
//     ZsetTree       beyond: a member table beside a tree (ZsetTree)
//
// It goes that way only, as in Redis. Every write tells of itself (Modified, once per member), and a sorted set that has lost its last member is
// deleted.
//
// Ranges of every kind are ranks: RangeOf turns two bounds into the first rank and a count, and all that reads or removes goes on from there.

/// <summary>A sorted set, or the place where one would be. Dies with the next write to another key.</summary>
public ref struct ZsetRef : ICollectionRef<ZsetRef>
{
    // Of a set whose larger part goes, from so many elements on, the rest is copied and all of it freed in slices.
    private const int LeastReplaced = 4096;

    private EntryRef _entry;
    private bool _startsAsTree;

    /// <summary>Opens an entry that is missing or holds a sorted set.</summary>
    public ZsetRef(EntryRef entry)
    {
        Invariant.Check(!entry.Exists || entry.Type == Type);
        _entry = entry;
    }

    /// <inheritdoc/>
    public static DataType Type => DataType.SortedSet;

    /// <summary>Whether there is a sorted set. Never true for one without members.</summary>
    public readonly bool Exists => _entry.Exists;

    /// <summary>Its key.</summary>
    public readonly ReadOnlySpan<byte> Key => _entry.Key;

    /// <summary>The number of members. O(1).</summary>
    public readonly long Count
    {
        get
        {
            if (!_entry.Exists) return 0;
            return IsTree ? Tree.Count : PackedZset.Count(_entry.PackedBytes);
        }
    }

    /// <summary>Whether it is a listpack.</summary>
    public readonly bool IsPacked => !_entry.Exists || !IsTree;

    internal readonly bool IsTree => _entry.Form == ValueForm.ZsetTree;

    internal readonly ZsetTree Tree => _entry.Collection<ZsetTree>();

    private readonly Keyspace Keyspace => _entry.Database.Keyspace;

    private readonly CollectionLimits Limits => Keyspace.Limits;

    /// <summary>Opens an entry that is missing or holds one.</summary>
    public static ZsetRef Open(EntryRef entry) => new(entry);

    /// <summary>Prepares for members to come, as Redis does: many of them, or a long first one, make it a tree before anything is added.</summary>
    public void Expect(int members, int firstBytes)
    {
        if (!_entry.Exists)
            _startsAsTree = members > Limits.ZsetMaxListpackEntries || firstBytes > Limits.ZsetMaxListpackValue;
        else if (members > Limits.ZsetMaxListpackEntries)
            EnsureTree();
    }

    /// <summary>The score of a member. O(1), O(bytes) while packed.</summary>
    public readonly bool TryGetScore(ReadOnlySpan<byte> member, out double score)
    {
        score = 0;
        if (!_entry.Exists) return false;
        if (IsTree) return Tree.TryGetScore(member, out score);
        ReadOnlySpan<byte> listpack = _entry.PackedBytes;
        int at = PackedZset.Find(listpack, member);
        if (at != Listpack.None) score = PackedZset.ScoreOf(listpack, at);
        return at != Listpack.None;
    }

    /// <summary>The rank of a member in an order, and its score. O(log n), O(bytes) while packed.</summary>
    public readonly bool TryGetRank(ReadOnlySpan<byte> member, ZsetOrder order, out long rank, out double score)
    {
        rank = 0;
        if (!TryGetScore(member, out score)) return false;
        rank = CountBefore(ScoreBound.Before(score, member));
        if (order == ZsetOrder.Descending) rank = Count - 1 - rank;
        return true;
    }

    /// <summary>How many elements lie before a bound. O(log n), O(bytes) while packed.</summary>
    public readonly long CountBefore(scoped in ScoreBound bound)
    {
        if (!_entry.Exists) return 0;
        return IsTree ? Tree.Order.CountBefore(bound) : PackedZset.CountBefore(_entry.PackedBytes, bound);
    }

    /// <summary>The ranks between two bounds.</summary>
    public readonly ZsetRange RangeOf(scoped in ScoreBound from, scoped in ScoreBound to)
    {
        long start = CountBefore(from);
        return new ZsetRange(start, Math.Max(0, CountBefore(to) - start));
    }

    /// <summary>A rank drawn at random; there must be a sorted set.</summary>
    public readonly long DrawRank() => Keyspace.Dice.NextInt64(Count);

    /// <summary>A portion of the elements, from a cursor on; there must be a sorted set.</summary>
    public readonly ElementScan Scan(ulong cursor, long count) => new(this, cursor, count);

    /// <summary>The elements from a rank on; there must be a sorted set.</summary>
    public readonly ZsetElements From(long rank, ZsetOrder order) => new(_entry.View, rank, order);

    /// <summary>Adds a member, or gives it another score, if the rules allow it. O(log n), O(bytes) while packed.</summary>
    public ZsetChange Add(scoped ReadOnlySpan<byte> member, scoped ref double score, ZsetRules rules)
    {
        ZsetChange change = _entry.Exists && IsTree ? AddToTree(member, ref score, rules) : AddPacked(member, ref score, rules);
        if (change is ZsetChange.Added or ZsetChange.Moved) _entry.SignalModified();
        return change;
    }

    /// <summary>Takes a member away; false if it is not there. The sorted set goes with its last one.</summary>
    public bool Remove(scoped ReadOnlySpan<byte> member)
    {
        if (!Take(member)) return false;
        SignalTaken(1);
        return true;
    }

    /// <summary>Takes a member away as <see cref="Remove"/> does, but <see cref="SignalTaken"/> must follow, as it must the last of several.</summary>
    public bool Take(scoped ReadOnlySpan<byte> member)
    {
        if (!_entry.Exists) return false;
        if (!IsTree)
        {
            int at = PackedZset.Find(_entry.PackedBytes, member);
            if (at != Listpack.None) PackedZset.Delete(ref _entry, at);
            return at != Listpack.None;
        }

        ZsetMember found = Tree.Find(member);
        if (!found.Exists) return false;
        _entry.WritableCollection<ZsetTree>().Remove(ref found);
        return true;
    }

    /// <summary>Signals that so many members were taken away; the sorted set goes if none is left.</summary>
    public void SignalTaken(long count)
    {
        if (Count > 0) _entry.SignalModified(count);
        else DeleteKey(count);
    }

    /// <summary>
    /// Takes the elements of a range away. O(count * log n), or what is left if that is much less, which is then put into a new set; O(bytes)
    /// while packed.
    /// </summary>
    public void RemoveRange(ZsetRange range)
    {
        if (range.Count == 0) return;
        long left = Count - range.Count;
        if (left == 0)
        {
            DeleteKey(range.Count);
            return;
        }

        if (IsTree && range.Count >= LeastReplaced && left <= range.Count / 2)
            _entry.SetCollection(ValueForm.ZsetTree, Tree.CopyWithout(range));
        else if (IsTree)
            _entry.WritableCollection<ZsetTree>().RemoveRange(range);
        else
            PackedZset.DeleteRange(ref _entry, range.Start, range.Count);
        SignalTaken(range.Count);
    }

    private ZsetChange AddPacked(scoped ReadOnlySpan<byte> member, scoped ref double score, ZsetRules rules)
    {
        int at = _entry.Exists ? PackedZset.Find(_entry.PackedBytes, member) : Listpack.None;
        bool exists = at != Listpack.None;
        double old = exists ? PackedZset.ScoreOf(_entry.PackedBytes, at) : 0;
        ZsetChange change = ZsetRule.Decide(rules, exists, old, ref score);
        if (change == ZsetChange.Moved)
        {
            PackedZset.Delete(ref _entry, at);
            PackedZset.Add(ref _entry, member, score);
        }
        else if (change == ZsetChange.Added)
        {
            AddNew(member, score);
        }

        return change;
    }

    private void AddNew(scoped ReadOnlySpan<byte> member, double score)
    {
        bool fits = !_startsAsTree && Count + 1 <= Limits.ZsetMaxListpackEntries && member.Length <= Limits.ZsetMaxListpackValue
            && (!_entry.Exists || IsTree || Listpack.CanGrow(_entry.PackedBytes, member.Length));
        if (!fits)
        {
            ZsetTree tree = EnsureTree();
            ZsetMember found = tree.Find(member);
            tree.Add(ref found, score);
        }
        else if (_entry.Exists)
        {
            PackedZset.Add(ref _entry, member, score);
        }
        else
        {
            PackedBuffer scratch = Keyspace.Scratch;
            scratch.Set(Listpack.Empty);
            PackedZset.Append(ref scratch, member, score);
            _entry.SetPacked(ValueForm.ZsetListpack, scratch.Bytes);
        }
    }

    private ZsetChange AddToTree(scoped ReadOnlySpan<byte> member, scoped ref double score, ZsetRules rules)
    {
        ZsetMember found = Tree.Find(member);
        ZsetChange change = ZsetRule.Decide(rules, found.Exists, found.Score, ref score);
        if (change is not (ZsetChange.Added or ZsetChange.Moved)) return change;
        // Opening it may replace the shell, but nothing below, so what was found holds.
        ZsetTree tree = _entry.WritableCollection<ZsetTree>();
        if (found.Exists) tree.SetScore(ref found, score);
        else tree.Add(ref found, score);
        return change;
    }

    // Deleting the key is counted as one of the changes.
    private void DeleteKey(long count)
    {
        if (count > 1) _entry.SignalModified(count - 1);
        _entry.Delete();
    }

    private ZsetTree EnsureTree()
    {
        if (_entry.Exists && IsTree) return _entry.WritableCollection<ZsetTree>();
        var tree = new ZsetTree(Keyspace.Pages, Keyspace.Hasher);
        Span<byte> text = stackalloc byte[ListpackValue.MaxIntegerText];
        if (_entry.Exists)
        {
            for (ZsetElements elements = From(0, ZsetOrder.Ascending); elements.MoveNext();)
            {
                ZsetMember member = tree.Find(elements.Member.GetText(text));
                tree.Add(ref member, elements.Score);
            }
        }

        _startsAsTree = false;
        return _entry.SetCollection(ValueForm.ZsetTree, tree);
    }
}

/// <summary>Elements that follow each other in a sorted set, by ascending rank.</summary>
public readonly record struct ZsetRange(long Start, long Count);

/// <summary>On what conditions a member gets a score, and which: the options of ZADD.</summary>
[Flags]
public enum ZsetRules
{
    /// <summary>Always, and as given.</summary>
    None = 0,

    /// <summary>NX: only a new one.</summary>
    IfMissing = 1,

    /// <summary>XX: only one that is there.</summary>
    IfExists = 2,

    /// <summary>GT: one that is there only for a higher score.</summary>
    IfGreater = 4,

    /// <summary>LT: one that is there only for a lower score.</summary>
    IfLess = 8,

    /// <summary>INCR: what is given is added to the score that is there.</summary>
    Increment = 16,
}

/// <summary>What became of a member.</summary>
public enum ZsetChange
{
    /// <summary>The rules forbade it.</summary>
    Refused,

    /// <summary>It has that score.</summary>
    None,

    /// <summary>It is new.</summary>
    Added,

    /// <summary>It has another score.</summary>
    Moved,

    /// <summary>The sum of scores would not be a number.</summary>
    NotANumber,
}

/// <summary>Applies <see cref="ZsetRules"/>.</summary>
internal static class ZsetRule
{
    /// <summary>What is to become of a member; <paramref name="score"/> becomes its new score.</summary>
    public static ZsetChange Decide(ZsetRules rules, bool exists, double old, scoped ref double score)
    {
        if (!exists) return (rules & ZsetRules.IfExists) != 0 ? ZsetChange.Refused : ZsetChange.Added;
        if ((rules & ZsetRules.IfMissing) != 0) return ZsetChange.Refused;
        double wanted = (rules & ZsetRules.Increment) != 0 ? score + old : score;
        if (double.IsNaN(wanted)) return ZsetChange.NotANumber;
        bool isRefused = ((rules & ZsetRules.IfLess) != 0 && wanted >= old) || ((rules & ZsetRules.IfGreater) != 0 && wanted <= old);
        if (isRefused) return ZsetChange.Refused;
        score = wanted;
        return wanted == old ? ZsetChange.None : ZsetChange.Moved;
    }
}
