namespace KestrelFree.Server.Config;

/// <summary>The slots behind the typed properties; constants to the JIT once the table is built.</summary>
internal static class ConfigSlots
{
    // Network.
    public static readonly int Bind = DirectiveTable.SlotOf("bind");
    public static readonly int Port = DirectiveTable.SlotOf("port");
    public static readonly int UnixSocket = DirectiveTable.SlotOf("unixsocket");
    public static readonly int UnixSocketPerm = DirectiveTable.SlotOf("unixsocketperm");
    public static readonly int TcpBacklog = DirectiveTable.SlotOf("tcp-backlog");
    public static readonly int TcpKeepAliveSeconds = DirectiveTable.SlotOf("tcp-keepalive");
    public static readonly int TimeoutSeconds = DirectiveTable.SlotOf("timeout");
    public static readonly int MaxClients = DirectiveTable.SlotOf("maxclients");
    public static readonly int MaxNewConnectionsPerCycle = DirectiveTable.SlotOf("max-new-connections-per-cycle");
    public static readonly int ProtectedMode = DirectiveTable.SlotOf("protected-mode");
    public static readonly int ClientOutputBufferLimit = DirectiveTable.SlotOf("client-output-buffer-limit");
    public static readonly int ClientQueryBufferLimit = DirectiveTable.SlotOf("client-query-buffer-limit");
    public static readonly int ProtoMaxBulkLen = DirectiveTable.SlotOf("proto-max-bulk-len");
    public static readonly int MaxNewTlsConnectionsPerCycle = DirectiveTable.SlotOf("max-new-tls-connections-per-cycle");
    public static readonly int EventBackend = DirectiveTable.SlotOf("event-backend");
    public static readonly int MetricsPort = DirectiveTable.SlotOf("metrics-port");

    // TLS.
    public static readonly int TlsPort = DirectiveTable.SlotOf("tls-port");
    public static readonly int TlsAuthClients = DirectiveTable.SlotOf("tls-auth-clients");
    public static readonly int TlsCertFile = DirectiveTable.SlotOf("tls-cert-file");
    public static readonly int TlsKeyFile = DirectiveTable.SlotOf("tls-key-file");
    public static readonly int TlsKeyFilePass = DirectiveTable.SlotOf("tls-key-file-pass");
    public static readonly int TlsCaCertFile = DirectiveTable.SlotOf("tls-ca-cert-file");
    public static readonly int TlsCaCertDir = DirectiveTable.SlotOf("tls-ca-cert-dir");
    public static readonly int TlsProtocols = DirectiveTable.SlotOf("tls-protocols");
    public static readonly int TlsCiphers = DirectiveTable.SlotOf("tls-ciphers");
    public static readonly int TlsCipherSuites = DirectiveTable.SlotOf("tls-ciphersuites");
    public static readonly int TlsPreferServerCiphers = DirectiveTable.SlotOf("tls-prefer-server-ciphers");
    public static readonly int TlsSessionCaching = DirectiveTable.SlotOf("tls-session-caching");
    public static readonly int TlsSessionCacheSize = DirectiveTable.SlotOf("tls-session-cache-size");
    public static readonly int TlsSessionCacheTimeoutSeconds = DirectiveTable.SlotOf("tls-session-cache-timeout");

    // General.
    public static readonly int Databases = DirectiveTable.SlotOf("databases");
    public static readonly int Dir = DirectiveTable.SlotOf("dir");
    public static readonly int Daemonize = DirectiveTable.SlotOf("daemonize");
    public static readonly int PidFile = DirectiveTable.SlotOf("pidfile");
    public static readonly int SetProcTitle = DirectiveTable.SlotOf("set-proc-title");
    public static readonly int ProcTitleTemplate = DirectiveTable.SlotOf("proc-title-template");
    public static readonly int Supervised = DirectiveTable.SlotOf("supervised");
    public static readonly int ShutdownOnSigint = DirectiveTable.SlotOf("shutdown-on-sigint");
    public static readonly int ShutdownOnSigterm = DirectiveTable.SlotOf("shutdown-on-sigterm");
    public static readonly int Hz = DirectiveTable.SlotOf("hz");
    public static readonly int DynamicHz = DirectiveTable.SlotOf("dynamic-hz");
    public static readonly int SyslogEnabled = DirectiveTable.SlotOf("syslog-enabled");
    public static readonly int SyslogFacility = DirectiveTable.SlotOf("syslog-facility");
    public static readonly int ServerCpuList = DirectiveTable.SlotOf("server_cpulist");
    public static readonly int BioCpuList = DirectiveTable.SlotOf("bio_cpulist");
    public static readonly int AofRewriteCpuList = DirectiveTable.SlotOf("aof_rewrite_cpulist");
    public static readonly int BgsaveCpuList = DirectiveTable.SlotOf("bgsave_cpulist");
    public static readonly int SyslogIdent = DirectiveTable.SlotOf("syslog-ident");
    public static readonly int SocketMarkId = DirectiveTable.SlotOf("socket-mark-id");
    public static readonly int Rehearsal = DirectiveTable.SlotOf("rehearsal");
    public static readonly int CrashLogEnabled = DirectiveTable.SlotOf("crash-log-enabled");
    public static readonly int DisableThp = DirectiveTable.SlotOf("disable-thp");
    public static readonly int OomScoreAdj = DirectiveTable.SlotOf("oom-score-adj");
    public static readonly int OomScoreAdjValues = DirectiveTable.SlotOf("oom-score-adj-values");
    public static readonly int AlwaysShowLogo = DirectiveTable.SlotOf("always-show-logo");

