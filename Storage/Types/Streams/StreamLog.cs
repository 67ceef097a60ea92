using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>What an append came to.</summary>
public enum AppendOutcome
{
    /// <summary>The entry is there.</summary>
    Added,

    /// <summary>The id does not come after the last one.</summary>
    NotGreater,

    /// <summary>Fields and values are too large together.</summary>
    TooLarge,
}

// A stream: entries by id, and the groups that read them.
//
//     nodes:  StreamNodes, by the id of a node's first entry -> StreamNode -> run or array: a listpack of some hundred entries
//     groups: OrderedTree, by name -> ConsumerGroup -> pending entries by id, consumers by name -> what each has pending
//
// Both are trees, so an entry is found in O(log n), and the whole forks by clones of the trees' roots: StreamValue, the shell that the keyspace
// holds, makes one. Listpacks, groups and consumers each have a birth and are copied before the first write that a fork must not see.
//
// Ids only grow: the last one, that of the greatest deleted entry, and the number of entries ever added are kept besides, for a group's lag is
// reckoned from them. Trimming cuts whole nodes off where it can, however many, and leaves them to be freed in slices; where it cannot, it flags
// entries of one node.

/// <summary>A stream's entries and groups.</summary>
public sealed class StreamLog
{
    /// <summary>Redis's limit on fields and values of an entry together, and on a node.</summary>
    public const long MaxNodeBytes = 1 << 30;

    // What a node gets in advance at most.
    private const int MostRoom = 16 * 1024;

    // From so many nodes on, these are not counted off the radix tree's one by one.
    private const int ManyNodes = 16;

    private readonly PageStore _pages;
    private readonly ForkEpochs _forks;
    private readonly StreamNodes _nodes;
    private readonly OrderedTree<ByteName, ConsumerGroup> _groups;
    private long? _radixNodes = RadixNodeCount.OfEmpty;

    internal StreamLog(PageStore pages)
        : this(pages, new StreamNodes(pages.Forks))
    {
    }

    private StreamLog(PageStore pages, StreamNodes nodes)
    {
        _pages = pages;
        _forks = pages.Forks;
        _nodes = nodes;
        _groups = new OrderedTree<ByteName, ConsumerGroup>(_forks);
    }

    private StreamLog(StreamLog other, StreamNodes nodes, OrderedTree<ByteName, ConsumerGroup> groups)
    {
        _pages = other._pages;
        _forks = other._forks;
        _nodes = nodes;
        _groups = groups;
        LastId = other.LastId;
        FirstId = other.FirstId;
        _radixNodes = other._radixNodes;
        Tally = other.Tally;
        MaxDeletedId = other.MaxDeletedId;
        EntriesAdded = other.EntriesAdded;
    }

    /// <summary>How many entries there are.</summary>
    public long Length => _nodes.Totals.Live;

    /// <summary>The id of the oldest entry; the least id when there is none.</summary>
    public StreamId FirstId { get; private set; }

    /// <summary>The greatest id that an entry ever had, or was said to have.</summary>
    public StreamId LastId { get; set; }

    /// <summary>The greatest id of a deleted entry.</summary>
    public StreamId MaxDeletedId { get; set; }

    /// <summary>How many entries were ever added.</summary>
    public long EntriesAdded { get; set; }

    /// <summary>How many listpacks there are.</summary>
    public long NodeCount => _nodes.Totals.Nodes;

    /// <summary>How many nodes a radix tree over the listpacks would have. O(1), after a large trim once O(listpacks).</summary>
    public long RadixNodes => _radixNodes ??= RadixNodeCount.Of(_nodes);

    /// <summary>How many consumer groups there are.</summary>
    public long GroupCount => _groups.Count;

    /// <summary>What all groups have together.</summary>
    internal GroupTally Tally { get; private init; } = new();

    /// <summary>Bytes of the runs and arrays that the listpacks are in.</summary>
    internal long NodeBytes => _nodes.Totals.Bytes;

    /// <summary>The nodes, for whoever frees them.</summary>
    internal StreamNodes Nodes => _nodes;

    /// <summary>Who may still read what is below.</summary>
    internal Reach Reach
    {
        get => _nodes.Reach;
        set => _nodes.Reach = value;
    }

