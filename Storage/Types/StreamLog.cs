using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
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
//     nodes:  id of a node's first entry -> StreamNode (a listpack of some hundred entries)
//     groups: name -> ConsumerGroup -> pending entries by id, consumers by name -> what each has pending
//
// Both are OrderedTrees, so an entry is found in O(log n), and the whole forks by clones of the trees' roots: StreamValue, the shell that the keyspace
// holds, makes one. Nodes, groups and consumers each have a birth and are copied before the first write that a fork must not see.
//
// Ids only grow: the last one, that of the greatest deleted entry, and the number of entries ever added are kept besides, for a group's lag is
// reckoned from them. Trimming takes whole nodes where it can, and flags entries in one node where it cannot.

/// <summary>A stream's entries and groups.</summary>
public sealed class StreamLog
{
    /// <summary>Redis's limit on fields and values of an entry together, and on a node.</summary>
    public const long MaxNodeBytes = 1 << 30;

    // What a node gets in advance at most.
    private const int MostRoom = 16 * 1024;

    private readonly ForkEpochs _forks;
    private readonly OrderedTree<StreamId, StreamNode> _nodes;
    private readonly OrderedTree<ByteName, ConsumerGroup> _groups;

    internal StreamLog(ForkEpochs forks)
    {
        _forks = forks;
        _nodes = new OrderedTree<StreamId, StreamNode>(forks);
        _groups = new OrderedTree<ByteName, ConsumerGroup>(forks);
    }

    private StreamLog(StreamLog other, OrderedTree<StreamId, StreamNode> nodes, OrderedTree<ByteName, ConsumerGroup> groups)
    {
        _forks = other._forks;
        _nodes = nodes;
        _groups = groups;
        Length = other.Length;
        NodeBytes = other.NodeBytes;
        LastId = other.LastId;
        FirstId = other.FirstId;
        RadixNodes = other.RadixNodes;
        Tally = other.Tally;
        MaxDeletedId = other.MaxDeletedId;
        EntriesAdded = other.EntriesAdded;
    }

    /// <summary>How many entries there are.</summary>
    public long Length { get; private set; }

    /// <summary>The id of the oldest entry; the least id when there is none.</summary>
    public StreamId FirstId { get; private set; }

    /// <summary>The greatest id that an entry ever had, or was said to have.</summary>
    public StreamId LastId { get; set; }

    /// <summary>The greatest id of a deleted entry.</summary>
    public StreamId MaxDeletedId { get; set; }

    /// <summary>How many entries were ever added.</summary>
    public long EntriesAdded { get; set; }

    /// <summary>How many listpacks there are.</summary>
    public long NodeCount => _nodes.Count;

    /// <summary>How many nodes a radix tree over the listpacks would have.</summary>
    public long RadixNodes { get; private set; } = RadixNodeCount.OfEmpty;

    /// <summary>How many consumer groups there are.</summary>
    public long GroupCount => _groups.Count;

    /// <summary>What all groups have together.</summary>
    internal GroupTally Tally { get; private init; } = new();

    /// <summary>Bytes of the listpacks.</summary>
    internal long NodeBytes { get; private set; }

