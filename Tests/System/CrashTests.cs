using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Executable;

/// <summary>What the executable leaves behind when it ends by a defect: a report that a maintainer can use.</summary>
internal sealed class CrashTests
{
    [TestCase("PANIC", "DEBUG PANIC called at Unix time ")]
    [TestCase("ASSERT", "DEBUG ASSERT: 1 == 2")]
    [TestCase("SEGFAULT", "NullReferenceException")]
    public void A_fatal_error_logs_a_report_and_ends_the_server(string how, string cause)
    {
        using var server = KestrelFreeProcess.Start("--enable-debug-command", "yes", "--requirepass", "hidden-secret");
        using var client = server.Connect();
        client.Ask("AUTH", "hidden-secret");
        client.Ask("SET", "private-key", "private-value");

        client.SendRequest("DEBUG", how, "private-argument");

        Assert.That(server.WaitForExit(), Is.Not.Zero);
        Assert.That(
            server.Log,
            Does.Contain("=== REDIS BUG REPORT START").And.Contain("=== REDIS BUG REPORT END").And.Contain(cause).And.Contain("DebugCrash").And.Contain("debug of client id=")
                .And.Match(@"LAST COMMANDS ------\n\d+ ms ago debug of client id=\d+")
                .And.Contain("redis_version:").And.Not.Contain("private-").And.Not.Contain("hidden-secret"));
    }

    [Test]
    public void Without_crash_log_enabled_a_fatal_error_still_ends_the_server()
    {
        using var server = KestrelFreeProcess.Start("--enable-debug-command", "yes", "--crash-log-enabled", "no");
        using var client = server.Connect();

        client.SendRequest("DEBUG", "PANIC");

        Assert.That(server.WaitForExit(), Is.Not.Zero);
    }
}
