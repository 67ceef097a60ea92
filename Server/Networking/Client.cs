using System.Net.Sockets;
using KestrelFree.Protocol;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Loop;
using KestrelFree.Server.PubSub;
using KestrelFree.Server.Tls;
using KestrelFree.Server.Tracking;
using KestrelFree.Server.Transactions;
using KestrelFree.Storage;

namespace KestrelFree.Server.Networking;

// One connection and what the server knows of it.
//
// A client is state; what is done with it lives elsewhere: RequestPump reads and executes, ReplySender sends, ClientRegistry creates,
// finds and frees. An idle client owns no buffers: its query buffer and its reply buffer rent from the loop's pool while they hold bytes.

/// <summary>A connection: its buffers, its protocol version, its database and its place in the server's lists.</summary>
internal sealed class Client : Pollable, IErrorObserver
{
    // Measured: the heap's growth by an idle connection.
    private const int ObjectBytes = 1400;

    private readonly Listener? _listener;
    private string? _localAddress;
    private List<WatchedKey>? _watched;

    internal Client(RedisServer server, Socket socket, long id, Listener? listener)
        : base(socket)
    {
        Server = server;
        Id = id;
        _listener = listener;
        Address = PeerAddress.OfPeer(socket, listener);
        Query = new QueryBuffer(server.Buffers, server.ReceiveBuffer);
        Parser = new RequestParser();
        Reply = new ReplyWriter(new ReplyBuffer(server.Buffers), this);
        Database = server.Keyspace[0];
        User = server.Users.Default;
        CreatedMs = LastInteractionMs = PeakForgottenMs = server.Clock.NowMs;
    }

    /// <summary>The server it is connected to.</summary>
    internal RedisServer Server { get; }

    /// <summary>Its number: unique and increasing over the life of the server.</summary>
    internal long Id { get; }

    /// <summary>The peer's address as CLIENT LIST shows it.</summary>
    internal string Address { get; }

    /// <summary>The server's own address on this connection, which is found out when somebody asks: few do, and it costs a call and four objects.</summary>
    internal string LocalAddress => _localAddress ??= PeerAddress.OfLocal(Socket, _listener);

    /// <summary>What was received and not yet executed.</summary>
    internal QueryBuffer Query { get; }

    /// <summary>Where the parsing of <see cref="Query"/> stands.</summary>
    internal RequestParser Parser { get; }

    /// <summary>Where replies are written.</summary>
    internal ReplyWriter Reply { get; }

    /// <summary>The selected database.</summary>
    internal Database Database { get; set; }

    /// <summary>What is true of it at the moment.</summary>
    internal ClientFlags Flags { get; set; }

    /// <summary>Who it is, which decides what it may do.</summary>
    internal User User { get; set; }

    /// <summary>True once it may run commands that need authentication.</summary>
    internal bool IsAuthenticated { get; set; }

    /// <summary>The name given by CLIENT SETNAME, empty when none.</summary>
    internal byte[] Name { get; set; } = [];

    /// <summary>The client library's name, as it told by CLIENT SETINFO.</summary>
    internal byte[] LibraryName { get; set; } = [];

    /// <summary>The client library's version, as it told by CLIENT SETINFO.</summary>
    internal byte[] LibraryVersion { get; set; } = [];

    /// <summary>When it connected, in Unix milliseconds.</summary>
    internal long CreatedMs { get; }

    /// <summary>When it last sent or took bytes, in Unix milliseconds.</summary>
    internal long LastInteractionMs { get; set; }

    /// <summary>When the peak of its reply buffer was last forgotten, in Unix milliseconds.</summary>
    internal long PeakForgottenMs { get; set; }

    /// <summary>Since when its pending reply exceeds the soft limit, in Unix milliseconds; 0 while it does not.</summary>
    internal long SoftLimitSinceMs { get; set; }

    /// <summary>Bytes received from it.</summary>
    internal long BytesReceived { get; set; }

    /// <summary>Bytes sent to it.</summary>
    internal long BytesSent { get; set; }

    /// <summary>The command that runs, or ran last.</summary>
    internal Command? LastCommand { get; set; }

    /// <summary>The command of a transaction that EXEC is running; else null.</summary>
    internal Command? QueuedCommand { get; set; }

