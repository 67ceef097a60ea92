using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Tls;

// Handshakes, and the certificates that they are made with.
//
// A handshake costs half a millisecond to a millisecond of CPU (the signature), some hundred times what a command does, and anybody may ask for
// one. So what arrives for handshakes is only received when it comes; clients with a whole record stand in a queue, and before the loop sleeps
// they are served for a millisecond, one at least. Ten thousand at once take as long as they take, and the others notice a millisecond a turn.
// (Redis makes all of them in the turn in which they arrive.) Those under way come first, since they are nearly served.
//
// Redis bounds this cost where it accepts: max-new-tls-connections-per-cycle, 1 unless told otherwise. Here accepting costs what it costs for
// any connection, and it is the beginning of handshakes that the directive bounds. Who is left in the system's queue when that overflows would
// have to knock again after a second, and then after two, four and eight: of 5,000 at once the last were served after 16 s, though the server
// was busy for 4.5 s only.
//
// A failed handshake costs its connection and one line in the log. One that never ends is closed after a minute.
//
// New connections use the context that is current when their handshake begins; those that are established keep theirs. A context is made
// anew by CONFIG SET, when a file has changed, and every tls-session-cache-timeout: sessions can only be resumed in the context they
// began in, and the platform has no other way to let them age.

/// <summary>The server's side of encrypted connections. The loop's thread owns it.</summary>
internal sealed class TlsServer
{
    private const long HandshakeTimeoutMs = 60_000;
    private const long SliceMicros = 1000;
    private const long WatchEveryMs = 1000;

    private readonly RedisServer _server;
    private readonly TlsBuffers _buffers = new();
    private readonly Queue<Client> _arrived = [];
    private readonly Queue<Client> _underWay = [];
    private TlsContext? _context;
    private TlsFiles _seen;
    private long _watchedMs;

    internal TlsServer(RedisServer server) => _server = server;

    /// <summary>Whether handshakes wait for their turn.</summary>
    internal bool HasWaiting => _underWay.Count + _arrived.Count > 0;

    /// <summary>Whether connections can be encrypted.</summary>
    internal bool IsConfigured => _context is not null;

    /// <summary>Reads certificates and settings; false, and logged, when they are no good: then the former ones go on.</summary>
    internal bool Configure()
    {
        _seen = TlsFiles.Of(_server.Config);
        if (TlsContext.Load(_server.Config, _server.Log, _server.Clock.NowMs) is not { } loaded) return false;
        _context = loaded;
        return true;
    }

    /// <summary>The encryption of an accepted connection.</summary>
    internal TlsChannel Open(Socket connection) => new(connection, _buffers, _server.Buffers);

    /// <summary>Receives for a handshake; what is to be done then waits for <see cref="Run"/>.</summary>
    internal void Receive(Client client)
    {
        if (client.IsAny(ClientFlags.CloseAsap | ClientFlags.Handshaking)) return;
        var channel = client.Tls!;
        if (channel.ReceiveHandshake(out var error) == 0)
        {
            if (error != SocketError.WouldBlock) Refuse(client, error == SocketError.Success ? "unexpected eof while reading" : new SocketException((int)error).Message);
            return;
        }

        client.LastInteractionMs = _server.Clock.NowMs;
        if (channel.IsForeign) Refuse(client, "wrong version number: the client does not speak TLS");
        else if (channel.HasRecord)
        {
            client.Flags |= ClientFlags.Handshaking;
            (channel.HasBegun ? _underWay : _arrived).Enqueue(client);
        }
    }

    /// <summary>Serves waiting handshakes for a millisecond.</summary>
    internal void Run()
    {
        var until = Loop.EventLoop.NowMicros() + SliceMicros;
        var beginnings = _server.Config.MaxNewTlsConnectionsPerCycle;
        while (_underWay.TryDequeue(out var client) || (beginnings-- > 0 && _arrived.TryDequeue(out client)))
        {
            client.Flags &= ~ClientFlags.Handshaking;
            if (!client.IsAny(ClientFlags.CloseAsap | ClientFlags.Freed)) ShakeHands(client);
            if (Loop.EventLoop.NowMicros() >= until) break;
        }

        if (HasWaiting) _server.Loop.WorkPending = true;
    }

    /// <summary>Closes a client whose handshake has taken too long; the cron looks after one after the other.</summary>
    internal void LookAfter(Client client)
    {
        if (client.Tls is { IsEstablished: false } && _server.Clock.NowMs - client.CreatedMs > HandshakeTimeoutMs) Refuse(client, "handshake timeout");
    }

    /// <summary>Once a second: reads files that have changed, and lets sessions age.</summary>
    internal void Watch()
    {
        if (_context is not { } context || _server.Clock.NowMs - _watchedMs < WatchEveryMs) return;
        _watchedMs = _server.Clock.NowMs;
        if (TlsFiles.Of(_server.Config) != _seen)
        {
            if (Configure()) _server.Log.Notice("TLS certificates have changed and were read again.");
            else _server.Log.Warning("TLS certificates have changed and cannot be used: the former ones go on.");
        }
        else if (_server.Config.TlsSessionCacheTimeoutSeconds is > 0 and var seconds && _watchedMs - context.CreatedMs >= seconds * 1000L)
        {
            _context = context.Renew(_watchedMs);
        }
    }

    private void ShakeHands(Client client)
    {
        var channel = client.Tls!;
        if (!channel.TryShakeHands(_context!.OptionsFor(_server.Config.TlsAuthClients), out var failure))
        {
            Refuse(client, failure is null ? "the connection was lost" : Reason(failure));
            return;
        }

        if (channel.HasUnsent) _server.Replies.AwaitWritable(client);
        if (channel.IsEstablished) _server.Clients.Welcome(client);
    }

    private void Refuse(Client client, string reason)
    {
        _server.Log.Warning($"Error accepting a client connection: {reason} (addr={client.Address} laddr={client.LocalAddress})");
        _server.Clients.CloseAsap(client);
    }

    // The library's own words are in the innermost exception; the others wrap it.
    private string Reason(Exception failure)
    {
        if (_context!.Refusal is { } refusal) return refusal;
        while (failure.InnerException is { } inner) failure = inner;
        return failure is CryptographicException ? failure.Message : "handshake failure";
    }
}
