using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// SINTER, SUNION, SDIFF, their STORE forms, and SINTERCARD.
//
//     intersection   every member of the smallest set is looked up in the others
//     union          every member of every set is added to a set that is built
//     difference     either every member of the first is looked up in the others, largest first; or the others are taken out of a copy of the first:
//                    whichever has less to do, judged as Redis judges it (a stored result has the encoding that the way there gave it)
//
// A set that is a table may be read while the result is built, since nothing is written to the keyspace before the end.

/// <summary>The commands that combine sets.</summary>
internal static class SetAlgebra
{
    internal static void SInter(Client client, in ArgVector args)
    {
        if (!TryCollectOrReply(client, args.From(1), out var sets, out var missing)) return;
        if (missing > 0)
        {
            client.Reply.SetHeader(0);
            return;
        }

        sets.SortByCount();
        var header = client.Reply.BeginDeferred();
        var count = 0L;
        for (var members = sets[0].Members; members.MoveNext();)
        {
            if (!sets.OthersAllContain(members.Current)) continue;
            client.Reply.Element(members.Current);
            count++;
        }

        client.Reply.EndDeferredSet(header, count);
        sets.Clear();
    }

    internal static void SInterCard(Client client, in ArgVector args)
    {
        if (!TryKeyCountOrReply(client, args, out var keys) || !TryLimitOrReply(client, args, keys + 2, out var limit)) return;
        if (!TryCollectOrReply(client, args.Slice(2, keys), out var sets, out var missing)) return;
        var count = 0L;
        if (missing == 0)
        {
            sets.SortByCount();
            for (var members = sets[0].Members; (limit == 0 || count < limit) && members.MoveNext();)
            {
                if (sets.OthersAllContain(members.Current)) count++;
            }
        }

        client.Reply.Integer(count);
        sets.Clear();
    }

    internal static void SInterStore(Client client, in ArgVector args)
    {
        if (!TryCollectOrReply(client, args.From(2), out var sets, out var missing)) return;
        var built = client.Server.Keyspace.SetBuilder.Start();
        if (missing == 0)
        {
            sets.SortByCount();
            built.StartCompactLike(sets[0]);
            for (var members = sets[0].Members; members.MoveNext();)
            {
                if (sets.OthersAllContain(members.Current)) built.Add(members.Current);
            }

            built.CompactIntegers();
        }

        Store(client, args[1], built, "sinterstore"u8);
        sets.Clear();
    }

    internal static void SUnion(Client client, in ArgVector args)
    {
        if (TryCollectOrReply(client, args.From(1), out var sets, out _)) ReplyBuilt(client, Union(client, sets));
    }

    internal static void SUnionStore(Client client, in ArgVector args)
    {
        if (TryCollectOrReply(client, args.From(2), out var sets, out _)) Store(client, args[1], Union(client, sets), "sunionstore"u8);
    }

    internal static void SDiff(Client client, in ArgVector args)
    {
        if (TryCollectOrReply(client, args.From(1), out var sets, out _)) ReplyBuilt(client, Difference(client, args.From(1), sets));
    }

    internal static void SDiffStore(Client client, in ArgVector args)
    {
        if (TryCollectOrReply(client, args.From(2), out var sets, out _))
            Store(client, args[1], Difference(client, args.From(2), sets), "sdiffstore"u8);
    }

    private static SetBuilder Union(Client client, SetOperands sets)
    {
        var built = client.Server.Keyspace.SetBuilder.Start();
        for (var i = 0; i < sets.Count; i++) AddAll(built, sets[i]);
        sets.Clear();
        return built;
    }

    private static SetBuilder Difference(Client client, in ArgVector keys, SetOperands sets)
    {
        var built = client.Server.Keyspace.SetBuilder.Start();
        // A missing first set leaves nothing, nor does one that is subtracted from itself.
        if (sets.Count > 0 && sets.HasFirst && !IsNamedAgain(keys))
        {
            if (LooksUp(sets)) LookUpOthers(built, sets);
            else TakeOthersOut(built, sets);
        }

        sets.Clear();
        return built;
    }

    private static bool IsNamedAgain(in ArgVector keys)
    {
        for (var i = 1; i < keys.Count; i++)
        {
            if (keys[i].SequenceEqual(keys[0])) return true;
        }

        return false;
    }

    private static bool LooksUp(SetOperands sets)
    {
        long all = 0;
        for (var i = 0; i < sets.Count; i++) all += sets[i].Count;
        return sets[0].Count * sets.Count / 2 <= all;
    }

    private static void LookUpOthers(SetBuilder built, SetOperands sets)
    {
        sets.SortOthersByCountDown();
        for (var members = sets[0].Members; members.MoveNext();)
        {
            if (!sets.AnotherContains(members.Current)) built.Add(members.Current);
        }
    }

    private static void TakeOthersOut(SetBuilder built, SetOperands sets)
    {
        AddAll(built, sets[0]);
        for (var i = 1; i < sets.Count && built.Count > 0; i++)
        {
            for (var members = sets[i].Members; members.MoveNext();) built.Remove(members.Current);
        }
    }

    private static void AddAll(SetBuilder built, SetOperand set)
    {
        for (var members = set.Members; members.MoveNext();) built.Add(members.Current);
    }

    private static void ReplyBuilt(Client client, SetBuilder built)
    {
        client.Reply.SetHeader(built.Count);
        for (var members = built.Members; members.MoveNext();) client.Reply.Element(members.Current);
        built.Discard();
    }

    private static void Store(Client client, ReadOnlySpan<byte> key, SetBuilder built, ReadOnlySpan<byte> what)
    {
        client.Reply.Integer(built.Count);
        if (built.Count > 0)
        {
            built.StoreIn(client.Database.LookupWrite(key));
            client.Server.Observer.Notify(NotifyClasses.Set, what, client.Database, key);
            return;
        }

        built.Discard();
        if (client.Database.DeleteStored(key)) client.Server.Observer.Notify(NotifyClasses.Generic, "del"u8, client.Database, key);
    }

    // Keys that are past their time go in a first round: deleting one would end the life of a set that was looked up before it.
    private static bool TryCollectOrReply(Client client, in ArgVector keys, out SetOperands sets, out int missing)
    {
        sets = client.Server.Keyspace.SetOperands;
        sets.Clear();
        missing = 0;
        for (var i = 0; i < keys.Count; i++)
        {
            if (!CollectionKeys.TryReadOrReply(client, keys[i], out SetRef set)) return false;
            if (set.Exists) continue;
            missing++;
        }

        for (var i = 0; i < keys.Count; i++) sets.Add(new SetRef(client.Database.Peek(keys[i])), i);
        return true;
    }

    private static bool TryKeyCountOrReply(Client client, in ArgVector args, out int keys)
    {
        keys = 0;
        if (!Numbers.TryParseInteger(args[1], out var count) || count <= 0)
        {
            client.Reply.Error("ERR numkeys should be greater than 0"u8);
            return false;
        }

        if (count > args.Count - 2)
        {
            client.Reply.Error("ERR Number of keys can't be greater than number of args"u8);
            return false;
        }

        keys = (int)count;
        return true;
    }

    private static bool TryLimitOrReply(Client client, in ArgVector args, int first, out long limit)
    {
        limit = 0;
        for (var i = first; i < args.Count; i++)
        {
            if (!args[i].Is("limit"u8) || i + 1 == args.Count)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            if (Numbers.TryParseInteger(args[++i], out limit) && limit >= 0) continue;
            client.Reply.Error("ERR LIMIT can't be negative"u8);
            return false;
        }

        return true;
    }
}
