using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

/// <summary>
/// Where one listpack of a stream is, and how many entries it has. Lies in the leaves of the stream's tree, and is changed by putting another
/// there.
/// </summary>
internal struct StreamNode
{
    /// <summary>The id that those of the entries count from.</summary>
    public StreamId MasterId;

    /// <summary>The run, or the slot of the array.</summary>
    public uint Id;

    /// <summary>The bytes of the listpack.</summary>
    public int Length;

    /// <summary>How many bytes there is room for.</summary>
    public int Capacity;

    /// <summary>The entries that are not deleted.</summary>
    public int Live;

    /// <summary>A run, or an object for an array: what is larger than any run.</summary>
    public readonly ItemKind Kind => Capacity > SizeClasses.MaxBytes ? ItemKind.Object : ItemKind.Run;

    /// <summary>A node whose bytes are anything, with room for so many.</summary>
    public static StreamNode Allocate(PageStore pages, StreamId masterId, int length, int capacity)
    {
        var node = new StreamNode { MasterId = masterId, Length = length };
        if (capacity > SizeClasses.MaxBytes)
        {
            byte[] array = pages.Arrays.Take(capacity);
            node.Id = pages.Objects.Allocate(array, pages.Forks.Current);
            node.Capacity = array.Length;
        }
        else
        {
            node.Id = pages.Runs.Allocate(capacity, pages.Forks.Current);
            node.Capacity = pages.Runs.CapacityOf(node.Id);
        }

        return node;
    }

    /// <summary>A node with a copy of a listpack.</summary>
    public static StreamNode Create(PageStore pages, StreamId masterId, scoped ReadOnlySpan<byte> listpack)
    {
        StreamNode node = Allocate(pages, masterId, listpack.Length, listpack.Length);
        listpack.CopyTo(node.Span(pages));
        node.Live = (int)node.Read(pages).Live;
        return node;
    }

    /// <summary>Its bytes; written only while no fork sees them.</summary>
    public readonly Span<byte> Span(PageStore pages) =>
        Kind == ItemKind.Run ? pages.Runs.Bytes(Id, Length) : pages.Objects.Array(Id).AsSpan(0, Length);

    /// <summary>Its listpack, to be read until it is written to.</summary>
    public readonly StreamListpack Read(PageStore pages) => new(MasterId, Span(pages));
}

// While a node is a stream's last it has room: as much as its predecessor came to, and then twice as much each time. When the next begins, it
// moves to the run that fits it, if that is another one: most nodes of a stream are about as long as the one before, and stay where they are.

