using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

/// <summary>What the bytes of a node are.</summary>
internal enum NodeForm : byte
{
    /// <summary>A listpack of one element or more.</summary>
    Packed,

    /// <summary>The text of a single element.</summary>
    Plain,
}

/// <summary>One node of a large list: a few elements, and where their bytes are.</summary>
internal struct QuicklistNode
{
    /// <summary>The run or the array.</summary>
    public uint Id;

    /// <summary>The length of the listpack, or of the text, whether or not it is compressed.</summary>
    public int Bytes;

    /// <summary>Where in the run or array they begin: what is in front is room for growing at the head.</summary>
    public int Start;

    /// <summary>The elements in it, one at least.</summary>
    public int Count;

    /// <summary>How many bytes it takes compressed; 0 if it is not.</summary>
    public int CompressedBytes;

    /// <summary>A run, or an object for an array.</summary>
    public ItemKind Kind;

    /// <summary>What the bytes are.</summary>
    public NodeForm Form;

    /// <summary>Whether compressing it has been tried in vain.</summary>
    public bool IsIncompressible;

    /// <summary>Whether its bytes are compressed: to be read by <see cref="ListCompression.Read"/> only.</summary>
    public readonly bool IsCompressed => CompressedBytes != 0;

    /// <summary>How many bytes it takes, compressed or not.</summary>
    public readonly int StoredBytes => IsCompressed ? CompressedBytes : Bytes;

    /// <summary>Whether it is a single element, not in a listpack.</summary>
    public readonly bool IsPlain => Form == NodeForm.Plain;

    /// <summary>A node with a copy of these bytes.</summary>
    public static QuicklistNode Create(PageStore pages, NodeForm form, scoped ReadOnlySpan<byte> bytes, int count)
    {
        QuicklistNode node = Allocate(pages, bytes.Length, bytes.Length);
        node.Form = form;
        node.Count = count;
        bytes.CopyTo(node.Span(pages));
        return node;
    }

    /// <summary>A node with room for so many bytes.</summary>
    public static QuicklistNode Allocate(PageStore pages, int bytes, int capacity)
    {
        uint epoch = pages.Forks.Current;
        if (capacity > SizeClasses.MaxBytes)
            return new QuicklistNode { Kind = ItemKind.Object, Id = pages.Objects.Allocate(GC.AllocateUninitializedArray<byte>(capacity), epoch), Bytes = bytes };
        return new QuicklistNode { Kind = ItemKind.Run, Id = pages.Runs.Allocate(Math.Max(1, capacity), epoch), Bytes = bytes };
    }

    /// <summary>Its bytes, which are not compressed and are written only while no fork sees them.</summary>
    public readonly Span<byte> Span(PageStore pages)
    {
        Invariant.Check(!IsCompressed);
        return Stored(pages);
    }

    /// <summary>What is stored, compressed or not.</summary>
    public readonly Span<byte> Stored(PageStore pages) =>
        Kind == ItemKind.Run ? pages.Runs.Bytes(Id, Start + StoredBytes)[Start..] : pages.Objects.Array(Id).AsSpan(Start, StoredBytes);

    /// <summary>The same node, with its bytes in another place.</summary>
    public readonly QuicklistNode MovedTo(QuicklistNode place)
    {
        place.Form = Form;
        place.Count = Count;
        return place;
    }

    /// <summary>How many bytes there is room for.</summary>
    public readonly int Capacity(PageStore pages) => Kind == ItemKind.Run ? pages.Runs.CapacityOf(Id) : pages.Objects.Array(Id).Length;
}

// A node that grows at an end gets half as much again, up to the size of a usual full node, so that filling one costs O(1) per byte; one that
// has been filled fits its run well. A node that has shrunk to a quarter of its run moves to a smaller one.
//
// The room is at the end that grows. So a push or a pop at the head moves the listpack's header of six bytes and not all that follows: LPUSH of three
// bytes took 13 % more processor time than redis-server's at 16 a pipeline when it did.

/// <summary>Edits the listpack of a node whose descriptor is private to the list.</summary>
internal readonly ref struct NodeEdit : IPackedBytes
{
    private const int UsualBytes = 8192;
    private const int SmallestRun = 256;

    private readonly Quicklist _list;
    private readonly ref QuicklistNode _node;

    public NodeEdit(Quicklist list, ref QuicklistNode node)
    {
        _list = list;
        _node = ref node;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes => _node.Span(_list.Pages);

    /// <inheritdoc/>
    public Span<byte> Splice(int offset, int removed, int inserted)
    {
        PageStore pages = _list.Pages;
        int newLength = checked(_node.Bytes - removed + inserted);
        _list.NoteBytes(newLength - _node.Bytes);
        int capacity = _node.Capacity(pages);
        bool isKept = newLength <= capacity && (newLength >= capacity / 4 || capacity <= SmallestRun);
        if (!isKept || !pages.TryMakePrivate(_node.Kind, _node.Id, _list.Reach))
            return Replace(offset, removed, inserted, newLength);
        if (offset == Listpack.HeaderBytes && _node.Start + removed >= inserted) MoveHead(removed, inserted);
        else MoveTail(offset, removed, inserted, capacity);
        return _node.Span(pages);
    }

    // Everything up to the offset, which is the header, moves.
    private void MoveHead(int removed, int inserted)
    {
        PageStore pages = _list.Pages;
        Span<byte> header = stackalloc byte[Listpack.HeaderBytes];
        _node.Span(pages)[..Listpack.HeaderBytes].CopyTo(header);
        _node.Start += removed - inserted;
        _node.Bytes += inserted - removed;
        header.CopyTo(_node.Span(pages));
    }

    // Everything behind the offset moves; where there is no room behind, all of it to the front.
    private void MoveTail(int offset, int removed, int inserted, int capacity)
    {
        PageStore pages = _list.Pages;
        int oldLength = _node.Bytes;
        int newLength = oldLength - removed + inserted;
        int start = _node.Start + newLength <= capacity ? _node.Start : 0;
        int shift = _node.Start - start;
        _node.Start = start;
        _node.Bytes = Math.Max(shift + oldLength, newLength);
        Span<byte> bytes = _node.Span(pages);
        if (shift > 0) bytes.Slice(shift, offset).CopyTo(bytes);
        if (shift > 0 || removed != inserted)
            bytes[(shift + offset + removed)..(shift + oldLength)].CopyTo(bytes[(offset + inserted)..]);
        _node.Bytes = newLength;
    }

    private Span<byte> Replace(int offset, int removed, int inserted, int newLength)
    {
        PageStore pages = _list.Pages;
        QuicklistNode old = _node;
        int wanted = inserted > removed && newLength < UsualBytes ? Math.Min(UsualBytes, newLength + newLength / 2) : newLength;
        _node = old.MovedTo(QuicklistNode.Allocate(pages, newLength, wanted));
        if (offset == Listpack.HeaderBytes) _node.Start = _node.Capacity(pages) - newLength;
        Span<byte> from = old.Span(pages);
        Span<byte> to = _node.Span(pages);
        from[..offset].CopyTo(to);
        from[(offset + removed)..].CopyTo(to[(offset + inserted)..]);
        pages.Retire(old.Kind, old.Id, _list.Reach);
        return to;
    }
}
