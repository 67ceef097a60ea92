using System.Text;
using System.Text.Json;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Logging;

/// <summary>The log's lines, levels, files and manners under pressure.</summary>
public sealed class ServerLogTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private string _directory = null!;

    [SetUp]
    public void SetUp() => _directory = Directory.CreateTempSubdirectory("kestrel-free-log-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(_directory, recursive: true);

    [TestCase(0, 0, "M", ".")]
    [TestCase(1, 1, "S", "-")]
    [TestCase(2, 2, "C", "*")]
    [TestCase(3, 3, "X", "#")]
    public void A_line_has_redis_format(int role, int level, string roleLetter, string mark)
    {
        var time = new DateTimeOffset(2026, 11, 21, 10, 0, 0, 7, TimeSpan.FromHours(2));

        var line = RedisLine.Format(time, (LogRole)role, (LogLevel)level, "Ready to accept connections tcp");

        Assert.That(line, Is.EqualTo($"{Environment.ProcessId}:{roleLetter} 21 Nov 2026 10:00:00.007 {mark} Ready to accept connections tcp"));
    }

    [Test]
    public void Levels_below_the_configured_one_say_nothing_and_format_nothing()
    {
        using var log = new CapturedLog(LogLevel.Notice);
        var formatted = 0;

        log.Log.Verbose($"never {++formatted}");
        log.Log.Debug("never");
        log.Log.Notice($"once {++formatted}");
        log.Log.Warning("braces {stay} {0}");

        Assert.That(log.Lines, Is.EqualTo(new[] { "* once 1", "# braces {stay} {0}" }));
    }

    [Test]
    public void Nothing_silences_even_warnings()
    {
        using var log = new CapturedLog(LogLevel.Nothing);

        log.Log.Warning("quiet");
        log.Log.Raw("quiet");

        Assert.That(log.Lines, Is.Empty);
    }

    [Test]
    public void A_level_that_is_off_allocates_nothing()
    {
        using var log = new CapturedLog(LogLevel.Warning);

        var allocated = Allocations.InSteadyState(() =>
        {
            for (var i = 0; i < 1000; i++)
                log.Log.Debug($"turn {i} of {this}");
        });

        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public void Config_set_loglevel_and_log_format_take_effect_at_once()
    {
        var config = new ServerConfig();
        config.Set("logfile", Path.Combine(_directory, "log"));
        using (var log = ServerLog.Open(config))
        {
            log.Debug("before");
            Assert.That(ConfigSet.Execute(config, log, ["loglevel", "debug"], ServerPhase.Running, ClientOrigin.Local).IsOk, Is.True);
            log.Debug("after");
            log.ForChild().Notice("from beside");
            log.Role = LogRole.Replica;
            log.Notice("as replica");
            log.Raw("raw\ntext");
            Assert.That(log.Flush(Patience), Is.True);
            Assert.That(ConfigSet.Execute(config, log, ["log-format", "json"], ServerPhase.Running, ClientOrigin.Local).IsOk, Is.True);
            log.Notice("as json");
        }

        Assert.That(File.ReadAllText(config.LogFile), Does.Match(
            @"^\d+:M [^\n]* \. after\n\d+:C [^\n]* \* from beside\n\d+:S [^\n]* \* as replica\nraw\ntext\n\{.*""message"":""as json""\}\n$"));
    }

    [Test]
    public void The_logo_tells_the_process_id_that_redis_suite_waits_for()
    {
        using var log = new CapturedLog(LogLevel.Notice);
        var config = new ServerConfig();
        config.Set("logfile", "somewhere");

        Banner.Announce(config, log.Log);
        config.Set("always-show-logo", "yes");
        Banner.Announce(config, log.Log);

        Assert.That(log.Lines[0], Is.EqualTo("* Running mode=standalone, port=6379."));
        Assert.That(log.Lines[1], Does.Match($@" Port: 6379\n.* PID: {Environment.ProcessId}\n"));
    }

    [Test]
    public void Json_lines_are_objects()
    {
        var path = Path.Combine(_directory, "log");
        using (var log = ServerLog.ToQueue(new FileTarget(path), LogFormat.Json, 10, LogLevel.Debug))
            log.Warning("say \"hi\" {x}");

        var line = JsonDocument.Parse(File.ReadAllText(path)).RootElement;

        Assert.That(line.GetProperty("message").GetString(), Is.EqualTo("say \"hi\" {x}"));
        Assert.That(line.GetProperty("level").GetString(), Is.EqualTo("warning"));
        Assert.That(line.GetProperty("role").GetString(), Is.EqualTo("master"));
        Assert.That(line.GetProperty("pid").GetInt32(), Is.EqualTo(Environment.ProcessId));
        Assert.That(line.GetProperty("time").GetDateTimeOffset(), Is.EqualTo(DateTimeOffset.Now).Within(TimeSpan.FromMinutes(5)));
    }

    [Test]
    public void A_renamed_log_file_is_left_when_its_handle_is_renewed()
    {
        var path = Path.Combine(_directory, "log");
        long nowMs = 0;
        using var target = new FileTarget(path, () => nowMs);
        target.Write("first\n"u8);
        File.Move(path, path + ".1");
        nowMs = FileTarget.ReopenAfterMs - 1;
        target.Write("second\n"u8);
        nowMs++;
        target.Write("third\n"u8);

        Assert.That(File.ReadAllText(path + ".1"), Is.EqualTo("first\nsecond\n"));
        Assert.That(File.ReadAllText(path), Is.EqualTo("third\n"));
    }

    [Test]
    public void A_stuck_output_never_blocks_and_the_loss_is_counted()
    {
        using var target = new StuckTarget();
        using var log = ServerLog.ToQueue(target, LogFormat.Redis, queuedLines: 10, LogLevel.Debug);
        log.Notice("taken");
        target.AwaitStuck();

        for (var i = 0; i < 1000; i++)
            log.Notice($"line {i}");
        Assert.That(log.Flush(TimeSpan.FromMilliseconds(20)), Is.False);
        target.Release();

        Assert.That(log.Flush(Patience), Is.True);
        Assert.That(target.Text, Does.Match(@"# 9\d\d log lines were dropped: "));
        Assert.That(target.Text, Does.Contain("* line 9\n"));
    }

    [Test]
    public void A_target_that_fails_does_not_stop_the_log()
    {
        var path = Path.Combine(_directory, "later", "log");
        using var log = ServerLog.ToQueue(new FileTarget(path), LogFormat.Redis, 10, LogLevel.Debug);
        log.Notice("lost");
        Assert.That(log.Flush(Patience), Is.True);

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        log.Notice("kept");

        Assert.That(log.Flush(Patience), Is.True);
        Assert.That(File.ReadAllText(path), Does.EndWith("* kept\n"));
    }

    private sealed class StuckTarget : LogTarget
    {
        private readonly ManualResetEventSlim _released = new();
        private readonly ManualResetEventSlim _stuck = new();
        private readonly StringBuilder _text = new();

        public string Text
        {
            get
            {
                lock (_text)
                    return _text.ToString();
            }
        }

        public void AwaitStuck() => _stuck.Wait(Patience);

        public void Release() => _released.Set();

        public override void Write(ReadOnlySpan<byte> lines)
        {
            _stuck.Set();
            _released.Wait(Patience);
            lock (_text)
                _text.Append(Encoding.UTF8.GetString(lines));
        }

        public override void Dispose()
        {
            _released.Set();
        }
    }
}
