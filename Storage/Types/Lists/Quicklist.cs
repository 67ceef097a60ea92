using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// A large list: nodes of up to some kilobytes (ListNodeLimit), each a listpack in a run of the page store, in a NodeSequence.
//
//     shell -> pages of the sequence -> node -> run: listpack of elements
//                                       node -> run or array: a single element that is too large for a listpack
//
// Pushing and popping touch one node at an end: O(1) but for the depth of the sequence, which is 2 up to some million elements. An edit inside moves
// the bytes behind it in one node. A node that is full is split where an element goes in, and then joined with its neighbours where they fit, as
// Redis does, so that nodes come out alike.
//
// Nodes away from the ends may be compressed (ListCompression). Every public method that changes nodes leaves the rule of list-compress-depth kept:
// it opens what it edits as raw, and settles what lies around the edit and at the ends when it is done. Lists with a depth of 0 skip all that.

/// <summary>A list that is more than one listpack.</summary>
internal sealed class Quicklist : CollectionValue
{
    private const long LeastNodesMeasured = 16;
    private const int NodesTouched = 2;
    private const int NodesPerCheck = 16;

    private readonly ListCompression _compression;
    private readonly int _depth;
    private readonly NodeSequence _nodes;
    private readonly List<QuicklistNode> _removed = [];
    private readonly List<QuicklistPage> _dropped = [];
    private long _bytes;
    private long _compressed;

    /// <summary>An empty one.</summary>
    public Quicklist(Keyspace keyspace)
        : this(keyspace.Pages, keyspace.ListCompression, keyspace.Limits.ListCompressDepth, new NodeSequence(keyspace.Pages.Forks))
    {
    }

    private Quicklist(PageStore pages, ListCompression compression, int depth, NodeSequence nodes)
    {
        Pages = pages;
        _compression = compression;
        _depth = depth;
        _nodes = nodes;
    }

    /// <summary>Where the bytes are.</summary>
    public PageStore Pages { get; }

    /// <summary>Who may still read what is below.</summary>
    public Reach Reach => _nodes.Reach;

    /// <summary>How many nodes at either end are not compressed; 0 if none ever is.</summary>
    public int CompressDepth => _depth;

    /// <summary>The number of nodes. O(1).</summary>
    public long NodeCount { get; private set; }

    /// <inheritdoc/>
    public override long Count => _nodes.Total;

    /// <inheritdoc/>
    public override int ShellBytes => 440;

    /// <inheritdoc/>
    public override long MemoryBytes => _bytes;

    /// <inheritdoc/>
    public override long Measure(long samples)
    {
        // What nodes have to spare, on average of some that lie evenly along the list.
        long step = samples == 0 ? 1 : Math.Max(1, Count / Math.Max(samples, LeastNodesMeasured));
        long held = 0, used = 0;
        for (long index = 0; index < Count;)
        {
            ref readonly QuicklistNode node = ref _nodes.Find(index, out long first);
            held += Pages.HeldBytes(node.Kind, node.Id);
            used += node.StoredBytes;
            index = Math.Max(first + node.Count, index + step);
        }

        return used == 0 ? _bytes : (long)(_bytes * ((double)held / used));
    }

    /// <inheritdoc/>
    public override void Open(Reach reach) => _nodes.Reach = reach;

    /// <inheritdoc/>
    public override CollectionValue Copy()
    {
        var copy = new Quicklist(Pages, _compression, _depth, new NodeSequence(Pages.Forks));
        byte[]? buffer = null;
        for (long index = 0; index < Count;)
        {
            ref readonly QuicklistNode node = ref Find(index, out _);
            index += node.Count;
            copy.Append(node.Form, ListCompression.Read(Pages, node, ref buffer), node.Count);
        }

        return copy;
    }

    /// <inheritdoc/>
    public override bool MoveNodes(ref long position, in TimeBudget budget)
    {
        for (int looked = 1; position < Count; looked++)
        {
            ref readonly QuicklistNode node = ref Find(position, out long first);
            long next = first + node.Count;
            if (node.Kind == ItemKind.Run && Pages.Runs.IsLeaving(node.Id) && Pages.TryMakePrivate(ItemKind.Run, node.Id, Reach))
                MoveNode(ref _nodes.Open(position, 0));
            position = next;
            if (looked % NodesPerCheck == 0 && budget.IsSpent) return position >= Count;
        }

        return true;
    }

    /// <inheritdoc/>
    public override Teardown TearDown() => new NodesTeardown(Pages, _nodes);

