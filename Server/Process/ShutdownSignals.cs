using System.Runtime.InteropServices;
using KestrelFree.Server.Logging;
using KestrelFree.Server.Loop;

namespace KestrelFree.Server.Hosting;

// SIGTERM and SIGINT ask for an orderly shutdown. The runtime calls the handlers on a thread of its own; they log, so that the signal shows even
// while the loop is busy, and post to the loop, which alone may end the server.
//
// SIGINT while a shutdown is already scheduled means that somebody at a terminal is tired of waiting, for a save or for lagging
// replicas: the process ends at once, unclean, with exit code 1. SIGTERM is never read that way, since init systems repeat it.
//
// A shell without job control starts background jobs with SIGINT ignored, and the runtime keeps an ignored SIGINT ignored, whatever is
// registered; redis-server takes it all the same. Such a server ends by SIGTERM.
//
// SIGHUP is ignored, so that a server started from a terminal survives it; the runtime ignores SIGPIPE itself.
//
// Sound beside the loop: the only shared state is one flag, changed by exchange.

/// <summary>Turns the process's signals into a shutdown on the loop thread.</summary>
internal sealed class ShutdownSignals : IDisposable
{
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(1);

    private readonly PosixSignalRegistration[] _registrations;
    private readonly EventLoop _loop;
    private readonly ServerLog _log;
    private readonly Action<string> _schedule;
    private readonly Func<bool>? _isLoading;
    private readonly Action<int> _exit;
    private int _scheduled;

    /// <summary>
    /// Handles the process's signals until it is disposed. <paramref name="schedule"/> gets "SIGTERM" or "SIGINT" on the loop thread;
    /// until <see cref="Reset"/> a shutdown counts as scheduled.
    /// </summary>
    internal ShutdownSignals(EventLoop loop, ServerLog log, Action<string> schedule, Func<bool>? isLoading = null)
        : this(loop, log, schedule, isLoading, Environment.Exit)
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, "SIGTERM")),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Handle(context, "SIGINT")),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true),
        ];
    }

    /// <summary>Handles nothing by itself: a test calls <see cref="Receive"/> and sees what would be the exit.</summary>
    internal ShutdownSignals(EventLoop loop, ServerLog log, Action<string> schedule, Func<bool>? isLoading, Action<int> exit)
    {
        _registrations = [];
        _loop = loop;
        _log = log;
        _schedule = schedule;
        _isLoading = isLoading;
        _exit = exit;
    }

    /// <summary>Forgets what was received, after a shutdown that was called off.</summary>
    internal void Reset() => Volatile.Write(ref _scheduled, 0);

    /// <summary>What a signal does; any thread.</summary>
    internal void Receive(string signal)
    {
        var again = Interlocked.Exchange(ref _scheduled, 1) != 0;
        if (again && signal == "SIGINT")
        {
            _log.Warning("You insist... exiting now.");
            _log.Flush(FlushPatience);
            _exit(1);
            return;
        }

        var isLoading = _isLoading?.Invoke() ?? false;
        _log.Warning(isLoading ? "Received shutdown signal during loading, scheduling shutdown." : $"Received {signal} scheduling shutdown...");
        _loop.Post(() => _schedule(signal));
    }

    /// <summary>Gives the signals their default meaning back.</summary>
    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private void Handle(PosixSignalContext context, string signal)
    {
        context.Cancel = true;
        Receive(signal);
    }
}