    /// <summary>Reads the entries between two ids, both included.</summary>
    public StreamCursor Read(StreamId first, StreamId last, StreamOrder order = StreamOrder.Forward) => new(_pages, _nodes, first, last, order);

    /// <summary>Whether there is such an entry. O(log n).</summary>
    public bool Contains(StreamId id) => Read(id, id).MoveNext();

    /// <summary>The id of the newest entry that is there; the least id when none is. O(log n).</summary>
    public StreamId NewestId()
    {
        StreamCursor newest = Read(StreamId.Min, StreamId.Max, StreamOrder.Backward);
        return newest.MoveNext() ? newest.Id : StreamId.Min;
    }

    /// <summary>Appends an entry of field-value pairs. O(log n) and its bytes.</summary>
    public AppendOutcome Append(StreamId id, in ArgVector pairs, CollectionLimits limits)
    {
        if (id <= LastId) return AppendOutcome.NotGreater;
        long bytes = 0;
        for (int i = 0; i < pairs.Count; i++)
            bytes += pairs[i].Length;
        if (bytes > MaxNodeBytes) return AppendOutcome.TooLarge;
        StreamNode old = NodeForAppend(id, pairs, bytes, limits);
        StreamNode node = old;
        Edit(ref node).Append(id, pairs);
        _nodes.Replace(old, node);
        EntriesAdded++;
        LastId = id;
        if (Length == 1) FirstId = id;
        return AppendOutcome.Added;
    }

    /// <summary>Deletes an entry; false when it is not there. O(log n).</summary>
    public bool Delete(StreamId id)
    {
        StreamCursor cursor = Read(id, id);
        if (!cursor.MoveNext()) return false;
        DeleteAt(cursor.Node, cursor.EntryOffset);
        if (id > MaxDeletedId) MaxDeletedId = id;
        if (id == FirstId) FindFirst();
        return true;
    }

    /// <summary>Deletes what a trim says; returns how many entries. O(nodes and entries deleted).</summary>
    public long Trim(in StreamTrim trim)
    {
        long before = Length;
        if (trim.References == ReferencePolicy.Keep) DropFirst(trim);
        bool found = _nodes.TryFirst(out StreamNode node);
        while (found && !trim.IsReached(Length))
        {
            if (trim.Limit != 0 && before - Length + node.Live > trim.Limit) break;
            bool isWhole = trim.TakesWhole(Length, node.Live, node.Read(_pages));
            if (!isWhole && trim.Precision == TrimPrecision.WholeNodes) break;
            if (isWhole && trim.References == ReferencePolicy.Keep) Drop(node);
            else TrimNode(node, trim, isWhole);
            if (!isWhole && trim.References != ReferencePolicy.Acked) break;
            found = node.MasterId.TryNext(out StreamId next) && _nodes.TryAtOrAfter(next, out node);
        }

        if (before != Length) FindFirst();
        return before - Length;
    }

    /// <summary>A group, for reading; null when there is none. O(log n).</summary>
    public ConsumerGroup? FindGroup(ReadOnlySpan<byte> name) => _groups.TryFind(new NameProbe(name), out ConsumerGroup group) ? group : null;

    /// <summary>A group, for writing; null when there is none. O(log n).</summary>
    public ConsumerGroup? WritableGroup(ReadOnlySpan<byte> name)
    {
        ConsumerGroup? group = FindGroup(name);
        if (group == null || !_forks.IsShared(group.Birth)) return group;
        group = group.Clone();
        _groups.Set(new ByteName(group.Name), group);
        return group;
    }

    /// <summary>Adds a group that is not there. O(log n).</summary>
    public ConsumerGroup AddGroup(ReadOnlySpan<byte> name)
    {
        var group = new ConsumerGroup(name.ToArray(), _forks, Tally);
        bool added = _groups.Set(new ByteName(group.Name), group);
        Invariant.Check(added);
        return group;
    }

    /// <summary>Takes a group away with all that it has pending; false when there is none.</summary>
    public bool RemoveGroup(ReadOnlySpan<byte> name)
    {
        if (FindGroup(name) is not { } group) return false;
        Tally.Consumers -= group.ConsumerCount;
        Tally.Pending -= group.PendingCount;
        return _groups.Remove(new ByteName(group.Name));
    }