    /// <inheritdoc/>
    public override void Check(KeyspaceCheck check)
    {
        var sums = new Sums();
        CheckPage(_nodes.Root, check, ref sums);
        Invariant.Check(sums == new Sums(NodeCount, _compressed, _bytes));
    }

    /// <inheritdoc/>
    protected override CollectionValue CloneShell() => Over(_nodes.Root, new Sums(NodeCount, _compressed, _bytes));

    /// <summary>The node of an element, and the index of the first element in it. O(log n).</summary>
    public ref readonly QuicklistNode Find(long index, out long first) => ref _nodes.Find(index, out first);

    /// <summary>The number of nodes is one.</summary>
    public bool HasSingleNode => _nodes.Root.IsLeaf && _nodes.Root.Used == 1;

    /// <summary>Adds a node behind the last, with a copy of these bytes.</summary>
    public void Append(NodeForm form, scoped ReadOnlySpan<byte> bytes, int count)
    {
        InsertNode(Count, form, bytes, count);
        Settle(Count);
    }

    /// <summary>Adds an element at an end. O(bytes of the node).</summary>
    public void Push(ListEnd end, scoped ReadOnlySpan<byte> text, ListNodeLimit limit)
    {
        if (Count == 0 || !HasRoom(end == ListEnd.Head ? 0 : Count - 1, text.Length, limit))
        {
            InsertAlone(end == ListEnd.Head ? 0 : Count, text, limit);
            Settle(end == ListEnd.Head ? 0 : Count);
        }
        else if (end == ListEnd.Head)
        {
            Prepend(0, text);
        }
        else
        {
            AppendTo(Count - 1, text);
        }
    }

    /// <summary>Puts an element before the one with an index.</summary>
    public void InsertBefore(long index, scoped ReadOnlySpan<byte> text, ListNodeLimit limit)
    {
        bool isFirst = IsFirstOfNode(index);
        if (HasRoom(index, text.Length, limit)) InsertInto(index, text);
        else if (isFirst && index > 0 && HasRoom(index - 1, text.Length, limit)) AppendTo(index - 1, text);
        else InsertBetween(index, text, limit);
        Settle(index);
    }

    /// <summary>Puts an element behind the one with an index.</summary>
    public void InsertAfter(long index, scoped ReadOnlySpan<byte> text, ListNodeLimit limit)
    {
        long behind = index + 1;
        bool isLast = behind == Count || IsFirstOfNode(behind);
        if (HasRoom(index, text.Length, limit))
        {
            if (isLast) AppendTo(index, text);
            else InsertInto(behind, text);
        }
        else if (isLast && behind < Count && HasRoom(behind, text.Length, limit))
        {
            Prepend(behind, text);
        }
        else
        {
            InsertBetween(behind, text, limit);
        }

        Settle(index);
    }

    /// <summary>Puts another element in the place of the one with an index.</summary>
    public void Replace(long index, scoped ReadOnlySpan<byte> text, ListNodeLimit limit)
    {
        ref readonly QuicklistNode node = ref Find(index, out long first);
        if (!node.IsPlain && !limit.IsPlain(text.Length))
        {
            ref QuicklistNode open = ref Open(index, 0);
            int offset = Listpack.Seek(open.Span(Pages), index - first);
            var edit = new NodeEdit(this, ref open);
            ListpackEdits.Replace(ref edit, offset, text);
            Settle(index);
            return;
        }

        InsertAfter(index, text, limit);
        Remove(index, 1);
    }

    /// <summary>
    /// Takes elements away. O(log n + bytes of two nodes + the fewer of the nodes that go and of those that stay), the latter a few nanoseconds each:
    /// large parts are freed later.
    /// </summary>
    public void Remove(long from, long count)
    {
        while (count > 0)
        {
            ref readonly QuicklistNode node = ref Find(from, out long first);
            long inNode = Math.Min(count, first + node.Count - from);
            if (inNode == node.Count)
            {
                RemoveWhole(from, WholeNodes(from, count), ref count);
                continue;
            }

            ref QuicklistNode open = ref Open(from, -(int)inNode);
            int offset = Listpack.Seek(open.Span(Pages), from - first);
            var edit = new NodeEdit(this, ref open);
            ListpackEdits.Delete(ref edit, offset, inNode);
            count -= inNode;
        }

        Settle(from);
    }

