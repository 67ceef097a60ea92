using System.Text;
using KestrelFree.Server.PubSub;
using KestrelFree.Server.Tracking;

namespace KestrelFree.Server.Networking;

// Where Redis tells of a static buffer (rbs, obl) and a list of blocks behind it (oll, omem), the chunk that an answer begins in is the former
// here, and long values and what follows are the latter. rbs is that chunk's size, which follows the peak (rbp) of what the client's answers
// need; it is rented only while something is pending, so tot-mem of an idle client does not hold it. argv-mem is what a blocked client keeps to
// run again, and those arguments of a request that have come: they lie in the query buffer, and qbuf is what follows them.

/// <summary>A client in a line, as CLIENT LIST, CLIENT INFO and the log print it.</summary>
internal static class ClientDescription
{
    /// <summary>What stands in the log for what users have sent, with hide-user-data-from-log.</summary>
    internal const string Hidden = "*redacted*";

    /// <summary>Describes a client.</summary>
    internal static string Of(Client client) => Describe(client, Latin1);

    /// <summary>Describes a client for the log, without what its user has chosen if the configuration says so.</summary>
    internal static string ForLog(Client client) => client.Server.Config.HideUserDataFromLog ? Describe(client, static _ => Hidden) : Of(client);

    private static string Describe(Client client, Func<byte[], string> told)
    {
        var now = client.Server.Clock.NowMs;
        var reply = client.Reply.Buffer;
        var first = reply.FirstChunkBytes;
        var others = reply.SegmentCount - (first > 0 ? 1 : 0);
        var text = new StringBuilder(384);
        text.Append($"id={client.Id} addr={client.Address} laddr={client.LocalAddress} fd={Descriptor(client)} name={told(client.Name)} ");
        text.Append($"age={(now - client.CreatedMs) / 1000} idle={(now - client.LastInteractionMs) / 1000} flags={FlagLetters(client)} ");
        text.Append($"db={client.Database.Index} {Subscriptions(client)} multi={client.Transaction?.Requests.Count ?? -1} ");
        text.Append($"qbuf={client.Query.Length - client.Parser.PendingBytes} qbuf-free={client.Query.FreeBytes} argv-mem={client.ArgumentBytes + client.Parser.PendingArgumentBytes} multi-mem={client.Transaction?.MemoryBytes ?? 0} ");
        text.Append($"rbs={Math.Max(first, reply.StartBytes)} rbp={reply.PeakBytes} obl={reply.FirstChunkPending} oll={others} omem={reply.OwnedBytes - first} ");
        text.Append($"tot-mem={client.MemoryBytes} ");
        text.Append($"events={(client.Is(ClientFlags.AwaitingWritable) ? "rw" : "r")} cmd={client.LastCommand?.FullName ?? "NULL"} user={told(client.User.Name)} redir={client.Tracking?.Options.RedirectId ?? -1} ");
        text.Append($"resp={client.Reply.Version} lib-name={told(client.LibraryName)} lib-ver={told(client.LibraryVersion)} ");
        text.Append($"tot-net-in={client.BytesReceived} tot-net-out={client.BytesSent}");
        return text.ToString();
    }

    private static string Subscriptions(Client client)
    {
        var own = client.Subscriptions;
        return $"sub={Count(ChannelKind.Channel)} psub={Count(ChannelKind.Pattern)} ssub={Count(ChannelKind.Shard)}";

        int Count(ChannelKind kind) => own?.Of(kind).Count ?? 0;
    }

    private static string Latin1(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private static long Descriptor(Client client) => client.Is(ClientFlags.Freed) ? -1 : client.Socket.Handle;

    /// <summary>A client's flags, a letter each; N without any.</summary>
    internal static string FlagLetters(Client client)
    {
        var letters = new StringBuilder(8);
        if (client.Is(ClientFlags.Monitor)) letters.Append('O');
        if (client.Is(ClientFlags.PubSub)) letters.Append('P');
        if (client.Is(ClientFlags.Multi)) letters.Append('x');
        if (client.Is(ClientFlags.Blocked)) letters.Append('b');
        if (client.Tracking is { } tracking)
        {
            letters.Append('t');
            if (tracking.IsRedirectBroken) letters.Append('R');
            if (tracking.Options.Mode == TrackingMode.Broadcast) letters.Append('B');
        }

        if (client.Is(ClientFlags.DirtyWatch)) letters.Append('d');
        if (client.Is(ClientFlags.CloseAfterReply)) letters.Append('c');
        if (client.Is(ClientFlags.Unblocked)) letters.Append('u');
        if (client.Is(ClientFlags.CloseAsap)) letters.Append('A');
        if (client.Is(ClientFlags.UnixSocket)) letters.Append('U');
        if (client.Is(ClientFlags.NoEvict)) letters.Append('e');
        if (client.Is(ClientFlags.NoTouch)) letters.Append('T');
        return letters.Length == 0 ? "N" : letters.ToString();
    }
}