    /// <summary>All groups, by name. O(n).</summary>
    public ConsumerGroup[] Groups()
    {
        var all = new ConsumerGroup[_groups.Count];
        bool found = _groups.TryFirst(out ByteName name, out ConsumerGroup group);
        for (int i = 0; found; i++)
        {
            all[i] = group;
            found = _groups.TryAtOrAfter(new ByteName([.. name.Bytes, 0]), out name, out group);
        }

        return all;
    }

    /// <summary>Enumerates the listpacks: the first whose master's id is not less than an id. O(log n).</summary>
    public bool TryNodeFrom(StreamId from, out StreamId masterId, out ReadOnlySpan<byte> listpack)
    {
        bool found = _nodes.TryAtOrAfter(from, out StreamNode node);
        masterId = node.MasterId;
        listpack = found ? node.Span(_pages) : default;
        return found;
    }

    /// <summary>
    /// Adds a listpack as it was saved, behind all others; false, and nothing done, when it is none of a stream's or its entries are not in
    /// order behind the last. What <see cref="LastId"/> and the other counters are is for the caller to say afterwards. O(bytes).
    /// </summary>
    public bool TryAddNode(StreamId masterId, ReadOnlySpan<byte> listpack)
    {
        if (!Listpack.IsValid(listpack) || !StreamNodeCheck.IsValid(masterId, listpack)) return false;
        if (_nodes.TryLast(out StreamNode last) && masterId <= last.Read(_pages).LastId()) return false;
        bool isFirst = Length == 0;
        StreamNode node = StreamNode.Create(_pages, masterId, listpack);
        Add(node);
        if (isFirst && node.Live > 0) FirstId = node.Read(_pages).FirstLiveId();
        LastId = node.Read(_pages).LastId();
        return true;
    }

    /// <summary>Notes that a group is given the entry that follows what it has read. O(1).</summary>
    public void NoteRead(ConsumerGroup group, StreamId id) => StreamProgress.Advance(this, group, id);

    /// <summary>Whether a group has an entry pending, or has yet to read it. O(groups log n).</summary>
    public bool IsReferenced(StreamId id)
    {
        foreach (ConsumerGroup group in Groups())
        {
            if (id > group.LastId || group.TryGetPending(id, out _)) return true;
        }

        return false;
    }

    /// <summary>Acknowledges an entry in all groups. O(groups log n).</summary>
    public void DropReferences(StreamId id)
    {
        foreach (ConsumerGroup group in Groups())
        {
            if (group.TryGetPending(id, out _)) WritableGroup(group.Name)!.Acknowledge(id);
        }
    }

    internal StreamLog Clone() => new(this, _nodes.Clone(), _groups.Clone());

    internal StreamLog DeepCopy()
    {
        var copy = new StreamLog(this, new StreamNodes(_forks), new OrderedTree<ByteName, ConsumerGroup>(_forks)) { Tally = new GroupTally() };
        for (long i = 0; _nodes.TryAt(i, out StreamNode node); i++)
            copy._nodes.Append(StreamNode.Create(_pages, node.MasterId, node.Span(_pages)));
        foreach (ConsumerGroup group in Groups())
            copy._groups.Set(new ByteName(group.Name), group.DeepCopy(copy.Tally));
        return copy;
    }

    internal void Check(KeyspaceCheck check)
    {
        _nodes.Check();
        _groups.Check();
        for (long i = 0; _nodes.TryAt(i, out StreamNode node); i++)
        {
            check.Claim(node.Kind, node.Id);
            Invariant.Check(node.Capacity == (node.Kind == ItemKind.Run ? _pages.Runs.CapacityOf(node.Id) : _pages.Objects.Array(node.Id).Length));
            Invariant.Check(node.Length <= node.Capacity && Listpack.IsValid(node.Span(_pages)) && node.Live == node.Read(_pages).Live);
        }

        Invariant.Check(_radixNodes == null || _radixNodes == RadixNodeCount.Of(_nodes));
        foreach (ConsumerGroup group in Groups())
            group.Check();
        Invariant.Check(Tally.Pending == Groups().Sum(group => group.PendingCount) && Tally.Consumers == Groups().Sum(group => group.ConsumerCount));
    }

    /// <summary>Moves the listpack of a node that is private to this log to another run.</summary>
    internal void MoveNode(in StreamNode node)
    {
        StreamNode moved = node;
        Edit(ref moved).Move(node.Capacity);
        _nodes.Replace(node, moved);
    }

