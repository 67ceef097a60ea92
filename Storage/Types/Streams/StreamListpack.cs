using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage.Types;

// One listpack of a stream, byte for byte Redis's:
//
//     master entry:  [live entries][deleted ones][field count][field] ... [0]
//     entry:         [flags][ms - master's][seq - master's] [value] ... [elements before this]
//                    [flags][ms - master's][seq - master's][field count] [field][value] ... [elements before this]
//
// The first form is for an entry whose fields are the master's.
//
// The master's id is that of the node's first entry, and stays when that one is gone: it is the node's key in the stream's tree. An entry's last
// element tells how many precede it, for going backwards; the master's is 0 and ends that. A deleted entry is only flagged, and the node goes
// with its last.

/// <summary>Reads a listpack of a stream. It must not be written to meanwhile.</summary>
internal readonly ref struct StreamListpack(StreamId masterId, ReadOnlySpan<byte> bytes)
{
    /// <summary>The flag of an entry that is deleted.</summary>
    public const int Deleted = 1;

    /// <summary>The flag of an entry whose fields are the master's.</summary>
    public const int SameFields = 2;

    /// <summary>Elements of an entry besides fields and values: flags and two numbers of the id.</summary>
    public const int FixedElements = 3;

    /// <summary>The id that those of the entries count from.</summary>
    public StreamId MasterId { get; } = masterId;

    /// <summary>The listpack.</summary>
    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>The entries that are not deleted.</summary>
    public long Live => Listpack.Get(Bytes, Listpack.HeaderBytes).Integer;

    /// <summary>The entries that are deleted and still take room.</summary>
    public long Dead => Listpack.Get(Bytes, DeadOffset).Integer;

    /// <summary>Fields of the master entry.</summary>
    public int FieldCount => (int)Listpack.Get(Bytes, FieldCountOffset).Integer;

    /// <summary>The offset of the number of deleted entries.</summary>
    public int DeadOffset => Listpack.After(Bytes, Listpack.HeaderBytes);

    /// <summary>The offset of the master's first field (or of its end, when it has none).</summary>
    public int FieldsOffset => Listpack.After(Bytes, FieldCountOffset);

    /// <summary>The offset of the first entry, or of the end.</summary>
    public int FirstEntry => Skip(FieldsOffset, FieldCount + 1);

    private int FieldCountOffset => Listpack.After(Bytes, DeadOffset);

    /// <summary>The offset so many elements on.</summary>
    public int Skip(int offset, long elements)
    {
        for (; elements > 0; elements--)
            offset = Listpack.After(Bytes, offset);
        return offset;
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

    /// <summary>Whether the fields of a request's field-value pairs are the master's. O(their bytes).</summary>
    public bool HasFieldsOf(in ArgVector pairs)
    {
        if (FieldCount != pairs.Count / 2) return false;
        int offset = FieldsOffset;
        for (int i = 0; i < pairs.Count; i += 2)
        {
            if (!Listpack.Get(Bytes, offset).TextEquals(pairs[i])) return false;
            offset = Listpack.After(Bytes, offset);
        }

        return true;
    }

    private long TakeInteger(ref int offset)
    {
        long integer = ListpackElement.Read(Bytes, offset, out int bytes).Integer;
        offset += bytes;
        return integer;
    }
}
