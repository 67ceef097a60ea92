using System.Diagnostics;
using KestrelFree.Protocol;
using KestrelFree.Server;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Persistence;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

/// <summary>
/// What the append-only file promises about power losses: under always nothing is lost, under everysec what was written in the last second.
/// </summary>
internal sealed class PowerLossTests
{
    private const int Rounds = 25;

    private TempFolder _folder = null!;
    private VolatileDisk _disk = null!;

    [SetUp]
    public void Prepare() => (_folder, _disk) = (new TempFolder(), new VolatileDisk());

    [TearDown]
    public void Clean() => _folder.Dispose();

    [Test]
    public void Under_always_nothing_that_was_acknowledged_is_lost()
    {
        var seed = Environment.TickCount;
        var dice = new Random(seed);
        using var server = Start("always");
        using var client = server.Connect();
        long acknowledged = 0;
        for (var round = 0; round < Rounds; round++)
        {
            if (dice.Next(4) == 0) client.Ask("BGREWRITEAOF");
            for (var i = dice.Next(20); i > 0; i--)
            {
                WriteBoth(client, dice);
                acknowledged++;
            }

            var found = CountAfterPowerLoss(server, round, dice);
            Assert.That(found, Is.EqualTo(acknowledged), $"seed {seed}, round {round}");
        }
    }

    [Test]
    public void Under_everysec_nothing_is_lost_that_waitaof_has_confirmed()
    {
        var seed = Environment.TickCount;
        var dice = new Random(seed);
        using var server = Start("everysec");
        using var client = server.Connect();
        long written = 0;
        long confirmed = 0;
        for (var round = 0; round < Rounds; round++)
        {
            if (dice.Next(4) == 0) client.Ask("BGREWRITEAOF");
            for (var i = dice.Next(20); i > 0; i--)
            {
                WriteBoth(client, dice);
                written++;
            }

            if (round % 8 == 7)
            {
                Assert.That(client.Ask("WAITAOF", "1", "0", "0"), Does.Contain(":1"), $"seed {seed}, round {round}");
                confirmed = written;
            }

            Assert.That(CountAfterPowerLoss(server, round, dice), Is.InRange(confirmed, written), $"seed {seed}, round {round}");
        }
    }

    // Time is moved by hand, and each sync that is asked for ends before it moves on.
    [Test]
    public void Under_everysec_what_is_older_than_a_second_is_not_lost()
    {
        const int stepMs = 100;
        var seed = Environment.TickCount;
        var dice = new Random(seed);
        using var server = NewServer("everysec", _folder.Path);
        Assert.That(server.Aof.TryOpenAtStart());
        var writtenAt = new List<long>();
        var ticks = server.Clock.Synchronize();
        for (var step = 0; step < 600; step++)
        {
            ticks = server.Clock.Advance(ticks + (dice.Next(1, stepMs) * Stopwatch.Frequency / 1000));
            for (var i = dice.Next(3); i > 0; i--)
            {
                server.Aof.Feed(0, CommandEncoder.Encode("INCR", "n"));
                writtenAt.Add(server.Clock.NowMs);
            }

            server.Aof.Flush();
            Eventually.True(() => server.Aof.PendingSyncs == 0, () => "a sync does not end");
            if (step % 20 != 0) continue;
            var now = server.Clock.NowMs;
            var promised = writtenAt.Count(at => at <= now - 1000 - stepMs);
            Assert.That(Recovered(step, dice), Is.InRange(promised, writtenAt.Count), $"seed {seed}, step {step}");
        }
    }

    private static void WriteBoth(RawConnection client, Random dice)
    {
        string[][] requests = [["MULTI"], ["INCR", "n"], ["RPUSH", "log", new string('x', dice.Next(300))], ["EXEC"]];
        foreach (var request in requests) client.SendRequest(request);
        foreach (var _ in requests) client.ReadText();
    }

    private InProcessServer Start(string policy)
    {
        var server = new InProcessServer(("appendfsync", policy));
        server.OnLoop(() =>
        {
            server.Server.Aof.Folder.Root = _folder.Path;
            server.Server.Aof.OpenFile = _disk.Open;
            return server.Server.Aof.TryOpenAtStart();
        });
        return server;
    }

    private RedisServer NewServer(string policy, string root)
    {
        var config = new ServerConfig();
        config.Set("save", [""]);
        config.Set("appendonly", ["yes"]);
        config.Set("appendfsync", [policy]);
        var server = new RedisServer(config, ServerLog.Silent);
        server.Aof.Folder.Root = root;
        server.Aof.OpenFile = _disk.Open;
        return server;
    }

    private long CountAfterPowerLoss(InProcessServer server, int round, Random dice) => server.OnLoop(() => Recovered(round, dice));

    private long Recovered(int round, Random dice)
    {
        var copy = _folder.File($"after-{round}");
        _disk.LosePower(_folder.File("appendonlydir"), Path.Combine(copy, "appendonlydir"), dice);
        using var server = NewServer("no", copy);
        string? fault = null;
        server.Aof.Folder.Load();
        server.Loader.Begin(AofParts.Of(server), error => fault = error);
        server.Loader.Finish();
        Assert.That(fault, Is.Null, $"round {round}");
        Directory.Delete(copy, recursive: true);
        var counter = server.Keyspace[0].LookupRead("n"u8);
        return counter.Exists && counter.TryGetInteger(out var count) ? count : 0;
    }
}
