using KestrelFree.Server.Hosting;
using KestrelFree.Storage;
using KestrelFree.Tests.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

public sealed class CrashReportTests
{
    [Test]
    public void A_report_tells_cause_place_server_command_info_and_memory()
    {
        var text = Report(() => "# Server\r\nredis_version:7.4.1\r\n", () => "get of client id=7").Format(Failure());

        Assert.That(text, Does.StartWith("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n"));
        Assert.That(text, Does.Contain("kestrel-free 1.2.3 ended because of KestrelFree.Storage.InvariantException: Broken invariant: 1 > 2"));
        Assert.That(text, Does.Contain(nameof(Failure)));
        Assert.That(text, Does.Contain("config file: /etc/x.conf"));
        Assert.That(text, Does.Contain("get of client id=7"));
        Assert.That(text, Does.Contain("redis_version:7.4.1"));
        Assert.That(text, Does.Contain("gc heap: "));
        Assert.That(text, Does.Contain("=== REDIS BUG REPORT END. Make sure to include from START to END. ==="));
        Assert.That(text, Does.Not.Contain('\r'));
    }

    [Test]
    public void A_section_that_fails_leaves_the_others()
    {
        var text = Report(() => throw new InvalidOperationException("torn"), () => null).Format(Failure());

        Assert.That(text, Does.Contain("------ INFO OUTPUT ------\nnot available: InvalidOperationException: torn"));
        Assert.That(text, Does.Contain("------ MEMORY ------\nresident: "));
    }

    [Test]
    public void The_first_crash_is_logged_and_ends_the_process_and_no_other()
    {
        var exits = new List<int>();
        using var log = new CapturedLog();
        var report = new CrashReport(log.Log, "1.2.3", null, exit: exits.Add);

        report.WriteAndExit(Failure());
        report.WriteAndExit(Failure());

        Assert.That(exits, Is.EqualTo(new[] { 1 }));
        Assert.That(log.Lines.Single(), Does.Contain("BUG REPORT START"));
    }

    [Test]
    public void What_the_processor_complains_about_is_named_by_its_signal()
    {
        string? missing = null;
        var fault = Assert.Throws<NullReferenceException>(() => missing!.Trim())!;

        var text = Report(() => "", () => null).Format(fault);

        Assert.That(text, Does.Contain($"kestrel-free 1.2.3 crashed by signal: 11, as System.NullReferenceException: {fault.Message}"));
    }

    [Test]
    public void Without_a_crash_log_the_end_is_the_same()
    {
        var exits = new List<int>();
        using var log = new CapturedLog();
        using var report = new CrashReport(log.Log, "1.2.3", null, exit: exits.Add, isEnabled: () => false);

        report.WriteAndExit(Failure());

        Assert.That(exits, Is.EqualTo(new[] { 1 }));
        Assert.That(log.Lines, Is.Empty);
    }

    [Test]
    [Platform(Exclude = "Win")]
    public void Sigabrt_from_outside_is_reported_and_ends_the_server([Values("yes", "no")] string crashLog)
    {
        const int sigAbrt = 6;
        using var server = KestrelFreeProcess.Start("--crash-log-enabled", crashLog);

        server.Signal(sigAbrt);

        Assert.That(server.WaitForExit(), Is.EqualTo(1));
        Assert.That(server.Log.Contains("crashed by signal: 6\n", StringComparison.Ordinal), Is.EqualTo(crashLog == "yes"), server.Log);
    }

    private static CrashReport Report(Func<string> info, Func<string?> command) =>
        new(KestrelFree.Server.Logging.ServerLog.Silent, "1.2.3", "/etc/x.conf", info, command, _ => { });

    private static Exception Failure()
    {
        try
        {
            Invariant.Check(1 > 2);
            return new InvalidOperationException("The invariant held.");
        }
        catch (InvariantException e)
        {
            return e;
        }
    }
}
