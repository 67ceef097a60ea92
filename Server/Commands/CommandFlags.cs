namespace KestrelFree.Server.Commands;

/// <summary>What a command does and where it may run; the names that COMMAND reports are in <see cref="CommandFlagNames"/>.</summary>
[Flags]
internal enum CommandFlags
{
    /// <summary>Nothing special: may run anywhere an authenticated client may.</summary>
    None = 0,

    /// <summary>May modify the keyspace.</summary>
    Write = 1 << 0,

    /// <summary>Reads keys and never modifies them.</summary>
    ReadOnly = 1 << 1,

    /// <summary>Is refused while memory is over its limit.</summary>
    DenyOom = 1 << 2,

    /// <summary>Administers the server.</summary>
    Admin = 1 << 3,

    /// <summary>Belongs to pub/sub.</summary>
    PubSub = 1 << 4,

    /// <summary>May not be called by a script.</summary>
    NoScript = 1 << 5,

    /// <summary>May block its client.</summary>
    Blocking = 1 << 6,

    /// <summary>Is served while a data set is loading.</summary>
    Loading = 1 << 7,

    /// <summary>Is served by a replica whose data is stale.</summary>
    Stale = 1 << 8,

    /// <summary>Is not shown to MONITOR.</summary>
    SkipMonitor = 1 << 9,

    /// <summary>Is not recorded by SLOWLOG.</summary>
    SkipSlowlog = 1 << 10,

    /// <summary>Is accepted for a slot that is being imported.</summary>
    Asking = 1 << 11,

    /// <summary>Runs in O(1) or O(log n) and never delays others.</summary>
    Fast = 1 << 12,

    /// <summary>Is served before authentication.</summary>
    NoAuth = 1 << 13,

    /// <summary>May be replicated although it does not write; COMMAND does not report it.</summary>
    MayReplicate = 1 << 14,

    /// <summary>May be called with no keys at all.</summary>
    NoMandatoryKeys = 1 << 15,

    /// <summary>Needs an enable-...-command directive.</summary>
    Protected = 1 << 16,

    /// <summary>Is refused while a data set is loading beside the live one.</summary>
    NoAsyncLoading = 1 << 17,

    /// <summary>Is refused between MULTI and EXEC.</summary>
    NoMulti = 1 << 18,

    /// <summary>Is served while a script overruns its time.</summary>
    AllowBusy = 1 << 19,

    /// <summary>Takes keys where the first/last/step triple cannot tell.</summary>
    MovableKeys = 1 << 20,
}

/// <summary>The names of <see cref="CommandFlags"/> in the order in which COMMAND lists them.</summary>
internal static class CommandFlagNames
{
    /// <summary>Flag and wire name, in reporting order.</summary>
    internal static readonly (CommandFlags Flag, string Name)[] All =
    [
        (CommandFlags.Write, "write"),
        (CommandFlags.ReadOnly, "readonly"),
        (CommandFlags.DenyOom, "denyoom"),
        (CommandFlags.Admin, "admin"),
        (CommandFlags.PubSub, "pubsub"),
        (CommandFlags.NoScript, "noscript"),
        (CommandFlags.Blocking, "blocking"),
        (CommandFlags.Loading, "loading"),
        (CommandFlags.Stale, "stale"),
        (CommandFlags.SkipMonitor, "skip_monitor"),
        (CommandFlags.SkipSlowlog, "skip_slowlog"),
        (CommandFlags.Asking, "asking"),
        (CommandFlags.Fast, "fast"),
        (CommandFlags.NoAuth, "no_auth"),
        (CommandFlags.NoMandatoryKeys, "no_mandatory_keys"),
        (CommandFlags.NoAsyncLoading, "no_async_loading"),
        (CommandFlags.NoMulti, "no_multi"),
        (CommandFlags.MovableKeys, "movablekeys"),
        (CommandFlags.AllowBusy, "allow_busy"),
    ];
}
