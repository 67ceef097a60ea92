using System.Text.RegularExpressions;

namespace KestrelFree.Tests.Oracle.Conversations;

// Where what a client hears may differ from redis-server 7.0. Bytes are cut into frames first: a message (a push, or what RESP2 sends in its place) is
// one, and so is every other line with its payload, so that the elements of an aggregate are frames of their own: 7.0 sends messages within them.

/// <summary>Why the frames of the two servers may differ, and what they are rewritten to before they are compared again.</summary>
/// <param name="Name">The name that the tally prints.</param>
/// <param name="Reason">Why the difference is none, or what changed since 7.0.</param>
/// <param name="Apply">Rewrites frames.</param>
internal sealed record ConversationRule(string Name, string Reason, Func<IReadOnlyList<string>, IEnumerable<string>> Apply);

/// <summary>The rows.</summary>
internal static partial class ConversationRules
{
    // Besides the words of the command: the head, three numbers, the head of the words, address and name.
    private const int EntryFrames = 7;

    public static readonly ConversationRule[] All =
    [
        new("versions", "each server tells its own", frames => frames.Select(frame => Version().Replace(frame, "$5\r\n7.x.x\r\n"))),
        new("client fields", "sockets, times and buffer sizes are the process's own; 7.2 and 7.4 added fields", frames => frames.Select(ClientFields)),
        new("INFO clients", "the figures of buffers are the process's own; 7.4 added fields", frames => frames.Select(InfoFields)),
        new("INFO commandstats", "times are the process's own and the order that of a seeded hash; since 7.2 a command that waits is counted when it ends, the observer is none of them, and an error that somebody else is unblocked with counts as CLIENT UNBLOCK's", frames => frames.Select(CommandFigures)),
        new("times in SLOWLOG", "and numbers that go on from conversation to conversation; the observer's requests are not the conversation's; 7.0 forgets what has waited in vain", SlowlogEntries),
        new("consumers", "since 7.2 one who finds nothing is made as well", frames => frames.Where(frame => !frame.Contains("xgroup-createconsumer", StringComparison.Ordinal))),
        new("a group that is gone", "since 7.2 who waits for its entries runs the request again", frames => frames.Select(frame => GroupIsGone().IsMatch(frame) ? "-<gone>\r\n" : frame)),
        new("an array for who has killed itself", "its head is sent where its length was not known at first, and nothing of what it holds", frames =>
            frames is [.., ['*' or '%' or '~', ..], "closed"] ? [.. frames.Take(frames.Count - 2), "closed"] : frames),
        new("times in MONITOR", "the two are asked one after the other; the observer's requests are not the conversation's", MonitorLines),
        new("names of all that is left", "they are in the order of a seeded hash", SortedDepartures),
        new("patterns that a message matches", "they are in the order of a seeded hash", SortedMatches),
        new("null of a flush", "redirected from RESP3 to RESP2, Redis sends the null of RESP3, which the receiver cannot read", frames => frames.Select(frame =>
            frame.StartsWith('*') ? frame.Replace("__redis__:invalidate\r\n_\r\n", "__redis__:invalidate\r\n$-1\r\n", StringComparison.Ordinal) : frame)),
        new("own messages", "since 7.2 a client is sent what it has published and notified itself behind its reply; 7.0 sends it before it or within it", frames => frames.OrderBy(IsPushedMessage)),
    ];

