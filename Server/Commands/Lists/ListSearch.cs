using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Server.Commands;

/// <summary>What LPOS looks for.</summary>
/// <param name="Rank">The first match to report, from 1; from the tail if negative.</param>
/// <param name="Count">How many matches to report, 0 for all; null for one that is not in an array.</param>
/// <param name="MaxLength">How many elements to look at; 0 for all.</param>
internal readonly record struct ListSearch(long Rank, long? Count, long MaxLength)
{
    /// <summary>Reads LPOS's options.</summary>
    internal static bool TryParseOrReply(Client client, in ArgVector args, out ListSearch search)
    {
        search = new ListSearch(1, null, 0);
        for (var i = 3; i < args.Count; i += 2)
        {
            if (i + 1 == args.Count || !IsOption(args[i]))
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return false;
            }

            if (!search.TryOptionOrReply(client, args[i], args[i + 1], out search)) return false;
        }

        return true;
    }

    /// <summary>Replies the index of the matches in a list, which may be missing.</summary>
    internal void Reply(Client client, ListRef list, ReadOnlySpan<byte> text)
    {
        if (Count is { } count) ReplyAll(client, list, text, count);
        else ReplyOne(client, list, text);
    }

    private static bool IsOption(ReadOnlySpan<byte> word) => word.Is("rank"u8) || word.Is("count"u8) || word.Is("maxlen"u8);

    private bool TryOptionOrReply(Client client, ReadOnlySpan<byte> option, ReadOnlySpan<byte> value, out ListSearch changed)
    {
        changed = this;
        long number;
        if (option.Is("rank"u8))
        {
            if (!ArgumentParsing.TrySymmetricCountOrReply(client, value, out number)) return false;
            changed = this with { Rank = number };
            if (number != 0) return true;
            client.Reply.Error(
                "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"u8);
            return false;
        }

        var isCount = option.Is("count"u8);
        if (!Numbers.TryParseInteger(value, out number) || number < 0)
        {
            client.Reply.Error(isCount ? "ERR COUNT can't be negative"u8 : "ERR MAXLEN can't be negative"u8);
            return false;
        }

        changed = isCount ? this with { Count = number } : this with { MaxLength = number };
        return true;
    }

    private void ReplyOne(Client client, ListRef list, ReadOnlySpan<byte> text)
    {
        var matches = new Matches(this, list, text);
        if (matches.TryFindNext(out var index)) client.Reply.Integer(index);
        else client.Reply.Null();
    }

    private void ReplyAll(Client client, ListRef list, ReadOnlySpan<byte> text, long atMost)
    {
        var marker = client.Reply.BeginDeferred();
        long found = 0;
        var matches = new Matches(this, list, text);
        while (matches.TryFindNext(out var index))
        {
            client.Reply.Integer(index);
            if (++found == atMost) break;
        }

        client.Reply.EndDeferredArray(marker, found);
    }

    // The matches from the one with the rank on.
    private ref struct Matches
    {
        private readonly ListpackValue _wanted;
        private readonly bool _isBackward;
        private ListElements _elements;
        private long _skipped;
        private long _left;
        private long _next;

        internal Matches(ListSearch search, ListRef list, ReadOnlySpan<byte> text)
        {
            if (!list.Exists) return;
            _wanted = new ListpackValue(text);
            _isBackward = search.Rank < 0;
            _skipped = Math.Abs(search.Rank) - 1;
            _left = search.MaxLength == 0 ? long.MaxValue : search.MaxLength;
            _next = _isBackward ? list.Count - 1 : 0;
            _elements = list.From(_next, _isBackward ? ListEnd.Head : ListEnd.Tail);
        }

        internal bool TryFindNext(out long index)
        {
            while (_left > 0 && _elements.MoveNext())
            {
                _left--;
                index = _next;
                _next += _isBackward ? -1 : 1;
                if (_elements.Current.TextEquals(_wanted) && _skipped-- <= 0) return true;
            }

            index = -1;
            return false;
        }
    }
}