/// <summary>Edits the listpack of a node; what comes of the node is to be put back into the stream's tree.</summary>
internal readonly ref struct StreamNodeEdit : IPackedBytes
{
    // An array that nothing is appended to may keep an eighth of its bytes as room.
    private const int MaxSlackShare = 8;

    private readonly PageStore _pages;
    private readonly Reach _reach;
    private readonly ref StreamNode _node;

    public StreamNodeEdit(PageStore pages, Reach reach, ref StreamNode node)
    {
        _pages = pages;
        _reach = reach;
        _node = ref node;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes => _node.Span(_pages);

    private StreamListpack Content => _node.Read(_pages);

    /// <summary>A node without entries whose master has the fields of a request's field-value pairs, with room for so many bytes.</summary>
    public static StreamNode Create(PageStore pages, Reach reach, StreamId masterId, in ArgVector pairs, int room)
    {
        int length = Listpack.EmptyBytes;
        StreamNode node = StreamNode.Allocate(pages, masterId, length, Math.Max(room, length));
        Listpack.Empty.CopyTo(node.Span(pages));
        var edit = new StreamNodeEdit(pages, reach, ref node);
        ListpackEdits.Append(ref edit, 0L, 0L);
        ListpackEdits.Append(ref edit, (long)pairs.Count / 2);
        for (int i = 0; i < pairs.Count; i += 2)
            ListpackEdits.Append(ref edit, pairs[i]);
        ListpackEdits.Append(ref edit, 0L);
        return node;
    }

    /// <summary>Puts an entry behind the last. O(its bytes), amortised.</summary>
    public void Append(StreamId id, in ArgVector pairs)
    {
        StreamNodeEdit edit = this;
        ListpackEdits.Replace(ref edit, Listpack.HeaderBytes, ++_node.Live);
        bool isSame = Content.HasFieldsOf(pairs);
        int elements = StreamListpack.FixedElements + (isSame ? pairs.Count / 2 : 1 + pairs.Count);
        int at = Listpack.EndOffset(Bytes);
        int bytes = EntryBytes(id, pairs, isSame, elements);
        Span<byte> room = ListpackEdits.Splice(ref edit, at, 0, bytes, elements + 1)[at..];
        room = Put(room, isSame ? StreamListpack.SameFields : 0);
        room = Put(room, unchecked((long)(id.Ms - _node.MasterId.Ms)));
        room = Put(room, unchecked((long)(id.Seq - _node.MasterId.Seq)));
        if (!isSame) room = Put(room, (long)pairs.Count / 2);
        for (int i = isSame ? 1 : 0; i < pairs.Count; i += isSame ? 2 : 1)
            room = room[new ListpackValue(pairs[i]).WriteTo(room)..];
        Put(room, elements);
    }

    /// <summary>Nothing will be appended: gives room back that is left over, if a smaller run does.</summary>
    public void Seal()
    {
        bool isTight = _node.Kind == ItemKind.Run
            ? SizeClasses.BytesOf(SizeClasses.ClassOf(_node.Length)) == _node.Capacity
            : _node.Capacity - _node.Length <= _node.Length / MaxSlackShare;
        if (!isTight && _pages.TryMakePrivate(_node.Kind, _node.Id, _reach)) Move(_node.Length);
    }

    /// <summary>Moves the bytes, which are private, to another place, with room for so many.</summary>
    public void Move(int capacity)
    {
        StreamNode old = _node;
        Replace(capacity, old.Length);
        old.Span(_pages).CopyTo(_node.Span(_pages));
        _pages.Retire(old.Kind, old.Id, _reach);
    }

    /// <summary>Flags the entry at an offset as deleted.</summary>
    public void Delete(int offset)
    {
        Flag(offset);
        NoteFlagged(1);
    }

    /// <summary>Flags the entry at an offset as deleted, which <see cref="NoteFlagged"/> counts later. No offset changes. O(1).</summary>
    public void Flag(int offset)
    {
        long flags = Listpack.Get(Bytes, offset).Integer;
        StreamNodeEdit edit = this;
        ListpackEdits.Replace(ref edit, offset, flags | StreamListpack.Deleted);
    }

    /// <summary>Counts so many entries as deleted. O(bytes), if the counts then take other room.</summary>
    public void NoteFlagged(int entries)
    {
        StreamNodeEdit edit = this;
        long dead = Content.Dead + entries;
        _node.Live -= entries;
        ListpackEdits.Replace(ref edit, Listpack.HeaderBytes, _node.Live);
        ListpackEdits.Replace(ref edit, Content.DeadOffset, dead);
    }

    /// <inheritdoc/>
    public Span<byte> Splice(int offset, int removed, int inserted)
    {
        int oldLength = _node.Length;
        int length = checked(oldLength - removed + inserted);
        if (length > _node.Capacity || !_pages.TryMakePrivate(_node.Kind, _node.Id, _reach))
            return Copy(offset, removed, inserted, length);
        _node.Length = Math.Max(oldLength, length);
        Span<byte> bytes = _node.Span(_pages);
        if (removed != inserted) bytes[(offset + removed)..oldLength].CopyTo(bytes[(offset + inserted)..]);
        _node.Length = length;
        return bytes[..length];
    }

    private Span<byte> Copy(int offset, int removed, int inserted, int length)
    {
        StreamNode old = _node;
        Replace(length <= old.Capacity ? old.Capacity : Math.Max(length, (int)Math.Min(old.Capacity * 2L, Array.MaxLength)), length);
        ReadOnlySpan<byte> from = old.Span(_pages);
        Span<byte> to = _node.Span(_pages);
        from[..offset].CopyTo(to);
        from[(offset + removed)..].CopyTo(to[(offset + inserted)..]);
        _pages.Retire(old.Kind, old.Id, _reach);
        return to;
    }

    private void Replace(int capacity, int length)
    {
        int live = _node.Live;
        _node = StreamNode.Allocate(_pages, _node.MasterId, length, capacity);
        _node.Live = live;
    }

    private static Span<byte> Put(Span<byte> room, long value) => room[ListpackElement.Write(room, value)..];

    private int EntryBytes(StreamId id, in ArgVector pairs, bool isSame, int elements)
    {
        int bytes = ListpackElement.EntryBytes(isSame ? StreamListpack.SameFields : 0L);
        bytes += ListpackElement.EntryBytes(unchecked((long)(id.Ms - _node.MasterId.Ms)));
        bytes += ListpackElement.EntryBytes(unchecked((long)(id.Seq - _node.MasterId.Seq)));
        if (!isSame) bytes += ListpackElement.EntryBytes((long)pairs.Count / 2);
        for (int i = isSame ? 1 : 0; i < pairs.Count; i += isSame ? 2 : 1)
            bytes += new ListpackValue(pairs[i]).EntryBytes;
        return bytes + ListpackElement.EntryBytes((long)elements);
    }
}
