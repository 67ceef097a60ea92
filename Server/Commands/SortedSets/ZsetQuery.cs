using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>How sorted sets are combined.</summary>
internal enum ZsetOperation
{
    /// <summary>What is in all.</summary>
    Inter,

    /// <summary>What is in any.</summary>
    Union,

    /// <summary>What is in the first only.</summary>
    Diff,
}

/// <summary>What becomes of a combination, and so which options there are.</summary>
internal enum ZsetResult
{
    /// <summary>It is replied: WITHSCORES.</summary>
    Elements,

    /// <summary>It is stored.</summary>
    Key,

    /// <summary>It is counted: LIMIT, and nothing that concerns scores.</summary>
    Cardinality,
}

/// <summary>What ZINTER or a relative of it combines, and how.</summary>
internal ref struct ZsetQuery
{
    private int _firstKey;
    private ZsetAggregate _aggregate;

    private enum ZsetAggregate
    {
        Sum,
        Min,
        Max,
        Count,
    }

    /// <summary>What is combined, in the order of the request.</summary>
    internal ZsetOperands Sets { get; private set; }

    /// <summary>How.</summary>
    internal ZsetOperation Operation { get; private set; }

    /// <summary>WITHSCORES.</summary>
    internal bool WithScores { get; private set; }

    /// <summary>Up to how many elements are counted; 0 for all.</summary>
    internal long Limit { get; private set; }

    /// <summary>Reads the number of keys, which is argument <paramref name="at"/>, the keys with what they hold, and the options.</summary>
    internal static bool TryParseOrReply(
        Client client, in ArgVector args, int at, string command, ZsetOperation operation, ZsetResult result, out ZsetQuery query)
    {
        query = default;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[at], out var keys)) return false;
        if (keys < 1) client.Reply.Error($"ERR at least 1 input key is needed for '{command}' command");
        else if (keys > args.Count - at - 1) client.Reply.Error(SharedReplies.SyntaxError);
        else
        {
            query = new ZsetQuery { Operation = operation, _firstKey = at + 1, Sets = client.Server.Keyspace.ZsetOperands };
            return TryCollectOrReply(client, args.Slice(at + 1, (int)keys), query.Sets) && query.TryOptionsOrReply(client, args, at + 1 + (int)keys, result);
        }

        return false;
    }

    /// <summary>Whether a later key is the first one's.</summary>
    internal readonly bool NamesFirstAgain(in ArgVector args)
    {
        for (var i = 1; i < Sets.Count; i++)
        {
            if (args[_firstKey + i].SequenceEqual(args[_firstKey])) return true;
        }

        return false;
    }

    /// <summary>What an element counts for: its score times the weight of its set, or with COUNT the weight alone.</summary>
    internal readonly double Weigh(double score, double weight) => _aggregate == ZsetAggregate.Count ? weight : score * weight;

    /// <summary>One score of two. A sum that is not a number is 0.</summary>
    internal readonly double Aggregate(double score, double other)
    {
        switch (_aggregate)
        {
            // Not Math.Min and Math.Max: what is not a number changes nothing.
            case ZsetAggregate.Min:
                return other < score ? other : score;
            case ZsetAggregate.Max:
                return other > score ? other : score;
            default:
                var sum = score + other;
                return double.IsNaN(sum) ? 0 : sum;
        }
    }

    // Keys that are past their time go in a first round: deleting one would end the life of a set that was looked up before it.
    private static bool TryCollectOrReply(Client client, in ArgVector keys, ZsetOperands sets)
    {
        sets.Clear();
        for (var i = 0; i < keys.Count; i++)
        {
            var entry = KeyCommands.LookupRead(client, keys[i]);
            if (!entry.Exists || entry.Type is DataType.Set or DataType.SortedSet) continue;
            client.Reply.Error(SharedReplies.WrongType);
            return false;
        }

        for (var i = 0; i < keys.Count; i++) sets.Add(client.Database.Peek(keys[i]));
        return true;
    }

    private bool TryOptionsOrReply(Client client, in ArgVector args, int first, ZsetResult result)
    {
        var hasScores = Operation != ZsetOperation.Diff && result != ZsetResult.Cardinality;
        for (var i = first; i < args.Count; i++)
        {
            var left = args.Count - i - 1;
            if (hasScores && left >= Sets.Count && args[i].Is("weights"u8))
            {
                if (!TryWeightsOrReply(client, args, i + 1)) return false;
                i += Sets.Count;
            }
            else if (result == ZsetResult.Elements && args[i].Is("withscores"u8))
            {
                WithScores = true;
            }
            else if (result == ZsetResult.Cardinality && left >= 1 && args[i].Is("limit"u8))
            {
                if (!ArgumentParsing.TryPositiveOrReply(client, args[++i], out var limit, "ERR LIMIT can't be negative"u8)) return false;
                Limit = limit;
            }
            else if (!hasScores || left < 1 || !args[i].Is("aggregate"u8) || !TryTakeAggregate(args[++i]))
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }
        }

        return true;
    }

    private readonly bool TryWeightsOrReply(Client client, in ArgVector args, int first)
    {
        for (var i = 0; i < Sets.Count; i++)
        {
            if (!ArgumentParsing.TryDoubleOrReply(client, args[first + i], out var weight, "ERR weight value is not a float"u8)) return false;
            Sets.SetWeight(i, weight);
        }

        return true;
    }

    private bool TryTakeAggregate(ReadOnlySpan<byte> word)
    {
        if (word.Is("sum"u8)) _aggregate = ZsetAggregate.Sum;
        else if (word.Is("min"u8)) _aggregate = ZsetAggregate.Min;
        else if (word.Is("max"u8)) _aggregate = ZsetAggregate.Max;
        else if (word.Is("count"u8)) _aggregate = ZsetAggregate.Count;
        else return false;
        return true;
    }
}
