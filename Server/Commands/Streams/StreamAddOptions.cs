using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>Which of the two commands that trim the options belong to.</summary>
internal enum StreamWriter
{
    /// <summary>XADD, whose options end with the id.</summary>
    Add,

    /// <summary>XTRIM, which needs a limit to trim to.</summary>
    Trim,
}

/// <summary>The options of XADD and XTRIM: NOMKSTREAM, MAXLEN or MINID with = or ~ and LIMIT, KEEPREF, DELREF or ACKED, and the id.</summary>
internal struct StreamAddOptions
{
    private const long NodesTrimmedAtOnce = 100;
    private const long LeastLimit = 10_000;
    private const long GreatestLimit = 1_000_000;

    private bool _isTrimming;
    private bool _isApproximate;
    private bool _hasLimit;
    private bool _hasPolicy;
    private long _limit;
    private long _maxLength;
    private StreamId? _minId;
    private ReferencePolicy _references;

    /// <summary>The argument that is the id; the number of arguments when there is none.</summary>
    internal int IdAt { get; private set; }

    /// <summary>The id that was given; the least when the server shall choose it.</summary>
    internal StreamId Id { get; private set; }

    /// <summary>What of the id the server shall choose.</summary>
    internal OpenId Open { get; private set; }

    /// <summary>Whether a missing stream stays missing.</summary>
    internal bool NoMakeStream { get; private set; }

    /// <summary>What to trim; null for nothing.</summary>
    internal readonly StreamTrim? Trim => !_isTrimming
        ? null
        : new StreamTrim
        {
            MaxLength = _maxLength, MinId = _minId, Limit = _limit, References = _references,
            Precision = _isApproximate ? TrimPrecision.WholeNodes : TrimPrecision.Exact,
        };

    /// <summary>What of a new entry's id the server chooses.</summary>
    internal enum OpenId
    {
        /// <summary>Nothing.</summary>
        None,

        /// <summary>The sequence number.</summary>
        Sequence,

        /// <summary>All of it.</summary>
        All,
    }

    /// <summary>Reads the options from the third argument on; false when the error was replied.</summary>
    internal static bool TryParseOrReply(Client client, in ArgVector args, StreamWriter writer, out StreamAddOptions options)
    {
        options = default;
        var i = 2;
        for (; i < args.Count; i++)
        {
            if (writer == StreamWriter.Add && StreamIdArguments.IsSign(args[i], '*'))
            {
                options.Open = OpenId.All;
                break;
            }

            var isLast = i + 1 == args.Count;
            if (args[i].Is("maxlen"u8) && !isLast)
            {
                if (!options.TryMaxLengthOrReply(client, args, ref i)) return false;
            }
            else if (args[i].Is("minid"u8) && !isLast)
            {
                if (!options.TryMinIdOrReply(client, args, ref i)) return false;
            }
            else if (args[i].Is("limit"u8) && !isLast)
            {
                if (!options.TryLimitOrReply(client, args[++i])) return false;
            }
            else if (writer == StreamWriter.Add && args[i].Is("nomkstream"u8))
            {
                options.NoMakeStream = true;
            }
            else if (!options._hasPolicy && ReferenceArguments.TryPolicy(args[i], out options._references))
            {
                options._hasPolicy = true;
            }
            else if (writer == StreamWriter.Trim)
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }
            else
            {
                if (!options.TryIdOrReply(client, args[i])) return false;
                break;
            }
        }

        options.IdAt = i;
        return options.TryAgreeOrReply(client, writer);
    }

    private bool TryMaxLengthOrReply(Client client, in ArgVector args, ref int i)
    {
        if (!TryStrategyOrReply(client, args, ref i)) return false;
        if (!ArgumentParsing.TryIntegerOrReply(client, args[i], out _maxLength)) return false;
        if (_maxLength >= 0) return true;
        client.Reply.Error("ERR The MAXLEN argument must be >= 0."u8);
        return false;
    }

    private bool TryMinIdOrReply(Client client, in ArgVector args, ref int i)
    {
        if (!TryStrategyOrReply(client, args, ref i)) return false;
        if (!StreamIdArguments.TryStrictOrReply(client, args[i], out var minId)) return false;
        _minId = minId;
        return true;
    }

    // Goes on to the argument behind the strategy's name and its sign.
    private bool TryStrategyOrReply(Client client, in ArgVector args, ref int i)
    {
        if (_isTrimming)
        {
            client.Reply.Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible"u8);
            return false;
        }

        _isTrimming = true;
        i++;
        if (i + 1 == args.Count) return true;
        _isApproximate = StreamIdArguments.IsSign(args[i], '~');
        if (_isApproximate || StreamIdArguments.IsSign(args[i], '=')) i++;
        return true;
    }

    private bool TryLimitOrReply(Client client, ReadOnlySpan<byte> argument)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, argument, out _limit)) return false;
        _hasLimit = true;
        if (_limit >= 0) return true;
        client.Reply.Error("ERR The LIMIT argument must be >= 0."u8);
        return false;
    }

    private bool TryIdOrReply(Client client, ReadOnlySpan<byte> argument)
    {
        if (!StreamIdArguments.TryNewOrReply(client, argument, out var id, out var isSequenceOpen)) return false;
        Id = id;
        Open = isSequenceOpen ? OpenId.Sequence : OpenId.None;
        return true;
    }

    private bool TryAgreeOrReply(Client client, StreamWriter writer)
    {
        if (_limit != 0 && !_isTrimming)
        {
            client.Reply.Error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"u8);
            return false;
        }

        if (writer == StreamWriter.Trim && !_isTrimming)
        {
            client.Reply.Error("ERR syntax error, XTRIM must be called with a trimming strategy"u8);
            return false;
        }

        if (_hasLimit && !_isApproximate)
        {
            client.Reply.Error("ERR syntax error, LIMIT cannot be used without the special ~ option"u8);
            return false;
        }

        // An approximate trim that nobody limited is limited all the same, so that it blocks nobody for long.
        var ofNodes = NodesTrimmedAtOnce * client.Server.Config.StreamNodeMaxEntries;
        if (!_hasLimit && _isApproximate) _limit = ofNodes <= 0 ? LeastLimit : Math.Min(ofNodes, GreatestLimit);
        return true;
    }
}
