using KestrelFree.Server.Hosting;
using KestrelFree.Tests.Server.Logging;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

[Platform("Linux", Reason = "The error texts are Linux's.")]
public sealed class OpenFileLimitTests
{
    private const int NotPermitted = 1;
    private const int Reserved = OpenFileLimit.Reserved;

    private readonly List<ulong> _written = [];
    private int _allowed;

    [SetUp]
    public void Forget() => _written.Clear();

    [Test]
    public void A_limit_that_is_high_enough_is_left_alone()
    {
        Assert.That(Adjust(maxClients: 100, soft: 100 + Reserved, hard: 1_000_000), Is.Empty);
        Assert.That(_written, Is.Empty);
        Assert.That(_allowed, Is.EqualTo(100));
    }

    [Test]
    public void A_limit_that_can_be_raised_is()
    {
        var log = Adjust(maxClients: 10_000, soft: 1024, hard: 1_000_000);

        Assert.That(log, Is.EqualTo(new[] { $"* Increased maximum number of open files to {10_000 + Reserved} (it was originally set to 1024)." }));
        Assert.That(_allowed, Is.EqualTo(10_000));
    }

    [Test]
    public void A_limit_that_cannot_be_raised_far_enough_reduces_maxclients()
    {
        var log = Adjust(maxClients: 10_000, soft: 1024, hard: 4096);

        var best = (int)_written[^1];
        Assert.That(best, Is.InRange(4096 - 15, 4096));
        Assert.That(_allowed, Is.EqualTo(best - Reserved));
        Assert.That(log, Is.EqualTo(new[]
        {
            $"# You requested maxclients of 10000 requiring at least {10_000 + Reserved} max file descriptors.",
            $"# Server can't set maximum open files to {10_000 + Reserved} because of OS error: Operation not permitted.",
            $"# Current maximum open files is {best}. maxclients has been reduced to {_allowed} to compensate for low ulimit. " +
            "If you need higher maxclients increase 'ulimit -n'.",
        }));
    }

    [Test]
    public void A_limit_below_what_the_server_itself_needs_stops_the_start()
    {
        using var log = new CapturedLog();

        Assert.That(TryAdjust(log, 100, soft: Reserved, hard: Reserved), Is.False);

        Assert.That(_allowed, Is.Zero);
        Assert.That(log.Lines, Is.EqualTo(new[]
        {
            $"# Your current 'ulimit -n' of {Reserved} is not enough for the server to start. " +
            $"Please increase your open file limit to at least {100 + Reserved}. Exiting.",
        }));
    }

    [Test]
    public void This_process_has_a_limit_that_can_be_read()
    {
        Assert.That(OpenFileLimit.Current, Is.InRange(16UL, ulong.MaxValue - 1));
    }

    private string[] Adjust(int maxClients, ulong soft, ulong hard)
    {
        using var log = new CapturedLog();
        Assert.That(TryAdjust(log, maxClients, soft, hard), Is.True);
        return log.Lines;
    }

    private bool TryAdjust(CapturedLog log, int maxClients, ulong soft, ulong hard)
    {
        bool Read(out ulong limit)
        {
            limit = soft;
            return true;
        }

        int Write(ulong limit)
        {
            _written.Add(limit);
            return limit <= hard ? 0 : NotPermitted;
        }

        return OpenFileLimit.TryAdjust(maxClients, log.Log, Read, Write, out _allowed);
    }
}
