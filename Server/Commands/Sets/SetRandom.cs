using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Server.Commands;

// SRANDMEMBER key [count] and SPOP key [count]
//
// Draws: one by one from large sets, by one pass (FairSelection) where a good part of the set is asked for. When SPOP is to leave less than a
// fifth of the set, it is the remaining members that are put into a new one, which may be packed again.

/// <summary>SRANDMEMBER and SPOP.</summary>
internal static class SetRandom
{
    private const int DrawUpToFraction = 3;
    private const int KeepBelowFraction = 5;

    /// <summary>SRANDMEMBER.</summary>
    internal static void SRandMember(Client client, in ArgVector args)
    {
        if (args.Count > 3)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (args.Count == 2)
        {
            if (!CollectionKeys.TryReadOrReply(client, args[1], out SetRef set)) return;
            if (set.TryGetRandom(out var member)) client.Reply.Element(member);
            else client.Reply.Null();
            return;
        }

        if (!ArgumentParsing.TrySymmetricCountOrReply(client, args[2], out var count)) return;
        if (!CollectionKeys.TryReadOrReply(client, args[1], out SetRef many)) return;
        if (count == 0 || !many.Exists) client.Reply.EmptyArray();
        else if (count < 0) ReplyDraws(client, many, -count);
        else if (count >= many.Count || many.IsPacked || count > many.Count / DrawUpToFraction) ReplySelection(client, many, Math.Min(count, many.Count));
        else ReplyDistinctDraws(client, many, count);
    }

    /// <summary>SPOP.</summary>
    internal static void SPop(Client client, in ArgVector args)
    {
        if (args.Count > 3)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (args.Count == 2)
        {
            if (!CollectionKeys.TryWriteOrReply(client, args[1], out SetRef set)) return;
            if (set.Exists) PopOne(client, args[1], ref set);
            else client.Reply.Null();
            return;
        }

        if (!ArgumentParsing.TryCountOrReply(client, args[2], out var count)) return;
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out SetRef many)) return;
        if (count == 0 || !many.Exists)
        {
            client.Reply.SetHeader(0);
            return;
        }

        PopMany(client, args[1], ref many, Math.Min(count, many.Count));
    }

    private static void PopOne(Client client, ReadOnlySpan<byte> key, ref SetRef set)
    {
        CollectionKeys.NotifyFirst(client, "spop"u8, set, set.Count - 1);
        Pop(client, key, ref set);
    }

    private static void PopMany(Client client, ReadOnlySpan<byte> key, ref SetRef set, long count)
    {
        client.Reply.SetHeader(count);
        var remaining = set.Count - count;
        CollectionKeys.NotifyFirst(client, "spop"u8, set, remaining);
        if (remaining == 0)
        {
            for (var members = set.Members; members.MoveNext();) client.Reply.Element(members.Current);
            set.Delete();
            client.Propagation.Instead(2).Argument(client.Server.Config.LazyFreeLazyServerDel ? "UNLINK"u8 : "DEL"u8).Argument(key);
        }
        else if (remaining > count / KeepBelowFraction)
        {
            for (; count > 0; count--) Pop(client, key, ref set);
        }
        else
        {
            PopAllBut(client, key, ref set, remaining);
        }
    }

    private static void Pop(Client client, ReadOnlySpan<byte> key, ref SetRef set)
    {
        set.TryGetRandom(out var member);
        ReplyPopped(client, key, member);
        set.RemoveDrawn(member);
    }

    private static void PopAllBut(Client client, ReadOnlySpan<byte> key, ref SetRef set, long remaining)
    {
        var popped = set.Count - remaining;
        var kept = client.Server.Keyspace.SetBuilder.StartLike(set);
        var selection = new FairSelection(client.Server.Keyspace, set.Count, remaining);
        for (var members = set.Members; members.MoveNext();)
        {
            if (selection.TakesNext()) kept.Add(members.Current);
            else ReplyPopped(client, key, members.Current);
        }

        set.ReplaceBy(kept, popped);
    }

    private static void ReplyPopped(Client client, ReadOnlySpan<byte> key, ListpackValue member)
    {
        client.Reply.Element(member);
        client.Propagation.Instead(3).Argument("SREM"u8).Argument(key).Argument(member.GetText(stackalloc byte[ListpackValue.MaxIntegerText]));
    }

    private static void ReplyDraws(Client client, SetRef set, long count)
    {
        client.Reply.ArrayHeader(count);
        for (; count > 0 && !client.Is(ClientFlags.CloseAsap); count--)
        {
            set.TryGetRandom(out var member);
            client.Reply.Element(member);
        }
    }

    private static void ReplySelection(Client client, SetRef set, long count)
    {
        client.Reply.ArrayHeader(count);
        var selection = new FairSelection(client.Server.Keyspace, set.Count, count);
        for (var members = set.Members; members.MoveNext();)
        {
            if (selection.TakesNext()) client.Reply.Element(members.Current);
        }
    }

    private static void ReplyDistinctDraws(Client client, SetRef set, long count)
    {
        var drawn = new DrawnElements(client.Server.Keyspace);
        client.Reply.ArrayHeader(count);
        while (drawn.Count < count)
        {
            set.TryGetRandom(out var member);
            if (drawn.Add(member)) client.Reply.Element(member);
        }
    }
}
