using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Loop;

namespace KestrelFree.Server.Config;

/// <summary>Applies a changed directive to the running server; gives null, or the reason why it cannot be.</summary>
internal delegate string? ApplyChange(ServerConfig config);

// What the server is told to do, as the code reads it: one property per directive that something reads, named after it (maxmemory-policy
// is MaxMemoryPolicy), with the unit at the end where it is not plain. A read costs two loads and nothing is cached elsewhere, so CONFIG SET
// takes effect at the next read; what has to be done at the moment of the change (rebinding a port) is registered with OnApply.
//
// The loop's thread owns it. Other threads are handed the values that they need.

/// <summary>The values of all directives of one server.</summary>
internal sealed class ServerConfig
{
    private readonly Dictionary<Directive, ApplyChange> _applies = [];

    /// <summary>Every directive at its default.</summary>
    public ServerConfig()
    {
        Values = new ConfigValues(DirectiveTable.Rows.Length);
        foreach (var directive in DirectiveTable.Rows)
            directive.Reset(Values);
    }

    /// <summary>The absolute path of the configuration file; null when the server runs without one.</summary>
    public string? ConfigFile { get; set; }

    /// <summary>Commands that get another name, or none when it is empty, in the order given; checked when they were read.</summary>
    public List<RenamedCommand> RenamedCommands { get; } = [];

    /// <summary>The arguments of each "user" line.</summary>
    public List<string[]> AclUsers { get; } = [];

    /// <summary>The arguments of each "loadmodule" line.</summary>
    public List<string[]> Modules { get; } = [];

    /// <summary>Gives the "user" lines for CONFIG REWRITE; while null, the file's own stay as they are.</summary>
    public Func<IEnumerable<string>>? DescribeUsers { get; set; }

    /// <summary>The values by slot, for the directives themselves.</summary>
    internal ConfigValues Values { get; }

    // Network.
    public IReadOnlyList<string> Bind => (string[])Values.Objects[ConfigSlots.Bind]!;
    public int Port => (int)Values.Numbers[ConfigSlots.Port];
    public string UnixSocket => Text(ConfigSlots.UnixSocket);
    public int UnixSocketPerm => (int)Values.Numbers[ConfigSlots.UnixSocketPerm];
    public int TcpBacklog => (int)Values.Numbers[ConfigSlots.TcpBacklog];
    public int TcpKeepAliveSeconds => (int)Values.Numbers[ConfigSlots.TcpKeepAliveSeconds];
    public int TimeoutSeconds => (int)Values.Numbers[ConfigSlots.TimeoutSeconds];
    public long MaxClients => Values.Numbers[ConfigSlots.MaxClients];
    public int MaxNewConnectionsPerCycle => (int)Values.Numbers[ConfigSlots.MaxNewConnectionsPerCycle];
    public bool ProtectedMode => Values.Numbers[ConfigSlots.ProtectedMode] != 0;
    public long ClientQueryBufferLimit => Values.Numbers[ConfigSlots.ClientQueryBufferLimit];
    public long ProtoMaxBulkLen => Values.Numbers[ConfigSlots.ProtoMaxBulkLen];
    public int MaxNewTlsConnectionsPerCycle => (int)Values.Numbers[ConfigSlots.MaxNewTlsConnectionsPerCycle];
    public EventBackend EventBackend => (EventBackend)Values.Numbers[ConfigSlots.EventBackend];
    public int MetricsPort => (int)Values.Numbers[ConfigSlots.MetricsPort];

    // TLS.
    public int TlsPort => (int)Values.Numbers[ConfigSlots.TlsPort];
    public TlsAuthClients TlsAuthClients => (TlsAuthClients)Values.Numbers[ConfigSlots.TlsAuthClients];
    public string TlsCertFile => Text(ConfigSlots.TlsCertFile);
    public string TlsKeyFile => Text(ConfigSlots.TlsKeyFile);
    public string TlsKeyFilePass => Text(ConfigSlots.TlsKeyFilePass);
    public string TlsCaCertFile => Text(ConfigSlots.TlsCaCertFile);
    public string TlsCaCertDir => Text(ConfigSlots.TlsCaCertDir);
    public string TlsProtocols => Text(ConfigSlots.TlsProtocols);
    public string TlsCiphers => Text(ConfigSlots.TlsCiphers);
    public string TlsCipherSuites => Text(ConfigSlots.TlsCipherSuites);
    public bool TlsPreferServerCiphers => Values.Numbers[ConfigSlots.TlsPreferServerCiphers] != 0;
    public bool TlsSessionCaching => Values.Numbers[ConfigSlots.TlsSessionCaching] != 0;
    public int TlsSessionCacheSize => (int)Values.Numbers[ConfigSlots.TlsSessionCacheSize];
    public int TlsSessionCacheTimeoutSeconds => (int)Values.Numbers[ConfigSlots.TlsSessionCacheTimeoutSeconds];

