using System.Net.Sockets;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Oracle;

/// <summary>The oracle and the server under test, with one client on each, to which the same bytes go.</summary>
internal sealed class OraclePair : IDisposable
{
    /// <summary>In place of a reply when the server closed the connection.</summary>
    public const string Closed = "closed";

    // What the grammar's CONFIG SET may have changed, as it was; but the oracle looks at timeouts hz times a second.
    private static readonly string[] Settings =
    [
        "maxmemory", "0", "maxmemory-policy", "noeviction", "maxmemory-samples", "5", "timeout", "0", "hz", "100", "slowlog-log-slower-than", "10000", "notify-keyspace-events", "",
        "client-output-buffer-limit", "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60", "save", "", "lazyfree-lazy-user-del", "no", "proto-max-bulk-len", "512mb", "appendfsync", "everysec",
        "latency-tracking-info-percentiles", "50 99 99.9", "list-max-ziplist-size", "-2", "oom-score-adj-values", "0 200 800",
    ];

    private RawConnection _oracleClient;
    private RawConnection _ourClient;

    /// <summary>Starts both servers with the same arguments.</summary>
    public OraclePair(params string[] arguments)
    {
        string[] all = ["--enable-debug-command", "yes", .. arguments];
        Oracle = RedisProcess.Start(all);
        try
        {
            Ours = KestrelFreeProcess.Start(all);
        }
        catch
        {
            Oracle.Dispose();
            throw;
        }

        _oracleClient = Oracle.Connect();
        _ourClient = Ours.Connect();
    }

    /// <summary>The real redis-server.</summary>
    public ServerProcess Oracle { get; }

    /// <summary>The server under test.</summary>
    public ServerProcess Ours { get; }

    /// <summary>Runs a script on both from the same state: databases empty, a client in the given protocol version.</summary>
    public IReadOnlyList<Exchange> Run(Script script, int protocolVersion, Pacing pacing)
    {
        Refresh(ref _oracleClient, Oracle, protocolVersion);
        Refresh(ref _ourClient, Ours, protocolVersion);
        var theirs = Replies(_oracleClient, script.Requests, pacing);
        var ours = Replies(_ourClient, script.Requests, pacing);
        return [.. script.Requests.Select((request, at) => new Exchange(request, theirs[at], ours[at]))];
    }

    public void Dispose()
    {
        _oracleClient.Dispose();
        _ourClient.Dispose();
        Oracle.Dispose();
        Ours.Dispose();
    }

    private static void Refresh(ref RawConnection client, ServerProcess server, int protocolVersion)
    {
        try
        {
            client.Ask("RESET");
        }
        catch (Exception error) when (error is SocketException or EndOfStreamException)
        {
            client.Dispose();
            client = server.Connect();
        }

        client.Ask("HELLO", $"{protocolVersion}");
        client.Ask("FLUSHALL");
        client.Ask(["CONFIG", "SET", .. Settings]);
    }

    /// <summary>What a server answers to each request: raw bytes, one per char, or <see cref="Closed"/>.</summary>
    public static string[] Replies(RawConnection client, IReadOnlyList<IReadOnlyList<string>> requests, Pacing pacing)
    {
        var replies = new string[requests.Count];
        if (pacing == Pacing.Pipelined) SendOrClosed(client, RequestBytes.Pipeline(requests));

        for (var at = 0; at < requests.Count; at++)
        {
            if (pacing == Pacing.OneByOne) SendOrClosed(client, RequestBytes.Of(requests[at]));

            replies[at] = client.ReadReplyOrClosed() is { } frame ? ByteText.Text(frame) : Closed;
        }

        return replies;
    }

    private static void SendOrClosed(RawConnection client, byte[] bytes)
    {
        try
        {
            client.Send(bytes);
        }
        catch (SocketException)
        {
            // The server hung up: the reads that follow say so, in the place where it matters.
        }
    }
}

/// <summary>How a script's requests are sent.</summary>
internal enum Pacing
{
    /// <summary>All at once; replies are read afterwards.</summary>
    Pipelined,

    /// <summary>Each one after the reply to the one before.</summary>
    OneByOne,
}

/// <summary>One request and what both servers said: raw bytes, one per char, or <see cref="OraclePair.Closed"/>.</summary>
internal sealed record Exchange(IReadOnlyList<string> Request, string Theirs, string Ours)
{
    /// <summary>The command's name and, for containers, its subcommand, in lower case: "client list".</summary>
    public string Command { get; } = NameOf(Request);

    /// <summary>A reply as text.</summary>
    public static string Show(string reply) => reply == OraclePair.Closed ? reply : ReplyText.Render(ByteText.Bytes(reply));

    private static string NameOf(IReadOnlyList<string> request)
    {
        var name = request.Count == 0 ? "" : request[0].ToLowerInvariant();
        var isContainer = name is "acl" or "client" or "config" or "command" or "debug" or "object" or "xgroup" or "xinfo" or "slowlog" or "latency" or "memory" && request.Count > 1;
        return isContainer ? $"{name} {request[1].ToLowerInvariant()}" : name;
    }
}
