using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>What the ends of a range are.</summary>
internal enum ZsetRangeType
{
    /// <summary>Whatever the options say: ranks, unless BYSCORE or BYLEX.</summary>
    Auto,

    /// <summary>Ranks.</summary>
    Rank,

    /// <summary>Scores.</summary>
    Score,

    /// <summary>Members.</summary>
    Lex,
}

/// <summary>A range that ZRANGE or a relative of it asks for. Whatever its type, <see cref="Resolve"/> makes ranks of it.</summary>
internal ref struct ZsetRangeQuery
{
    private ZsetRangeType _type;
    private ZsetOrder? _order;
    private long _start;
    private long _end;
    private ScoreBound _from;
    private ScoreBound _to;
    private long _offset;
    private long _limit;

    /// <summary>A query whose type and order the command's name tells; null and Auto leave them to its options.</summary>
    internal ZsetRangeQuery(ZsetRangeType type, ZsetOrder? order)
    {
        _type = type;
        _order = order;
        _limit = -1;
    }

    /// <summary>WITHSCORES.</summary>
    internal bool WithScores { get; private set; }

    /// <summary>Which way the elements are replied.</summary>
    internal readonly ZsetOrder Order => _order ?? ZsetOrder.Ascending;

    /// <summary>Reads the two ends, from argument <paramref name="first"/> on, and the options behind them.</summary>
    internal bool TryParseOrReply(Client client, in ArgVector args, int first, ZsetRangeUse use)
    {
        if (!TryOptionsOrReply(client, args, first + 2, use)) return false;
        if (_type == ZsetRangeType.Auto) _type = ZsetRangeType.Rank;
        if (_limit != -1 && _type == ZsetRangeType.Rank)
            client.Reply.Error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"u8);
        else if (WithScores && _type == ZsetRangeType.Lex)
            client.Reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX"u8);
        else
            return TryEndsOrReply(client, args, first);
        return false;
    }

    /// <summary>The elements asked for, as ranks from the lowest score up.</summary>
    internal readonly ZsetRange Resolve(ZsetRef zset)
    {
        var range = _type == ZsetRangeType.Rank ? FromRanks(_start, _end, zset.Count) : Limited(zset.RangeOf(_from, _to));
        if (_type != ZsetRangeType.Rank || Order == ZsetOrder.Ascending) return range;
        return range with { Start = zset.Count - range.Start - range.Count };
    }

    /// <summary>The elements between two indexes, the last one included; negative ones count from the end.</summary>
    internal static ZsetRange FromRanks(long start, long end, long count)
    {
        if (start < 0) start = Math.Max(0, start + count);
        if (end < 0) end += count;
        return start > end || start >= count ? default : new ZsetRange(start, Math.Min(end, count - 1) - start + 1);
    }

    // A negative offset skips everything, a negative limit is none.
    private readonly ZsetRange Limited(ZsetRange range)
    {
        if (_offset < 0 || _offset >= range.Count) return default;
        var count = range.Count - _offset;
        if (_limit >= 0) count = Math.Min(count, _limit);
        return new ZsetRange(Order == ZsetOrder.Ascending ? range.Start + _offset : range.Start + range.Count - _offset - count, count);
    }

    private bool TryOptionsOrReply(Client client, in ArgVector args, int first, ZsetRangeUse use)
    {
        for (var i = first; i < args.Count; i++)
        {
            var word = args[i];
            if (use == ZsetRangeUse.Reply && word.Is("withscores"u8))
            {
                WithScores = true;
            }
            else if (word.Is("limit"u8) && args.Count - i > 2)
            {
                if (!ArgumentParsing.TryIntegerOrReply(client, args[i + 1], out _offset)) return false;
                if (!ArgumentParsing.TryIntegerOrReply(client, args[i + 2], out _limit)) return false;
                i += 2;
            }
            else if (!TryTakeForm(word))
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }
        }

        return true;
    }

    private bool TryTakeForm(ReadOnlySpan<byte> word)
    {
        if (_order is null && word.Is("rev"u8)) _order = ZsetOrder.Descending;
        else if (_type == ZsetRangeType.Auto && word.Is("bylex"u8)) _type = ZsetRangeType.Lex;
        else if (_type == ZsetRangeType.Auto && word.Is("byscore"u8)) _type = ZsetRangeType.Score;
        else return false;
        return true;
    }

    private bool TryEndsOrReply(Client client, in ArgVector args, int first)
    {
        if (_type == ZsetRangeType.Rank)
            return ArgumentParsing.TryIntegerOrReply(client, args[first], out _start) && ArgumentParsing.TryIntegerOrReply(client, args[first + 1], out _end);
        // Read from the top, a range is given from the top.
        var lower = args[Order == ZsetOrder.Ascending ? first : first + 1];
        var upper = args[Order == ZsetOrder.Ascending ? first + 1 : first];
        return _type == ZsetRangeType.Score
            ? ZsetBounds.TryScoresOrReply(client, lower, upper, out _from, out _to)
            : ZsetBounds.TryMembersOrReply(client, lower, upper, out _from, out _to);
    }
}

/// <summary>What becomes of the elements of a range.</summary>
internal enum ZsetRangeUse
{
    /// <summary>They are replied, with their scores if asked for.</summary>
    Reply,

    /// <summary>They make up another key.</summary>
    Store,
}
