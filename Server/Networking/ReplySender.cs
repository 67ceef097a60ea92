using System.Net.Sockets;
using KestrelFree.Server.Config;
using KestrelFree.Server.Config.Kinds;

namespace KestrelFree.Server.Networking;

// From reply buffers to sockets.
//
// Commands only append to a client's reply buffer. Before the loop sleeps every client with pending bytes gets one send of at most 64 KB;
// what the socket does not take, or what is beyond it, waits for the socket to become writable again. So a client that does not read costs
// its buffer, bounded by client-output-buffer-limit, and nobody's time.

/// <summary>Sends pending replies and watches the limits on them.</summary>
internal sealed class ReplySender
{
    private const int UnauthenticatedBytes = 17 * 1024;
    private const int UnlimitedBytes = 16 * 1024;
    private const int ScratchBytes = 64 * 1024;

    private readonly RedisServer _server;
    private readonly byte[] _scratch = GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);
    private List<Client> _pending = [];
    private List<Client> _sending = [];

    internal ReplySender(RedisServer server) => _server = server;

    /// <summary>Has a client's pending reply sent before the loop sleeps, and closes the client if the reply is over its limit.</summary>
    internal void Schedule(Client client)
    {
        if (!EnforceLimit(client)) return;
        if (_server.ClientMemory.IsLimited) _server.ClientMemory.Note(client);
        if (client.IsAny(ClientFlags.PendingReply | ClientFlags.AwaitingWritable)) return;
        client.Flags |= ClientFlags.PendingReply;
        _pending.Add(client);
    }

    /// <summary>Closes a client whose pending reply is over its limit; false if it is closed, or was already.</summary>
    internal bool EnforceLimit(Client client)
    {
        if (client.IsAny(ClientFlags.CloseAsap | ClientFlags.Freed)) return false;
        if (!IsOverLimit(client)) return true;
        _server.Log.Warning($"Client {ClientDescription.ForLog(client)} scheduled to be closed ASAP for overcoming of output buffer limits.");
        _server.Statistics.OutputBufferLimitDisconnections++;
        _server.Clients.CloseAsap(client);
        return false;
    }

    /// <summary>Sends once to every scheduled client, to the last scheduled first.</summary>
    internal void SendPending()
    {
        (_pending, _sending) = (_sending, _pending);

        // Who published is behind those who listen, and asks again while they are being served: so more messages go out with one send.
        for (var i = _sending.Count - 1; i >= 0; i--)
        {
            var client = _sending[i];
            client.Flags &= ~ClientFlags.PendingReply;
            if (client.IsAny(ClientFlags.CloseAsap | ClientFlags.Freed)) continue;
            if (Send(client) && HasMore(client)) AwaitWritable(client);
        }

        _sending.Clear();
    }

    /// <summary>Sends more to a client whose socket has become writable.</summary>
    internal void Continue(Client client)
    {
        if (client.IsAny(ClientFlags.CloseAsap | ClientFlags.Freed) || !Send(client) || HasMore(client)) return;
        client.Flags &= ~ClientFlags.AwaitingWritable;
        _server.Loop.DisableWritable(client);
    }

    /// <summary>Has more sent once a client's socket takes it.</summary>
    internal void AwaitWritable(Client client)
    {
        client.Flags |= ClientFlags.AwaitingWritable;
        _server.Loop.EnableWritable(client);
    }

    /// <summary>Closes a client whose pending reply has exceeded the soft limit for too long, though nothing was added to it.</summary>
    internal void CheckLimit(Client client)
    {
        if (!client.Reply.Buffer.IsEmpty) Schedule(client);
    }

    private static bool HasMore(Client client) => !client.Reply.Buffer.IsEmpty || client.Tls is { HasUnsent: true };

    /// <summary>One send; false when the client is closed or about to be.</summary>
    private bool Send(Client client)
    {
        if (HasMore(client))
        {
            var sent = client.Tls is null
                ? client.Socket.Send(client.Reply.Buffer.PeekGathered(_scratch), SocketFlags.None, out var error)
                : client.Tls.Send(client.Reply.Buffer, out error);
            _server.Statistics.Writes++;
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                _server.Log.Verbose($"Error writing to client: {new SocketException((int)error).Message}");
                _server.Clients.CloseAsap(client);
                return false;
            }

            Account(client, Math.Max(sent, 0));
        }

        if (!client.Is(ClientFlags.CloseAfterReply) || HasMore(client)) return true;
        _server.Clients.CloseAsap(client);
        return false;
    }

    private void Account(Client client, int sent)
    {
        client.Reply.Buffer.Consume(sent);
        if (client.Reply.Buffer.IsEmpty) client.SoftLimitSinceMs = 0;
        client.BytesSent += sent;
        if (sent > 0) client.LastInteractionMs = _server.Clock.NowMs;
        _server.Statistics.BytesSent += sent;
        if (_server.ClientMemory.IsLimited) _server.ClientMemory.Note(client);
    }

    // Of what a stranger may ask for nothing is long, so whoever leaves more than this unread wants to fill memory.
    private bool IsOverLimit(Client client)
    {
        if (client.AuthRequired && client.Reply.Buffer.Length > UnauthenticatedBytes) return true;
        var limit = _server.Config.ClientOutputBufferLimitFor(ClientTypes.LimitOf(client));
        // In Redis so much lies in a buffer that a client has anyway, and INFO is answered however small the limit is. What is more is counted
        // whole: Redis counts blocks of 20 KB for what is behind that buffer, full or not, which comes to about the same.
        var length = client.Reply.Buffer.Length;
        if (length <= UnlimitedBytes) length = 0;
        if (limit.HardBytes != 0 && length >= limit.HardBytes) return true;
        if (limit.SoftBytes == 0 || length < limit.SoftBytes)
        {
            client.SoftLimitSinceMs = 0;
            return false;
        }

        var now = _server.Clock.NowMs;
        if (client.SoftLimitSinceMs == 0) client.SoftLimitSinceMs = now;
        return now - client.SoftLimitSinceMs > limit.SoftSeconds * 1000L;
    }
}