    // Logging.
    public static readonly int LogLevel = DirectiveTable.SlotOf("loglevel");
    public static readonly int LogFile = DirectiveTable.SlotOf("logfile");
    public static readonly int LogFormat = DirectiveTable.SlotOf("log-format");
    public static readonly int HideUserDataFromLog = DirectiveTable.SlotOf("hide-user-data-from-log");

    // Memory.
    public static readonly int MaxMemory = DirectiveTable.SlotOf("maxmemory");
    public static readonly int MaxMemoryPolicy = DirectiveTable.SlotOf("maxmemory-policy");
    public static readonly int MaxMemorySamples = DirectiveTable.SlotOf("maxmemory-samples");
    public static readonly int MaxMemoryEvictionTenacity = DirectiveTable.SlotOf("maxmemory-eviction-tenacity");
    public static readonly int MaxMemoryClients = DirectiveTable.SlotOf("maxmemory-clients");
    public static readonly int LfuLogFactor = DirectiveTable.SlotOf("lfu-log-factor");
    public static readonly int LfuDecayTimeMinutes = DirectiveTable.SlotOf("lfu-decay-time");
    public static readonly int ActiveExpireEffort = DirectiveTable.SlotOf("active-expire-effort");
    public static readonly int LazyFreeLazyEviction = DirectiveTable.SlotOf("lazyfree-lazy-eviction");
    public static readonly int LazyFreeLazyExpire = DirectiveTable.SlotOf("lazyfree-lazy-expire");
    public static readonly int LazyFreeLazyServerDel = DirectiveTable.SlotOf("lazyfree-lazy-server-del");
    public static readonly int LazyFreeLazyUserFlush = DirectiveTable.SlotOf("lazyfree-lazy-user-flush");

    // Snapshots and the append-only file.
    public static readonly int Save = DirectiveTable.SlotOf("save");
    public static readonly int DbFilename = DirectiveTable.SlotOf("dbfilename");
    public static readonly int StopWritesOnBgsaveError = DirectiveTable.SlotOf("stop-writes-on-bgsave-error");
    public static readonly int RdbCompression = DirectiveTable.SlotOf("rdbcompression");
    public static readonly int RdbChecksum = DirectiveTable.SlotOf("rdbchecksum");
    public static readonly int RdbSaveIncrementalFsync = DirectiveTable.SlotOf("rdb-save-incremental-fsync");
    public static readonly int RdbKeySaveDelay = DirectiveTable.SlotOf("rdb-key-save-delay");
    public static readonly int KeyLoadDelay = DirectiveTable.SlotOf("key-load-delay");
    public static readonly int LoadingProcessEventsIntervalBytes = DirectiveTable.SlotOf("loading-process-events-interval-bytes");
    public static readonly int PropagationErrorBehavior = DirectiveTable.SlotOf("propagation-error-behavior");
    public static readonly int SanitizeDumpPayload = DirectiveTable.SlotOf("sanitize-dump-payload");
    public static readonly int AppendOnly = DirectiveTable.SlotOf("appendonly");
    public static readonly int AppendFilename = DirectiveTable.SlotOf("appendfilename");
    public static readonly int AppendDirname = DirectiveTable.SlotOf("appenddirname");
    public static readonly int AppendFsync = DirectiveTable.SlotOf("appendfsync");
    public static readonly int NoAppendFsyncOnRewrite = DirectiveTable.SlotOf("no-appendfsync-on-rewrite");
    public static readonly int AutoAofRewritePercentage = DirectiveTable.SlotOf("auto-aof-rewrite-percentage");
    public static readonly int AutoAofRewriteMinSize = DirectiveTable.SlotOf("auto-aof-rewrite-min-size");
    public static readonly int AofLoadTruncated = DirectiveTable.SlotOf("aof-load-truncated");
    public static readonly int AofLoadCorruptTailMaxSize = DirectiveTable.SlotOf("aof-load-corrupt-tail-max-size");
    public static readonly int AofRewriteIncrementalFsync = DirectiveTable.SlotOf("aof-rewrite-incremental-fsync");
    public static readonly int AofUseRdbPreamble = DirectiveTable.SlotOf("aof-use-rdb-preamble");
    public static readonly int AofTimestampEnabled = DirectiveTable.SlotOf("aof-timestamp-enabled");