    /// <summary>The command that runs: the transaction's, or else the last.</summary>
    internal Command? RunningCommand => QueuedCommand ?? LastCommand;

    /// <summary>Takes what the running command does, where that is not its request.</summary>
    internal Propagation Propagation => Server.Propagation;

    /// <summary>Where the effects end, in bytes that were ever fed, that its last write had.</summary>
    internal long WriteOffset { get; set; }

    /// <summary>What it waits for, while it is blocked.</summary>
    internal BlockedOperation? Blocked { get; set; }

    /// <summary>Whose waiting the running command continues, when it was woken by a key; else null.</summary>
    internal BlockedOnKeys? ReexecutedFrom { get; set; }

    /// <summary>The requests it has queued since MULTI; null outside of a transaction.</summary>
    internal Transaction? Transaction { get; set; }

    /// <summary>The keys it watches.</summary>
    internal List<WatchedKey> Watched => _watched ??= [];

    /// <summary>The connection's encryption; null when it has none.</summary>
    internal TlsChannel? Tls { get; init; }

    /// <summary>What it subscribes to; null while it never has.</summary>
    internal ClientSubscriptions? Subscriptions { get; set; }

    /// <summary>Its tracking of keys; null while it does not track.</summary>
    internal ClientTracking? Tracking { get; set; }

    /// <summary>The next older client in the registry's list.</summary>
    internal Client? Previous { get; set; }

    /// <summary>The next newer client in the registry's list.</summary>
    internal Client? Next { get; set; }

    /// <summary>True while the client may not run commands before AUTH or HELLO.</summary>
    internal bool AuthRequired => !IsAuthenticated && !Server.Users.Default.IsOpen;

    /// <summary>The request that waits, if it is blocked, in bytes: arguments that lie outside of the query buffer.</summary>
    internal long ArgumentBytes => Blocked?.Request?.MemoryBytes ?? 0;

    /// <summary>The private memory of its buffers, in bytes. O(1).</summary>
    internal long BufferBytes => Query.OwnedBytes + Reply.Buffer.OwnedBytes + (Tls?.OwnedBytes ?? 0);

    /// <summary>The memory that it takes, in bytes. O(1).</summary>
    internal long MemoryBytes =>
        ObjectBytes + BufferBytes + ArgumentBytes + (Transaction?.MemoryBytes ?? 0) + WatchedBytes
        + (Subscriptions?.MemoryBytes ?? 0) + (Tracking?.PrefixBytes ?? 0);

    /// <summary>What of it the sum over all clients holds, while maxmemory-clients is a limit.</summary>
    internal long CountedBytes { get; set; }

    /// <summary>The memory of its watches, in bytes.</summary>
    internal long WatchedBytes { get; set; }

    /// <inheritdoc/>
    public override void OnReadable()
    {
        if (Tls is { IsEstablished: false }) Server.Tls.Receive(this);
        else Server.Requests.Receive(this);
    }

    /// <inheritdoc/>
    public override void OnWritable() => Server.Replies.Continue(this);

    /// <summary>True when all of <paramref name="flags"/> are set.</summary>
    internal bool Is(ClientFlags flags) => (Flags & flags) == flags;

    /// <summary>True when any of <paramref name="flags"/> is set.</summary>
    internal bool IsAny(ClientFlags flags) => (Flags & flags) != 0;

    /// <summary>Whether it wants no reply to the request that runs: CLIENT REPLY OFF, or SKIP before it.</summary>
    internal bool IsSilent => IsAny(ClientFlags.ReplyOff | ClientFlags.ReplySkip);

    /// <summary>
    /// Whether a time is no longer to come, so that what expires then is to be deleted. While data is loaded nothing is: who wrote it will say
    /// what went.
    /// </summary>
    internal bool IsPast(long unixMs) => unixMs <= Server.Clock.NowMs && Server.Keyspace.ExpiredKeys != ExpiredKeys.Show;

    /// <summary>Propagates the running command as the deletion of a key whose time it has set into the past.</summary>
    internal void PropagateDeletion(ReadOnlySpan<byte> key) =>
        Server.Propagation.Instead(2).Argument(Server.Config.LazyFreeLazyExpire ? "UNLINK"u8 : "DEL"u8).Argument(key);

    void IErrorObserver.ErrorWritten(ReadOnlySpan<byte> text) => Server.Statistics.CountError(text);
}