    /// <summary>Takes elements of one node away, by their offsets in its listpack in ascending order.</summary>
    public void RemoveInNode(long first, scoped ReadOnlySpan<int> offsets)
    {
        ref readonly QuicklistNode node = ref Find(first, out _);
        if (node.Count == offsets.Length)
        {
            long count = node.Count;
            RemoveWhole(first, count, ref count);
        }
        else
        {
            var edit = new NodeEdit(this, ref Open(first, -offsets.Length));
            ListpackEdits.DeleteAll(ref edit, offsets);
        }

        Settle(first);
    }

    /// <summary>Notes that a node's bytes have become more or fewer.</summary>
    internal void NoteBytes(int change) => _bytes += change;

    private bool IsFirstOfNode(long index)
    {
        Find(index, out long first);
        return first == index;
    }

    private bool HasRoom(long index, int textBytes, ListNodeLimit limit) => limit.HasRoom(Find(index, out _), textBytes);

    private void Prepend(long index, scoped ReadOnlySpan<byte> text)
    {
        var edit = new NodeEdit(this, ref Open(index, 1));
        ListpackEdits.Prepend(ref edit, text);
    }

    private void AppendTo(long index, scoped ReadOnlySpan<byte> text)
    {
        var edit = new NodeEdit(this, ref Open(index, 1));
        ListpackEdits.Append(ref edit, text);
    }

    private void InsertInto(long index, scoped ReadOnlySpan<byte> text)
    {
        Find(index, out long first);
        ref QuicklistNode open = ref Open(index, 1);
        int offset = Listpack.Seek(open.Span(Pages), index - first);
        var edit = new NodeEdit(this, ref open);
        ListpackEdits.InsertBefore(ref edit, offset, text);
    }

    // Where no node has room: a node of its own between two, or between the halves of one.
    private void InsertBetween(long index, scoped ReadOnlySpan<byte> text, ListNodeLimit limit)
    {
        if (index == Count || IsFirstOfNode(index))
        {
            InsertAlone(index, text, limit);
            return;
        }

        Split(index);
        if (limit.IsPlain(text.Length)) InsertAlone(index, text, limit);
        else Prepend(index, text);
        JoinAround(index, limit);
    }

    private void InsertAlone(long index, scoped ReadOnlySpan<byte> text, ListNodeLimit limit)
    {
        if (limit.IsPlain(text.Length))
        {
            InsertNode(index, NodeForm.Plain, text, 1);
            return;
        }

        InsertNode(index, NodeForm.Packed, Listpack.Empty, 0, text);
    }

    private void InsertNode(long index, NodeForm form, scoped ReadOnlySpan<byte> bytes, int count)
    {
        QuicklistNode node = QuicklistNode.Create(Pages, form, bytes, count);
        NoteBytes(node.Bytes);
        AddToSequence(index, node);
    }

    private void InsertNode(long index, NodeForm form, scoped ReadOnlySpan<byte> bytes, int count, scoped ReadOnlySpan<byte> text)
    {
        QuicklistNode node = QuicklistNode.Create(Pages, form, bytes, count + 1);
        NoteBytes(node.Bytes);
        var edit = new NodeEdit(this, ref node);
        ListpackEdits.Append(ref edit, text);
        AddToSequence(index, node);
    }

    private void AddToSequence(long index, in QuicklistNode node)
    {
        _nodes.Insert(index, node);
        NodeCount++;
    }

    // Makes the element with this index, which is not the first of its node, the first of a new one.
    private void Split(long index)
    {
        ref readonly QuicklistNode node = ref FindRaw(index, out long first);
        int moved = node.Count - (int)(index - first);
        Span<byte> bytes = node.Span(Pages);
        int offset = Listpack.Seek(bytes, index - first);
        QuicklistNode right = QuicklistNode.Create(Pages, NodeForm.Packed, Listpack.Empty, moved);
        NoteBytes(right.Bytes);
        var edit = new NodeEdit(this, ref right);
        ReadOnlySpan<byte> entries = node.Span(Pages)[offset..^1];
        entries.CopyTo(ListpackEdits.Splice(ref edit, Listpack.HeaderBytes, 0, entries.Length, moved)[Listpack.HeaderBytes..]);

        edit = new NodeEdit(this, ref Open(first, -moved));
        ListpackEdits.Delete(ref edit, offset, moved);
        AddToSequence(index, right);
    }

    // The order in which Redis tries: the two before the node, the two behind it, and then the node itself with either.
    private void JoinAround(long index, ListNodeLimit limit)
    {
        long first = FirstOf(index);
        if (first > 0 && FirstOf(first - 1) > 0) TryJoin(FirstOf(first - 1), limit);
        long behind = Behind(FirstOf(index));
        if (behind < Count && Behind(behind) < Count) TryJoin(Behind(behind), limit);
        if (FirstOf(index) > 0) TryJoin(FirstOf(index), limit);
        behind = Behind(FirstOf(index));
        if (behind < Count) TryJoin(behind, limit);
    }