    // Replication and cluster.
    public static readonly int ReplicaOf = DirectiveTable.SlotOf("replicaof");
    public static readonly int MinReplicasToWrite = DirectiveTable.SlotOf("min-replicas-to-write");
    public static readonly int MinReplicasMaxLagSeconds = DirectiveTable.SlotOf("min-replicas-max-lag");
    public static readonly int ReplBacklogSize = DirectiveTable.SlotOf("repl-backlog-size");
    public static readonly int ClusterEnabled = DirectiveTable.SlotOf("cluster-enabled");

    // Encodings.
    public static readonly int HashMaxListpackEntries = DirectiveTable.SlotOf("hash-max-listpack-entries");
    public static readonly int HashMaxListpackValue = DirectiveTable.SlotOf("hash-max-listpack-value");
    public static readonly int ListCompressDepth = DirectiveTable.SlotOf("list-compress-depth");
    public static readonly int ListMaxListpackSize = DirectiveTable.SlotOf("list-max-listpack-size");
    public static readonly int SetMaxIntsetEntries = DirectiveTable.SlotOf("set-max-intset-entries");
    public static readonly int SetMaxListpackEntries = DirectiveTable.SlotOf("set-max-listpack-entries");
    public static readonly int SetMaxListpackValue = DirectiveTable.SlotOf("set-max-listpack-value");
    public static readonly int ZsetMaxListpackEntries = DirectiveTable.SlotOf("zset-max-listpack-entries");
    public static readonly int ZsetMaxListpackValue = DirectiveTable.SlotOf("zset-max-listpack-value");
    public static readonly int HllSparseMaxBytes = DirectiveTable.SlotOf("hll-sparse-max-bytes");
    public static readonly int StreamNodeMaxBytes = DirectiveTable.SlotOf("stream-node-max-bytes");
    public static readonly int StreamNodeMaxEntries = DirectiveTable.SlotOf("stream-node-max-entries");

    // Observation.
    public static readonly int SlowlogLogSlowerThanUs = DirectiveTable.SlotOf("slowlog-log-slower-than");
    public static readonly int SlowlogMaxLen = DirectiveTable.SlotOf("slowlog-max-len");
    public static readonly int LatencyMonitorThresholdMs = DirectiveTable.SlotOf("latency-monitor-threshold");
    public static readonly int LatencyTracking = DirectiveTable.SlotOf("latency-tracking");
    public static readonly int LatencyTrackingInfoPercentiles = DirectiveTable.SlotOf("latency-tracking-info-percentiles");
    public static readonly int NotifyKeyspaceEvents = DirectiveTable.SlotOf("notify-keyspace-events");
    public static readonly int TrackingTableMaxKeys = DirectiveTable.SlotOf("tracking-table-max-keys");

    // Security.
    public static readonly int RequirePass = DirectiveTable.SlotOf("requirepass");
    public static readonly int AclFile = DirectiveTable.SlotOf("aclfile");
    public static readonly int AclLogMaxLen = DirectiveTable.SlotOf("acllog-max-len");
    public static readonly int AclPubSubDefault = DirectiveTable.SlotOf("acl-pubsub-default");
    public static readonly int EnableProtectedConfigs = DirectiveTable.SlotOf("enable-protected-configs");
    public static readonly int EnableDebugCommand = DirectiveTable.SlotOf("enable-debug-command");
    public static readonly int EnableModuleCommand = DirectiveTable.SlotOf("enable-module-command");
}
