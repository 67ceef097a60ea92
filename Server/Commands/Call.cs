using System.Diagnostics;
using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Introspection;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// Executes an admitted command and accounts for it.
//
// The monotonic clock is read once per command: the end of one is the beginning of the next in the same batch, and the server's clock
// moves on with the same reading. (Two readings a command cost 45 ns of the 500 that a pipelined SET takes.)
//
// What watches commands costs those that nobody watches a comparison each: whether there are observers, whether latencies are tracked (an
// addition to a histogram if so), whether the command was slow.

/// <summary>Runs commands: executes, times, counts; the one place that propagation hangs on.</summary>
internal sealed class Call
{
    private readonly RedisServer _server;
    private long _errorsCounted;

    internal Call(RedisServer server) => _server = server;

    /// <summary>Whether anybody wants to see commands: a monitor, or a client that tracks what it reads.</summary>
    internal bool HasObservers { get; set; }

    /// <summary>How long commands have run as parts of others, in ticks of the monotonic clock.</summary>
    internal long NestedTicks { get; private set; }

    /// <summary>Runs a command for a client.</summary>
    internal void Execute(Client client, Command command, in ArgVector args)
    {
        var began = _server.Clock.Ticks;
        var errorsBefore = client.Reply.ErrorsWritten;
        var countedBefore = _errorsCounted;
        _server.Keyspace.Touching = client.Is(ClientFlags.NoTouch) ? Touch.No : Touch.Yes;
        Run(client, command, args);
        var ended = _server.Clock.Advance(Stopwatch.GetTimestamp());
        var woken = client.ReexecutedFrom;
        if (HasObservers) Observe(client, command, args);

        // A command that waits is counted when it has run to its end.
        var took = ended - began;
        if (client.Blocked is { } waiting)
        {
            waiting.SpentTicks = took + (woken?.SpentTicks ?? 0);
            if (took >= _server.SlowCommands.ThresholdTicks) _server.SlowCommands.NoteLatency(command, took);
            return;
        }

        var total = woken is null ? took : took + woken.SpentTicks;
        _server.Statistics.Commands++;
        Count(command, total);
        if (total >= _server.SlowCommands.ThresholdTicks) _server.SlowCommands.Note(client, command, args, total, took);
        if (client.Reply.ErrorsWritten != errorsBefore) CountFailure(client, command, errorsBefore, countedBefore);
    }

    /// <summary>Runs a command as a part of another, whose time counts it.</summary>
    internal void ExecuteWithin(Client client, Command command, in ArgVector args)
    {
        var began = _server.Clock.Ticks;
        Execute(client, command, args);
        NestedTicks += _server.Clock.Ticks - began;
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics() => NestedTicks = 0;

    private void Run(Client client, Command command, in ArgVector args)
    {
        var propagation = _server.Propagation;
        if (!propagation.IsListening)
        {
            command.Spec.Handler!(client, args);
            return;
        }

        propagation.Enter(client);
        command.Spec.Handler!(client, args);
        propagation.Leave(client, command, args);
    }

    /// <summary>Accounts for a command that waited and has been answered without running again.</summary>
    internal void CountUnblocked(Client client, BlockedOperation operation)
    {
        if (client.LastCommand is not { } command) return;
        _server.Statistics.Commands++;
        Count(command, operation.SpentTicks);
        if (operation.SpentTicks >= _server.SlowCommands.ThresholdTicks && operation.Request is { } request)
            _server.Slowlog.Push(client, command, request.Args, operation.SpentTicks);
    }

    private void Observe(Client client, Command command, in ArgVector args)
    {
        if (_server.Monitors.IsWatched && client.ReexecutedFrom is null) _server.Monitors.Feed(client, command, args);
        if (_server.Tracking.IsActive) _server.Tracking.Remember(client, command, args);
    }

    private void Count(Command command, long ticks)
    {
        command.Calls++;
        command.Ticks += ticks;
        if (_server.SlowCommands.TracksLatency) (command.Latencies ??= new LatencyHistogram()).Record(ticks);
    }

    // An error of a command within a transaction is that command's failure, not EXEC's too.
    private void CountFailure(Client client, Command command, long errorsBefore, long countedBefore)
    {
        var own = client.Reply.ErrorsWritten - errorsBefore - (_errorsCounted - countedBefore);
        if (own <= 0) return;
        command.FailedCalls++;
        _errorsCounted += own;
    }
}
