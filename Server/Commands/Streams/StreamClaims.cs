using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// XREADGROUP's CLAIM: what anybody of the group has had pending for too long comes before what is new, longest idle first, and is the reader's from then
// on. The group keeps deliveries by time, so only what is taken over is looked at: O(log n) each. Entries that were deleted from the stream meanwhile fall
// out of the list, as they do when XCLAIM or XAUTOCLAIM come across them; they would be looked at again each time otherwise.

/// <summary>Takes over entries that have been pending for long.</summary>
internal static class StreamClaims
{
    /// <summary>The entries that have been idle for so long, of so many at most, longest idle first; null when there are none. O(m log n) for m.</summary>
    internal static List<StreamId>? Overdue(Client client, ref StreamRef stream, ConsumerGroup group, long minIdleMs, long count)
    {
        var latest = client.Server.Clock.NowMs - minIdleMs;
        if (group.OldestDeliveryMs > latest) return null;
        List<StreamId>? overdue = null;
        for (var at = DeliveryTime.Start; group.TryNextDelivery(ref at) && at.Ms <= latest;)
        {
            if (!stream.Log.Contains(at.Id))
            {
                StreamPendingCommands.Forget(client, ref stream, group, at.Id);
                continue;
            }

            (overdue ??= []).Add(at.Id);
            if (overdue.Count == count) break;
        }

        return overdue;
    }

    /// <summary>Replies entries that are overdue, each with how long it was idle and how often it was delivered, and gives them to the consumer.</summary>
    internal static void ReplyAndClaim(Client client, in StreamRef stream, ConsumerGroup group, Consumer consumer, List<StreamId> overdue, ref ReadBudget budget)
    {
        var now = client.Server.Clock.NowMs;
        foreach (var id in overdue)
        {
            if (!budget.HasRoom(client.Reply)) break;
            group.TryGetPending(id, out var entry);
            var cursor = stream.Log.Read(id, id);
            cursor.MoveNext();
            client.Reply.StreamDelivery(ref cursor, Math.Max(0, now - entry.DeliveredMs), entry.Deliveries);
            group.Deliver(id, consumer, now, entry.Deliveries + 1);
            StreamEffects.PropagatePending(client, stream.Key, group, id);
            budget.Take();
        }

        consumer.ActiveMs = now;
    }

    /// <summary>When the group's next entry will have been idle for so long, in Unix milliseconds; the greatest number when that is never.</summary>
    internal static long NextDueMs(ConsumerGroup group, long minIdleMs)
    {
        var oldest = group.OldestDeliveryMs;
        return oldest > long.MaxValue - minIdleMs ? long.MaxValue : oldest + minIdleMs;
    }
}
