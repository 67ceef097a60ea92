using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage.Types;

/// <summary>Judges listpacks that come from a file or a payload: whether reading them as a stream's entries can go wrong.</summary>
internal static class StreamNodeCheck
{
    /// <summary>
    /// Whether a valid listpack is a master and its entries: all counts are what is there, ids ascend from the master's on, and each entry leads
    /// back to its start. O(elements).
    /// </summary>
    public static bool IsValid(StreamId masterId, ReadOnlySpan<byte> listpack)
    {
        var reader = new ListpackReader(listpack);
        if (!TryCount(ref reader, out long live) || !TryCount(ref reader, out long dead) || !TryCount(ref reader, out long fields))
            return false;
        if (!TrySkip(ref reader, fields) || !TryInteger(ref reader, out long zero) || zero != 0 || live + dead == 0)
            return false;
        long liveLeft = live;
        StreamId? last = null;
        for (long left = live + dead; left > 0; left--)
        {
            if (!TryEntry(ref reader, masterId, fields, out StreamId id, out bool isDeleted) || id < masterId || id <= last)
                return false;
            last = id;
            liveLeft -= isDeleted ? 0 : 1;
        }

        return liveLeft == 0 && !reader.MoveNext();
    }

    private static bool TryEntry(ref ListpackReader reader, StreamId masterId, long masterFields, out StreamId id, out bool isDeleted)
    {
        id = default;
        isDeleted = false;
        if (!TryInteger(ref reader, out long flags) || !TryInteger(ref reader, out long ms) || !TryInteger(ref reader, out long seq))
            return false;
        id = new StreamId(unchecked(masterId.Ms + (ulong)ms), unchecked(masterId.Seq + (ulong)seq));
        isDeleted = (flags & StreamListpack.Deleted) != 0;
        bool isSame = (flags & StreamListpack.SameFields) != 0;
        long fields = masterFields;
        if (!isSame && !TryCount(ref reader, out fields)) return false;
        long elements = isSame ? fields : 1 + 2 * fields;
        return TrySkip(ref reader, isSame ? fields : 2 * fields) && TryInteger(ref reader, out long back) && back == StreamListpack.FixedElements + elements;
    }

    // Large counts are caught by the end of the listpack.
    private static bool TryCount(ref ListpackReader reader, out long count) => TryInteger(ref reader, out count) && count is >= 0 and <= int.MaxValue;

    private static bool TryInteger(ref ListpackReader reader, out long integer)
    {
        bool found = reader.TryRead(out ListpackValue value);
        integer = value.Integer;
        return found && value.IsInteger;
    }

    private static bool TrySkip(ref ListpackReader reader, long elements)
    {
        for (; elements > 0; elements--)
        {
            if (!reader.MoveNext()) return false;
        }

        return true;
    }
}