    // General.
    public int Databases => (int)Values.Numbers[ConfigSlots.Databases];
    public string Dir => (string)Values.Objects[ConfigSlots.Dir]!;
    public bool Daemonize => Values.Numbers[ConfigSlots.Daemonize] != 0;
    public string PidFile => Text(ConfigSlots.PidFile);
    public SupervisedMode Supervised => (SupervisedMode)Values.Numbers[ConfigSlots.Supervised];
    public ShutdownFlags ShutdownOnSigint => (ShutdownFlags)Values.Numbers[ConfigSlots.ShutdownOnSigint];
    public ShutdownFlags ShutdownOnSigterm => (ShutdownFlags)Values.Numbers[ConfigSlots.ShutdownOnSigterm];
    public int Hz => (int)Values.Numbers[ConfigSlots.Hz];
    public bool DynamicHz => Values.Numbers[ConfigSlots.DynamicHz] != 0;
    public bool SyslogEnabled => Values.Numbers[ConfigSlots.SyslogEnabled] != 0;
    public int SyslogFacility => (int)Values.Numbers[ConfigSlots.SyslogFacility];
    public string ServerProcessors => Text(ConfigSlots.ServerCpuList);
    public string BackgroundProcessors => Text(ConfigSlots.BioCpuList);
    public string AofRewriteProcessors => Text(ConfigSlots.AofRewriteCpuList);
    public string BgsaveProcessors => Text(ConfigSlots.BgsaveCpuList);
    public string SyslogIdent => Text(ConfigSlots.SyslogIdent);
    public uint SocketMarkId => (uint)Values.Numbers[ConfigSlots.SocketMarkId];
    public bool Rehearsal => Values.Numbers[ConfigSlots.Rehearsal] != 0;
    public bool CrashLogEnabled => Values.Numbers[ConfigSlots.CrashLogEnabled] != 0;
    public bool SetProcTitle => Values.Numbers[ConfigSlots.SetProcTitle] != 0;
    public string ProcTitleTemplate => Text(ConfigSlots.ProcTitleTemplate);
    public bool DisableThp => Values.Numbers[ConfigSlots.DisableThp] != 0;
    public OomScoreAdj OomScoreAdj => (OomScoreAdj)Values.Numbers[ConfigSlots.OomScoreAdj];
    public IReadOnlyList<int> OomScoreAdjValues => (int[])Values.Objects[ConfigSlots.OomScoreAdjValues]!;
    public bool AlwaysShowLogo => Values.Numbers[ConfigSlots.AlwaysShowLogo] != 0;

    // Logging.
    public LogLevel LogLevel => (LogLevel)Values.Numbers[ConfigSlots.LogLevel];
    public string LogFile => Text(ConfigSlots.LogFile);
    public LogFormat LogFormat => (LogFormat)Values.Numbers[ConfigSlots.LogFormat];
    public bool HideUserDataFromLog => Values.Numbers[ConfigSlots.HideUserDataFromLog] != 0;

    // Memory.
    public ulong MaxMemory => MaxMemoryPercent > 0 ? 0 : (ulong)Values.Numbers[ConfigSlots.MaxMemory];

    /// <summary>maxmemory as a share of the memory there is; 0 when it is a number of bytes.</summary>
    public int MaxMemoryPercent => Values.Numbers[ConfigSlots.MaxMemory] - Kinds.NumberDirective.Shares is > 0 and <= 100 and var share ? (int)share : 0;
    public MaxMemoryPolicy MaxMemoryPolicy => (MaxMemoryPolicy)Values.Numbers[ConfigSlots.MaxMemoryPolicy];
    public int MaxMemorySamples => (int)Values.Numbers[ConfigSlots.MaxMemorySamples];
    public int MaxMemoryEvictionTenacity => (int)Values.Numbers[ConfigSlots.MaxMemoryEvictionTenacity];
    public long MaxMemoryClients => Values.Numbers[ConfigSlots.MaxMemoryClients];
    public int LfuLogFactor => (int)Values.Numbers[ConfigSlots.LfuLogFactor];
    public int LfuDecayTimeMinutes => (int)Values.Numbers[ConfigSlots.LfuDecayTimeMinutes];
    public int ActiveExpireEffort => (int)Values.Numbers[ConfigSlots.ActiveExpireEffort];
    public bool LazyFreeLazyEviction => Values.Numbers[ConfigSlots.LazyFreeLazyEviction] != 0;
    public bool LazyFreeLazyExpire => Values.Numbers[ConfigSlots.LazyFreeLazyExpire] != 0;
    public bool LazyFreeLazyServerDel => Values.Numbers[ConfigSlots.LazyFreeLazyServerDel] != 0;
    public bool LazyFreeLazyUserFlush => Values.Numbers[ConfigSlots.LazyFreeLazyUserFlush] != 0;

