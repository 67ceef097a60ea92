using KestrelFree.Server.Persistence;
using KestrelFree.Storage;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Persistence;

internal sealed class SnapshotWriterTests
{
    private InProcessServer _server = null!;

    [SetUp]
    public void Start() => _server = new InProcessServer(("enable-debug-command", "yes"));

    [TearDown]
    public void Stop() => _server.Dispose();

    [Test]
    public void A_walk_visits_every_key_and_tells_its_price()
    {
        using var client = _server.Connect();
        client.Ask("DEBUG", "POPULATE", "1000");

        var reply = client.Ask("DEBUG", "SNAPSHOT", "WAIT").Split('\n');

        Assert.That(reply[1].Trim(), Is.EqualTo(":1000"));
        Assert.That(client.Ask("DEBUG", "SNAPSHOT", "WAIT").Split('\n')[2], Is.EqualTo(reply[2]), "the same data has the same checksum");
    }

    [Test]
    public void Writes_after_the_fork_are_not_in_it_and_are_counted()
    {
        using var client = _server.Connect();
        client.Ask("DEBUG", "POPULATE", "1000");
        var job = new HeldJob();
        var run = _server.OnLoop(() => _server.Server.Snapshots.Start(job));

        for (var i = 0; i < 1000; i++)
            client.Ask("SET", $"key:{i}", "other");
        client.Ask("SET", "new", "x");
        var copied = client.InfoNumber("fork_copied_bytes");
        job.Continue.Set();

        Assert.That(job.Done.Wait(Eventually.Patience));
        Assert.That(job.Values, Is.EqualTo(Enumerable.Range(0, 1000).Select(i => $"value:{i}").Order(StringComparer.Ordinal)));
        Assert.That(copied, Is.Positive);
        Assert.That(_server.OnLoop(() => run.KeptBytes), Is.GreaterThanOrEqualTo(copied));
        Assert.That(client.InfoNumber("total_forks"), Is.EqualTo(1));
    }

    [Test]
    public void Info_tells_of_a_live_fork()
    {
        using var client = _server.Connect();
        client.Ask("DEBUG", "POPULATE", "100");
        var job = new HeldJob();
        _server.OnLoop(() => _server.Server.Snapshots.Start(job));

        Assert.That(client.InfoNumber("live_forks"), Is.EqualTo(1));
        Assert.That(client.InfoNumber("current_save_keys_total"), Is.EqualTo(100));
        Assert.That(client.InfoNumber("fork_shared_bytes"), Is.Positive);

        job.Continue.Set();
        Assert.That(job.Done.Wait(Eventually.Patience));
        Assert.That(client.InfoNumber("live_forks"), Is.Zero);
        Assert.That(client.InfoNumber("fork_shared_bytes"), Is.Zero);
    }

    [Test]
    public void A_cancelled_job_stops_and_says_so()
    {
        using var client = _server.Connect();
        client.Ask("DEBUG", "POPULATE", "100");
        var job = new HeldJob();
        var run = _server.OnLoop(() => _server.Server.Snapshots.Start(job));

        run.Progress.Cancel();
        job.Continue.Set();

        Assert.That(job.Done.Wait(Eventually.Patience));
        Assert.That(job.Outcome, Is.EqualTo(SnapshotOutcome.Cancelled));
        Assert.That(run.Progress.KeysDone, Is.EqualTo(1));
        Assert.That(_server.OnLoop(() => _server.Server.Keyspace.ForkCount), Is.Zero);
    }

    [Test]
    public void Jobs_overlap()
    {
        using var client = _server.Connect();
        client.Ask("SET", "a", "1st");
        var first = new HeldJob();
        _server.OnLoop(() => _server.Server.Snapshots.Start(first));
        client.Ask("SET", "a", "2nd");
        var second = new HeldJob();
        _server.OnLoop(() => _server.Server.Snapshots.Start(second));
        client.Ask("SET", "a", "3rd");

        first.Continue.Set();
        Assert.That(first.Done.Wait(Eventually.Patience));
        second.Continue.Set();
        Assert.That(second.Done.Wait(Eventually.Patience));

        Assert.That((first.Values[0], second.Values[0]), Is.EqualTo(("1st", "2nd")));
    }

    [Test]
    public void A_thread_serves_one_job_after_the_other_and_overlapping_jobs_have_their_own()
    {
        var first = new HeldJob();
        var beside = new HeldJob();
        var later = new HeldJob();
        var runs = _server.OnLoop(() => (_server.Server.Snapshots.Start(first), _server.Server.Snapshots.Start(beside)));
        first.Continue.Set();
        Assert.That(first.Done.Wait(Eventually.Patience));
        var last = _server.OnLoop(() => _server.Server.Snapshots.Start(later));
        beside.Continue.Set();
        later.Continue.Set();

        Assert.That(beside.Done.Wait(Eventually.Patience) && later.Done.Wait(Eventually.Patience));
        Assert.That(runs.Item2.Thread, Is.Not.SameAs(runs.Item1.Thread));
        Assert.That(last.Thread, Is.SameAs(runs.Item1.Thread));
    }

    /// <summary>Reads all values, but not before it is let go.</summary>
    private sealed class HeldJob : SnapshotJob
    {
        private readonly List<string> _values = [];

        public ManualResetEventSlim Continue { get; } = new();

        public ManualResetEventSlim Done { get; } = new();

        public SnapshotOutcome? Outcome { get; private set; }

        public IReadOnlyList<string> Values => [.. _values.Order(StringComparer.Ordinal)];

        internal override string Name => "test";

        internal override void Run(Snapshot snapshot, SnapshotProgress progress)
        {
            Continue.Wait(Eventually.Patience);
            var walk = snapshot.Walk();
            while (walk.MoveNext() && progress.TryAdvance())
                _values.Add(ByteText.Text(walk.Entry.StringBytes));
        }

        internal override void Completed(SnapshotRun run, SnapshotOutcome outcome)
        {
            Outcome = outcome;
            Done.Set();
        }
    }
}
