using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>
/// A list that no key holds yet: what SORT stores, or what is read from a file or a payload. It begins as a listpack and becomes a sequence of
/// them as a stored list does (see <see cref="ListRef"/>); what is one listpack in the end is stored as one, up to list-max-listpack-size.
/// </summary>
public sealed class ListBuilder(Keyspace keyspace)
{
    private PackedBuffer _packed = new(Listpack.Empty);
    private int _packedCount;
    private Quicklist? _nodes;

    private ListNodeLimit Limit => new(keyspace.Limits.ListMaxListpackSize, keyspace.Limits.ListPlainFrom);

    /// <summary>The number of elements. O(1).</summary>
    public long Count => _nodes?.Count ?? _packedCount;

    /// <summary>Adds an element at the tail.</summary>
    public void Add(scoped ReadOnlySpan<byte> text)
    {
        if (_nodes == null && !HasRoom(text.Length)) BecomeNodes();
        if (_nodes != null)
        {
            _nodes.Push(ListEnd.Tail, text, Limit);
            return;
        }

        ListpackEdits.Append(ref _packed, text);
        _packedCount++;
    }

    /// <summary>Adds a node as it is, with a copy of its bytes: a valid listpack of so many elements, or the text of a single one.</summary>
    internal void AddNode(NodeForm form, scoped ReadOnlySpan<byte> bytes, int count)
    {
        if (_nodes == null) BecomeNodes();
        _nodes!.Append(form, bytes, count);
    }

    /// <summary>
    /// Makes it the value of a key that was looked up for writing, which then does not expire, and is empty again. It has elements.
    /// </summary>
    /// <param name="entry">The key.</param>
    public void StoreIn(EntryRef entry)
    {
        long count = Count;
        Quicklist? nodes = Take(out ReadOnlySpan<byte> packed);
        if (nodes == null) entry.SetPacked(ValueForm.ListListpack, packed, Expiry.None);
        else entry.SetCollection(ValueForm.ListQuicklist, nodes, Expiry.None);
        entry.SignalModified(count);
    }

    /// <summary>Hands the list over and is empty again: a sequence of nodes, or null and a listpack that lives until something is added.</summary>
    internal Quicklist? Take(out ReadOnlySpan<byte> packed)
    {
        Settle();
        Quicklist? nodes = _nodes;
        _nodes = null;
        _packedCount = 0;
        packed = _packed.Bytes;
        _packed = new PackedBuffer(Listpack.Empty);
        return nodes;
    }

    /// <summary>Lets go of the elements.</summary>
    public void Discard()
    {
        if (_nodes != null) keyspace.Pages.Discarded.Add(_nodes, default);
        _nodes = null;
        _packedCount = 0;
        _packed.Set(Listpack.Empty);
    }

    private bool HasRoom(int textBytes)
    {
        ListNodeLimit limit = Limit;
        if (_packedCount == 0) return !limit.IsPlain(textBytes);
        var node = new QuicklistNode { Bytes = _packed.Bytes.Length, Count = _packedCount, Form = NodeForm.Packed };
        return limit.HasRoom(node, textBytes);
    }

    private void BecomeNodes()
    {
        _nodes = new Quicklist(keyspace);
        if (_packedCount > 0) _nodes.Append(NodeForm.Packed, _packed.Bytes, _packedCount);
    }

    // A single listpack within the limit is packed, anything else is a sequence of nodes.
    private void Settle()
    {
        if (_nodes == null)
        {
            if (!Limit.AllowsPackingNew(_packed.Bytes.Length, _packedCount)) BecomeNodes();
            return;
        }

        if (!_nodes.HasSingleNode) return;
        ref readonly QuicklistNode node = ref _nodes.Find(0, out _);
        if (node.IsPlain || !Limit.AllowsPackingNew(node.Bytes, node.Count)) return;
        _packed.Set(node.Span(keyspace.Pages));
        keyspace.Pages.Discarded.Add(_nodes, default);
        _nodes = null;
    }
}