    private long FirstOf(long index)
    {
        Find(index, out long first);
        return first;
    }

    private long Behind(long index)
    {
        int count = Find(index, out long first).Count;
        return first + count;
    }

    // Appends the node that begins with an element to the one before it, if both fit in one.
    private void TryJoin(long index, ListNodeLimit limit)
    {
        if (!limit.CanJoin(Find(index - 1, out _), Find(index, out _))) return;
        QuicklistNode right = FindRaw(index, out _);
        var edit = new NodeEdit(this, ref Open(index - 1, right.Count));
        ListpackEdits.Merge(ref edit, right.Span(Pages));
        // The joined node holds its elements and those of the one that goes, until it has gone.
        long count = right.Count;
        RemoveWhole(index + count, count, ref count);
    }

    private long WholeNodes(long from, long count)
    {
        if (from + count == Count) return count;
        Find(from + count, out long first);
        return first - from;
    }

    private void RemoveWhole(long from, long whole, ref long count)
    {
        _nodes.Remove(from, whole, _removed, _dropped);
        count -= whole;
        foreach (QuicklistNode node in _removed)
        {
            Subtract(Sums.Of(node));
            Pages.Retire(node.Kind, node.Id, Reach);
        }

        if (_dropped.Count != 0) DiscardDropped();
        _removed.Clear();
        _dropped.Clear();
    }

    // What goes as whole pages is added up, or what stays, whichever is less: taking nearly all of a large list away costs no more than nearly nothing.
    // Each page has its share by its elements, since what waits to be freed is an estimate anyway.
    private void DiscardDropped()
    {
        long elements = _dropped.Sum(static page => page.Total);
        Sums gone = elements > Count ? new Sums(NodeCount, _compressed, _bytes) - Sums.Below(_nodes.Root) : Sums.Below(_dropped);
        Subtract(gone);
        foreach (QuicklistPage page in _dropped)
            Pages.Discarded.Add(Over(page, gone.Share(page.Total / (double)elements)), Reach);
    }

    private void Subtract(Sums sums)
    {
        NodeCount -= sums.Nodes;
        _compressed -= sums.Compressed;
        _bytes -= sums.Bytes;
    }

    private Quicklist Over(QuicklistPage root, Sums sums) => new(Pages, _compression, _depth, new NodeSequence(Pages.Forks, root))
    {
        NodeCount = sums.Nodes,
        _compressed = sums.Compressed,
        _bytes = sums.Bytes,
    };

    // A node to be edited, and so raw.
    private ref QuicklistNode Open(long index, int change)
    {
        ref QuicklistNode node = ref _nodes.Open(index, change);
        node.IsIncompressible = false;
        if (node.IsCompressed) Decompress(ref node);
        return ref node;
    }

    private ref readonly QuicklistNode FindRaw(long index, out long first)
    {
        ref readonly QuicklistNode node = ref Find(index, out first);
        return ref node.IsCompressed ? ref Open(index, 0) : ref node;
    }

    private void Decompress(ref QuicklistNode node)
    {
        NoteBytes(node.Bytes - node.StoredBytes);
        _compressed--;
        ListCompression.Decompress(Pages, ref node, Reach);
    }

    private void MoveNode(ref QuicklistNode node)
    {
        QuicklistNode old = node;
        node.Id = Pages.Runs.Allocate(old.Capacity(Pages), Pages.Forks.Current);
        old.Stored(Pages).CopyTo(node.Stored(Pages));
        Pages.Retire(old.Kind, old.Id, Reach);
    }

    // Keeps the rule of list-compress-depth after an edit at an index, which opened nodes there, and put at most two more into the sequence.
    private void Settle(long index)
    {
        if (_depth == 0 || (NodeCount <= 2L * _depth && _compressed == 0)) return;
        long inner = 0, behind = Count;
        for (int i = 0; i < _depth && inner < Count; i++)
            inner = Behind(inner);
        for (int i = 0; i < _depth && behind > 0; i++)
            behind = FirstOf(behind - 1);

        long at = 0;
        for (int i = 0; i < _depth + NodesTouched && at < Count; i++)
            at = SettleNode(at, inner, behind);
        at = Count;
        for (int i = 0; i < _depth + NodesTouched && at > 0; i++)
        {
            at = FirstOf(at - 1);
            SettleNode(at, inner, behind);
        }

        at = Math.Min(index, Count);
        for (int i = 0; i < NodesTouched && at > 0; i++)
            at = FirstOf(at - 1);
        for (int i = 0; i < 2 * NodesTouched + 2 && at < Count; i++)
            at = SettleNode(at, inner, behind);
    }

