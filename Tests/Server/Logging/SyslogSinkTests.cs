using System.Net.Sockets;
using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Logging;

[TestFixture]
[Platform(Exclude = "Win")]
public sealed class SyslogSinkTests : IDisposable
{
    private const int Local0 = 16;

    private readonly TempFolder _folder = new();

    private string DaemonPath => _folder.File("log");

    public void Dispose() => _folder.Dispose();

    [TestCase("Debug", "<135>")]
    [TestCase("Verbose", "<134>")]
    [TestCase("Notice", "<133>")]
    [TestCase("Warning", "<132>")]
    public void A_line_begins_with_facility_and_severity(string level, string priority)
    {
        using var sink = new SyslogSink(DaemonPath, "redis", Local0);
        var line = sink.Format(new DateTimeOffset(2026, 11, 3, 7, 5, 9, TimeSpan.Zero), Enum.Parse<LogLevel>(level), "hello");
        Assert.That(line, Is.EqualTo($"{priority}Nov  3 07:05:09 redis[{Environment.ProcessId}]: hello"));
    }

    [Test]
    public void Lines_reach_the_daemon_one_a_datagram()
    {
        using var daemon = StartDaemon();
        using var log = OpenLog();
        log.Notice("first");
        log.Raw("a report\nof two lines");
        Assert.That(log.Flush(Eventually.Patience));
        string[] received = [Receive(daemon), Receive(daemon), Receive(daemon)];
        Assert.That(received.Select(line => line[(line.IndexOf(']') + 3)..]), Is.EqualTo(["first", "a report", "of two lines"]));
    }

    [Test]
    public void A_daemon_that_starts_again_is_found_again()
    {
        using var log = OpenLog();
        using (var first = StartDaemon())
        {
            log.Notice("one");
            Assert.That(Receive(first), Does.EndWith(": one"));
        }

        File.Delete(DaemonPath);
        using var second = StartDaemon();
        log.Notice("two");
        Assert.That(Receive(second), Does.EndWith(": two"));
    }

    [Test]
    public void Without_a_daemon_the_other_target_gets_its_lines()
    {
        var target = new MemoryTarget();
        using var log = ServerLog.ToQueue(target, LogFormat.Redis, 100, LogLevel.Notice, new SyslogSink(DaemonPath, "redis", Local0));
        log.Notice("still here");
        Assert.That(log.Flush(Eventually.Patience));
        Assert.That(target.Text, Does.Contain("still here"));
    }

    private static string Receive(Socket daemon)
    {
        var buffer = new byte[2048];
        daemon.ReceiveTimeout = (int)Eventually.Patience.TotalMilliseconds;
        return System.Text.Encoding.UTF8.GetString(buffer, 0, daemon.Receive(buffer));
    }

    private Socket StartDaemon()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(DaemonPath));
        return socket;
    }

    private ServerLog OpenLog() =>
        ServerLog.ToQueue(new MemoryTarget(), LogFormat.Redis, 100, LogLevel.Notice, new SyslogSink(DaemonPath, "redis", Local0));

    private sealed class MemoryTarget : LogTarget
    {
        private readonly MemoryStream _lines = new();

        internal string Text => System.Text.Encoding.UTF8.GetString(_lines.ToArray());

        public override void Write(ReadOnlySpan<byte> lines) => _lines.Write(lines);

        public override void Dispose()
        {
        }
    }
}
