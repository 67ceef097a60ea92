using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage.Types;

// One listpack of a stream, byte for byte Redis's:
//
//     master entry:  [live entries][deleted ones][field count][field] ... [0]
//     entry:         [flags][ms - master's][seq - master's] [value] ... [elements before this]                            when its fields are the master's
//                    [flags][ms - master's][seq - master's][field count] [field][value] ... [elements before this]        when they are not
//
// The master's id is that of the node's first entry, and stays when that one is gone: it is the node's key in the stream's tree. An entry's last element
// tells how many precede it, for going backwards; the master's is 0 and ends that. A deleted entry is only flagged, and the node goes with its last.
//
// The bytes lie in an array of the node's own. While the node is a stream's last it has room: as much as its predecessor came to, and then doubled; when the
// next begins, much of it that is left over is cut off.

/// <summary>Some hundred entries of a stream, with births: what a fork may see is copied before it is written to.</summary>
internal sealed class StreamNode : IPackedBytes
{
    /// <summary>The flag of an entry that is deleted.</summary>
    public const int Deleted = 1;

    /// <summary>The flag of an entry whose fields are the master's.</summary>
    public const int SameFields = 2;

    /// <summary>Elements of an entry besides fields and values: flags and two numbers of the id.</summary>
    public const int FixedElements = 3;

    // A sealed node may keep an eighth of its bytes as room.
    private const int MaxSlackShare = 8;

    private byte[] _bytes;
    private int _length;

    private StreamNode(StreamId masterId, uint birth, byte[] bytes)
    {
        MasterId = masterId;
        Birth = birth;
        _bytes = bytes;
        _length = bytes.Length;
    }

    /// <summary>The id that those of the entries count from.</summary>
    public StreamId MasterId { get; }

