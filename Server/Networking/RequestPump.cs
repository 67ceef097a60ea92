using System.Diagnostics;
using System.Net.Sockets;
using KestrelFree.Protocol;
using KestrelFree.Server.Config;
using KestrelFree.Server.Tls;

namespace KestrelFree.Server.Networking;

// From a readable socket to executed commands.
//
// A turn gives every readable client one receive, of at most 64 KB (1 MB into a large argument), and executes what is complete in it for
// at most a millisecond or a megabyte of replies: the rest waits for the next turn, and so does the next receive. A batch that is begun goes on
// to its end, though, unless it takes ten times as long. Requests are parsed as a batch before any of them runs, so that the cache lines of all
// their keys are on the way while the first executes. Replies gather in the client's reply buffer and are sent once, before the loop sleeps.
// Where only the time was over they wait until the last 16 KB of requests have run: Redis executes that much in one go, so that a client whose
// replies are over its limit then gets none of them.
//
// An unauthenticated client is parsed one request at a time, because AUTH changes the limits that the next request is parsed under.

/// <summary>Receives, parses and executes the requests of clients.</summary>
internal sealed class RequestPump
{
    private const int BatchRequests = 64;
    private const long UnauthenticatedQueryBytes = 1024 * 1024;
    private const long ReplyBytesPerTurn = 1024 * 1024;
    private const int BatchStretch = 10;
    private const int AnsweredAtOnceBytes = 16 * 1024;

    private static readonly long TicksPerTurn = Stopwatch.Frequency / 1000;

    private readonly RedisServer _server;
    private readonly RequestBatch _batch = new();
    private List<Client> _unblocked = [];
    private List<Client> _resuming = [];
    private long _tickLimit;
    private long _batchTickLimit;
    private long _replyLimit;

    internal RequestPump(RedisServer server) => _server = server;

    /// <summary>The client whose request runs at the moment; null between requests.</summary>
    internal Client? Current { get; private set; }

    /// <summary>Receives once from a readable client and executes what is complete.</summary>
    internal void Receive(Client client)
    {
        if (client.IsAny(ClientFlags.CloseAsap | ClientFlags.CloseAfterReply))
        {
            _server.Loop.DisableReadable(client);
            return;
        }

        // What it has sent before is not executed yet: until then its socket's buffer is the one that fills.
        if (client.Is(ClientFlags.Unblocked)) return;

        var received = client.Tls is null
            ? client.Socket.Receive(client.Query.GetReadSpan(client.Parser.BytesWanted), SocketFlags.None, out var error)
            : client.Tls.Receive(client.Query.GetReadMemory(client.Parser.BytesWanted, TlsChannel.RoomBytes), out error);
        _server.Statistics.Reads++;
        if (received <= 0 || error != SocketError.Success)
        {
            client.Query.Settle(client.Parser.BytesWanted);
            if (error != SocketError.WouldBlock) LoseConnection(client, error);
            return;
        }

        client.Query.Commit(received);
        client.BytesReceived += received;
        client.LastInteractionMs = _server.Clock.NowMs;
        _server.Statistics.BytesReceived += received;
        if (_server.ClientMemory.IsLimited) _server.ClientMemory.Note(client);
        if (WithinQueryLimit(client)) Execute(client);
        else client.Query.Settle(client.Parser.BytesWanted);
    }

    /// <summary>Executes the complete requests in a client's query buffer, until it blocks, is closed, or has none left.</summary>
    internal void Execute(Client client)
    {
        _tickLimit = _server.Clock.Advance(Stopwatch.GetTimestamp()) + TicksPerTurn;
        _batchTickLimit = _tickLimit + (BatchStretch - 1) * TicksPerTurn;
        _replyLimit = client.Reply.Buffer.Length + ReplyBytesPerTurn;
        while (client.Query.Length > 0 && !Stopped(client))
        {
            _batch.Clear();
            var unread = client.Query.Unread;
            var limits = client.AuthRequired
                ? ParserLimits.Unauthenticated(_server.Config.ProtoMaxBulkLen)
                : ParserLimits.Authenticated(_server.Config.ProtoMaxBulkLen);
            var status = client.Parser.Parse(unread, _batch, client.AuthRequired ? 1 : BatchRequests, limits);
            if (!ExecuteBatch(client, unread)) break;
            client.Query.Consume(client.Parser.Consumed);
            if (status == ParseStatus.ProtocolError) RejectInput(client);
            if (status != ParseStatus.BatchFull) break;
        }

        client.Query.Settle(client.Parser.BytesWanted);
        if (client.Reply.Buffer.IsEmpty) return;
        if (IsAnsweredLater(client)) _server.Replies.EnforceLimit(client);
        else _server.Replies.Schedule(client);
    }

    /// <summary>Runs a request again whose client waited for a key.</summary>
    internal void Reexecute(Client client, OwnedRequest request)
    {
        var interrupted = Current;
        Current = client;
        _server.Dispatch.Process(client, request.Args);
        Current = interrupted;
    }

    /// <summary>Remembers a client that may have requests left: from before it blocked, or from a turn that gave it no more time.</summary>
    internal void Resume(Client client)
    {
        if (client.Is(ClientFlags.Unblocked)) return;
        client.Flags |= ClientFlags.Unblocked;
        _unblocked.Add(client);
    }

