using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Transcripts;

/// <summary>Plays a transcript to a server, or records what a server says to its requests.</summary>
internal sealed class TranscriptPlayer(ServerProcess server) : IDisposable
{
    private readonly SortedDictionary<string, RawConnection> _clients = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _ids = [];

    /// <summary>The first reply that is not the one in the transcript, told in full, or null.</summary>
    public string? FirstDifference(Transcript transcript, HandWritten handWritten)
    {
        var request = transcript.Steps[0];
        var byHand = false;
        foreach (var step in transcript.Steps)
        {
            if (step.Kind is StepKind.Request or StepKind.RawRequest)
            {
                byHand = request.Kind == StepKind.ByHand;
                Send(step);
            }

            if (step.Kind == StepKind.Reply)
            {
                var reply = NextReply(ClientOf(step), step);
                if (!step.Accepts(reply) && !(byHand && handWritten == HandWritten.Ignored))
                    return $"{request.Lines}\n--- transcript\n{step.Text}\n--- server\n{reply}";
            }
            else
            {
                request = step;
            }
        }

        return null;
    }

    /// <summary>The transcript's lines with the replies that the server gives; remarks and replies written by hand stay.</summary>
    public IReadOnlyList<string> Record(Transcript transcript)
    {
        var lines = new List<string>();
        var previous = StepKind.Remark;
        var keeps = false;
        foreach (var step in transcript.Steps)
        {
            if (step.Kind != StepKind.Reply || keeps) lines.Add(step.Lines);

            if (step.Kind is StepKind.Request or StepKind.RawRequest)
            {
                keeps = previous == StepKind.ByHand;
                Send(step);
                var replies = Heard().Select(reply => Kept(transcript, step, reply).Lines).ToArray();
                if (!keeps) lines.AddRange(replies);
            }

            previous = step.Kind;
        }

        return lines;
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private void Send(TranscriptStep step) => ClientNamed(step.Client).Send(step.BytesWith(IdOf));

    // Asked for once, since a client that subscribes may not be able to say it.
    private string IdOf(string client)
    {
        if (!_ids.TryGetValue(client, out var id)) _ids.Add(client, id = ClientNamed(client).Ask("CLIENT", "ID")[1..]);

        return id;
    }

    private RawConnection ClientOf(TranscriptStep step) => ClientNamed(step.Client);

    private RawConnection ClientNamed(string name)
    {
        if (!_clients.TryGetValue(name, out var client)) _clients.Add(name, client = server.Connect());

        return client;
    }

    private static string NextReply(RawConnection client, TranscriptStep expected)
    {
        if (expected.Text == TranscriptStep.Closed)
            return client.IsClosedByServer(Eventually.Patience) ? TranscriptStep.Closed : "open";

        return client.ReadReplyOrClosed() is { } frame ? ReplyText.Render(frame) : TranscriptStep.Closed;
    }

    /// <summary>What any client hears until all have been silent for a while.</summary>
    private List<TranscriptStep> Heard()
    {
        var heard = new List<TranscriptStep>();
        for (var silent = false; !silent;)
        {
            silent = true;
            foreach (var (name, client) in _clients.ToArray())
            {
                if (!client.HasInput(TimeSpan.FromMilliseconds(60))) continue;

                var frame = client.ReadReplyOrClosed();
                heard.Add(new TranscriptStep(StepKind.Reply, name, frame is null ? TranscriptStep.Closed : ReplyText.Render(frame)));
                silent = false;
                if (frame is null) _clients.Remove(name);
            }
        }

        return heard;
    }

    /// <summary>The reply as the old file has it, where that stands for the new one with an ellipsis.</summary>
    private static TranscriptStep Kept(Transcript transcript, TranscriptStep request, TranscriptStep reply)
    {
        var following = transcript.Steps.SkipWhile(step => !ReferenceEquals(step, request)).Skip(1).TakeWhile(step => step.Kind == StepKind.Reply);
        return following.FirstOrDefault(old => old.Client == reply.Client && old.Accepts(reply.Text)) ?? reply;
    }
}

/// <summary>Whether replies that were written by hand, since the oracle differs, are compared.</summary>
internal enum HandWritten
{
    /// <summary>Compared: the server under test.</summary>
    Compared,

    /// <summary>Passed over: the oracle.</summary>
    Ignored,
}
