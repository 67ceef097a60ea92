namespace KestrelFree.Storage;

// How far a consumer group has read, in entries.
//
// A group counts what it reads, and a stream what it was ever given, so that the lag is a subtraction. Deletions in the middle (tombstones)
// spoil that: how many of those ahead are gone is not known, and then neither is the lag, until the group has come past them. Trimming spoils
// nothing: it only moves the first entry. A group whose count is not known gets one where the position tells it: before the first entry, at it,
// and at the last.

/// <summary>Counts what consumer groups have read and have yet to read. All O(1).</summary>
public static class StreamProgress
{
    /// <summary>Notes that a group is given the next entry of a stream.</summary>
    internal static void Advance(StreamLog log, ConsumerGroup group, StreamId id)
    {
        if (group.EntriesRead != ConsumerGroup.UnknownEntriesRead && group.LastId >= log.FirstId && !HasTombstoneFrom(log, group.LastId))
            group.EntriesRead++;
        else if (log.EntriesAdded != 0)
            group.EntriesRead = EntriesUpTo(log, id);
        group.LastId = id;
    }

    /// <summary>How many entries a group has yet to read; null when that is not known.</summary>
    public static long? Lag(StreamLog log, ConsumerGroup group)
    {
        if (log.EntriesAdded == 0 || log.Length == 0) return 0;
        if (group.LastId < log.FirstId && log.MaxDeletedId < log.FirstId) return log.Length;
        if (group.EntriesRead != ConsumerGroup.UnknownEntriesRead && !HasTombstoneFrom(log, group.LastId))
            return log.EntriesAdded - group.EntriesRead;
        long read = EntriesUpTo(log, group.LastId);
        return read == ConsumerGroup.UnknownEntriesRead ? null : log.EntriesAdded - read;
    }

    /// <summary>How many entries were ever added up to an id; <see cref="ConsumerGroup.UnknownEntriesRead"/> when that is not known.</summary>
    public static long EntriesUpTo(StreamLog log, StreamId id)
    {
        if (log.EntriesAdded == 0) return 0;
        if (id == log.LastId || (log.Length == 0 && id < log.LastId)) return log.EntriesAdded;
        if (id > log.LastId || (log.MaxDeletedId != StreamId.Min && log.MaxDeletedId >= log.FirstId))
            return ConsumerGroup.UnknownEntriesRead;
        if (id < log.FirstId) return log.EntriesAdded - log.Length;
        return id == log.FirstId ? log.EntriesAdded - log.Length + 1 : ConsumerGroup.UnknownEntriesRead;
    }

    private static bool HasTombstoneFrom(StreamLog log, StreamId start) =>
        log.Length != 0 && log.MaxDeletedId != StreamId.Min && log.FirstId <= log.MaxDeletedId && start <= log.MaxDeletedId;
}
