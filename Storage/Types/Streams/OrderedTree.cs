using System.Runtime.CompilerServices;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// A B+tree that forks: what streams keep their listpacks, groups, consumers and pending entries in.
//
// Nodes hold up to 64 keys with a value each (leaves) or a child each (above; a child's key is a lower bound of its keys). Each node has a
// birth. One that a fork may see, born before the newest fork, is copied before its first write, and so are the nodes above it: a fork that
// holds the root reads a tree that stands still. Nothing is retired, since nodes are managed objects and the collector knows best who still
// holds one.
//
// Keys mostly arrive in order (ids of entries): a full node that gets a greater key than all of its own is not halved but left full, so that an
// append-only tree is packed. Arrays grow by doubling from four, since most trees (the consumers of a group, what one of them has pending) are
// small; those of a node behind a full one are full-grown at once. A node that falls under a quarter joins a neighbour when both together leave room.
//
// Full-grown arrays without references are allocated pinned: there the collector neither moves nor follows them. A group of a million pending entries
// was copied from generation to generation while it grew, in pauses of up to 29 ms.
//
// There are no iterators: the next key is found from the last, O(log n), and so whoever walks a tree may change it meanwhile.

/// <summary>An ordered map; all operations O(log n) but <see cref="Clone"/>, which is O(1).</summary>
internal sealed class OrderedTree<TKey, TValue>
    where TKey : IComparable<TKey>
{
    private const int Capacity = 64;

    private readonly ForkEpochs _forks;
    private Node _root;

    /// <summary>An empty tree.</summary>
    public OrderedTree(ForkEpochs forks)
    {
        _forks = forks;
        _root = Node.Leaf(forks.Current);
    }

    private OrderedTree(OrderedTree<TKey, TValue> other)
    {
        _forks = other._forks;
        _root = other._root;
        Count = other.Count;
    }

    /// <summary>The number of keys.</summary>
    public long Count { get; private set; }

    /// <summary>The same keys and values, by the same nodes, for the owner to go on with while forks keep this one.</summary>
    public OrderedTree<TKey, TValue> Clone() => new(this);

    /// <summary>Finds a key's value.</summary>
    public bool TryGet(TKey key, out TValue value)
    {
        Node node = _root;
        while (node.Children != null)
            node = node.Children[node.ChildOf(key)];
        int at = node.Search(key);
        value = at >= 0 ? node.Values[at] : default!;
        return at >= 0;
    }

    /// <summary>Finds the value of the key that a probe equals: for keys that would have to be allocated to be asked for.</summary>
    public bool TryFind<TProbe>(scoped TProbe probe, out TValue value)
        where TProbe : IComparable<TKey>, allows ref struct
    {
        Node node = _root;
        while (node.Children != null)
            node = node.Children[Math.Max(0, node.Upto(probe) - 1)];
        int at = node.Upto(probe) - 1;
        bool found = at >= 0 && probe.CompareTo(node.Keys[at]) == 0;
        value = found ? node.Values[at] : default!;
        return found;
    }

    /// <summary>Finds the first key that is not less than this one.</summary>
    public bool TryAtOrAfter(TKey key, out TKey found, out TValue value) => TryAtOrAfter(_root, key, out found, out value);

    /// <summary>Finds the last key that is not greater than this one.</summary>
    public bool TryAtOrBefore(TKey key, out TKey found, out TValue value) => TryAtOrBefore(_root, key, out found, out value);

    /// <summary>Finds the first key.</summary>
    public bool TryFirst(out TKey key, out TValue value)
    {
        Node node = _root;
        while (node.Children != null)
            node = node.Children[0];
        return node.TryAt(0, out key, out value);
    }

    /// <summary>Finds the last key.</summary>
    public bool TryLast(out TKey key, out TValue value)
    {
        Node node = _root;
        while (node.Children != null)
            node = node.Children[node.Count - 1];
        return node.TryAt(node.Count - 1, out key, out value);
    }

    /// <summary>Gives a key a value; true if it is new.</summary>
    public bool Set(TKey key, TValue value)
    {
        _root = Writable(_root);
        bool added = Set(_root, key, value, out Node? split);
        if (split != null)
        {
            Node root = Node.Inner(_forks.Current);
            root.InsertChild(0, _root.Keys[0], _root);
            root.InsertChild(1, split.Keys[0], split);
            _root = root;
        }

        if (added) Count++;
        return added;
    }

    /// <summary>Takes a key away; false if it is not there.</summary>
    public bool Remove(TKey key)
    {
        if (!TryGet(key, out _)) return false;
        _root = Writable(_root);
        Remove(_root, key);
        while (_root.Children != null && _root.Count == 1)
            _root = _root.Children[0];
        if (_root.Count == 0) _root = Node.Leaf(_forks.Current);
        Count--;
        return true;
    }

    /// <summary>Checks order, bounds and count. O(n).</summary>
    public void Check()
    {
        long seen = 0;
        TKey? last = default;
        CheckNode(_root, ref seen, ref last);
        Invariant.Check(seen == Count);
    }

    private static void CheckNode(Node node, ref long seen, ref TKey? last)
    {
        for (int i = 0; i < node.Count; i++)
        {
            if (node.Children != null)
            {
                Invariant.Check(node.Children[i].Count > 0 && node.Children[i].Keys[0].CompareTo(node.Keys[i]) >= 0);
                CheckNode(node.Children[i], ref seen, ref last);
                Invariant.Check(i + 1 == node.Count || last!.CompareTo(node.Keys[i + 1]) < 0);
                continue;
            }

            Invariant.Check(seen == 0 || last!.CompareTo(node.Keys[i]) < 0);
            last = node.Keys[i];
            seen++;
        }
    }

    private static bool TryAtOrAfter(Node node, TKey key, out TKey found, out TValue value)
    {
        if (node.Children == null)
        {
            int at = node.Search(key);
            return node.TryAt(at >= 0 ? at : ~at, out found, out value);
        }

        int child = node.ChildOf(key);
        if (TryAtOrAfter(node.Children[child], key, out found, out value)) return true;
        return child + 1 < node.Count && TryAtOrAfter(node.Children[child + 1], key, out found, out value);
    }

    private static bool TryAtOrBefore(Node node, TKey key, out TKey found, out TValue value)
    {
        if (node.Children == null)
        {
            int at = node.Search(key);
            return node.TryAt(at >= 0 ? at : ~at - 1, out found, out value);
        }

        int child = node.ChildOf(key);
        if (TryAtOrBefore(node.Children[child], key, out found, out value)) return true;
        return child > 0 && TryAtOrBefore(node.Children[child - 1], key, out found, out value);
    }

    private Node Writable(Node node) => _forks.IsShared(node.Birth) ? node.Copy(_forks.Current) : node;

    private bool Set(Node node, TKey key, TValue value, out Node? split)
    {
        split = null;
        if (node.Children == null) return SetInLeaf(node, key, value, out split);
        int at = node.ChildOf(key);
        Node child = node.Children[at] = Writable(node.Children[at]);
        bool added = Set(child, key, value, out Node? right);
        if (key.CompareTo(node.Keys[at]) < 0) node.Keys[at] = key;
        if (right == null) return added;
        Node target = node;
        if (node.Count == Capacity)
        {
            split = Split(node, at + 1);
            if (at + 1 > node.Count || split.Count == 0)
            {
                target = split;
                at -= node.Count;
            }
        }

        target.InsertChild(at + 1, right.Keys[0], right);
        return added;
    }

    private bool SetInLeaf(Node node, TKey key, TValue value, out Node? split)
    {
        split = null;
        int at = node.Search(key);
        if (at >= 0)
        {
            node.Values[at] = value;
            return false;
        }

        at = ~at;
        Node target = node;
        if (node.Count == Capacity)
        {
            split = Split(node, at);
            if (at > node.Count || split.Count == 0)
            {
                target = split;
                at -= node.Count;
            }
        }

        target.Insert(at, key, value);
        return true;
    }

    // What is to be inserted at the end goes into a node of its own: keys that come in order leave full nodes behind.
    private Node Split(Node node, int at) => node.MoveTail(at == Capacity ? Capacity : Capacity / 2, _forks.Current);

    private void Remove(Node node, TKey key)
    {
        if (node.Children == null)
        {
            node.RemoveAt(node.Search(key));
            return;
        }

        int at = node.ChildOf(key);
        Node child = node.Children[at] = Writable(node.Children[at]);
        Remove(child, key);
        if (child.Count == 0) node.RemoveAt(at);
        else if (child.Count < Capacity / 4) TryJoin(node, at + 1 < node.Count ? at : at - 1);
    }

    private void TryJoin(Node node, int left)
    {
        if (left < 0 || node.Children![left].Count + node.Children[left + 1].Count > Capacity / 2) return;
        Node target = node.Children[left] = Writable(node.Children[left]);
        target.Append(node.Children[left + 1]);
        node.RemoveAt(left + 1);
    }

    private sealed class Node
    {
        private const int FirstCapacity = 4;

        private Node(uint birth, TKey[] keys, TValue[] values, Node[]? children)
        {
            Birth = birth;
            Keys = keys;
            Values = values;
            Children = children;
        }

        public uint Birth { get; }

        public int Count { get; private set; }

        public TKey[] Keys { get; private set; }

        public TValue[] Values { get; private set; }

        public Node[]? Children { get; private set; }

        public static Node Leaf(uint birth) => new(birth, [], [], null);

        public static Node Inner(uint birth) => new(birth, [], [], []);

        public Node Copy(uint birth) =>
            new(birth, CopyOf(Keys), Children == null ? CopyOf(Values) : Values, (Node[]?)Children?.Clone()) { Count = Count };

        public int Search(TKey key) => Array.BinarySearch(Keys, 0, Count, key);

        /// <summary>How many keys are not greater than a probe.</summary>
        public int Upto<TProbe>(scoped TProbe probe)
            where TProbe : IComparable<TKey>, allows ref struct
        {
            int low = 0;
            for (int high = Count; low < high;)
            {
                int middle = (low + high) / 2;
                if (probe.CompareTo(Keys[middle]) >= 0) low = middle + 1;
                else high = middle;
            }

            return low;
        }

        public int ChildOf(TKey key)
        {
            int at = Search(key);
            return at >= 0 ? at : Math.Max(0, ~at - 1);
        }

        public bool TryAt(int at, out TKey key, out TValue value)
        {
            bool exists = at >= 0 && at < Count;
            key = exists ? Keys[at] : default!;
            value = exists ? Values[at] : default!;
            return exists;
        }

        public void Insert(int at, TKey key, TValue value)
        {
            MakeRoom(at, 1);
            Keys[at] = key;
            Values[at] = value;
        }

        public void InsertChild(int at, TKey key, Node child)
        {
            MakeRoom(at, 1);
            Keys[at] = key;
            Children![at] = child;
        }

        public void RemoveAt(int at)
        {
            Count--;
            Array.Copy(Keys, at + 1, Keys, at, Count - at);
            Keys[Count] = default!;
            if (Children == null)
            {
                Array.Copy(Values, at + 1, Values, at, Count - at);
                Values[Count] = default!;
                return;
            }

            Array.Copy(Children, at + 1, Children, at, Count - at);
            Children[Count] = null!;
        }

        public Node MoveTail(int from, uint birth)
        {
            Node tail = Children == null ? new Node(birth, NewArray<TKey>(Capacity), NewArray<TValue>(Capacity), null) : Inner(birth);
            tail.AppendRange(this, from);
            Array.Clear(Keys, from, Count - from);
            if (Children == null) Array.Clear(Values, from, Count - from);
            else Array.Clear(Children, from, Count - from);
            Count = from;
            return tail;
        }

        public void Append(Node other) => AppendRange(other, 0);

        private void AppendRange(Node other, int from)
        {
            int at = Count;
            int count = other.Count - from;
            MakeRoom(at, count);
            Array.Copy(other.Keys, from, Keys, at, count);
            if (Children == null) Array.Copy(other.Values, from, Values, at, count);
            else Array.Copy(other.Children!, from, Children, at, count);
        }

        private void MakeRoom(int at, int count)
        {
            Keys = WithRoom(Keys, at, count);
            if (Children == null) Values = WithRoom(Values, at, count);
            else Children = WithRoom(Children, at, count);
            Count += count;
        }

        private static T[] NewArray<T>(int length) => GC.AllocateArray<T>(length, pinned: length == Capacity && !RuntimeHelpers.IsReferenceOrContainsReferences<T>());

        private static T[] CopyOf<T>(T[] items)
        {
            T[] copy = NewArray<T>(items.Length);
            Array.Copy(items, copy, items.Length);
            return copy;
        }

        private T[] WithRoom<T>(T[] old, int at, int count)
        {
            T[] items = old;
            if (Count + count > old.Length)
            {
                items = NewArray<T>(Math.Min(Capacity, Math.Max(Math.Max(FirstCapacity, old.Length * 2), Count + count)));
                Array.Copy(old, items, at);
            }

            Array.Copy(old, at, items, at + count, Count - at);
            return items;
        }
    }
}

/// <summary>A name, ordered by its bytes.</summary>
internal readonly record struct ByteName(byte[] Bytes) : IComparable<ByteName>
{
    /// <inheritdoc/>
    public int CompareTo(ByteName other) => Bytes.AsSpan().SequenceCompareTo(other.Bytes);
}

/// <summary>A name to be looked for.</summary>
internal readonly ref struct NameProbe(ReadOnlySpan<byte> bytes) : IComparable<ByteName>
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <inheritdoc/>
    public int CompareTo(ByteName other) => _bytes.SequenceCompareTo(other.Bytes);
}
