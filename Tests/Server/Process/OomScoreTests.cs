using KestrelFree.Server.Config;
using KestrelFree.Server.Hosting;
using KestrelFree.Tests.Server.Logging;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

[Platform("Linux")]
public sealed class OomScoreTests
{
    [TestCase(nameof(OomScoreAdj.Absolute), 200, 200)]
    [TestCase(nameof(OomScoreAdj.Relative), 200, 300)]
    [TestCase(nameof(OomScoreAdj.Relative), 2000, 1000)]
    public void The_score_is_absolute_or_counted_from_what_was_found(string mode, int value, int expected)
    {
        using var folder = new TempFolder();
        var path = folder.Write("oom_score_adj", "100\n");
        var score = new OomScore(KestrelFree.Server.Logging.ServerLog.Silent, path);

        Assert.That(score.Apply(Enum.Parse<OomScoreAdj>(mode), value), Is.True);

        Assert.That(File.ReadAllText(path).Trim(), Is.EqualTo($"{expected}"));
    }

    [Test]
    public void Turning_it_off_restores_what_was_found()
    {
        using var folder = new TempFolder();
        var path = folder.Write("oom_score_adj", "100\n");
        var score = new OomScore(KestrelFree.Server.Logging.ServerLog.Silent, path);
        score.Apply(OomScoreAdj.Relative, 200);
        score.Apply(OomScoreAdj.Relative, 300);

        Assert.That(score.Apply(OomScoreAdj.No, 0), Is.True);

        Assert.That(File.ReadAllText(path).Trim(), Is.EqualTo("100"));
    }

    [Test]
    public void Never_turned_on_it_touches_nothing()
    {
        using var log = new CapturedLog();

        Assert.That(new OomScore(log.Log, "/no/such/file").Apply(OomScoreAdj.No, 0), Is.True);
        Assert.That(log.Lines, Is.Empty);
    }

    [Test]
    public void A_refusal_is_logged()
    {
        using var log = new CapturedLog();

        Assert.That(new OomScore(log.Log, "/no/such/file").Apply(OomScoreAdj.Absolute, 1), Is.False);
        Assert.That(log.Lines, Is.EqualTo(new[] { "# Unable to read oom_score_adj: No such file or directory" }));
    }
}
