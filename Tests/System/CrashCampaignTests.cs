using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

// The real executable is killed again and again, on the same files, while it writes: at any moment, while it saves or rewrites, and at each step
// at which files change their names. Each time it has to start, and to hold what it has acknowledged:
//
//     always, no    all of it: what is acknowledged has been written
//     everysec      all that was acknowledged while no sync was in flight; a sync that is slow keeps writes back
//     no file       what the last save holds that was known to have ended, or more, but never half a transaction
//
// The load is one transaction over and over, INCR n and RPUSH log, so n and the length of the log are equal at any moment. KF_CRASH_ROUNDS sets
// the rounds of each case:
// 25 make a campaign of more than 200.

/// <summary>kill -9 loses no acknowledged write, and the server always starts.</summary>
internal sealed class CrashCampaignTests
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("KF_CRASH_ROUNDS"), out var rounds) ? rounds : 1;

    private readonly int _seed = Environment.TickCount;
    private TempFolder _folder = null!;
    private Random _dice = null!;
    private long _acknowledged;
    private long _safe;

    [SetUp]
    public void Prepare()
    {
        _folder = new TempFolder();
        _dice = new Random(_seed);
        _acknowledged = _safe = 0;
    }

    [TearDown]
    public void Clean() => _folder.Dispose();

    [TestCase("always")]
    [TestCase("everysec")]
    [TestCase("no")]
    public void At_any_moment_under_load(string policy) => Run(policy, static (test, server, client) => test.WriteUntil(server, client, test.AnyTime()));

    [TestCase("always")]
    [TestCase("everysec")]
    public void During_a_rewrite(string policy) => Run(policy, static (test, server, client) =>
    {
        client.Ask("BGREWRITEAOF");
        test.WriteUntil(server, client, test.Appears("temp-rewriteaof-bg-*"));
    });

    [TestCase("always")]
    [TestCase("")]
    public void During_a_save(string policy) => Run(policy, static (test, server, client) =>
    {
        test.Save(client);
        client.Ask("BGSAVE");
        test.WriteUntil(server, client, test.Appears("temp-*.rdb"));
    });

    [TestCase("")]
    [TestCase("everysec")]
    public void While_it_saves_by_itself_and_nobody_writes(string policy) => Run(policy, static (test, server, client) =>
    {
        test.WriteUntil(server, client, test.AnyTime(), Ending.Idle);
        test.Save(client);
        client.Ask("INCR", "unsaved");
        client.Ask("CONFIG", "SET", "save", "1 1");
        var appears = test.Appears("temp-*.rdb");
        Eventually.True(appears, () => "no save begins");
        server.Signal(PosixSignal.Kill);
    });

    [TestCase("SnapshotWritten", "BGSAVE", "")]
    [TestCase("SnapshotRenamed", "BGSAVE", "")]
    [TestCase("SnapshotWritten", "BGREWRITEAOF", "always")]
    [TestCase("SnapshotRenamed", "BGREWRITEAOF", "always")]
    [TestCase("BaseRenamed", "BGREWRITEAOF", "always")]
    [TestCase("BaseRenamed", "BGREWRITEAOF", "everysec")]
    [TestCase("ManifestWritten", "BGREWRITEAOF", "always")]
    [TestCase("ManifestRenamed", "BGREWRITEAOF", "always")]
    [TestCase("ManifestRenamed", "BGREWRITEAOF", "everysec")]
    public void At_the_step_of(string step, string command, string policy) => Run(policy, (test, server, client) =>
    {
        if (command == "BGSAVE") test.Save(client);

        // A rewrite that began by itself may come to the step before this is answered.
        if (!Confirms(() => Assert.That(client.Ask("DEBUG", "CRASH-AT", step), Is.EqualTo("+OK")))) return;
        client.SendRequest(command);
        if (Confirms(() => client.ReadText())) test.WriteUntil(server, client, static () => false);
    });

    // A rewrite lists its new incremental file before it begins, and its base when it has ended: two manifests.
    [Test]
    public void At_the_second_manifest_of_a_rewrite([Values("ManifestWritten", "ManifestRenamed")] string step) => Run("always", (test, server, client) =>
    {
        client.Ask("BGREWRITEAOF");
        if (!Confirms(() => client.Ask("DEBUG", "CRASH-AT", step))) return;
        test.WriteUntil(server, client, static () => false);
    });

    private enum Ending
    {
        Kill,
        Idle,
    }

    private void Run(string policy, Action<CrashCampaignTests, ServerProcess, RawConnection> die)
    {
        for (var round = 0; round <= Rounds; round++)
        {
            string[] file = policy.Length == 0 ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", policy];
            using var server = KestrelFreeProcess.Start(
                ["--dir", _folder.Path, "--enable-debug-command", "yes", "--rdb-key-save-delay", "100", "--auto-aof-rewrite-min-size", "20kb", "--auto-aof-rewrite-percentage", "50", .. file]);
            using var client = server.Connect();
            Verify(client, policy, round, server);
            if (round == 0) client.Ask("DEBUG", "POPULATE", "500");
            if (round == Rounds) break;
            WriteUntil(server, client, AnyTime(), Ending.Idle);
            die(this, server, client);
            server.WaitForExit();
        }
    }

    private void Verify(RawConnection client, string policy, int round, ServerProcess server)
    {
        var found = client.AskPayload("GET", "n");
        var count = long.TryParse(found, CultureInfo.InvariantCulture, out var number) ? number : 0;
        var least = policy is "always" or "no" ? _acknowledged : _safe;
        Assert.That(count, Is.InRange(least, _acknowledged + 1), () => $"seed {_seed}, round {round}:\n{server.Log}");
        Assert.That(client.Ask("LLEN", "log"), Is.EqualTo($":{count}"), () => $"seed {_seed}, round {round}:\n{server.Log}");
        _acknowledged = _safe = count;
    }

    private Func<bool> AnyTime()
    {
        var watch = Stopwatch.StartNew();
        var life = TimeSpan.FromMilliseconds(_dice.Next(5, 250));
        return () => watch.Elapsed >= life;
    }

    private Func<bool> Appears(string pattern)
    {
        var looks = _dice.Next(3);
        return () => Directory.GetFiles(_folder.Path, pattern).Length > 0 && looks-- <= 0;
    }

    // What a save that has ended holds is safe without any append-only file.
    private void Save(RawConnection client)
    {
        if (client.Ask("SAVE") == "+OK") _safe = Math.Max(_safe, _acknowledged);
    }

    private void WriteUntil(ServerProcess server, RawConnection client, Func<bool> isTime, Ending ending = Ending.Kill)
    {
        for (var i = 0; !isTime(); i++)
        {
            if (i % 8 == 0 && !Confirms(() => NoteWhatIsWritten(client))) return;
            if (!Confirms(() => WriteOnce(client))) return;
            _acknowledged++;
        }

        if (ending == Ending.Idle) return;

        // One more, which may or may not get through.
        Confirms(() => SendOnce(client));
        server.Signal(PosixSignal.Kill);
    }

    private void NoteWhatIsWritten(RawConnection client)
    {
        var info = client.AskPayload("INFO", "persistence");
        var isWritten = info.Contains("aof_enabled:1", StringComparison.Ordinal) && info.Contains("aof_pending_bio_fsync:0", StringComparison.Ordinal) && info.Contains("aof_buffer_length:0", StringComparison.Ordinal);
        if (isWritten) _safe = _acknowledged;
    }

    private void SendOnce(RawConnection client)
    {
        client.SendRequest("MULTI");
        client.SendRequest("INCR", "n");
        client.SendRequest("RPUSH", "log", new string('x', _dice.Next(200)));
        client.SendRequest("EXEC");
    }

    private void WriteOnce(RawConnection client)
    {
        SendOnce(client);
        for (var i = 0; i < 4; i++) client.ReadText();
    }

    // False when the server is gone.
    private static bool Confirms(Action exchange)
    {
        try
        {
            exchange();
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return false;
        }
    }
}
