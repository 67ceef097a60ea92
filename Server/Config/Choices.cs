using KestrelFree.Server.Config.Kinds;

namespace KestrelFree.Server.Config;

/// <summary>How log lines are written.</summary>
internal enum LogFormat
{
    Redis,
    Json,
}

/// <summary>The least important line that is logged.</summary>
internal enum LogLevel
{
    Debug,
    Verbose,
    Notice,
    Warning,
    Nothing,
}

/// <summary>Who supervises the process.</summary>
internal enum SupervisedMode
{
    None,
    Upstart,
    Systemd,
    Auto,
}

/// <summary>Who may do what could take the machine over.</summary>
internal enum ProtectedAction
{
    No,
    Yes,
    Local,
}

/// <summary>What SIGINT and SIGTERM ask of the shutdown; 0 is what SHUTDOWN without options does.</summary>
[Flags]
internal enum ShutdownFlags
{
    None = 0,
    Save = 1,
    NoSave = 2,
    Now = 4,
    Force = 8,
}

/// <summary>What goes when memory is full.</summary>
internal enum MaxMemoryPolicy
{
    VolatileLru,
    VolatileLfu,
    VolatileRandom,
    VolatileTtl,
    AllKeysLru,
    AllKeysLfu,
    AllKeysRandom,
    NoEviction,
    VolatileLrm,
    AllKeysLrm,
}

/// <summary>When the append-only file is synced.</summary>
internal enum AppendFsync
{
    EverySec,
    Always,
    No,
}

/// <summary>How oom-score-adj-values are meant.</summary>
internal enum OomScoreAdj
{
    No,
    Relative,
    Absolute,
}

/// <summary>Whether payloads of DUMP are checked in depth.</summary>
internal enum SanitizeDumpPayload
{
    No,
    Yes,
    Clients,
}

/// <summary>Where a replica loads a full synchronisation from a socket into.</summary>
internal enum ReplDisklessLoad
{
    Disabled,
    OnEmptyDb,
    SwapDb,
}

/// <summary>The channels that a new ACL user may use.</summary>
internal enum AclPubSubDefault
{
    ResetChannels,
    AllChannels,
}

/// <summary>What a command that fails while it is propagated does to the server.</summary>
internal enum PropagationErrorBehavior
{
    Ignore,
    Panic,
    PanicOnReplicas,
}

/// <summary>What CLUSTER SLOTS calls a node.</summary>
internal enum ClusterEndpointType
{
    Ip,
    Hostname,
    UnknownEndpoint,
}

/// <summary>Whether TLS clients show a certificate.</summary>
internal enum TlsAuthClients
{
    No,
    Yes,
    Optional,
}

/// <summary>The words of each choice. Where two words mean the same, the first is the one printed.</summary>
internal static class Choices
{
    public static readonly ChoiceName[] EventBackend = Words(Loop.EventBackend.Auto, "auto", "select", "epoll");

    public static readonly ChoiceName[] LogFormat = Words(Config.LogFormat.Redis, "redis", "json");

    public static readonly ChoiceName[] LogLevel = Words(Config.LogLevel.Debug, "debug", "verbose", "notice", "warning", "nothing");

    public static readonly ChoiceName[] Supervised =
    [
        new("upstart", (long)SupervisedMode.Upstart), new("systemd", (long)SupervisedMode.Systemd),
        new("auto", (long)SupervisedMode.Auto), new("no", (long)SupervisedMode.None),
    ];

    public static readonly ChoiceName[] ProtectedAction = Words(Config.ProtectedAction.No, "no", "yes", "local");

    public static readonly ChoiceName[] ShutdownFlags =
    [
        new("default", 0), new("save", (long)Config.ShutdownFlags.Save), new("nosave", (long)Config.ShutdownFlags.NoSave),
        new("now", (long)Config.ShutdownFlags.Now), new("force", (long)Config.ShutdownFlags.Force),
    ];

    public static readonly ChoiceName[] MaxMemoryPolicy = Words(
        Config.MaxMemoryPolicy.VolatileLru,
        "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction", "volatile-lrm", "allkeys-lrm");

    public static readonly ChoiceName[] AppendFsync = Words(Config.AppendFsync.EverySec, "everysec", "always", "no");

    public static readonly ChoiceName[] OomScoreAdj =
    [
        new("no", (long)Config.OomScoreAdj.No), new("yes", (long)Config.OomScoreAdj.Relative),
        new("relative", (long)Config.OomScoreAdj.Relative), new("absolute", (long)Config.OomScoreAdj.Absolute),
    ];

    public static readonly ChoiceName[] SanitizeDumpPayload = Words(Config.SanitizeDumpPayload.No, "no", "yes", "clients");

    public static readonly ChoiceName[] ReplDisklessLoad = Words(Config.ReplDisklessLoad.Disabled, "disabled", "on-empty-db", "swapdb");

    public static readonly ChoiceName[] AclPubSubDefault =
        [new("allchannels", (long)Config.AclPubSubDefault.AllChannels), new("resetchannels", (long)Config.AclPubSubDefault.ResetChannels)];

    public static readonly ChoiceName[] PropagationErrorBehavior =
        Words(Config.PropagationErrorBehavior.Ignore, "ignore", "panic", "panic-on-replicas");

    public static readonly ChoiceName[] ClusterEndpointType = Words(Config.ClusterEndpointType.Ip, "ip", "hostname", "unknown-endpoint");

    public static readonly ChoiceName[] TlsAuthClients = Words(Config.TlsAuthClients.No, "no", "yes", "optional");

    public static readonly ChoiceName[] SyslogFacility =
    [
        new("user", 1), new("local0", 16), new("local1", 17), new("local2", 18), new("local3", 19),
        new("local4", 20), new("local5", 21), new("local6", 22), new("local7", 23),
    ];

    // The words of an enumeration whose members follow one another in the words' order.
    private static ChoiceName[] Words<T>(T first, params string[] words)
        where T : struct, Enum
    {
        var value = Convert.ToInt64(first);
        return [.. words.Select(word => new ChoiceName(word, value++))];
    }
}