    /// <summary>Whether two servers have told a client the same, but for what a row explains.</summary>
    /// <param name="theirs">What the oracle has sent.</param>
    /// <param name="ours">What we have sent.</param>
    /// <param name="speaks">Whether the request was the client's own.</param>
    /// <param name="tally">Counts the rows that were needed.</param>
    public static bool AreAlike(IReadOnlyList<string> theirs, IReadOnlyList<string> ours, bool speaks, Tally tally)
    {
        if (theirs.SequenceEqual(ours)) return true;
        if (speaks && ours.Any(frame => !IsPushedMessage(frame)) && IsPushedMessage(ours[0])) return false;
        foreach (var rule in All)
        {
            string[] theirsRewritten = [.. rule.Apply(theirs)], oursRewritten = [.. rule.Apply(ours)];
            if (!theirsRewritten.SequenceEqual(theirs) || !oursRewritten.SequenceEqual(ours)) tally.Normalised(rule.Name);
            (theirs, ours) = (theirsRewritten, oursRewritten);
            if (theirs.SequenceEqual(ours)) return true;
        }

        return false;
    }

    /// <summary>Bytes cut into frames; what is no whole frame at the end is one too.</summary>
    public static List<string> Frames(string heard)
    {
        var frames = new List<string>();
        for (var at = 0; at < heard.Length;)
        {
            var end = EndOfMessage(heard, at) ?? EndOfLine(heard, at);
            frames.Add(heard[at..end]);
            at = end;
        }

        return frames;
    }

    private static int? EndOfMessage(string heard, int at)
    {
        if (heard[at] is not ('>' or '*') || !Message().IsMatch(heard, at)) return null;
        var wanted = 1L;
        while (wanted > 0 && at < heard.Length)
        {
            wanted += (heard[at] is '>' or '*' ? Math.Max(0, long.Parse(heard.AsSpan(at + 1, heard.IndexOf('\r', at) - at - 1))) : 0) - 1;
            at = EndOfLine(heard, at);
        }

        return at;
    }

    private static int EndOfLine(string heard, int at)
    {
        var line = heard.IndexOf("\r\n", at, StringComparison.Ordinal);
        if (line < 0) return heard.Length;
        var payload = heard[at] is '$' or '=' ? int.Parse(heard.AsSpan(at + 1, line - at - 1)) : -1;
        return Math.Min(heard.Length, payload < 0 ? line + 2 : line + 2 + payload + 2);
    }

    private static bool IsPushedMessage(string frame) => PushedMessage().IsMatch(frame);

    private static string ClientFields(string frame) =>
        frame.Contains("id={", StringComparison.Ordinal) ? string.Join(' ', ClientField().Matches(frame).Select(match => match.Value)) : frame;

    private static string InfoFields(string frame) =>
        frame.Contains("# Clients", StringComparison.Ordinal) ? string.Join(' ', ClientFigure().Matches(frame).Select(match => match.Value)) : frame;

    private static string CommandFigures(string frame) =>
        frame.Contains("# Commandstats", StringComparison.Ordinal) || frame.Contains("# Errorstats", StringComparison.Ordinal)
            ? string.Join("\r\n", CommandTimes().Replace(frame, "").Split("\r\n").Skip(1).Where(line => !UntoldFigure().IsMatch(line)).Order(StringComparer.Ordinal))
            : frame;

    // An entry begins with three numbers: its own, and when and how long the command ran.
    private static IEnumerable<string> SlowlogEntries(IReadOnlyList<string> frames)
    {
        for (var at = 0; at < frames.Count;)
        {
            var words = WordsOfEntry(frames, at);
            if (words < 0)
            {
                var isHead = WordsOfEntry(frames, at + 1) >= 0;
                if (!isHead) yield return frames[at];
                at++;
                continue;
            }

            var request = string.Concat(frames.Skip(at + 5).Take(words));
            if (words != 0 && !UntoldRequest().IsMatch(request)) yield return $"{Address().Replace(request, "<address>")}<address>{frames[at + 6 + words]}";
            at += EntryFrames + words;
        }
    }

    private static int WordsOfEntry(IReadOnlyList<string> frames, int at)
    {
        var isEntry = at + EntryFrames <= frames.Count && frames[at] == "*6\r\n" && frames.Skip(at + 1).Take(3).All(frame => frame[0] == ':');
        return isEntry ? int.Parse(frames[at + 4].AsSpan(1)) : -1;
    }