    // Returns the index behind the node that begins here.
    private long SettleNode(long first, long inner, long behind)
    {
        ref readonly QuicklistNode node = ref Find(first, out _);
        bool isInner = first >= inner && first < behind;
        if (!isInner && node.IsCompressed)
            Decompress(ref _nodes.Open(first, 0));
        else if (isInner && !node.IsCompressed && !node.IsIncompressible && node.Bytes >= ListCompression.MinBytes)
            Compress(ref _nodes.Open(first, 0));
        return Behind(first);
    }

    private void Compress(ref QuicklistNode node)
    {
        if (!_compression.TryCompress(Pages, ref node, Reach)) return;
        NoteBytes(node.StoredBytes - node.Bytes);
        _compressed++;
    }

    private void CheckPage(QuicklistPage page, KeyspaceCheck check, ref Sums sums)
    {
        long total = 0;
        Invariant.Check(page.Used is > 0 and <= QuicklistPage.MaxSlots);
        for (int slot = 0; slot < page.Used; slot++)
        {
            total += page.CountAt(slot);
            if (page.IsLeaf) CheckNode(page.Nodes[slot], check, ref sums);
            else CheckPage(page.Children[slot], check, ref sums);
        }

        Invariant.Check(total == page.Total);
    }

    private void CheckNode(QuicklistNode node, KeyspaceCheck check, ref Sums sums)
    {
        check.Claim(node.Kind, node.Id);
        byte[]? buffer = null;
        bool isSound = node.IsPlain
            ? node.Count == 1
            : Listpack.IsValid(ListCompression.Read(Pages, node, ref buffer), out int count) && count == node.Count && count > 0;
        Invariant.Check(isSound);
        bool isInner = sums.Nodes >= _depth && sums.Nodes < NodeCount - _depth;
        bool isSettled = _depth > 0 && isInner ? node.IsCompressed || node.IsIncompressible || node.Bytes < ListCompression.MinBytes : !node.IsCompressed;
        Invariant.Check(isSettled);
        sums += Sums.Of(node);
    }

    /// <summary>What nodes add up to.</summary>
    private readonly record struct Sums(long Nodes, long Compressed, long Bytes)
    {
        public static Sums Of(in QuicklistNode node) => new(1, node.IsCompressed ? 1 : 0, node.StoredBytes);

        /// <summary>Of all nodes below a page. O(n).</summary>
        public static Sums Below(QuicklistPage page)
        {
            var sums = new Sums();
            for (int slot = 0; slot < page.Used; slot++)
                sums += page.IsLeaf ? Of(page.Nodes[slot]) : Below(page.Children[slot]);
            return sums;
        }

        /// <summary>Of all nodes below some pages. O(n).</summary>
        public static Sums Below(List<QuicklistPage> pages)
        {
            var sums = new Sums();
            foreach (QuicklistPage page in pages)
                sums += Below(page);
            return sums;
        }

        public static Sums operator +(Sums first, Sums second) =>
            new(first.Nodes + second.Nodes, first.Compressed + second.Compressed, first.Bytes + second.Bytes);

        public static Sums operator -(Sums first, Sums second) =>
            new(first.Nodes - second.Nodes, first.Compressed - second.Compressed, first.Bytes - second.Bytes);

        /// <summary>A part of them.</summary>
        public Sums Share(double part) => new((long)(Nodes * part), (long)(Compressed * part), (long)(Bytes * part));
    }

    /// <summary>Frees the nodes of a list one after the other.</summary>
    private sealed class NodesTeardown(PageStore pages, NodeSequence nodes) : Teardown
    {
        private readonly NodeSequence _nodes = new(pages.Forks, nodes.Root) { Reach = nodes.Reach };
        private long _next;

        public override bool Run(in TimeBudget budget)
        {
            for (int freed = 1; _next < _nodes.Total; freed++)
            {
                ref readonly QuicklistNode node = ref _nodes.Find(_next, out _);
                _next += node.Count;
                pages.Retire(node.Kind, node.Id, _nodes.Reach);
                if (freed % NodesPerCheck == 0 && budget.IsSpent) return _next == _nodes.Total;
            }

            return true;
        }
    }
}