    /// <summary>Executes what resumed clients have left; what their share of this turn does not cover waits for the next.</summary>
    internal void ExecuteResumed()
    {
        (_unblocked, _resuming) = (_resuming, _unblocked);
        foreach (var client in _resuming)
        {
            client.Flags &= ~ClientFlags.Unblocked;
            if (!client.Is(ClientFlags.Freed)) Execute(client);
        }

        _resuming.Clear();
        if (_unblocked.Count > 0) _server.Loop.WorkPending = true;
    }

    private static bool Stopped(Client client) =>
        client.IsAny(ClientFlags.Blocked | ClientFlags.CloseAfterReply | ClientFlags.CloseAsap | ClientFlags.Freed);

    /// <summary>Runs the parsed requests; false when the client stopped in the middle, with its query buffer at the next request.</summary>
    private bool ExecuteBatch(Client client, ReadOnlySpan<byte> unread)
    {
        if (_batch.Count > 1) Prefetch(client, unread);
        Current = client;
        for (var i = 0; i < _batch.Count; i++)
        {
            if (_server.ClientMemory.IsLimited && IsEvicted(client)) return false;
            _server.Dispatch.Process(client, _batch.GetArgs(i, unread));
            if (!Stopped(client) && !IsShareUsed(client, i == _batch.Count - 1 ? _tickLimit : _batchTickLimit)) continue;

            Current = null;
            if (client.Is(ClientFlags.Freed)) return false;
            client.Query.Consume(_batch.EndOf(i));
            client.Parser.Rewind();
            return false;
        }

        Current = null;
        return true;
    }

    // Before every request, so that nobody is told of clients that are too large to be.
    private bool IsEvicted(Client client)
    {
        _server.ClientMemory.Enforce();
        if (!client.Is(ClientFlags.Freed)) return false;
        Current = null;
        return true;
    }

    private bool IsShareUsed(Client client, long tickLimit)
    {
        if (client.Reply.Buffer.Length < _replyLimit && _server.Clock.Ticks < tickLimit) return false;
        Resume(client);
        return true;
    }

    private static bool IsAnsweredLater(Client client) =>
        client.Is(ClientFlags.Unblocked) && client.Query.Length is > 0 and <= AnsweredAtOnceBytes && client.Reply.Buffer.Length < ReplyBytesPerTurn;

    // Most commands take one key, as their first argument; a wrong guess costs a wasted prefetch.
    private void Prefetch(Client client, ReadOnlySpan<byte> unread)
    {
        var tracked = _server.Tracking.TableFor(client);
        for (var i = 0; i < _batch.Count; i++)
        {
            var args = _batch.GetArgs(i, unread);
            if (args.Count == 1) continue;
            _server.Keyspace.PrefetchKey(client.Database, args[1]);
            tracked?.Prefetch(args[1]);
        }

        _server.Keyspace.PrefetchEntries();
        tracked?.PrefetchEntries();
        PrefetchMembers(client, unread);
    }

    // By the first letter, most commands of sets, hashes and sorted sets are known, and most of them name their first member right after the key.
    private void PrefetchMembers(Client client, ReadOnlySpan<byte> unread)
    {
        var found = false;
        for (var i = 0; i < _batch.Count; i++)
        {
            var args = _batch.GetArgs(i, unread);
            var member = MemberArgument(args);
            if (member == 0) continue;
            _server.Keyspace.PrefetchMember(client.Database, args[1], args[member]);
            found = true;
        }

        if (found) _server.Keyspace.PrefetchMembers();
    }

    private static int MemberArgument(in ArgVector args)
    {
        const int LettersOfSet = 3;
        if (args.Count < 3 || args[0].Length <= LettersOfSet) return 0;
        return (args[0][0] | 0x20) switch
        {
            'h' or 's' => 2,
            'z' => (args[0][1] | 0x20) == 'a' ? args.Count - 1 : 2,
            _ => 0,
        };
    }

    private void RejectInput(Client client)
    {
        if (_server.Log.IsEnabled(LogLevel.Verbose))
        {
            var sample = _server.Config.HideUserDataFromLog ? ClientDescription.Hidden : InputSample.Of(client.Query.Unread);
            _server.Log.Verbose($"Protocol error ({client.Parser.LogReason}) from client: {ClientDescription.ForLog(client)}. Query buffer during protocol error: {sample}");
        }

        client.Reply.ProtocolError(client.Parser);
        client.Flags |= ClientFlags.CloseAfterReply;
    }

    private bool WithinQueryLimit(Client client)
    {
        var limit = Math.Min(_server.Config.ClientQueryBufferLimit, client.AuthRequired ? UnauthenticatedQueryBytes : ProtocolLimits.MaxRequestBytes);
        if (client.Query.Length + (client.Transaction?.MemoryBytes ?? 0) <= limit) return true;

        _server.Log.Warning($"Closing client that reached max query buffer length: {ClientDescription.ForLog(client)}");
        _server.Statistics.QueryBufferLimitDisconnections++;
        _server.Clients.CloseAsap(client);
        return false;
    }

    private void LoseConnection(Client client, SocketError error)
    {
        if (_server.Log.IsEnabled(LogLevel.Verbose))
        {
            if (error == SocketError.Success) _server.Log.Verbose($"Client closed connection {ClientDescription.ForLog(client)}");
            else _server.Log.Verbose($"Reading from client: {new SocketException((int)error).Message}");
        }

        _server.Clients.CloseAsap(client);
    }
}
