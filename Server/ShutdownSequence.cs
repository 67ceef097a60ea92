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

/// <summary>The one way in which a running server ends.</summary>
internal sealed class ShutdownSequence
{
    private readonly RedisServer _server;

    internal ShutdownSequence(RedisServer server) => _server = server;

    /// <summary>True once the server is bound to end.</summary>
    internal bool InProgress { get; private set; }

    /// <summary>Ends the server; false when it may not end because it cannot save.</summary>
    /// <param name="options">How it was asked for.</param>
    /// <param name="reason">The line that the log begins with.</param>
    internal bool Begin(ShutdownOptions options, string reason)
    {
        if (InProgress) return true;
        _server.Log.Warning(reason);
        if (!TrySave(options)) return false;

        InProgress = true;
        _server.Listeners?.Pause();
        _server.Supervisor?.NotifyStopping();
        _server.Loop.Stop();
        return true;
    }

    // Snapshots are not written yet, so SAVE cannot be obeyed; a plain shutdown says what it leaves behind.
    private bool TrySave(ShutdownOptions options)
    {
        if ((options & ShutdownOptions.NoSave) != 0) return true;
        if ((options & ShutdownOptions.Save) != 0)
        {
            _server.Log.Warning("Error trying to save the DB, can't exit: this version does not write snapshots yet.");
            return (options & ShutdownOptions.Force) != 0;
        }

        if (_server.Config.Save.Count > 0 && _server.Observer.Dirty > 0)
            _server.Log.Warning("Exiting without saving: save points are configured, but this version does not write snapshots yet.");
        return true;
    }
}