    private StreamNode NodeForAppend(StreamId id, in ArgVector pairs, long bytes, CollectionLimits limits)
    {
        int room = 0;
        if (_nodes.TryLast(out StreamNode last))
        {
            room = Math.Min(last.Length, MostRoom);
            long maxBytes = limits.StreamNodeMaxBytes is 0 or > MaxNodeBytes ? MaxNodeBytes : limits.StreamNodeMaxBytes;
            bool isFull = last.Length + bytes >= maxBytes
                || (limits.StreamNodeMaxEntries != 0 && last.Live + last.Read(_pages).Dead >= limits.StreamNodeMaxEntries);
            if (!isFull) return last;
            StreamNode tight = last;
            Edit(ref tight).Seal();
            if (tight.Id != last.Id) _nodes.Replace(last, tight);
        }

        StreamNode node = StreamNodeEdit.Create(_pages, Reach, id, pairs, room);
        Add(node);
        return node;
    }

    private StreamNodeEdit Edit(ref StreamNode node) => new(_pages, Reach, ref node);

    private void DeleteAt(StreamNode node, int offset)
    {
        if (node.Live == 1)
        {
            Drop(node);
            return;
        }

        StreamNode old = node;
        Edit(ref node).Delete(offset);
        _nodes.Replace(old, node);
    }

    private void Add(in StreamNode node)
    {
        if (_radixNodes != null) _radixNodes += RadixNodeCount.Added(_nodes, node.MasterId);
        _nodes.Append(node);
    }

    private void Drop(in StreamNode node)
    {
        _nodes.Remove(node);
        if (_radixNodes != null) _radixNodes -= RadixNodeCount.Added(_nodes, node.MasterId);
        _pages.Retire(node.Kind, node.Id, Reach);
    }

    // All the nodes that a trim takes whole, whatever refers to their entries.
    private void DropFirst(in StreamTrim trim)
    {
        if (trim.IsReached(Length)) return;
        long live = trim.Limit == 0 ? Length : Math.Min(Length, trim.Limit);
        long count = trim.MinId is { } least
            ? Math.Min(_nodes.CountUpTo(least) - 1, trim.Limit == 0 ? NodeCount : _nodes.CountWithin(live))
            : _nodes.CountWithin(Math.Min(live, Length - trim.MaxLength));
        if (count < ManyNodes)
        {
            for (; count > 0 && _nodes.TryFirst(out StreamNode node); count--)
                Drop(node);
            return;
        }

        _radixNodes = null;
        List<StreamNode> removed = [];
        List<StreamSlot> dropped = [];
        _nodes.RemoveFirst(count, removed, dropped);
        foreach (StreamNode node in removed)
            _pages.Retire(node.Kind, node.Id, Reach);
        foreach (StreamSlot slot in dropped)
            _pages.Discarded.Add(new StreamValue(_pages, new StreamLog(_pages, new StreamNodes(_forks, slot.Page, slot.Totals))), Reach);
    }

    // What does not go as a whole is flagged, and stays even when all of it is: Redis's nodes do too.
    private void TrimNode(StreamNode node, in StreamTrim trim, bool isWhole)
    {
        StreamNode old = node;
        StreamNodeEdit edit = Edit(ref node);
        int flagged = 0;
        for (int at = node.Read(_pages).FirstEntry; at < Listpack.EndOffset(edit.Bytes) && !trim.IsReached(Length - flagged);)
        {
            int entry = at;
            bool isLive = node.Read(_pages).ReadEntry(ref at, out StreamId id);
            if (!trim.Takes(id)) break;
            if (isLive && MayGo(id, trim.References))
            {
                edit.Flag(entry);
                flagged++;
            }
        }

        edit.NoteFlagged(flagged);
        _nodes.Replace(old, node);
        if (isWhole && node.Live == 0) Drop(node);
    }

    private bool MayGo(StreamId id, ReferencePolicy references)
    {
        if (references == ReferencePolicy.Delete) DropReferences(id);
        return references != ReferencePolicy.Acked || !IsReferenced(id);
    }

    private void FindFirst()
    {
        StreamCursor oldest = Read(StreamId.Min, StreamId.Max);
        FirstId = oldest.MoveNext() ? oldest.Id : StreamId.Min;
    }
}
