using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// ZINTER, ZUNION, ZDIFF, their STORE forms, and ZINTERCARD; sets may take part, their members having a score of 1.
//
//     intersection   every member of the smallest is looked up in the others
//     union          every member of every one is added to a set that is built, smallest first
//     difference     either every member of the first is looked up in the others, or the others are taken out of a copy of the first:
//                    whichever has less to do
//
// What is built is sorted at the end. Where a score would not be a number, an infinity times nought or two opposite infinities added, it is 0.

/// <summary>The commands that combine sorted sets.</summary>
internal static class ZsetAlgebra
{
    private const KeySpecFlags Read = KeySpecFlags.ReadOnly | KeySpecFlags.Access;
    private const string InterComplexity = "O(n*k + m log m) for n members of the smallest of k sets and m of the result";
    private const string UnionComplexity = "O(n + m log m) for n members of all sets and m of the result";
    private const string DiffComplexity = "O(n + m log m) for n members of all sets and m of the result, or O(n*k + m log m) for n of the first of k sets";

    internal static readonly CommandSpec[] Table =
    [
        Reader("zinter", ZInter, "6.2.0", "Returns what is in all of several sorted sets.", InterComplexity),
        Reader("zunion", ZUnion, "6.2.0", "Returns what is in any of several sorted sets.", UnionComplexity),
        Reader("zdiff", ZDiff, "6.2.0", "Returns what is in the first of several sorted sets only.", DiffComplexity),
        Reader("zintercard", ZInterCard, "7.0.0", "Counts what is in all of several sorted sets, up to a limit.", "O(n*k) for n members of the smallest of k sets"),
        Storer("zinterstore", ZInterStore, "2.0.0", "Stores what is in all of several sorted sets.", InterComplexity),
        Storer("zunionstore", ZUnionStore, "2.0.0", "Stores what is in any of several sorted sets.", UnionComplexity),
        Storer("zdiffstore", ZDiffStore, "6.2.0", "Stores what is in the first of several sorted sets only.", DiffComplexity),
    ];

    private static CommandSpec Reader(string name, CommandHandler handler, string since, string summary, string complexity) => new(name, handler)
    {
        Arity = -3, Flags = ReadOnly, Categories = AclCategory.SortedSet, Since = since, Group = "sorted-set",
        Keys = [new() { Index = 1, Find = FindKeys.KeyCount, FirstKey = 1, Flags = Read }],
        Summary = summary, Complexity = complexity,
    };

    private static CommandSpec Storer(string name, CommandHandler handler, string since, string summary, string complexity) => new(name, handler)
    {
        Arity = -4, Flags = Write | DenyOom, Categories = AclCategory.SortedSet, Since = since, Group = "sorted-set",
        Keys =
        [
            KeySpec.One(1, KeySpecFlags.Overwrite | KeySpecFlags.Update),
            new() { Index = 2, Find = FindKeys.KeyCount, FirstKey = 1, Flags = Read },
        ],
        Summary = summary, Complexity = complexity,
    };

    private static void ZInter(Client client, in ArgVector args) => Reply(client, args, "zinter", ZsetOperation.Inter);

    private static void ZUnion(Client client, in ArgVector args) => Reply(client, args, "zunion", ZsetOperation.Union);

    private static void ZDiff(Client client, in ArgVector args) => Reply(client, args, "zdiff", ZsetOperation.Diff);

    private static void ZInterStore(Client client, in ArgVector args) => Store(client, args, "zinterstore", "zinterstore"u8, ZsetOperation.Inter);

    private static void ZUnionStore(Client client, in ArgVector args) => Store(client, args, "zunionstore", "zunionstore"u8, ZsetOperation.Union);

    private static void ZDiffStore(Client client, in ArgVector args) => Store(client, args, "zdiffstore", "zdiffstore"u8, ZsetOperation.Diff);

    private static void Reply(Client client, in ArgVector args, string command, ZsetOperation operation)
    {
        if (!ZsetQuery.TryParseOrReply(client, args, 1, command, operation, ZsetResult.Elements, out var query)) return;
        var built = Combine(client, args, query);
        var parts = ZsetReply.PartsFor(query.WithScores);
        ZsetReply.Header(client.Reply, built.Count, parts);
        using (var members = built.Sorted())
        {
            while (members.MoveNext()) ZsetReply.Element(client.Reply, members.Member, members.Score, parts);
        }

        built.Discard();
    }