    private static IEnumerable<string> MonitorLines(IReadOnlyList<string> frames) =>
        frames.Where(frame => !frame.EndsWith($"\"PING\" \"{ConversationPlayer.Sentinel}\"\r\n", StringComparison.Ordinal)).Select(frame => MonitorHead().Replace(frame, "+<time> [$1 "));

    private static IEnumerable<string> SortedDepartures(IReadOnlyList<string> frames) =>
        Runs(frames, (one, next) => Departure().Match(one) is { Success: true, Value: var kind } && next.StartsWith(kind, StringComparison.Ordinal))
            .SelectMany(run => run.Count == 1 ? run : [.. run.Select(frame => Left().Replace(frame, "")).Order(StringComparer.Ordinal), .. run.Select(frame => Left().Match(frame).Value)]);

    private static IEnumerable<string> SortedMatches(IReadOnlyList<string> frames) =>
        Runs(frames, (one, next) => MatchedBy().Match(one) is { Success: true, Groups: [_, _, var message] } && MatchedBy().Match(next).Groups[2].Value == message.Value)
            .SelectMany(run => run.Order(StringComparer.Ordinal));

    private static List<List<string>> Runs(IReadOnlyList<string> frames, Func<string, string, bool> isSame)
    {
        var runs = new List<List<string>>();
        foreach (var frame in frames)
        {
            if (runs.Count != 0 && isSame(runs[^1][^1], frame)) runs[^1].Add(frame);
            else runs.Add([frame]);
        }

        return runs;
    }

    [GeneratedRegex(@"\G[>*]\d+\r\n\$\d+\r\n(message|pmessage|smessage|p?s?subscribe|p?s?unsubscribe|invalidate|tracking-redir-broken)\r\n")]
    private static partial Regex Message();

    [GeneratedRegex(@"^[>*]\d+\r\n\$\d+\r\n(message|pmessage|smessage|invalidate)\r\n")]
    private static partial Regex PushedMessage();

    [GeneratedRegex(@"^\$\d\r\n7\.\d+\.\d+\r\n$")]
    private static partial Regex Version();

    [GeneratedRegex(@"(?<= |\n)(id|name|db|sub|psub|ssub|multi|cmd|user|redir|resp|flags)=[^ \r\n]*")]
    private static partial Regex ClientField();

    [GeneratedRegex(@"(connected_clients|blocked_clients|tracking_clients):\d+")]
    private static partial Regex ClientFigure();

    [GeneratedRegex(@"\$\d+\r\n127\.0\.0\.1:\d+\r\n")]
    private static partial Regex Address();

    [GeneratedRegex(@"^\$\d+\r\n(B[LRZ]|XREAD|PING\r\n\$8\r\nsentinel)")]
    private static partial Regex UntoldRequest();

    [GeneratedRegex("^-(UNBLOCKED the stream key|NOGROUP No such key|WRONGTYPE)")]
    private static partial Regex GroupIsGone();

    [GeneratedRegex("^(cmdstat_(b[lrz]|xread|ping|client\\|unblock)|errorstat_(UNBLOCKED|NOGROUP|WRONGTYPE))")]
    private static partial Regex UntoldFigure();

    [GeneratedRegex("usec=[^,]*,usec_per_call=[^,]*,")]
    private static partial Regex CommandTimes();

    [GeneratedRegex(@"^\+\d+\.\d+ \[(\d+) [^\]]*")]
    private static partial Regex MonitorHead();

    [GeneratedRegex(@"^[>*]3\r\n\$\d+\r\np?s?unsubscribe\r\n")]
    private static partial Regex Departure();

    [GeneratedRegex(@":\d+\r\n$")]
    private static partial Regex Left();

    [GeneratedRegex(@"^[>*]4\r\n\$8\r\npmessage\r\n\$(\d+)\r\n[^\r]*\r\n(.*)", RegexOptions.Singleline)]
    private static partial Regex MatchedBy();
}
