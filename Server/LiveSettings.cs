using KestrelFree.Server.Config;
using KestrelFree.Server.Hosting;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Persistence;
using KestrelFree.Storage;

namespace KestrelFree.Server;

/// <summary>What CONFIG SET does to a running server, for the directives that are not simply read when needed.</summary>
internal static class LiveSettings
{
    private const string TlsFailed = "Unable to update TLS configuration. Check server logs.";

    /// <summary>Attaches all effects: those on the data and those on the process and its sockets.</summary>
    internal static void Connect(RedisServer server, ListenSettings settings)
    {
        ConnectListening(server, settings);
        ConnectTls(server);
        ConnectProcess(server);
        ConnectData(server);
    }

    /// <summary>Attaches the effects on what a server holds; nothing of the process is touched.</summary>
    internal static void ConnectData(RedisServer server)
    {
        ConnectMemory(server);
        ConnectUsers(server);
        ConnectObservation(server);
        server.Config.OnApply(changed => Apply(server.Aof, changed), "appendonly");
        server.Config.OnApply(
            changed => Apply(server.Keyspace.Limits, changed),
            "hash-max-listpack-entries",
            "hash-max-listpack-value",
            "list-max-listpack-size",
            "list-compress-depth",
            "set-max-intset-entries",
            "set-max-listpack-entries",
            "set-max-listpack-value",
            "stream-node-max-bytes",
            "stream-node-max-entries",
            "zset-max-listpack-entries",
            "zset-max-listpack-value");
        Apply(server.Keyspace.Limits, server.Config);
    }

    private static void ConnectListening(RedisServer server, ListenSettings settings)
    {
        server.Config.OnApply(_ => Rebind(server), "port", "metrics-port", "bind");
        server.Config.OnApply(
            changed =>
            {
                settings.TcpKeepaliveSeconds = changed.TcpKeepAliveSeconds;
                settings.MaxNewConnectionsPerCycle = changed.MaxNewConnectionsPerCycle;
                return null;
            },
            "tcp-keepalive",
            "max-new-connections-per-cycle");
    }

    private static void ConnectProcess(RedisServer server)
    {
        server.Config.OnApply(
            changed =>
            {
                server.Loop.Backend = (Loop.EventBackend)changed.EventBackend;
                return null;
            },
            "event-backend");
        server.Config.OnApply(changed => AdjustMaxClients(server, changed), "maxclients");
        var oomScore = new OomScore(server.Log);
        server.Config.OnApply(changed => Apply(oomScore, changed), "oom-score-adj", "oom-score-adj-values");
        Apply(oomScore, server.Config);
    }

    private static void ConnectMemory(RedisServer server)
    {
        server.Config.OnApply(changed => ApplyAccessClocks(server, changed), "maxmemory-policy", "lfu-log-factor", "lfu-decay-time");
        ApplyAccessClocks(server, server.Config);
        server.Config.OnApply(
            _ =>
            {
                server.Memory.FollowConfig();
                server.Memory.Begin();
                return null;
            },
            "maxmemory",
            "maxmemory-samples",
            "maxmemory-eviction-tenacity");
        server.Config.OnApply(
            _ =>
            {
                server.ClientMemory.FollowConfig();
                return null;
            },
            "maxmemory-clients");
    }

    private static void ConnectUsers(RedisServer server)
    {
        server.Config.OnApply(
            changed =>
            {
                server.Users.SetDefaultPassword(changed.RequirePass);
                return null;
            },
            "requirepass");
        server.Config.DescribeUsers = () => server.Users.Lines;
    }

    private static void ConnectObservation(RedisServer server)
    {
        server.Config.OnApply(
            changed =>
            {
                server.Notify(changed.NotifyKeyspaceEvents);
                return null;
            },
            "notify-keyspace-events");
        server.Config.OnApply(
            _ =>
            {
                server.SlowCommands.FollowConfig();
                server.Slowlog.Trim();
                return null;
            },
            "slowlog-log-slower-than",
            "slowlog-max-len",
            "latency-monitor-threshold",
            "latency-tracking");
    }

    private static string? Apply(CollectionLimits limits, ServerConfig config)
    {
        limits.HashMaxListpackEntries = config.HashMaxListpackEntries;
        limits.HashMaxListpackValue = config.HashMaxListpackValue;
        limits.ListCompressDepth = config.ListCompressDepth;
        limits.ListMaxListpackSize = config.ListMaxListpackSize;
        limits.SetMaxIntsetEntries = config.SetMaxIntsetEntries;
        limits.SetMaxListpackEntries = config.SetMaxListpackEntries;
        limits.SetMaxListpackValue = config.SetMaxListpackValue;
        limits.StreamNodeMaxBytes = config.StreamNodeMaxBytes;
        limits.StreamNodeMaxEntries = config.StreamNodeMaxEntries;
        limits.ZsetMaxListpackEntries = config.ZsetMaxListpackEntries;
        limits.ZsetMaxListpackValue = config.ZsetMaxListpackValue;
        return null;
    }

    private static string? Apply(AppendOnlyFile aof, ServerConfig config)
    {
        if (config.AppendOnly) return aof.TurnOn();
        aof.TurnOff();
        return null;
    }

    private static string? ApplyAccessClocks(RedisServer server, ServerConfig config)
    {
        server.Memory.FollowConfig();
        var keyspace = server.Keyspace;
        keyspace.AccessPolicy = config.MaxMemoryPolicy switch
        {
            MaxMemoryPolicy.AllKeysLfu or MaxMemoryPolicy.VolatileLfu => AccessPolicy.Lfu,
            MaxMemoryPolicy.AllKeysLrm or MaxMemoryPolicy.VolatileLrm => AccessPolicy.Lrm,
            _ => AccessPolicy.Lru,
        };
        keyspace.LfuLogFactor = config.LfuLogFactor;
        keyspace.LfuDecayMinutes = config.LfuDecayTimeMinutes;
        return null;
    }

    // A master's score is the first of the three.
    private static string? Apply(OomScore score, ServerConfig config) =>
        score.Apply(config.OomScoreAdj, config.OomScoreAdjValues[0]) ? null : "Failed to set current oom_score_adj. Check server logs.";

    private static string? AdjustMaxClients(RedisServer server, ServerConfig config)
    {
        var wanted = (int)Math.Min(config.MaxClients, int.MaxValue);
        OpenFileLimit.TryAdjust(wanted, server.Log, out var allowed);
        return allowed < wanted
            ? $"The operating system is not able to handle the specified number of clients, try with {allowed}"
            : null;
    }

    private static string? Rebind(RedisServer server)
    {
        server.Listeners!.TryRebind(ListenPorts.Of(server.Config), server.Config.Bind, out var error);
        return error;
    }

    private static void ConnectTls(RedisServer server)
    {
        server.Config.OnApply(
            changed => changed.TlsPort != 0 && !server.Tls.IsConfigured && !server.Tls.Configure() ? TlsFailed : Rebind(server),
            "tls-port");
        server.Config.OnApply(
            changed => changed.TlsPort != 0 && !server.Tls.Configure() ? TlsFailed : null,
            "tls-cert-file",
            "tls-key-file",
            "tls-key-file-pass",
            "tls-ca-cert-file",
            "tls-ca-cert-dir",
            "tls-protocols",
            "tls-ciphers",
            "tls-ciphersuites",
            "tls-session-caching",
            "tls-session-cache-size",
            "tls-session-cache-timeout");
    }
}
