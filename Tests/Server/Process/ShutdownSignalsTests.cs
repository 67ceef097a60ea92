using KestrelFree.Server.Hosting;
using KestrelFree.Server.Loop;
using KestrelFree.Tests.Server.Logging;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Hosting;

public sealed class ShutdownSignalsTests : IDisposable
{
    private readonly List<string> _shutdowns = [];
    private readonly List<int> _exits = [];
    private CapturedLog _log = null!;
    private EventLoop _loop = null!;
    private bool _isLoading;
    private bool _canEnd;
    private ShutdownSignals _signals = null!;

    [SetUp]
    public void Open()
    {
        _log = new CapturedLog();
        _loop = new EventLoop();
        _shutdowns.Clear();
        _exits.Clear();
        _isLoading = false;
        _canEnd = true;
        _signals = new ShutdownSignals(_loop, _log.Log, Shut, () => _isLoading, _exits.Add);
    }

    [TearDown]
    public void Dispose()
    {
        _signals?.Dispose();
        _loop?.Dispose();
        _log?.Dispose();
    }

    [TestCase("SIGTERM")]
    [TestCase("SIGINT")]
    public void A_signal_is_logged_at_once_and_shuts_down_on_the_loop(string signal)
    {
        _signals.Receive(signal);
        Assert.That(_log.Lines, Is.EqualTo(new[] { $"# Received {signal} scheduling shutdown..." }));
        Assert.That(_shutdowns, Is.Empty);

        _loop.RunTurn(20_000);
        Assert.That(_shutdowns, Is.EqualTo(new[] { signal }));
    }

    [TestCase("SIGTERM")]
    [TestCase("SIGINT")]
    public void Sigint_while_a_shutdown_is_scheduled_exits_at_once(string first)
    {
        _signals.Receive(first);
        _signals.Receive("SIGINT");

        Assert.That(_exits, Is.EqualTo(new[] { 1 }));
        Assert.That(_log.Lines[^1], Is.EqualTo("# You insist... exiting now."));
    }

    [Test]
    public void A_second_sigterm_asks_again_and_does_not_insist()
    {
        _signals.Receive("SIGTERM");
        _signals.Receive("SIGTERM");
        _loop.RunTurn(20_000);

        Assert.That(_exits, Is.Empty);
        Assert.That(_shutdowns, Has.Count.EqualTo(2));
    }

    [Test]
    public void After_a_shutdown_that_was_called_off_sigint_asks_again()
    {
        _signals.Receive("SIGINT");
        _signals.Reset();
        _signals.Receive("SIGINT");

        Assert.That(_exits, Is.Empty);
    }

    [Test]
    public void After_a_shutdown_that_failed_sigint_asks_again()
    {
        _canEnd = false;
        _signals.Receive("SIGINT");
        _loop.RunTurn(20_000);
        _signals.Receive("SIGINT");

        Assert.That(_exits, Is.Empty);
    }

    [Test]
    public void A_signal_while_loading_says_so()
    {
        _isLoading = true;

        _signals.Receive("SIGTERM");

        Assert.That(_log.Lines, Is.EqualTo(new[] { "# Received shutdown signal during loading, scheduling shutdown." }));
    }

    private void Shut(string signal)
    {
        _shutdowns.Add(signal);
        if (!_canEnd) _signals.Reset();
    }
}
