using KestrelFree.Protocol;

namespace KestrelFree.Server.Commands;

// How much XREAD and XREADGROUP may reply. COUNT is a limit of each stream; MAXCOUNT and MAXSIZE are limits of the whole reply, in entries and in bytes
// as they are sent, but for the lengths of the lists, which are known last. The size is looked at before an entry, not estimated for it: a reply ends
// behind the entry that reaches the size, and one entry is replied however long it is, or a reader could not get past it. What does not fit is neither
// delivered nor left out of a history: it is still there for the next read, and so are the streams behind, of which not even the name is replied.

/// <summary>Counts the entries of a reply against its limits.</summary>
internal struct ReadBudget(long countOfStream, long maxCount, long maxSize)
{
    /// <summary>No limit.</summary>
    internal const long Unlimited = long.MaxValue;

    private long _replied;

    // Where the reply would begin if lengths of lists took no room.
    private long _start;

    /// <summary>How many entries of the present stream were replied.</summary>
    internal long RepliedOfStream { get; private set; }

    /// <summary>How many further entries of the present stream there may be.</summary>
    internal readonly long Left => Math.Min(countOfStream - RepliedOfStream, maxCount - _replied);

    /// <summary>Turns to the next stream.</summary>
    internal void BeginStream() => RepliedOfStream = 0;

    /// <summary>Notes that the first stream's part of the reply begins here.</summary>
    internal void BeginReply(ReplyWriter reply) => _start = reply.Buffer.Mark().Position;

    /// <summary>Begins the list of the present stream's entries.</summary>
    internal DeferredLength BeginEntries(ReplyWriter reply)
    {
        var position = reply.Buffer.Mark().Position;
        var length = reply.BeginDeferred();
        _start += reply.Buffer.Mark().Position - position;
        return length;
    }

    /// <summary>Ends the list of the present stream's entries.</summary>
    internal void EndEntries(ReplyWriter reply, DeferredLength length)
    {
        var position = reply.Buffer.Mark().Position;
        reply.EndDeferredArray(length, RepliedOfStream);
        _start += reply.Buffer.Mark().Position - position;
    }

    /// <summary>Whether there may be no further stream.</summary>
    internal readonly bool IsSpent(ReplyWriter reply) => _replied >= maxCount || IsLong(reply);

    /// <summary>Whether there may be a further entry of the present stream. Its name alone does not keep its first entry out.</summary>
    internal readonly bool HasRoom(ReplyWriter reply) => Left > 0 && (RepliedOfStream == 0 || !IsLong(reply));

    /// <summary>Notes that an entry of the present stream was replied.</summary>
    internal void Take()
    {
        _replied++;
        RepliedOfStream++;
    }

    private readonly bool IsLong(ReplyWriter reply) => maxSize != Unlimited && _replied > 0 && reply.Buffer.Mark().Position - _start >= maxSize;
}
