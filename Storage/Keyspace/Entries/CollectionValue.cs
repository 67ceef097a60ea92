using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// How collections live in the keyspace.
//
// A small one is *packed*: a listpack or an intset, byte for byte Redis's, which an entry holds as it holds a string (BytesValues): in itself up to
// 200 bytes, in a run, in an array. Copy on write, moving, freeing and walking are those of strings. A large one is an object, a
// CollectionValue, whose slot in ObjectSlots the entry holds.
//
//     entry [slot] -> shell (CollectionValue: roots and counters) -> nodes (heads, blocks, runs, tree nodes: each with a birth)
//
// The object is a shell. What it consists of are nodes that follow the rule of all items (ForkEpochs): a node that a fork sees is copied before
// its first write. So is the shell, and that is O(1): EntryRef.WritableCollection puts a clone into a new slot and retires the old slot, if a
// fork sees it. The old shell then stands still with all that it refers to, and the fork reads it like any frozen value.
//
// The walk of a fork reads a collection when it comes to its key. So *everything* below a key has one reach, that of the key's segment, whatever
// the order within the collection. Segments split and keys are renamed, so a collection does not keep its reach: whoever opens one for writing
// says what it is (Open), and it holds until the next write to the keyspace.
//
// A key that moves (RENAME, MOVE) changes its place in the order of the walk, while forks that began before look for the old one: NoteMoved
// widens the reach until these have ended.
//
// Freeing a large collection takes time in proportion to its size. An entry that loses its collection gives it to PageStore.Discarded, where
// small ones go at once and the others in slices of Keyspace.RunMaintenance. A teardown only reads the collection, since forks may still do so,
// and retires nodes with the reach that the key had, as of the moment when the entry lost it.

/// <summary>A collection that is too large for packed bytes; see the essay above.</summary>
internal abstract class CollectionValue
{
    private uint _movedIn;
    private CompactionProgress _progress;

    /// <summary>Elements: fields of a hash, members of a set, entries of a stream.</summary>
    public abstract long Count { get; }

    /// <summary>The table that finds its members or fields, for those that have one.</summary>
    public virtual Table? Members => null;

    /// <summary>
    /// What the shell counts for in used memory: the objects that every collection of its kind has, small though it be (CollectionHeapTests measures
    /// them). The same for all of a kind.
    /// </summary>
    public abstract int ShellBytes { get; }

    /// <summary>Bytes of all that it consists of but the shell, roughly. O(1).</summary>
    public abstract long MemoryBytes { get; }

    /// <summary>The same, more exactly: by looking at some of its parts, all of them for a number of 0. O(parts looked at).</summary>
    public virtual long Measure(long samples) => MemoryBytes;

    /// <summary>How far a compaction has come in it.</summary>
    public ref CompactionProgress Progress => ref _progress;

    /// <summary>Another shell over the same nodes, for the keyspace to write to while forks keep this one. O(1).</summary>
    public CollectionValue Clone()
    {
        CollectionValue clone = CloneShell();
        clone._movedIn = _movedIn;
        return clone;
    }

    /// <summary>A collection of its own with the same elements: what COPY makes. O(n).</summary>
    public abstract CollectionValue Copy();

    /// <summary>Prepares for being written to: who may still read its nodes. Holds until the next write to the keyspace.</summary>
    public abstract void Open(Reach reach);

    /// <summary>
    /// Moves nodes that lie where memory is to be given back, from a position on, which moves on, until the budget is spent; true once all were
    /// looked at. It is open; what a fork has yet to read stays.
    /// </summary>
    public virtual bool MoveNodes(ref long position, in TimeBudget budget) => true;

    /// <summary>Frees all nodes, in slices. Reads only.</summary>
    public abstract Teardown TearDown();

    /// <summary>Checks itself, and claims every item that it consists of. O(n).</summary>
    public abstract void Check(KeyspaceCheck check);

    /// <summary>Notes that its key has moved in an epoch: forks that began before expect it elsewhere.</summary>
    public void NoteMoved(ForkEpochs forks) => _movedIn = forks.Current;

    /// <summary>The reach of its nodes, given that of its key's segment.</summary>
    public Reach Widen(Reach reach, ForkEpochs forks)
    {
        bool isExpectedElsewhere = _movedIn != 0 && forks.Live.Count > 0 && forks.Live[0].Id <= _movedIn;
        return isExpectedElsewhere ? reach with { LastPosition = long.MaxValue } : reach;
    }

    /// <summary>The clone; the base class adds its own.</summary>
    protected abstract CollectionValue CloneShell();
}

/// <summary>How far one phase of a compaction has come in a collection.</summary>
internal struct CompactionProgress
{
    /// <summary>Which phase it was, of all that there have been.</summary>
    public long Visit;

    /// <summary>The hash of the first member that was not looked at.</summary>
    public ulong NextHash;

    /// <summary>The first node that was not, as the collection counts.</summary>
    public long NextNode;

    /// <summary>Whether the table of members, if there is one, is done.</summary>
    public bool AreMembersDone;

    /// <summary>Whether all is.</summary>
    public bool IsDone;
}

/// <summary>Frees something large in slices.</summary>
internal abstract class Teardown
{
    /// <summary>Frees a part at least, and goes on until the budget is spent; true once all is gone.</summary>
    public abstract bool Run(in TimeBudget budget);
}

/// <summary>Collections that no entry refers to any more, on their way out.</summary>
internal sealed class DiscardedCollections(PageStore pages)
{
    private const int FreedAtOnce = 256;

    private readonly Queue<(Teardown Teardown, long Bytes)> _teardowns = new();
    private long _freed;

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => _teardowns.Count == 0;

    /// <summary>How many wait.</summary>
    public int PendingCount => _teardowns.Count;

    /// <summary>Bytes of what waits, by the collections' own estimates.</summary>
    public long PendingBytes { get; private set; }

    /// <summary>How many have waited and gone.</summary>
    public long FreedCount { get; set; }

    /// <summary>Frees a collection, at once if it is small. Its key's segment had this reach.</summary>
    public void Add(CollectionValue value, Reach reach)
    {
        ForkEpochs forks = pages.Forks;
        value.Open(value.Widen(reach with { AsOf = Math.Min(reach.AsOf, forks.Current) }, forks));
        Teardown teardown = value.TearDown();
        if (value.Count <= FreedAtOnce && teardown.Run(new TimeBudget(TimeBudget.Unlimited))) return;
        long bytes = value.Measure(1);
        _teardowns.Enqueue((teardown, bytes));
        PendingBytes += bytes;
    }

    /// <summary>Frees for a time; true while there is more.</summary>
    public bool Drain(in TimeBudget budget)
    {
        while (_teardowns.TryPeek(out (Teardown Teardown, long Bytes) next))
        {
            long before = InUse;
            bool isDone = next.Teardown.Run(budget);
            long left = next.Bytes - _freed;
            long freed = isDone ? left : Math.Clamp(before - InUse, 0, left);
            _freed = isDone ? 0 : _freed + freed;
            PendingBytes -= freed;
            if (!isDone) return true;
            _teardowns.Dequeue();
            FreedCount++;
        }

        return false;
    }

    // What is retired to a fork is gone too, as far as the keyspace goes.
    private long InUse => pages.UsedBytes + PendingBytes - pages.RetiredBytes;
}
