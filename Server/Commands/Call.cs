using System.Diagnostics;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

// Executes an admitted command and accounts for it.
//
// The monotonic clock is read once per command: the end of one is the beginning of the next in the same batch, and the server's clock
// moves on with the same reading. (Two readings a command cost 45 ns of the 500 that a pipelined SET takes.)

/// <summary>Runs commands: executes, times, counts; the one place that propagation hangs on.</summary>
internal sealed class Call
{
    private readonly RedisServer _server;

    internal Call(RedisServer server) => _server = server;

    /// <summary>Runs a command for a client.</summary>
    internal void Execute(Client client, Command command, in ArgVector args)
    {
        var began = _server.Clock.Ticks;
        var errorsBefore = client.Reply.ErrorsWritten;
        command.Spec.Handler!(client, args);
        var ended = _server.Clock.Advance(Stopwatch.GetTimestamp());
        if (client.ReexecutedFrom is null) _server.Statistics.Commands++;

        // A command that waits is counted when it has run to its end.
        if (client.Is(ClientFlags.Blocked)) return;
        command.Calls++;
        command.Ticks += ended - began;
        if (client.Reply.ErrorsWritten != errorsBefore) command.FailedCalls++;
    }
}
