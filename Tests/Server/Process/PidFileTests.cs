using KestrelFree.Server.Hosting;
using KestrelFree.Tests.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

public sealed class PidFileTests
{
    [Test]
    public void It_holds_the_process_id_until_it_is_disposed()
    {
        using var folder = new TempFolder();
        var path = folder.Write("redis.pid", "stale");

        using (PidFile.Create(path, KestrelFree.Server.Logging.ServerLog.Silent))
        {
            Assert.That(File.ReadAllText(path), Is.EqualTo($"{Environment.ProcessId}\n"));
        }

        Assert.That(File.Exists(path), Is.False);
    }

    [Test]
    public void A_file_that_another_process_has_taken_over_is_left_alone()
    {
        using var folder = new TempFolder();
        var path = folder.File("redis.pid");

        using (PidFile.Create(path, KestrelFree.Server.Logging.ServerLog.Silent))
        {
            File.WriteAllText(path, "1\n");
        }

        Assert.That(File.ReadAllText(path), Is.EqualTo("1\n"));
    }

    [Test]
    public void A_file_that_cannot_be_written_is_logged_and_no_error()
    {
        using var folder = new TempFolder();
        using var log = new CapturedLog();

        var file = PidFile.Create(folder.File("missing/redis.pid"), log.Log);

        Assert.That(file, Is.Null);
        Assert.That(log.Lines, Is.EqualTo(new[] { "# Failed to write PID file: No such file or directory" }));
    }
}