    // Snapshots and the append-only file.
    public IReadOnlyList<SavePoint> Save => (SavePoint[])Values.Objects[ConfigSlots.Save]!;
    public string DbFilename => Text(ConfigSlots.DbFilename);
    public bool StopWritesOnBgsaveError => Values.Numbers[ConfigSlots.StopWritesOnBgsaveError] != 0;
    public bool RdbCompression => Values.Numbers[ConfigSlots.RdbCompression] != 0;
    public bool RdbChecksum => Values.Numbers[ConfigSlots.RdbChecksum] != 0;
    public bool RdbSaveIncrementalFsync => Values.Numbers[ConfigSlots.RdbSaveIncrementalFsync] != 0;
    public long RdbKeySaveDelayMicros => Values.Numbers[ConfigSlots.RdbKeySaveDelay];
    public long KeyLoadDelayMicros => Values.Numbers[ConfigSlots.KeyLoadDelay];
    public long LoadingProcessEventsIntervalBytes => Values.Numbers[ConfigSlots.LoadingProcessEventsIntervalBytes];
    public SanitizeDumpPayload SanitizeDumpPayload => (SanitizeDumpPayload)Values.Numbers[ConfigSlots.SanitizeDumpPayload];
    public PropagationErrorBehavior PropagationErrorBehavior => (PropagationErrorBehavior)Values.Numbers[ConfigSlots.PropagationErrorBehavior];
    public bool AppendOnly => Values.Numbers[ConfigSlots.AppendOnly] != 0;
    public string AppendFilename => Text(ConfigSlots.AppendFilename);
    public string AppendDirname => Text(ConfigSlots.AppendDirname);
    public AppendFsync AppendFsync => (AppendFsync)Values.Numbers[ConfigSlots.AppendFsync];
    public bool NoAppendFsyncOnRewrite => Values.Numbers[ConfigSlots.NoAppendFsyncOnRewrite] != 0;
    public int AutoAofRewritePercentage => (int)Values.Numbers[ConfigSlots.AutoAofRewritePercentage];
    public long AutoAofRewriteMinSize => Values.Numbers[ConfigSlots.AutoAofRewriteMinSize];
    public bool AofLoadTruncated => Values.Numbers[ConfigSlots.AofLoadTruncated] != 0;
    public long AofLoadCorruptTailMaxSize => Values.Numbers[ConfigSlots.AofLoadCorruptTailMaxSize];
    public bool AofRewriteIncrementalFsync => Values.Numbers[ConfigSlots.AofRewriteIncrementalFsync] != 0;
    public bool AofUseRdbPreamble => Values.Numbers[ConfigSlots.AofUseRdbPreamble] != 0;
    public bool AofTimestampEnabled => Values.Numbers[ConfigSlots.AofTimestampEnabled] != 0;

    // Replication and cluster.
    public MasterAddress? ReplicaOf => (MasterAddress?)Values.Objects[ConfigSlots.ReplicaOf];
    public int MinReplicasToWrite => (int)Values.Numbers[ConfigSlots.MinReplicasToWrite];
    public int MinReplicasMaxLagSeconds => (int)Values.Numbers[ConfigSlots.MinReplicasMaxLagSeconds];
    public long ReplBacklogSize => Values.Numbers[ConfigSlots.ReplBacklogSize];
    public bool ClusterEnabled => Values.Numbers[ConfigSlots.ClusterEnabled] != 0;

