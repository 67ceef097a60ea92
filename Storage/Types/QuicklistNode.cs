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

    /// <summary>The length of the listpack, or of the text.</summary>
    public int Bytes;

    /// <summary>The elements in it, one at least.</summary>
    public int Count;

    /// <summary>A run, or an object for an array.</summary>
    public ItemKind Kind;

    /// <summary>What the bytes are.</summary>
    public NodeForm Form;

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

    /// <summary>Its bytes, which are written only while no fork sees them.</summary>
    public readonly Span<byte> Span(PageStore pages) =>
        Kind == ItemKind.Run ? pages.Runs.Bytes(Id, Bytes) : pages.Objects.Array(Id).AsSpan(0, Bytes);

    /// <summary>How many bytes there is room for.</summary>
    public readonly int Capacity(PageStore pages) => Kind == ItemKind.Run ? pages.Runs.CapacityOf(Id) : pages.Objects.Array(Id).Length;
}

// A node that grows at an end gets half as much again, up to the size of a usual full node, so that filling one costs O(1) per byte; one that has been
// filled fits its run well. A node that has shrunk to a quarter of its run moves to a smaller one.

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
        int oldLength = _node.Bytes;
        int newLength = checked(oldLength - removed + inserted);
        _list.NoteBytes(newLength - oldLength);
        int capacity = _node.Capacity(pages);
        bool isKept = newLength <= capacity && (newLength >= capacity / 4 || capacity <= SmallestRun);
        if (!isKept || !pages.TryMakePrivate(_node.Kind, _node.Id, _list.Reach))
            return Replace(offset, removed, inserted, newLength);
        _node.Bytes = Math.Max(oldLength, newLength);
        Span<byte> bytes = _node.Span(pages);
        if (removed != inserted)
            bytes[(offset + removed)..oldLength].CopyTo(bytes[(offset + inserted)..]);
        _node.Bytes = newLength;
        return bytes[..newLength];
    }

    private Span<byte> Replace(int offset, int removed, int inserted, int newLength)
    {
        PageStore pages = _list.Pages;
        QuicklistNode old = _node;
        int wanted = inserted > removed && newLength < UsualBytes ? Math.Min(UsualBytes, newLength + newLength / 2) : newLength;
        _node = QuicklistNode.Allocate(pages, newLength, wanted);
        _node.Form = old.Form;
        _node.Count = old.Count;
        Span<byte> from = old.Span(pages);
        Span<byte> to = _node.Span(pages);
        from[..offset].CopyTo(to);
        from[(offset + removed)..].CopyTo(to[(offset + inserted)..]);
        pages.Retire(old.Kind, old.Id, _list.Reach);
        return to;
    }
}
