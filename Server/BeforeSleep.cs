using System.Diagnostics;
using KestrelFree.Server.Persistence;

namespace KestrelFree.Server;

// What happens between executing requests and waiting for more, in Redis's order, which clients can observe:
// handshakes and unblocked clients go on first, so that their replies leave in the same turn; keys past their time go; who has cached what changed
// is told; what was acknowledged is made durable before its reply is sent; replies go out; and only then are the clients freed that were closed
// on the way, and those that take too much memory.

/// <summary>The last step of every turn of the loop.</summary>
internal sealed class BeforeSleep
{
    private readonly RedisServer _server;

    internal BeforeSleep(RedisServer server) => _server = server;

    /// <summary>Runs once a turn, before the loop waits.</summary>
    internal void Run()
    {
        _server.Statistics.EndTurn();
        if (_server.Loader.IsLoading) _server.Loader.Continue();
        if (_server.Tls.HasWaiting) _server.Tls.Run();
        if (_server.KeyWaits.HasReady) _server.KeyWaits.Serve();
        if (_server.Pause.HasReleased) _server.Pause.RunReleased();
        _server.Requests.ExecuteResumed();
        _server.Expiry.Run();
        _server.Tracking.SendBroadcasts();
        FlushAof();
        _server.Replies.SendPending();
        _server.Clients.FreeMarked();
        if (_server.ClientMemory.IsLimited) _server.ClientMemory.Enforce();
        _server.Stalls.EndTurn();
    }

    private void FlushAof()
    {
        if (_server.Aof.State == AofState.Off)
        {
            _server.Aof.Flush();
            return;
        }

        var began = Stopwatch.GetTimestamp();
        _server.Aof.Flush();
        _server.Statistics.AofTicks += Stopwatch.GetTimestamp() - began;
    }
}
