using System.Diagnostics;
using KestrelFree.Server.PubSub;
using static KestrelFree.Server.Metrics.MetricType;

namespace KestrelFree.Server.Metrics;

// The names are those of the exporter that people scrape Redis with, so that its dashboards show this server too; what it has no name for is
// called in its manner. Units close the name: seconds, bytes.
//
// Readers run on the loop for a scrape, and on a listener's thread for a meter: they read single numbers and walk nothing that changes.

/// <summary>The figures that are one number each.</summary>
internal static class MetricsTable
{
    private const double MicrosPerSecond = 1e6;

    internal static readonly Metric[] Rows =
    [
        new("redis_up", Gauge, "1 while the server runs.", static _ => 1),
        new("redis_uptime_in_seconds", Gauge, "Seconds since the server started.", static s => (s.Clock.NowMs - s.StartedMs) / 1000),
        new("redis_start_time_seconds", Gauge, "When the server started, in Unix seconds.", static s => s.StartedMs / 1000),
        new("redis_loading_dump_file", Gauge, "1 while the data set is loaded.", static s => s.Loader.IsLoading ? 1 : 0),

        new("redis_connected_clients", Gauge, "Connected clients.", static s => s.Clients.Count),
        new("redis_config_maxclients", Gauge, "How many clients may connect.", static s => s.Config.MaxClients),
        new("redis_blocked_clients", Gauge, "Clients that wait in a command.", static s => s.Blocked.Count),
        new("redis_tracking_clients", Gauge, "Clients that are told when keys change.", static s => s.Tracking.ClientCount),
        new("redis_connections_received", Counter, "Connections accepted.", static s => s.Statistics.ConnectionsReceived),
        new("redis_rejected_connections", Counter, "Connections refused, for a limit or for protected mode.", static s => s.Statistics.ConnectionsRejected),
        new("redis_evicted_clients", Counter, "Clients closed because clients took too much memory.", static s => s.Statistics.EvictedClients),
        new("redis_client_query_buffer_limit_disconnections", Counter, "Clients closed for what they had sent.", static s => s.Statistics.QueryBufferLimitDisconnections),
        new("redis_client_output_buffer_limit_disconnections", Counter, "Clients closed for what they had not read.", static s => s.Statistics.OutputBufferLimitDisconnections),

        new("redis_memory_used_bytes", Gauge, "Memory of the data set and of what serves it.", static s => s.Keyspace.Memory.UsedBytes),
        new("redis_memory_used_peak_bytes", Gauge, "The most that it ever was.", static s => Math.Max(s.Statistics.PeakMemory, s.Keyspace.Memory.UsedBytes)),
        new("redis_memory_used_rss_bytes", Gauge, "Memory of the process as the system sees it.", static _ => Environment.WorkingSet),
        new("redis_memory_max_bytes", Gauge, "The limit on memory; 0 for none.", static s => s.Memory.LimitBytes),
        new("redis_gc_heap_bytes", Gauge, "Memory of the managed heap.", static _ => GC.GetTotalMemory(forceFullCollection: false)),
        new("redis_gc_pause_seconds", Counter, "Time spent in garbage collections that stopped the server.", static _ => GC.GetTotalPauseDuration().TotalSeconds),

        new("redis_commands_processed", Counter, "Commands executed.", static s => s.Statistics.Commands),
        new("redis_total_error_replies", Counter, "Error replies sent.", static s => s.Statistics.ErrorReplies),
        new("redis_net_input_bytes", Counter, "Bytes received from clients.", static s => s.Statistics.BytesReceived),
        new("redis_net_output_bytes", Counter, "Bytes sent to clients.", static s => s.Statistics.BytesSent),
        new("redis_total_reads_processed", Counter, "Receives from sockets.", static s => s.Statistics.Reads),
        new("redis_total_writes_processed", Counter, "Sends to sockets.", static s => s.Statistics.Writes),
        new("redis_eventloop_cycles", Counter, "Turns of the event loop.", static s => s.Loop.Figures.Turns),
        new("redis_eventloop_duration_seconds", Counter, "Time spent in turns, without waiting.", static s => s.Loop.Figures.DurationMicros / MicrosPerSecond),
        new("redis_eventloop_longest_turn_seconds", Gauge, "The longest turn.", static s => s.Loop.Figures.LongestTurnMicros / MicrosPerSecond),

        new("redis_keyspace_hits", Counter, "Look-ups that found their key.", static s => s.Keyspace.Hits),
        new("redis_keyspace_misses", Counter, "Look-ups that did not.", static s => s.Keyspace.Misses),
        new("redis_expired_keys", Counter, "Keys deleted because their time had come.", static s => s.Observer.ExpiredKeys),
        new("redis_expired_subkeys", Counter, "Fields of hashes deleted because their time had come.", static s => s.Observer.ExpiredFields),
        new("redis_evicted_keys", Counter, "Keys deleted for the limit on memory.", static s => s.Observer.EvictedKeys),
        new("redis_pubsub_channels", Gauge, "Channels with subscribers.", static s => s.Subscriptions.All(ChannelKind.Channel).Count),
        new("redis_pubsub_patterns", Gauge, "Patterns with subscribers.", static s => s.Subscriptions.All(ChannelKind.Pattern).Count),
        new("redis_slowlog_length", Gauge, "Entries of the slow log.", static s => s.Slowlog.Count),

        new("redis_rdb_changes_since_last_save", Gauge, "Changes that the last snapshot does not have.", static s => s.Observer.Dirty),
        new("redis_rdb_bgsave_in_progress", Gauge, "1 while a snapshot is written.", static s => s.Saves.IsRunning ? 1 : 0),
        new("redis_rdb_last_save_timestamp_seconds", Gauge, "When the last snapshot was written, in Unix seconds.", static s => s.Saves.LastSaveSeconds),
        new("redis_rdb_last_bgsave_status", Gauge, "1 if the last snapshot succeeded.", static s => s.Saves.Fault is null ? 1 : 0),
        new("redis_aof_enabled", Gauge, "1 while effects go to the append-only file.", static s => s.Aof.State == Persistence.AofState.Off ? 0 : 1),
        new("redis_aof_rewrite_in_progress", Gauge, "1 while the append-only file is rewritten.", static s => s.Aof.Rewrites.IsRunning ? 1 : 0),
        new("redis_aof_last_write_status", Gauge, "1 if the last write of the append-only file succeeded.", static s => s.Aof.HasWriteFault ? 0 : 1),
        new("redis_latest_fork_seconds", Gauge, "How long the last fork held the server up.", static s => s.Statistics.LatestForkMicros / MicrosPerSecond),
        new("redis_total_forks", Counter, "Forks of the keyspace.", static s => s.Statistics.Forks),

        new("redis_cpu_sys_seconds", Counter, "CPU time of the process in the system.", static _ => Cpu(static process => process.PrivilegedProcessorTime)),
        new("redis_cpu_user_seconds", Counter, "CPU time of the process outside of the system.", static _ => Cpu(static process => process.UserProcessorTime)),
    ];

    private static double Cpu(Func<Process, TimeSpan> time)
    {
        using var process = Process.GetCurrentProcess();
        return time(process).TotalSeconds;
    }
}