    /// <summary>The epoch in which it was made.</summary>
    public uint Birth { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>The entries that are not deleted.</summary>
    public long Live => Listpack.Get(Bytes, Listpack.HeaderBytes).Integer;

    /// <summary>The entries that are deleted and still take room.</summary>
    public long Dead => Listpack.Get(Bytes, DeadOffset).Integer;

    /// <summary>Fields of the master entry.</summary>
    public int FieldCount => (int)Listpack.Get(Bytes, FieldCountOffset).Integer;

    /// <summary>The offset of the master's first field (or of its end, when it has none).</summary>
    public int FieldsOffset => Listpack.After(Bytes, FieldCountOffset);

    /// <summary>The offset of the first entry, or of the end.</summary>
    public int FirstEntry => Skip(FieldsOffset, FieldCount + 1);

    private int DeadOffset => Listpack.After(Bytes, Listpack.HeaderBytes);

    private int FieldCountOffset => Listpack.After(Bytes, DeadOffset);

    /// <summary>A node without entries whose master has the fields of a request's field-value pairs, with room for so many bytes.</summary>
    public static StreamNode Create(StreamId masterId, uint birth, in ArgVector pairs, int room)
    {
        var node = new StreamNode(masterId, birth, new byte[Math.Max(room, Listpack.EmptyBytes)]) { _length = Listpack.EmptyBytes };
        Listpack.Empty.CopyTo(node._bytes);
        ListpackEdits.Append(ref node, 0L, 0L);
        ListpackEdits.Append(ref node, (long)pairs.Count / 2);
        for (int i = 0; i < pairs.Count; i += 2)
            ListpackEdits.Append(ref node, pairs[i]);
        ListpackEdits.Append(ref node, 0L);
        return node;
    }

    /// <summary>Makes a node of a saved listpack; false when its elements are not those of a stream's entries in the order of their ids. O(bytes).</summary>
    public static bool TryLoad(StreamId masterId, uint birth, ReadOnlySpan<byte> listpack, out StreamNode node)
    {
        node = new StreamNode(masterId, birth, []);
        if (!Listpack.IsValid(listpack) || !StreamNodeCheck.IsValid(masterId, listpack))
            return false;
        node = new StreamNode(masterId, birth, listpack.ToArray());
        return true;
    }

    /// <summary>The id of the first entry that is not deleted; there is one.</summary>
    public StreamId FirstLiveId()
    {
        int at = FirstEntry;
        StreamId id;
        while (!ReadEntry(ref at, out id))
        {
        }

        return id;
    }

    /// <summary>A node of its own with the same bytes.</summary>
    public StreamNode Copy(uint birth) => new(MasterId, birth, Bytes.ToArray());

    /// <summary>The offset so many elements on.</summary>
    public int Skip(int offset, long elements)
    {
        for (; elements > 0; elements--)
            offset = Listpack.After(Bytes, offset);
        return offset;
    }

    /// <summary>Puts an entry behind the last. O(its bytes), amortised.</summary>
    public void Append(StreamId id, in ArgVector pairs)
    {
        StreamNode node = this;
        ListpackEdits.Replace(ref node, Listpack.HeaderBytes, Live + 1);
        bool isSame = HasFieldsOf(pairs);
        int elements = FixedElements + (isSame ? pairs.Count / 2 : 1 + pairs.Count);
        int at = Listpack.EndOffset(Bytes);
        int bytes = EntryBytes(id, pairs, isSame, elements);
        Span<byte> room = ListpackEdits.Splice(ref node, at, 0, bytes, elements + 1)[at..];
        room = Put(room, isSame ? SameFields : 0);
        room = Put(room, unchecked((long)(id.Ms - MasterId.Ms)));
        room = Put(room, unchecked((long)(id.Seq - MasterId.Seq)));
        if (!isSame)
            room = Put(room, (long)pairs.Count / 2);
        for (int i = isSame ? 1 : 0; i < pairs.Count; i += isSame ? 2 : 1)
            room = room[new ListpackValue(pairs[i]).WriteTo(room)..];
        Put(room, elements);
    }

    /// <summary>Nothing will be appended: gives much room that is left over back.</summary>
    public void Seal()
    {
        if (_bytes.Length - _length > _length / MaxSlackShare)
            _bytes = Bytes.ToArray();
    }

    /// <summary>The id of the last entry, deleted or not. O(its elements).</summary>
    public StreamId LastId()
    {
        int at = Listpack.Last(Bytes);
        for (long elements = Listpack.Get(Bytes, at).Integer; elements > 0; elements--)
            at = Listpack.Previous(Bytes, at);
        ReadEntry(ref at, out StreamId id);
        return id;
    }

    /// <summary>Reads the entry at an offset, which goes on to the next one; false if it is deleted. O(its elements).</summary>
    public bool ReadEntry(ref int offset, out StreamId id)
    {
        long flags = TakeInteger(ref offset);
        ulong ms = unchecked(MasterId.Ms + (ulong)TakeInteger(ref offset));
        id = new StreamId(ms, unchecked(MasterId.Seq + (ulong)TakeInteger(ref offset)));
        long elements = (flags & SameFields) != 0 ? FieldCount : 2 * TakeInteger(ref offset);
        offset = Skip(offset, elements + 1);
        return (flags & Deleted) == 0;
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
        StreamNode node = this;
        ListpackEdits.Replace(ref node, offset, flags | Deleted);
    }

    /// <summary>Counts so many entries as deleted. O(bytes), if the counts then take other room.</summary>
    public void NoteFlagged(long entries)
    {
        StreamNode node = this;
        long dead = Dead + entries;
        ListpackEdits.Replace(ref node, Listpack.HeaderBytes, Live - entries);
        ListpackEdits.Replace(ref node, DeadOffset, dead);
    }

    /// <inheritdoc/>
    public Span<byte> Splice(int offset, int removed, int inserted)
    {
        int length = checked(_length - removed + inserted);
        if (length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(length, (int)Math.Min((long)_bytes.Length * 2, Array.MaxLength)));
        if (removed != inserted)
            _bytes.AsSpan((offset + removed).._length).CopyTo(_bytes.AsSpan(offset + inserted));
        _length = length;
        return _bytes.AsSpan(0, length);
    }

    private long TakeInteger(ref int offset)
    {
        long integer = ListpackElement.Read(Bytes, offset, out int bytes).Integer;
        offset += bytes;
        return integer;
    }

    private static Span<byte> Put(Span<byte> room, long value) => room[new ListpackValue(value).WriteTo(room)..];

    private static int EntryBytes(StreamId id, StreamId masterId, bool isSame, int pairs, int elements)
    {
        int bytes = new ListpackValue(isSame ? SameFields : 0L).EntryBytes;
        bytes += new ListpackValue(unchecked((long)(id.Ms - masterId.Ms))).EntryBytes;
        bytes += new ListpackValue(unchecked((long)(id.Seq - masterId.Seq))).EntryBytes;
        if (!isSame)
            bytes += new ListpackValue((long)pairs).EntryBytes;
        return bytes + new ListpackValue((long)elements).EntryBytes;
    }

    private int EntryBytes(StreamId id, in ArgVector pairs, bool isSame, int elements)
    {
        int bytes = EntryBytes(id, MasterId, isSame, pairs.Count / 2, elements);
        for (int i = isSame ? 1 : 0; i < pairs.Count; i += isSame ? 2 : 1)
            bytes += new ListpackValue(pairs[i]).EntryBytes;
        return bytes;
    }

    private bool HasFieldsOf(in ArgVector pairs)
    {
        if (FieldCount != pairs.Count / 2)
            return false;
        int offset = FieldsOffset;
        for (int i = 0; i < pairs.Count; i += 2)
        {
            if (!Listpack.Get(Bytes, offset).TextEquals(pairs[i]))
                return false;
            offset = Listpack.After(Bytes, offset);
        }

        return true;
    }
}
