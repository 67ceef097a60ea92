using System.Runtime.InteropServices;
using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// A list as commands see it, whatever its encoding:
//
//     ListListpack     one listpack, up to list-max-listpack-size (ListNodeLimit)
//     ListQuicklist    beyond: a Quicklist
//
// Before anything is added, the listpack's size with the text to come is compared with the limit, as Redis does: so a listpack may become a quicklist
// although it would just have held the elements. A quicklist that has lost elements becomes a listpack again once it has a single node
// of at most half the limit; the gap keeps a list that grows and shrinks about the limit from being converted each time.
//
// Every write tells of itself (Modified, once per element), and a list that has lost its last element is deleted.

/// <summary>A list, or the place where one would be. Dies with the next write to another key.</summary>
public ref struct ListRef : ICollectionRef<ListRef>
{
    private EntryRef _entry;

    /// <summary>Opens an entry that is missing or holds a list.</summary>
    public ListRef(EntryRef entry)
    {
        Invariant.Check(!entry.Exists || entry.Type == Type);
        _entry = entry;
    }

    /// <inheritdoc/>
    public static DataType Type => DataType.List;

    /// <summary>Whether there is a list. Never true for one without elements.</summary>
    public readonly bool Exists => _entry.Exists;

    /// <summary>Its key.</summary>
    public readonly ReadOnlySpan<byte> Key => _entry.Key;

    /// <summary>The number of elements. O(1).</summary>
    public readonly long Count
    {
        get
        {
            if (!_entry.Exists) return 0;
            return IsPacked ? Listpack.Count(_entry.PackedBytes) : Nodes.Count;
        }
    }

    private readonly bool IsPacked => _entry.Form == ValueForm.ListListpack;

    private readonly Quicklist Nodes => _entry.Collection<Quicklist>();

    private readonly Keyspace Keyspace => _entry.Database.Keyspace;

    private readonly ListNodeLimit Limit => new(Keyspace.Limits.ListMaxListpackSize, Keyspace.Limits.ListPlainFrom);

    /// <summary>Opens an entry that is missing or holds one.</summary>
    public static ListRef Open(EntryRef entry) => new(entry);

    /// <summary>The elements from an index on, towards an end. The list exists.</summary>
    public readonly ListElements From(long index, ListEnd towards) => new(_entry.View, index, towards);

    /// <summary>The element with an index (negative: from the tail); false if there is none. O(log n + bytes of a node).</summary>
    public readonly bool TryGet(long index, out ListpackValue value)
    {
        value = default;
        if (!_entry.Exists) return false;
        ListElements elements = From(index < 0 ? index + Count : index, ListEnd.Tail);
        if (!elements.MoveNext()) return false;
        value = elements.Current;
        return true;
    }

    /// <summary>The element at an end. The list exists. O(1).</summary>
    public readonly ListpackValue Peek(ListEnd end)
    {
        bool found = TryGet(end == ListEnd.Head ? 0 : -1, out ListpackValue value);
        Invariant.Check(found);
        return value;
    }

    /// <summary>Adds the arguments from one on, one after the other, at an end. O(n) for n arguments, O(bytes) while a listpack.</summary>
    public void Push(ListEnd end, in ArgVector args, int first)
    {
        int count = args.Count - first;
        long textBytes = 0;
        for (int i = first; i < args.Count; i++)
            textBytes += args[i].Length;
        if (TryMakeRoom(textBytes, count)) PushPacked(end, args, first);
        else PushToNodes(end, args, first);
        Signal(count);
    }

    /// <summary>Adds an element at an end.</summary>
    public void Push(ListEnd end, scoped ReadOnlySpan<byte> text)
    {
        Add(end, text);
        Signal(1);
    }

    /// <summary>Adds an element at an end that was taken from another list, which has counted the change.</summary>
    public void Receive(ListEnd end, scoped ReadOnlySpan<byte> text)
    {
        const int countedThere = 0;
        Add(end, text);
        Signal(countedThere);
    }

    /// <summary>Takes elements at an end away; there are as many. The list goes with its last element. O(n).</summary>
    public void Pop(ListEnd end, long count) => Remove(end == ListEnd.Head ? 0 : Count - count, count);

    /// <summary>The text of the element at an end, which outlives changes, until the next one is carried or taken. The list exists.</summary>
    public readonly ReadOnlySpan<byte> Carry(ListEnd end)
    {
        PackedBuffer text = Keyspace.Carried;
        text.Set(Peek(end).GetText(stackalloc byte[ListpackValue.MaxIntegerText]));
        return text.Bytes;
    }

    /// <summary>
    /// Takes the element at an end away and returns its text, which lives until the next one is taken. The list goes with its last element.
    /// </summary>
    public ReadOnlySpan<byte> Take(ListEnd end)
    {
        ReadOnlySpan<byte> text = Carry(end);
        Pop(end, 1);
        return text;
    }

    /// <summary>Moves the element at an end to an end of the same list and returns its text, which lives until the next one is taken.</summary>
    public ReadOnlySpan<byte> Rotate(ListEnd from, ListEnd to)
    {
        ReadOnlySpan<byte> text = Carry(from);
        if (Count == 1)
        {
            Signal(1);
            return text;
        }

        RemoveRange(from == ListEnd.Head ? 0 : Count - 1, 1);
        Add(to, text);
        PackIfSmall();
        Signal(1);
        return text;
    }

    /// <summary>Leaves only the elements from an index to another, both included; returns how many are gone.</summary>
    public long Trim(long first, long last)
    {
        long count = Count;
        bool isEmpty = first > last;
        long atHead = isEmpty ? count : first;
        long atTail = isEmpty ? 0 : count - last - 1;
        RemoveRange(0, atHead);
        RemoveRange(count - atHead - atTail, atTail);
        Settle(atHead + atTail);
        return atHead + atTail;
    }

    /// <summary>Puts another element in the place of the one with an index (negative: from the tail); false if there is none.</summary>
    public bool Set(long index, scoped ReadOnlySpan<byte> text)
    {
        // Whether or not there is such an element: the encoding changes before Redis looks.
        bool isPacked = TryMakeRoom(text.Length, 1);
        long count = Count;
        if (index < 0) index += count;
        if (index < 0 || index >= count) return false;
        if (isPacked)
        {
            ListpackEdits.Replace(ref _entry, Listpack.Seek(_entry.PackedBytes, index), text);
        }
        else
        {
            _entry.WritableCollection<Quicklist>().Replace(index, text, Limit);
            PackIfSmall();
        }

        Signal(1);
        return true;
    }

    /// <summary>Puts an element before or behind the first one that has a text; false if none has it. O(n).</summary>
    public bool Insert(ListInsertion where, scoped ReadOnlySpan<byte> pivot, scoped ReadOnlySpan<byte> text)
    {
        bool isPacked = TryMakeRoom(text.Length, 1);
        long index = IndexOf(pivot);
        if (index < 0) return false;
        if (isPacked)
        {
            ReadOnlySpan<byte> listpack = _entry.PackedBytes;
            int offset = Listpack.Seek(listpack, index);
            ListpackEdits.InsertBefore(ref _entry, where == ListInsertion.Before ? offset : Listpack.After(listpack, offset), text);
        }
        else if (where == ListInsertion.Before)
        {
            _entry.WritableCollection<Quicklist>().InsertBefore(index, text, Limit);
        }
        else
        {
            _entry.WritableCollection<Quicklist>().InsertAfter(index, text, Limit);
        }

        Signal(1);
        return true;
    }

    /// <summary>Takes up to so many of the elements that have a text away, the first found from an end on; returns how many. O(n).</summary>
    public long RemoveEqual(scoped ReadOnlySpan<byte> text, ListEnd from, long atMost)
    {
        long removed = IsPacked ? RemoveEqualPacked(text, from, atMost) : RemoveEqualInNodes(text, from, atMost);
        if (removed > 0) Settle(removed);
        return removed;
    }

    private void Add(ListEnd end, scoped ReadOnlySpan<byte> text)
    {
        if (!TryMakeRoom(text.Length, 1)) _entry.WritableCollection<Quicklist>().Push(end, text, Limit);
        else if (!_entry.Exists) CreatePacked(text);
        else if (end == ListEnd.Head) ListpackEdits.Prepend(ref _entry, text);
        else ListpackEdits.Append(ref _entry, text);
    }

    private readonly long IndexOf(scoped ReadOnlySpan<byte> text)
    {
        var wanted = new ListpackValue(text);
        long index = 0;
        for (ListElements elements = From(0, ListEnd.Tail); elements.MoveNext(); index++)
        {
            if (elements.Current.TextEquals(wanted)) return index;
        }

        return -1;
    }

    // False, and a quicklist, if a listpack would not hold so much more.
    private bool TryMakeRoom(long textBytes, int count)
    {
        if (_entry.Exists && !IsPacked) return false;
        ReadOnlySpan<byte> listpack = _entry.Exists ? _entry.PackedBytes : Listpack.Empty;
        int held = Listpack.Count(listpack);
        if (!Limit.IsExceededBy(listpack.Length + textBytes, (long)held + count)) return true;
        var nodes = new Quicklist(Keyspace);
        if (held > 0) nodes.Append(NodeForm.Packed, listpack, held);
        _entry.SetCollection(ValueForm.ListQuicklist, nodes);
        return false;
    }

    private void CreatePacked(scoped ReadOnlySpan<byte> text)
    {
        PackedBuffer listpack = Keyspace.Scratch;
        listpack.Set(Listpack.Empty);
        ListpackEdits.Append(ref listpack, text);
        _entry.SetPacked(ValueForm.ListListpack, listpack.Bytes);
    }

    private void PushPacked(ListEnd end, in ArgVector args, int first)
    {
        if (_entry.Exists)
        {
            PushPacked(ref _entry, end, args, first);
            return;
        }

        PackedBuffer listpack = Keyspace.Scratch;
        listpack.Set(Listpack.Empty);
        PushPacked(ref listpack, end, args, first);
        _entry.SetPacked(ValueForm.ListListpack, listpack.Bytes);
    }

    private static void PushPacked<T>(ref T target, ListEnd end, in ArgVector args, int first)
        where T : IPackedBytes, allows ref struct
    {
        int bytes = 0;
        for (int i = first; i < args.Count; i++)
            bytes += new ListpackValue(args[i]).EntryBytes;
        int offset = end == ListEnd.Head ? Listpack.HeaderBytes : Listpack.EndOffset(target.Bytes);
        Span<byte> room = ListpackEdits.Splice(ref target, offset, 0, bytes, args.Count - first).Slice(offset, bytes);
        // What is pushed last at the head comes first.
        for (int i = first; i < args.Count; i++)
        {
            var value = new ListpackValue(end == ListEnd.Head ? args[args.Count - 1 - i + first] : args[i]);
            room = room[value.WriteTo(room)..];
        }
    }

    private void PushToNodes(ListEnd end, in ArgVector args, int first)
    {
        Quicklist nodes = _entry.WritableCollection<Quicklist>();
        ListNodeLimit limit = Limit;
        for (int i = first; i < args.Count; i++)
            nodes.Push(end, args[i], limit);
    }

    private void Remove(long from, long count)
    {
        RemoveRange(from, count);
        Settle(count);
    }

    private void RemoveRange(long from, long count)
    {
        if (count == 0) return;
        // A list that goes as a whole goes with its key.
        if (count == Count) _entry.Delete();
        else if (IsPacked) ListpackEdits.DeleteRange(ref _entry, from, count);
        else _entry.WritableCollection<Quicklist>().Remove(from, count);
    }

    private long RemoveEqualPacked(scoped ReadOnlySpan<byte> text, ListEnd from, long atMost)
    {
        List<int> offsets = Keyspace.Offsets;
        FindEqual(_entry.PackedBytes, text, from, atMost, offsets);
        if (offsets.Count > 0 && offsets.Count == Count) _entry.Delete();
        else ListpackEdits.DeleteAll(ref _entry, CollectionsMarshal.AsSpan(offsets));
        return offsets.Count;
    }

    private long RemoveEqualInNodes(scoped ReadOnlySpan<byte> text, ListEnd from, long atMost)
    {
        List<int> offsets = Keyspace.Offsets;
        Quicklist nodes = _entry.WritableCollection<Quicklist>();
        byte[]? buffer = null;
        long removed = 0;
        long next = from == ListEnd.Head ? 0 : nodes.Count - 1;
        while (removed < atMost && next >= 0 && next < nodes.Count)
        {
            ref readonly QuicklistNode node = ref nodes.Find(next, out long first);
            int count = node.Count;
            FindEqual(node, nodes, text, from, atMost - removed, offsets, ref buffer);
            if (offsets.Count > 0) nodes.RemoveInNode(first, CollectionsMarshal.AsSpan(offsets));
            removed += offsets.Count;
            next = from == ListEnd.Head ? first + count - offsets.Count : first - 1;
        }

        return removed;
    }

    private static void FindEqual(
        in QuicklistNode node, Quicklist nodes, scoped ReadOnlySpan<byte> text, ListEnd from, long atMost, List<int> offsets, ref byte[]? buffer)
    {
        ReadOnlySpan<byte> bytes = ListCompression.Read(nodes.Pages, node, ref buffer);
        if (!node.IsPlain)
        {
            FindEqual(bytes, text, from, atMost, offsets);
            return;
        }

        offsets.Clear();
        if (bytes.SequenceEqual(text)) offsets.Add(0);
    }

    // The offsets of elements with a text, ascending; of those there are more of, the first found from an end on.
    private static void FindEqual(ReadOnlySpan<byte> listpack, scoped ReadOnlySpan<byte> text, ListEnd from, long atMost, List<int> offsets)
    {
        offsets.Clear();
        int offset = Listpack.Find(listpack, text);
        while (offset != Listpack.None && (from == ListEnd.Tail || offsets.Count < atMost))
        {
            offsets.Add(offset);
            offset = Listpack.Find(listpack, Listpack.Next(listpack, offset), text);
        }

        if (offsets.Count > atMost) offsets.RemoveRange(0, (int)(offsets.Count - atMost));
    }

    // After elements have been taken away. Deleting the key tells of one of them.
    private void Settle(long removed)
    {
        if (_entry.Exists && Count == 0) _entry.Delete();
        if (_entry.Exists) PackIfSmall();
        if (_entry.Exists || removed > 1) Signal(_entry.Exists ? removed : removed - 1);
    }

    private void PackIfSmall()
    {
        if (IsPacked || !Nodes.HasSingleNode) return;
        ref readonly QuicklistNode node = ref Nodes.Find(0, out _);
        if (node.IsPlain || !Limit.AllowsPacking(node.Bytes, node.Count)) return;
        PackedBuffer listpack = Keyspace.Scratch;
        listpack.Set(node.Span(Keyspace.Pages));
        _entry.SetPacked(ValueForm.ListListpack, listpack.Bytes);
    }

    private readonly void Signal(long changes) => _entry.SignalModified(changes);
}

/// <summary>On which side of another an element is inserted.</summary>
public enum ListInsertion
{
    /// <summary>Nearer to the head.</summary>
    Before,

    /// <summary>Nearer to the tail.</summary>
    After,
}
