using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.PubSub;

// Messages that reach a client outside of its requests.
//
// A message for the client whose request runs at the moment (it publishes to a channel of its own, or writes a key that it tracks) waits until
// the request has replied: a RESP3 client must not find a push within an aggregate, nor before the reply to the command that caused it. Commands
// that reply by pushes themselves are the exception, their pushes are the reply; a client that wants no replies is sent them all the same, when what it
// does not want has been taken back.

/// <summary>Delivers messages that were not asked for.</summary>
internal sealed class PushedMessages
{
    private readonly RedisServer _server;
    private readonly List<SharedReply> _waiting = [];
    private readonly List<SharedReply> _replies = [];
    private readonly ReplyWriter _encoder;

    internal PushedMessages(RedisServer server)
    {
        _server = server;
        _encoder = new ReplyWriter(new ReplyBuffer(server.Buffers));
    }

    /// <summary>Whether the running request's client has messages waiting.</summary>
    internal bool HasWaiting => _waiting.Count != 0;

    /// <summary>Delivers a message, now or after the running request's reply.</summary>
    internal void Push(Client client, SharedReply message)
    {
        if (!client.Is(ClientFlags.CloseAfterReply) && client == _server.Requests.Current && (client.IsSilent || !RepliesByPush(client.RunningCommand)))
        {
            _waiting.Add(message);
            return;
        }

        PushAtOnce(client, message);
    }

    /// <summary>Delivers a message now, wherever the running request's reply is. Who is about to be closed is sent none.</summary>
    internal void PushAtOnce(Client client, SharedReply message)
    {
        if (!client.Is(ClientFlags.CloseAfterReply)) client.Reply.Shared(message);
        _server.Replies.Schedule(client);
    }

    /// <summary>Where the running request of a client writes a message that is its reply; <see cref="EndReply"/> sends it.</summary>
    internal ReplyWriter BeginReply(Client client)
    {
        if (!client.IsSilent) return client.Reply;
        _encoder.Version = client.Reply.Version;
        return _encoder;
    }

    /// <summary>Sends what was written where <see cref="BeginReply"/> has said.</summary>
    internal void EndReply(Client client, ReplyWriter writer)
    {
        if (writer != _encoder) return;
        var message = _encoder.Buffer.ToShared();
        if (!client.Is(ClientFlags.CloseAfterReply)) _replies.Add(message);
    }

    /// <summary>Delivers the replies to a client that wants none, where those that it does not want would have been.</summary>
    internal void FlushReplies(Client client)
    {
        foreach (var message in _replies) client.Reply.Shared(message);
        _replies.Clear();
    }

    /// <summary>Delivers what has waited for the reply of a client's request.</summary>
    internal void Flush(Client client)
    {
        foreach (var message in _waiting) client.Reply.Shared(message);
        _waiting.Clear();
    }

    /// <summary>Whether what a command replies are messages themselves: SUBSCRIBE and its relatives.</summary>
    internal static bool RepliesByPush(Command? command) =>
        command is not null && (command.Flags & CommandFlags.PubSub) != 0 && command.Spec.Name.EndsWith("subscribe", StringComparison.Ordinal);
}
