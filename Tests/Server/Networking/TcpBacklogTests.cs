using KestrelFree.Server.Networking;
using KestrelFree.Tests.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Networking;

public sealed class TcpBacklogTests
{
    [TestCase("128\n", true)]
    [TestCase("511\n", false)]
    [TestCase("4096\n", false)]
    [TestCase("nonsense", false)]
    public void A_limit_below_the_backlog_is_warned_about(string limit, bool warned)
    {
        using var folder = new TempFolder();
        using var log = new CapturedLog();
        var path = folder.Write("somaxconn", limit);

        TcpBacklog.WarnWhenUnenforceable(511, log.Log, path);

        var text = $"# WARNING: The TCP backlog setting of 511 cannot be enforced because {path} is set to the lower value of 128.";
        Assert.That(log.Lines, Is.EqualTo(warned ? new[] { text } : []));
    }

    [Test]
    public void A_limit_that_cannot_be_read_is_no_reason_to_warn()
    {
        using var log = new CapturedLog();

        TcpBacklog.WarnWhenUnenforceable(511, log.Log, "/no/such/file");

        Assert.That(log.Lines, Is.Empty);
    }
}
