using System.Text;

namespace KestrelFree.Tests.Oracle.Conversations;

/// <summary>Plays conversations to the oracle and to ours and compares what all clients hear.</summary>
internal sealed class ConversationComparison(ConversationPlayer oracle, ConversationPlayer ours, Tally tally)
{
    /// <summary>The first request behind which some client hears something else without a reason that has a name, or null.</summary>
    public int? FirstMismatch(Script script)
    {
        var (theirs, our) = (oracle.Play(script), ours.Play(script));
        for (var at = 0; at < script.Requests.Count; at++)
        {
            for (var client = 0; client < ConversationDraw.Clients.Length; client++)
            {
                tally.Compared++;
                var speaks = script.Requests[at][0] == ConversationDraw.Clients[client];
                if (!ConversationRules.AreAlike(theirs[at][client], our[at][client], speaks, tally)) return at;
            }
        }

        return null;
    }

    /// <summary>A conversation as both servers conduct it, as prose: where they differ, both sides.</summary>
    public string Told(Script script)
    {
        var (theirs, our) = (oracle.Play(script), ours.Play(script));
        var text = new StringBuilder();
        for (var at = 0; at < script.Requests.Count; at++)
        {
            var request = script.Requests[at];
            text.Append(request[0]).Append("> ").AppendLine(Script.Line([.. request.Skip(1)]));
            foreach (var (client, name) in ConversationDraw.Clients.Index()) Tell(text, name, theirs[at][client], our[at][client], request[0] == name);
        }

        return text.ToString();
    }

    private static void Tell(StringBuilder text, string name, IReadOnlyList<string> theirs, IReadOnlyList<string> ours, bool speaks)
    {
        if (ConversationRules.AreAlike(theirs, ours, speaks, new Tally()))
        {
            Lines(text, $"{name}<", ours);
            return;
        }

        Lines(text, $"{name}< oracle:", theirs);
        Lines(text, $"{name}< ours:  ", ours);
    }

    private static void Lines(StringBuilder text, string head, IReadOnlyList<string> frames)
    {
        foreach (var frame in frames) text.Append(head).Append(' ').AppendLine(frame.Replace("\r\n", " ", StringComparison.Ordinal));
    }
}