    /// <summary>Reads the entries between two ids, both included.</summary>
    public StreamCursor Read(StreamId first, StreamId last, StreamOrder order = StreamOrder.Forward) => new(_nodes, first, last, order);

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
        if (id <= LastId)
            return AppendOutcome.NotGreater;
        long bytes = 0;
        for (int i = 0; i < pairs.Count; i++)
            bytes += pairs[i].Length;
        if (bytes > MaxNodeBytes)
            return AppendOutcome.TooLarge;
        StreamNode node = NodeForAppend(id, pairs, bytes, limits);
        NodeBytes -= node.Bytes.Length;
        node.Append(id, pairs);
        NodeBytes += node.Bytes.Length;
        Length++;
        EntriesAdded++;
        LastId = id;
        if (Length == 1)
            FirstId = id;
        return AppendOutcome.Added;
    }

    /// <summary>Deletes an entry; false when it is not there. O(log n).</summary>
    public bool Delete(StreamId id)
    {
        StreamCursor cursor = Read(id, id);
        if (!cursor.MoveNext())
            return false;
        DeleteAt(cursor.Node, cursor.EntryOffset);
        if (id > MaxDeletedId)
            MaxDeletedId = id;
        if (id == FirstId)
            FindFirst();
        return true;
    }

    /// <summary>Deletes what a trim says; returns how many entries. O(nodes and entries deleted).</summary>
    public long Trim(in StreamTrim trim)
    {
        long before = Length;
        bool found = _nodes.TryFirst(out _, out StreamNode node);
        while (found && !trim.IsReached(Length))
        {
            long live = node.Live;
            if (trim.Limit != 0 && before - Length + live > trim.Limit)
                break;
            bool isWhole = trim.TakesWhole(Length, live, node);
            if (!isWhole && trim.Precision == TrimPrecision.WholeNodes)
                break;
            StreamId master = node.MasterId;
            if (isWhole && trim.References == ReferencePolicy.Keep)
                Drop(node);
            else
                TrimNode(node, trim, isWhole);
            if (!isWhole && trim.References != ReferencePolicy.Acked)
                break;
            found = master.TryNext(out StreamId next) && _nodes.TryAtOrAfter(next, out _, out node);
        }

        if (before != Length)
            FindFirst();
        return before - Length;
    }

    /// <summary>A group, for reading; null when there is none. O(log n).</summary>
    public ConsumerGroup? FindGroup(ReadOnlySpan<byte> name) => _groups.TryFind(new NameProbe(name), out ConsumerGroup group) ? group : null;

    /// <summary>A group, for writing; null when there is none. O(log n).</summary>
    public ConsumerGroup? WritableGroup(ReadOnlySpan<byte> name)
    {
        ConsumerGroup? group = FindGroup(name);
        if (group == null || !_forks.IsShared(group.Birth))
            return group;
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
        if (FindGroup(name) is not { } group)
            return false;
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
        bool found = _nodes.TryAtOrAfter(from, out masterId, out StreamNode node);
        listpack = found ? node.Bytes : default;
        return found;
    }

    /// <summary>
    /// Adds a listpack as it was saved, behind all others; false, and nothing done, when it is none of a stream's or its entries are not in order behind
    /// the last. What <see cref="LastId"/> and the other counters are is for the caller to say afterwards. O(bytes).
    /// </summary>
    public bool TryAddNode(StreamId masterId, ReadOnlySpan<byte> listpack)
    {
        if (!StreamNode.TryLoad(masterId, _forks.Current, listpack, out StreamNode node) || (_nodes.TryLast(out _, out StreamNode last) && masterId <= last.LastId()))
            return false;
        Add(node);
        if (Length == 0 && node.Live > 0)
            FirstId = node.FirstLiveId();
        Length += node.Live;
        LastId = node.LastId();
        return true;
    }

    /// <summary>Notes that a group is given the entry that follows what it has read. O(1).</summary>
    public void NoteRead(ConsumerGroup group, StreamId id) => StreamProgress.Advance(this, group, id);

    /// <summary>Whether a group has an entry pending, or has yet to read it. O(groups log n).</summary>
    public bool IsReferenced(StreamId id)
    {
        foreach (ConsumerGroup group in Groups())
        {
            if (id > group.LastId || group.TryGetPending(id, out _))
                return true;
        }

        return false;
    }

    /// <summary>Acknowledges an entry in all groups. O(groups log n).</summary>
    public void DropReferences(StreamId id)
    {
        foreach (ConsumerGroup group in Groups())
        {
            if (group.TryGetPending(id, out _))
                WritableGroup(group.Name)!.Acknowledge(id);
        }
    }

    internal StreamLog Clone() => new(this, _nodes.Clone(), _groups.Clone());

    internal StreamLog DeepCopy()
    {
        var copy = new StreamLog(this, new OrderedTree<StreamId, StreamNode>(_forks), new OrderedTree<ByteName, ConsumerGroup>(_forks)) { Tally = new GroupTally() };
        bool found = _nodes.TryFirst(out StreamId id, out StreamNode node);
        while (found)
        {
            copy._nodes.Set(id, node.Copy(_forks.Current));
            found = id.TryNext(out StreamId next) && _nodes.TryAtOrAfter(next, out id, out node);
        }

        foreach (ConsumerGroup group in Groups())
            copy._groups.Set(new ByteName(group.Name), group.DeepCopy(copy.Tally));
        return copy;
    }

    internal void Check()
    {
        _nodes.Check();
        _groups.Check();
        long live = 0;
        long bytes = 0;
        bool found = _nodes.TryFirst(out StreamId id, out StreamNode node);
        while (found)
        {
            Invariant.Check(Listpack.IsValid(node.Bytes) && node.MasterId == id && node.Live >= 0);
            live += node.Live;
            bytes += node.Bytes.Length;
            found = id.TryNext(out StreamId next) && _nodes.TryAtOrAfter(next, out id, out node);
        }

        Invariant.Check(live == Length && bytes == NodeBytes && RadixNodes == CountRadixNodes());
        foreach (ConsumerGroup group in Groups())
            group.Check();
        Invariant.Check(Tally.Pending == Groups().Sum(group => group.PendingCount) && Tally.Consumers == Groups().Sum(group => group.ConsumerCount));
    }

    private long CountRadixNodes()
    {
        var keys = new OrderedTree<StreamId, StreamNode>(_forks);
        long count = RadixNodeCount.OfEmpty;
        bool found = _nodes.TryFirst(out StreamId id, out StreamNode node);
        while (found)
        {
            count += RadixNodeCount.Added(keys, id);
            keys.Set(id, node);
            found = id.TryNext(out StreamId next) && _nodes.TryAtOrAfter(next, out id, out node);
        }

        return count;
    }

    private StreamNode NodeForAppend(StreamId id, in ArgVector pairs, long bytes, CollectionLimits limits)
    {
        int room = 0;
        if (_nodes.TryLast(out _, out StreamNode last))
        {
            room = Math.Min(last.Bytes.Length, MostRoom);
            long maxBytes = limits.StreamNodeMaxBytes is 0 or > MaxNodeBytes ? MaxNodeBytes : limits.StreamNodeMaxBytes;
            bool isFull = last.Bytes.Length + bytes >= maxBytes
                || (limits.StreamNodeMaxEntries != 0 && last.Live + last.Dead >= limits.StreamNodeMaxEntries);
            if (!isFull)
                return Writable(last);
            if (!_forks.IsShared(last.Birth))
                last.Seal();
        }

        StreamNode node = StreamNode.Create(id, _forks.Current, pairs, room);
        Add(node);
        return node;
    }

    private StreamNode Writable(StreamNode node)
    {
        if (!_forks.IsShared(node.Birth))
            return node;
        StreamNode copy = node.Copy(_forks.Current);
        _nodes.Set(copy.MasterId, copy);
        return copy;
    }

    private void DeleteAt(StreamNode node, int offset)
    {
        if (node.Live == 1)
        {
            Drop(node);
            return;
        }

        node = Writable(node);
        NodeBytes -= node.Bytes.Length;
        node.Delete(offset);
        NodeBytes += node.Bytes.Length;
        Length--;
    }

    private void Add(StreamNode node)
    {
        RadixNodes += RadixNodeCount.Added(_nodes, node.MasterId);
        _nodes.Set(node.MasterId, node);
        NodeBytes += node.Bytes.Length;
    }

    private void Drop(StreamNode node)
    {
        Length -= node.Live;
        NodeBytes -= node.Bytes.Length;
        _nodes.Remove(node.MasterId);
        RadixNodes -= RadixNodeCount.Added(_nodes, node.MasterId);
    }

    // What does not go as a whole is flagged, and stays even when all of it is: Redis's nodes do too.
    private void TrimNode(StreamNode node, in StreamTrim trim, bool isWhole)
    {
        node = Writable(node);
        NodeBytes -= node.Bytes.Length;
        long flagged = 0;
        long length = Length;
        for (int at = node.FirstEntry; at < Listpack.EndOffset(node.Bytes) && !trim.IsReached(length - flagged);)
        {
            int entry = at;
            bool isLive = node.ReadEntry(ref at, out StreamId id);
            if (!trim.Takes(id))
                break;
            if (isLive && MayGo(id, trim.References))
            {
                node.Flag(entry);
                flagged++;
            }
        }

        node.NoteFlagged(flagged);
        NodeBytes += node.Bytes.Length;
        Length -= flagged;
        if (isWhole && node.Live == 0)
            Drop(node);
    }

    private bool MayGo(StreamId id, ReferencePolicy references)
    {
        if (references == ReferencePolicy.Delete)
            DropReferences(id);
        return references != ReferencePolicy.Acked || !IsReferenced(id);
    }

    private void FindFirst()
    {
        StreamCursor oldest = Read(StreamId.Min, StreamId.Max);
        FirstId = oldest.MoveNext() ? oldest.Id : StreamId.Min;
    }
}
