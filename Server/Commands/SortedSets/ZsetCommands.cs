using System.Buffers;
using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>
/// The commands on single members of sorted sets. Ranges are in <see cref="ZsetRangeCommands"/>, pops in <see cref="ZsetPopCommands"/>.
/// </summary>
internal static class ZsetCommands
{
    private const int ScoresOnStack = 32;

    internal static readonly CommandSpec[] Table =
    [
        new("zadd", ZAdd)
        {
            Arity = -4, Flags = Write | DenyOom | Fast, Categories = AclCategory.SortedSet, Since = "1.2.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Update)],
            Summary = "Adds members to a sorted set, or changes their scores.", Complexity = "O(log n) for each member, n being those of the set",
        },
        new("zincrby", ZIncrBy)
        {
            Arity = 4, Flags = Write | DenyOom | Fast, Categories = AclCategory.SortedSet, Since = "1.2.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Access | KeySpecFlags.Update)],
            Summary = "Adds a number to the score of a member of a sorted set, 0 when it is missing.", Complexity = "O(log n) for n members of the set",
        },
        new("zrem", ZRem)
        {
            Arity = -3, Flags = Write | Fast, Categories = AclCategory.SortedSet, Since = "1.2.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadWrite | KeySpecFlags.Delete)],
            Summary = "Takes members out of a sorted set, and the set with its last one.", Complexity = "O(m log n) for m of n members",
        },
        new("zscore", ZScore)
        {
            Arity = 3, Flags = ReadOnly | Fast, Categories = AclCategory.SortedSet, Since = "1.2.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns the score of a member of a sorted set.", Complexity = "O(1)",
        },
        new("zmscore", ZMScore)
        {
            Arity = -3, Flags = ReadOnly | Fast, Categories = AclCategory.SortedSet, Since = "6.2.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Returns the scores of several members of a sorted set.", Complexity = "O(m) for m members",
        },
        new("zcard", ZCard)
        {
            Arity = 2, Flags = ReadOnly | Fast, Categories = AclCategory.SortedSet, Since = "1.2.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly)],
            Summary = "Counts the members of a sorted set.", Complexity = "O(1)",
        },
        new("zrank", ZRank)
        {
            Arity = -3, Flags = ReadOnly | Fast, Categories = AclCategory.SortedSet, Since = "2.0.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Tells how many members of a sorted set come before one.", Complexity = "O(log n)",
        },
        new("zrevrank", ZRevRank)
        {
            Arity = -3, Flags = ReadOnly | Fast, Categories = AclCategory.SortedSet, Since = "2.0.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Summary = "Tells how many members of a sorted set come behind one.", Complexity = "O(log n)",
        },
        new("zrandmember", ZsetRandom.ZRandMember)
        {
            Arity = -2, Flags = ReadOnly, Categories = AclCategory.SortedSet, Since = "6.2.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output"],
            Summary = "Returns members of a sorted set drawn at random.", Complexity = "O(m log n) for m of n members returned",
        },
        new("zscan", CollectionScan.ZScan)
        {
            Arity = -3, Flags = ReadOnly, Categories = AclCategory.SortedSet, Since = "2.8.0", Group = "sorted-set",
            Keys = [KeySpec.One(1, KeySpecFlags.ReadOnly | KeySpecFlags.Access)],
            Tips = ["nondeterministic_output"],
            Summary = "Returns the members of a sorted set and their scores in portions.", Complexity = "O(1) for each portion, O(n) for the whole set",
        },
    ];

    private static void ZAdd(Client client, in ArgVector args) => Add(client, args, ZsetRules.None);

    // As in Redis it takes the options of ZADD where its increment belongs.
    private static void ZIncrBy(Client client, in ArgVector args) => Add(client, args, ZsetRules.Increment);

    private static void Add(Client client, in ArgVector args, ZsetRules rules)
    {
        var options = new ZAddOptions { Rules = rules };
        if (options.TryParseOrReply(client, args)) Add(client, args, options);
    }

    // All scores are read before anything is added: the command happens whole or not at all.
    private static void Add(Client client, in ArgVector args, in ZAddOptions options)
    {
        var rented = options.Pairs > ScoresOnStack ? ArrayPool<double>.Shared.Rent(options.Pairs) : null;
        var scores = rented is null ? stackalloc double[ScoresOnStack] : rented;
        scores = scores[..options.Pairs];
        if (TryScoresOrReply(client, args, options.First, scores) && CollectionKeys.TryWriteOrReply(client, args[1], out ZsetRef zset))
            Add(client, args, options, scores, zset);
        if (rented is not null) ArrayPool<double>.Shared.Return(rented);
    }

    private static bool TryScoresOrReply(Client client, in ArgVector args, int first, Span<double> scores)
    {
        for (var i = 0; i < scores.Length; i++)
        {
            if (ArgumentParsing.TryDoubleOrReply(client, args[first + (i * 2)], out scores[i])) continue;
            return false;
        }

        return true;
    }

    /// <summary>Adds members with their scores, replies, and tells of it; returns how many elements are new or have another score.</summary>
    internal static int Add(Client client, in ArgVector args, in ZAddOptions options, Span<double> scores, ZsetRef zset)
    {
        int added = 0, moved = 0;
        var last = ZsetChange.Refused;
        if (zset.Exists || (options.Rules & ZsetRules.IfExists) == 0)
        {
            zset.Expect(scores.Length, args[options.MemberAt(0)].Length);
            for (var i = 0; i < scores.Length && last != ZsetChange.NotANumber; i++)
            {
                last = zset.Add(args[options.MemberAt(i)], ref scores[i], options.Rules);
                if (last == ZsetChange.Added) added++;
                else if (last == ZsetChange.Moved) moved++;
            }
        }

        var isIncrement = (options.Rules & ZsetRules.Increment) != 0;
        if (last == ZsetChange.NotANumber) client.Reply.Error("ERR resulting score is not a number (NaN)"u8);
        else if (!isIncrement) client.Reply.Integer(options.CountsMoved ? added + moved : added);
        else if (last == ZsetChange.Refused) client.Reply.Null();
        else client.Reply.Double(scores[0]);
        if (added + moved > 0) CollectionKeys.Notify(client, isIncrement ? "zincr"u8 : "zadd"u8, zset);
        return added + moved;
    }

    private static void ZRem(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryWriteOrReply(client, args[1], out ZsetRef zset)) return;
        var removed = 0;
        for (var i = 2; i < args.Count && zset.Count > 0; i++)
        {
            if (zset.Take(args[i])) removed++;
        }

        if (removed > 0)
        {
            CollectionKeys.NotifyFirst(client, "zrem"u8, zset, zset.Count);
            zset.SignalTaken(removed);
        }

        client.Reply.Integer(removed);
    }

    private static void ZScore(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) ReplyScore(client, zset, args[2]);
    }

    private static void ZMScore(Client client, in ArgVector args)
    {
        if (!CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) return;
        client.Reply.ArrayHeader(args.Count - 2);
        for (var i = 2; i < args.Count; i++) ReplyScore(client, zset, args[i]);
    }

    private static void ReplyScore(Client client, ZsetRef zset, ReadOnlySpan<byte> member)
    {
        if (zset.TryGetScore(member, out var score)) client.Reply.Double(score);
        else client.Reply.Null();
    }

    private static void ZCard(Client client, in ArgVector args)
    {
        if (CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) client.Reply.Integer(zset.Count);
    }

    private static void ZRank(Client client, in ArgVector args) => Rank(client, args, "zrank", ZsetOrder.Ascending);

    private static void ZRevRank(Client client, in ArgVector args) => Rank(client, args, "zrevrank", ZsetOrder.Descending);

    private static void Rank(Client client, in ArgVector args, string command, ZsetOrder order)
    {
        if (args.Count > 4)
        {
            client.Reply.Error($"ERR wrong number of arguments for '{command}' command");
            return;
        }

        var withScore = args.Count == 4;
        if (withScore && !args[3].Is("withscore"u8))
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (!CollectionKeys.TryReadOrReply(client, args[1], out ZsetRef zset)) return;
        if (!zset.TryGetRank(args[2], order, out var rank, out var score))
        {
            if (withScore) client.Reply.NullArray();
            else client.Reply.Null();
            return;
        }

        if (withScore) client.Reply.ArrayHeader(2);
        client.Reply.Integer(rank);
        if (withScore) client.Reply.Double(score);
    }
}