    private static void Store(Client client, in ArgVector args, string command, ReadOnlySpan<byte> what, ZsetOperation operation)
    {
        if (!ZsetQuery.TryParseOrReply(client, args, 2, command, operation, ZsetResult.Key, out var query)) return;
        var built = Combine(client, args, query);
        built.Complete();
        ZsetReply.Store(client, args[1], built, what);
    }

    private static void ZInterCard(Client client, in ArgVector args)
    {
        if (!ZsetQuery.TryParseOrReply(client, args, 1, "zintercard", ZsetOperation.Inter, ZsetResult.Cardinality, out var query)) return;
        var sets = query.Sets;
        sets.SortByCount();
        Span<byte> scratch = stackalloc byte[ListpackValue.MaxIntegerText];
        var count = 0L;
        if (sets[0].Count > 0)
        {
            for (var elements = sets[0].Elements; (query.Limit == 0 || count < query.Limit) && elements.MoveNext();)
            {
                if (IsInOthers(sets, elements.Member.GetText(scratch))) count++;
            }
        }

        client.Reply.Integer(count);
        sets.Clear();
    }

    private static bool IsInOthers(ZsetOperands sets, ReadOnlySpan<byte> member)
    {
        for (var i = 1; i < sets.Count; i++)
        {
            if (!sets[i].TryGetScore(member, out _)) return false;
        }

        return true;
    }

    private static ZsetBuilder Combine(Client client, in ArgVector args, in ZsetQuery query)
    {
        var built = new ZsetBuilder(client.Server.Keyspace);
        if (query.Operation == ZsetOperation.Diff)
        {
            if (query.Sets[0].Count > 0 && !query.NamesFirstAgain(args)) Subtract(query.Sets, built);
        }
        else
        {
            query.Sets.SortByCount();
            if (query.Operation == ZsetOperation.Inter) Intersect(query, built);
            else Unite(query, built);
        }

        query.Sets.Clear();
        return built;
    }

    private static void Intersect(in ZsetQuery query, ZsetBuilder built)
    {
        var sets = query.Sets;
        if (sets[0].Count == 0) return;
        Span<byte> scratch = stackalloc byte[ListpackValue.MaxIntegerText];
        for (var elements = sets[0].Elements; elements.MoveNext();)
        {
            var member = elements.Member.GetText(scratch);
            var score = NumberOr0(query.Weigh(elements.Score, sets[0].Weight));
            var i = 1;
            for (; i < sets.Count && sets[i].TryGetScore(member, out var other); i++) score = query.Aggregate(score, query.Weigh(other, sets[i].Weight));
            if (i == sets.Count) built.Set(member, score);
        }
    }

    private static void Unite(in ZsetQuery query, ZsetBuilder built)
    {
        Span<byte> scratch = stackalloc byte[ListpackValue.MaxIntegerText];
        built.Expect(query.Sets[^1].Count);
        for (var i = 0; i < query.Sets.Count; i++)
        {
            var set = query.Sets[i];
            if (set.Count == 0) continue;
            for (var elements = set.Elements; elements.MoveNext();)
            {
                var member = elements.Member.GetText(scratch);
                var score = NumberOr0(query.Weigh(elements.Score, set.Weight));
                if (!built.TryAdd(member, score, out var sum)) built.Set(member, query.Aggregate(sum, score));
            }
        }
    }

    private static void Subtract(ZsetOperands sets, ZsetBuilder built)
    {
        var looksUp = sets[0].Count * sets.Count / 2 <= sets.TotalCount;
        Span<byte> scratch = stackalloc byte[ListpackValue.MaxIntegerText];
        for (var elements = sets[0].Elements; elements.MoveNext();)
        {
            var member = elements.Member.GetText(scratch);
            if (!looksUp || !IsInAnother(sets, member)) built.Set(member, elements.Score);
        }

        for (var i = 1; !looksUp && i < sets.Count; i++)
        {
            if (sets[i].Count == 0) continue;
            for (var elements = sets[i].Elements; built.Count > 0 && elements.MoveNext();) built.Forget(elements.Member.GetText(scratch));
        }
    }

    private static bool IsInAnother(ZsetOperands sets, ReadOnlySpan<byte> member)
    {
        for (var i = 1; i < sets.Count; i++)
        {
            if (sets[i].TryGetScore(member, out _)) return true;
        }

        return false;
    }

    private static double NumberOr0(double score) => double.IsNaN(score) ? 0 : score;
}
