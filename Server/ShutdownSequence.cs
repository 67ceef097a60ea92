using KestrelFree.Server.Persistence;

namespace KestrelFree.Server;

/// <summary>How a shutdown was asked for.</summary>
[Flags]
internal enum ShutdownOptions
{
    /// <summary>Save if save points are configured.</summary>
    None = 0,

    /// <summary>Save even without save points.</summary>
    Save = 1 << 0,

    /// <summary>Do not save.</summary>
    NoSave = 1 << 1,

    /// <summary>Do not wait for replicas.</summary>
    Now = 1 << 2,

    /// <summary>Exit even if saving fails.</summary>
    Force = 1 << 3,

    /// <summary>Call a waiting shutdown off.</summary>
    Abort = 1 << 4,
}

// Ends the server in order: what must be saved is saved, the listeners close, the clients are dropped, the loop stops. A shutdown that
// cannot save what it was told to save does not happen, unless forced: the operator learns it from the reply and from the log.
//
// A signal's shutdown waits for the next run of the cron, as in Redis, so that SHUTDOWN ABORT may still call it off. While data is loaded it
// does not wait.

/// <summary>The one way in which a running server ends.</summary>
internal sealed class ShutdownSequence
{
    private readonly RedisServer _server;
    private Func<bool>? _scheduled;

    internal ShutdownSequence(RedisServer server) => _server = server;

    /// <summary>True once the server is bound to end.</summary>
    internal bool InProgress { get; private set; }

    /// <summary>Runs when a scheduled shutdown did not end the server.</summary>
    internal Action? CalledOff { get; set; }

    /// <summary>Has a shutdown begin with the next run of the cron; <paramref name="begin"/> says whether the server ends.</summary>
    internal void Schedule(Func<bool> begin)
    {
        _scheduled = begin;
        if (_server.Loader.IsLoading) RunScheduled();
    }

    /// <summary>Begins what is scheduled; runs with the cron.</summary>
    internal void RunScheduled()
    {
        if (_scheduled is not { } begin) return;
        _scheduled = null;
        if (!begin()) CalledOff?.Invoke();
    }

    /// <summary>Calls a scheduled shutdown off; false when none is.</summary>
    internal bool TryAbort()
    {
        if (_scheduled is null) return false;
        _scheduled = null;
        CalledOff?.Invoke();
        _server.Log.Notice("Shutdown manually aborted.");
        return true;
    }

    /// <summary>Ends the server; false when it may not end because it cannot save.</summary>
    /// <param name="options">How it was asked for.</param>
    /// <param name="reason">The line that the log begins with.</param>
    internal bool Begin(ShutdownOptions options, string reason)
    {
        if (InProgress) return true;
        _server.Log.Warning(reason);
        if (!MayEndWithoutBase(options) || !TrySave(options)) return false;
        _server.Aof.ShutDown();

        InProgress = true;
        _server.Listeners?.Pause();
        _server.Supervisor?.NotifyStopping();
        _server.Loop.Stop();
        return true;
    }

    // What was fed since the append-only file was turned on is worth nothing before its base is written.
    private bool MayEndWithoutBase(ShutdownOptions options)
    {
        if (_server.Aof.State != AofState.AwaitsRewrite || !_server.Aof.Rewrites.IsRunning) return true;
        var isForced = (options & ShutdownOptions.Force) != 0;
        _server.Log.Warning(isForced ? "Writing initial AOF. Exit anyway." : "Writing initial AOF, can't exit.");
        return isForced;
    }

    private bool TrySave(ShutdownOptions options)
    {
        if (_server.Saves.IsRunning)
        {
            _server.Log.Warning("There is a child saving an .rdb. Killing it!");
            _server.Saves.AbandonRunning();
        }

        // What is half loaded must not take the place of the whole.
        var mayNotSave = _server.Loader.IsLoading || (options & ShutdownOptions.NoSave) != 0;
        if (mayNotSave || ((options & ShutdownOptions.Save) == 0 && _server.Config.Save.Count == 0)) return true;
        _server.Log.Notice("Saving the final RDB snapshot before exiting.");
        _server.Supervisor?.NotifyStatus("Saving the final RDB snapshot\n");
        if (_server.Saves.Save() is null) return true;

        var isForced = (options & ShutdownOptions.Force) != 0;
        _server.Log.Warning(isForced ? "Error trying to save the DB. Exit anyway." : "Error trying to save the DB, can't exit.");
        if (!isForced) _server.Supervisor?.NotifyStatus("Error trying to save the DB, can't exit.\n");
        return isForced;
    }
}
