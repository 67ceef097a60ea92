using System.Text.RegularExpressions;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Transcripts;

// A transcript is a conversation that reads as prose: one file per topic, recorded from a real redis-server.
//
//     # a comment
//     @ --requirepass secret        arguments of the server, before the first request
//     > SET k "two words"           a request; quotes as in redis-cli
//     < +OK                         its reply, as ReplyText prints it; elements of a reply follow, indented
//     >> "PING\r\n"                 raw bytes
//     < closed                      the server closed the connection
//     b> PING                       another client, named b; it connects when it first speaks
//     b< +PONG
//     > CLIENT KILL ID {b}          the number of a client, which asks for it the first time
//     ! since 7.2                   the replies to the next request were written by hand: the oracle lacks it or
//                                   answers otherwise, for the reason given
//
// An ellipsis (…) in a reply stands for anything. A request without a reply is one that blocks.

/// <summary>A parsed transcript: its lines, in order, nothing lost.</summary>
internal sealed class Transcript
{
    private Transcript(string[] arguments, IReadOnlyList<TranscriptStep> steps)
    {
        Arguments = arguments;
        Steps = steps;
    }

    /// <summary>The server's arguments beyond the usual.</summary>
    public string[] Arguments { get; }

    /// <summary>Comments, requests and replies in order.</summary>
    public IReadOnlyList<TranscriptStep> Steps { get; }

    /// <summary>Parses a transcript; throws FormatException naming the line.</summary>
    public static Transcript Parse(IEnumerable<string> lines)
    {
        var arguments = new List<string>();
        var steps = new List<TranscriptStep>();
        foreach (var line in lines)
        {
            if (line.StartsWith("@ ", StringComparison.Ordinal)) arguments.AddRange(ByteText.SplitArguments(line[2..]));

            AddLine(steps, line);
        }

        return new Transcript([.. arguments], steps);
    }

    private static void AddLine(List<TranscriptStep> steps, string line)
    {
        if (line.Length == 0 || line[0] is '#' or '@' or '!')
        {
            steps.Add(new TranscriptStep(line.StartsWith('!') ? StepKind.ByHand : StepKind.Remark, "", line));
            return;
        }

        var sign = line.AsSpan().IndexOfAny('<', '>');
        if (sign < 0) throw new FormatException($"Neither request, reply nor remark: {line}");

        var client = line[..sign];
        if (line[sign] == '<')
            AddReplyLine(steps, client, line[(sign + 2)..]);
        else if (line[sign..].StartsWith(">> ", StringComparison.Ordinal))
            steps.Add(new TranscriptStep(StepKind.RawRequest, client, line[(sign + 3)..]));
        else
            steps.Add(new TranscriptStep(StepKind.Request, client, line[(sign + 2)..]));
    }

    /// <summary>An indented line belongs to the reply before it.</summary>
    private static void AddReplyLine(List<TranscriptStep> steps, string client, string text)
    {
        if (text.StartsWith(' ') && steps is [.., { Kind: StepKind.Reply } last])
            steps[^1] = last with { Text = $"{last.Text}\n{text}" };
        else
            steps.Add(new TranscriptStep(StepKind.Reply, client, text));
    }
}

/// <summary>What a line of a transcript is.</summary>
internal enum StepKind
{
    /// <summary>A comment, a blank line, or the server's arguments.</summary>
    Remark,

    /// <summary>The replies to the next request were written by hand.</summary>
    ByHand,

    /// <summary>A request written as a line.</summary>
    Request,

    /// <summary>Bytes sent as they are.</summary>
    RawRequest,

    /// <summary>A whole reply.</summary>
    Reply,
}

/// <summary>One remark, request or reply.</summary>
internal sealed partial record TranscriptStep(StepKind Kind, string Client, string Text)
{
    /// <summary>In place of a reply: the server closed the connection.</summary>
    public const string Closed = "closed";

    /// <summary>The bytes that a request sends.</summary>
    /// <param name="idOf">The number of a client by its name.</param>
    public byte[] BytesWith(Func<string, string> idOf) => Kind == StepKind.RawRequest
        ? ByteText.Unquote(Text)
        : RequestBytes.Of(ByteText.SplitArguments(ClientId().Replace(Text, match => idOf(match.Groups[1].Value))));

    /// <summary>The lines of the file.</summary>
    public string Lines => Kind switch
    {
        StepKind.Request => $"{Client}> {Text}",
        StepKind.RawRequest => $"{Client}>> {Text}",
        StepKind.Reply => string.Join('\n', Text.Split('\n').Select(line => $"{Client}< {line}")),
        _ => Text,
    };

    /// <summary>Whether a reply is the one that stands here.</summary>
    public bool Accepts(string reply)
    {
        var parts = Text.Split('…');
        if (parts.Length == 1) return reply == Text;

        var at = 0;
        foreach (var part in parts)
        {
            var found = reply.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0 || (at == 0 && found > 0)) return false;

            at = found + part.Length;
        }

        return parts[^1].Length == 0 || at == reply.Length;
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex ClientId();
}