    // Encodings.
    public long HashMaxListpackEntries => Values.Numbers[ConfigSlots.HashMaxListpackEntries];
    public long HashMaxListpackValue => Values.Numbers[ConfigSlots.HashMaxListpackValue];
    public int ListCompressDepth => (int)Values.Numbers[ConfigSlots.ListCompressDepth];
    public int ListMaxListpackSize => (int)Values.Numbers[ConfigSlots.ListMaxListpackSize];
    public long SetMaxIntsetEntries => Values.Numbers[ConfigSlots.SetMaxIntsetEntries];
    public long SetMaxListpackEntries => Values.Numbers[ConfigSlots.SetMaxListpackEntries];
    public long SetMaxListpackValue => Values.Numbers[ConfigSlots.SetMaxListpackValue];
    public long ZsetMaxListpackEntries => Values.Numbers[ConfigSlots.ZsetMaxListpackEntries];
    public long ZsetMaxListpackValue => Values.Numbers[ConfigSlots.ZsetMaxListpackValue];
    public long HllSparseMaxBytes => Values.Numbers[ConfigSlots.HllSparseMaxBytes];
    public long StreamNodeMaxBytes => Values.Numbers[ConfigSlots.StreamNodeMaxBytes];
    public long StreamNodeMaxEntries => Values.Numbers[ConfigSlots.StreamNodeMaxEntries];

    // Observation.
    public long SlowlogLogSlowerThanUs => Values.Numbers[ConfigSlots.SlowlogLogSlowerThanUs];
    public long SlowlogMaxLen => Values.Numbers[ConfigSlots.SlowlogMaxLen];
    public long LatencyMonitorThresholdMs => Values.Numbers[ConfigSlots.LatencyMonitorThresholdMs];
    public bool LatencyTracking => Values.Numbers[ConfigSlots.LatencyTracking] != 0;
    public IReadOnlyList<double> LatencyTrackingInfoPercentiles => (double[])Values.Objects[ConfigSlots.LatencyTrackingInfoPercentiles]!;
    public NotifyClasses NotifyKeyspaceEvents => (NotifyClasses)Values.Numbers[ConfigSlots.NotifyKeyspaceEvents];
    public long TrackingTableMaxKeys => Values.Numbers[ConfigSlots.TrackingTableMaxKeys];

    // Security.
    public byte[] RequirePass => ByteText.ToBytes((string?)Values.Objects[ConfigSlots.RequirePass] ?? "");
    public string AclFile => Text(ConfigSlots.AclFile);
    public long AclLogMaxLen => Values.Numbers[ConfigSlots.AclLogMaxLen];
    public AclPubSubDefault AclPubSubDefault => (AclPubSubDefault)Values.Numbers[ConfigSlots.AclPubSubDefault];
    public ProtectedAction EnableProtectedConfigs => (ProtectedAction)Values.Numbers[ConfigSlots.EnableProtectedConfigs];
    public ProtectedAction EnableDebugCommand => (ProtectedAction)Values.Numbers[ConfigSlots.EnableDebugCommand];
    public ProtectedAction EnableModuleCommand => (ProtectedAction)Values.Numbers[ConfigSlots.EnableModuleCommand];

    /// <summary>The limits of a kind of client's output buffer. O(1).</summary>
    public OutputBufferLimit ClientOutputBufferLimitFor(LimitedClient client) =>
        ((OutputBufferLimit[])Values.Objects[ConfigSlots.ClientOutputBufferLimit]!)[(int)client];

    /// <summary>A directive's value as CONFIG GET prints it, as <see cref="ByteText"/>. Throws for an unknown name.</summary>
    public string Format(string name) => Row(name).Format(Values);

    /// <summary>Registers what a change of these directives does to the running server; one registration runs once per CONFIG SET.</summary>
    public void OnApply(ApplyChange apply, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            _applies.Add(Row(name), apply);
    }

    /// <summary>What to run after a directive changed, or null.</summary>
    public ApplyChange? ApplyOf(Directive directive) => _applies.GetValueOrDefault(directive);

    /// <summary>Puts a number in place that the server itself has arrived at (maxclients lowered to what the OS allows).</summary>
    public void Correct(string name, long value) => Values.Numbers[Row(name).Slot] = value;

    /// <summary>Puts a text or list in place that the server itself has arrived at (the master that REPLICAOF chose).</summary>
    public void Correct(string name, object? value) => Values.Objects[Row(name).Slot] = value;

    /// <summary>Sets a directive from text, as a line of the configuration file would; gives null or the reason for refusing it.</summary>
    public string? Set(string name, params ReadOnlySpan<string> arguments)
    {
        var assignment = new Assignment(Values, AssignmentOrigin.FirstStatement);
        return Row(name).Assign(assignment, arguments) == AssignResult.Refused ? assignment.Error : null;
    }

    private static Directive Row(string name) => DirectiveTable.Find(name) ?? throw new ArgumentException($"no directive '{name}'", nameof(name));

    private string Text(int slot) => Values.Objects[slot] is string text ? ByteText.ToUnicode(text) : "";
}

/// <summary>A command that gets another name; an empty one removes it.</summary>
internal sealed record RenamedCommand(string Command, string NewName);
