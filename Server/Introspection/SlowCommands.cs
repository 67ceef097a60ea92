using System.Diagnostics;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Introspection;

// The slow log and the latency monitor both ask of every command whether it took long. The lower of their thresholds, in ticks, is kept here, so that
// the commands that did not, nearly all, pay one comparison.

/// <summary>Passes on the commands that the slow log or the latency monitor may want.</summary>
internal sealed class SlowCommands
{
    private static readonly long TicksPerMicro = Stopwatch.Frequency / 1_000_000;

    private readonly RedisServer _server;

    internal SlowCommands(RedisServer server)
    {
        _server = server;
        FollowConfig();
    }

    /// <summary>From how many ticks of the monotonic clock on a command is to be noted.</summary>
    internal long ThresholdTicks { get; private set; }

    /// <summary>Whether every command's duration goes into its histogram.</summary>
    internal bool TracksLatency { get; private set; }

    /// <summary>Follows the configuration.</summary>
    internal void FollowConfig()
    {
        var config = _server.Config;
        var slowlogMicros = config.SlowlogLogSlowerThanUs;
        var monitorMs = config.LatencyMonitorThresholdMs;
        ThresholdTicks = Math.Min(
            slowlogMicros < 0 ? long.MaxValue : Ticks(slowlogMicros, TicksPerMicro),
            monitorMs == 0 ? long.MaxValue : Ticks(monitorMs, TicksPerMicro * 1000));
        TracksLatency = config.LatencyTracking;
    }

    /// <summary>Takes a command that ran for at least the threshold.</summary>
    /// <param name="client">Whose it was.</param>
    /// <param name="command">The command.</param>
    /// <param name="args">The request.</param>
    /// <param name="ticks">How long it ran in all.</param>
    /// <param name="lastTicks">How long it ran since it was last woken.</param>
    internal void Note(Client client, Command command, in ArgVector args, long ticks, long lastTicks)
    {
        NoteLatency(command, lastTicks);
        if (client.ReexecutedFrom is not null) _server.Latency.Add("command-unblocking", lastTicks / (TicksPerMicro * 1000));
        _server.Slowlog.Push(client, command, args, ticks);
    }

    /// <summary>Takes a command that is not over yet, since it waits.</summary>
    internal void NoteLatency(Command command, long ticks)
    {
        var milliseconds = ticks / (TicksPerMicro * 1000);
        _server.Latency.Add((command.Flags & CommandFlags.Fast) != 0 ? "fast-command" : "command", milliseconds);
        _server.Stalls.Note(command.FullName, milliseconds);
    }

    private static long Ticks(long value, long scale) => value > long.MaxValue / scale ? long.MaxValue : value * scale;
}
