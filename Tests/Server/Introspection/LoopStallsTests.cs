using System.Diagnostics;
using System.Text.RegularExpressions;
using KestrelFree.Server;
using KestrelFree.Server.Config;
using KestrelFree.Tests.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Introspection;

/// <summary>What the log tells of turns that held everybody up.</summary>
internal sealed class LoopStallsTests
{
    [Test]
    public void A_slow_turn_is_told_with_its_causes()
    {
        using var log = new CapturedLog(LogLevel.Warning);
        var config = new ServerConfig();
        config.Set("latency-monitor-threshold", ["1"]);
        using var server = new RedisServer(config, log.Log);
        Turn(server, () =>
        {
            server.Stalls.Note("keys", 7);
            server.Stalls.Note("expire-cycle", 9);
        });

        // Within the second after a line there is no other.
        Turn(server, () => { });

        Assert.That(log.Lines, Has.Length.EqualTo(1));
        Assert.That(log.Lines[0], Does.Match(@"^# The event loop was held up for \d+ ms \(latency-monitor-threshold is 1\): (garbage collection \d+ ms, )?expire-cycle 9 ms, keys 7 ms"));
    }

    [Test]
    public void Without_a_threshold_nothing_is_told()
    {
        using var log = new CapturedLog(LogLevel.Warning);
        using var server = new RedisServer(new ServerConfig(), log.Log);

        Turn(server, () => server.Stalls.Note("keys", 7));

        Assert.That(log.Lines, Is.Empty);
    }

    [Test]
    public void A_command_that_sleeps_is_named()
    {
        using var server = KestrelFreeProcess.Start("--latency-monitor-threshold", "50", "--enable-debug-command", "yes");
        using var client = server.Connect();

        // A machine that is slow itself may be in the log first, and a second has one line only.
        Eventually.True(
            () =>
            {
                client.Ask("DEBUG", "SLEEP", "0.1");
                return Regex.IsMatch(server.Log, @"held up for \d+ ms \(latency-monitor-threshold is 50\): .*debug(\|sleep)? \d+ ms");
            },
            () => server.Log);
    }

    // The turn began two milliseconds before now, whatever the clock says.
    private static void Turn(RedisServer server, Action work)
    {
        server.Stalls.BeginTurn(Stopwatch.GetTimestamp() - (Stopwatch.Frequency / 500));
        work();
        server.Stalls.EndTurn();
    }
}
