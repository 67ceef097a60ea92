using System.Diagnostics;
using System.Globalization;
using System.Text;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Persistence;
using KestrelFree.Server.PubSub;
using KestrelFree.Storage;

namespace KestrelFree.Server.Introspection;

// The text of INFO: sections of "name:value" lines under a "# Section" heading, which clients, exporters and people parse. Field names are
// Redis's. A field that has no meaning here is left out rather than made up; one whose feature is still to come reports the feature as off.

/// <summary>Writes the sections of INFO.</summary>
internal sealed class InfoReport
{
    private static readonly string[] DefaultSections =
        ["server", "clients", "memory", "persistence", "stats", "replication", "cpu", "modules", "errorstats", "cluster", "keyspace"];

    // "debug" is for those who ask for it by name.
    private static readonly string[] AllSections = [.. DefaultSections, "commandstats", "latencystats"];

    private readonly RedisServer _server;
    private readonly StringBuilder _text = new(4096);

    internal InfoReport(RedisServer server) => _server = server;

    /// <summary>Writes the sections asked for; none stands for the default ones.</summary>
    /// <param name="sections">Names in lower case; "default", "all" and "everything" among them.</param>
    internal string Write(IReadOnlyCollection<string> sections)
    {
        var wanted = new HashSet<string>(sections);
        if (sections.Count == 0 || wanted.Contains("default")) wanted.UnionWith(DefaultSections);
        if (wanted.Contains("all") || wanted.Contains("everything")) wanted.UnionWith(AllSections);

        Section("server", "Server", Server);
        Section("clients", "Clients", Clients);
        Section("memory", "Memory", Memory);
        Section("persistence", "Persistence", Persistence);
        Section("stats", "Stats", Stats);
        Section("replication", "Replication", Replication);
        Section("cpu", "CPU", Cpu);
        Section("modules", "Modules", static () => { });
        Section("commandstats", "Commandstats", CommandStatistics);
        Section("errorstats", "Errorstats", Errors);
        Section("latencystats", "Latencystats", Latencies);
        Section("cluster", "Cluster", () => Line("cluster_enabled", 0));
        Section("keyspace", "Keyspace", Keyspace);
        Section("debug", "Debug", Debug);
        return _text.ToString();

        void Section(string name, string heading, Action write)
        {
            if (!wanted.Contains(name)) return;
            if (_text.Length > 0) _text.Append("\r\n");
            _text.Append("# ").Append(heading).Append("\r\n");
            write();
        }
    }

    private void Server()
    {
        var uptime = (_server.Clock.NowMs - _server.StartedMs) / 1000;
        Line("redis_version", ServerVersion.Redis);
        Line("redis_git_sha1", ServerVersion.Commit);
        Line("redis_git_dirty", 0);
        Line("redis_build_id", ServerVersion.Commit);
        Line("redis_mode", "standalone");
        Line("server_name", ServerVersion.Name);
        Line("kestrel_free_version", ServerVersion.Own);
        Line("os", SystemName.Text);
        Line("arch_bits", IntPtr.Size * 8);
        Line("dotnet_version", Environment.Version.ToString());
        Line("monotonic_clock", "stopwatch");
        Line("multiplexing_api", _server.Loop.MultiplexingApi);
        Line("process_id", Environment.ProcessId);
        Line("process_supervised", _server.Supervisor?.Name ?? "no");
        Line("run_id", _server.RunId);
        Line("tcp_port", _server.Port);
        Line("server_time_usec", _server.Clock.NowMicros);
        Line("uptime_in_seconds", uptime);
        Line("uptime_in_days", uptime / 86400);
        Line("hz", _server.Cron.Hz);
        Line("configured_hz", _server.Config.Hz);
        Line("lru_clock", (_server.Clock.NowMs / 1000) & 0xFFFFFF);
        Line("executable", Environment.ProcessPath ?? "");
        Line("config_file", _server.Config.ConfigFile ?? "");
        Line("io_threads_active", 0);
        var index = 0;
        foreach (var listener in _server.Listeners?.Describe() ?? []) Line($"listener{index++}", listener);
    }

    private void Clients()
    {
        long maxInput = 0, maxOutput = 0;
        for (var client = _server.Clients.Oldest; client is not null; client = client.Next)
        {
            maxInput = Math.Max(maxInput, client.Query.OwnedBytes);
            maxOutput = Math.Max(maxOutput, client.Reply.Buffer.OwnedBytes);
        }

        Line("connected_clients", _server.Clients.Count);
        Line("cluster_connections", 0);
        Line("maxclients", _server.Config.MaxClients);
        Line("client_recent_max_input_buffer", maxInput);
        Line("client_recent_max_output_buffer", maxOutput);
        Line("blocked_clients", _server.Blocked.Count);
        Line("tracking_clients", _server.Tracking.ClientCount);
        Line("pubsub_clients", _server.Subscriptions.ClientCount);
        Line("watching_clients", _server.Watches.ClientCount);
        Line("clients_in_timeout_table", _server.Blocked.WithTimeout);
        Line("total_watched_keys", _server.Watches.Count);
        Line("total_blocking_keys", _server.KeyWaits.KeyCount);
        Line("total_blocking_keys_on_nokey", _server.KeyWaits.KeyCountWithDeletion);
    }

    // The kernel counts in hundredths of a second, in the 14th and 15th field; the second, a name in parentheses, may hold blanks.
    private void LoopThreadCpu()
    {
        const double ticksPerSecond = 100;
        var status = File.ReadAllText("/proc/thread-self/stat");
        var fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
        Line("used_cpu_sys_main_thread", Invariant($"{long.Parse(fields[12], CultureInfo.InvariantCulture) / ticksPerSecond:F6}"));
        Line("used_cpu_user_main_thread", Invariant($"{long.Parse(fields[11], CultureInfo.InvariantCulture) / ticksPerSecond:F6}"));
    }

    private void Memory()
    {
        var figures = MemoryFigures.Of(_server);
        var (used, resident) = (figures.Used, figures.Resident);
        Bytes("used_memory", used);
        Bytes("used_memory_rss", resident);
        Bytes("used_memory_peak", figures.Peak);
        Line("used_memory_peak_perc", Invariant($"{(figures.Peak == 0 ? 100 : used * 100.0 / figures.Peak):F2}%"));
        Line("used_memory_overhead", figures.Overhead);
        Line("used_memory_startup", figures.Startup);
        Line("used_memory_dataset", figures.Dataset);
        Line("used_memory_dataset_perc", Invariant($"{figures.DatasetPercent:F2}%"));
        Line("allocator_allocated", used);
        Line("allocator_active", figures.Allocated);
        Line("allocator_resident", resident);
        Line("allocator_muzzy", 0);
        Bytes("total_system_memory", _server.Memory.Machine.TotalBytes);
        Scripts();
        Bytes("maxmemory", _server.Memory.LimitBytes);
        Line("maxmemory_policy", _server.Config.Format("maxmemory-policy"));
        Allocator(figures);
        Line("mem_fragmentation_ratio", Ratio(resident, used));
        Line("mem_fragmentation_bytes", resident - used);
        Line("mem_not_counted_for_evict", figures.Keyspace.RetiredBytes);
        Line("mem_replication_backlog", 0);
        Line("mem_total_replication_buffers", 0);
        Line("mem_clients_slaves", 0);
        Line("mem_clients_normal", figures.Clients);
        Line("mem_cluster_links", 0);
        Line("mem_aof_buffer", _server.Aof.BufferBytes);
        Line("mem_allocator", "pages");
        Line("mem_overhead_db_hashtable_rehashing", 0);
        Line("active_defrag_running", 0);
        Line("lazyfree_pending_objects", _server.Keyspace.LazyFreePending);
        Line("lazyfreed_objects", _server.Keyspace.LazyFreedCount);
        Line("mem_limit_of_cgroup", _server.Memory.Machine.CgroupLimitBytes);
        Line("gc_heap_bytes", GC.GetTotalMemory(forceFullCollection: false));
        Line("gc_pause_total_usec", (long)GC.GetTotalPauseDuration().TotalMicroseconds);
        Line("gc_pause_longest_usec", _server.Statistics.GcPauses.LongestMicros);
        Line("gc_collections", GC.CollectionCount(0));
    }

    // Nobody can load a script or a function, so none takes memory; tools that read these fields expect them.
    private void Scripts()
    {
        Line("used_memory_lua", 0);
        Line("used_memory_vm_eval", 0);
        Line("used_memory_lua_human", Human(0));
        Line("used_memory_scripts_eval", 0);
        Line("number_of_cached_scripts", 0);
        Line("number_of_functions", 0);
        Line("number_of_libraries", 0);
        Line("used_memory_vm_functions", 0);
        Bytes("used_memory_vm_total", 0);
        Line("used_memory_functions", 0);
        Bytes("used_memory_scripts", 0);
    }

    // What Redis asks its allocator: here the chunks that pages are cut from.
    private void Allocator(MemoryFigures figures)
    {
        var (used, resident, active) = (figures.Used, figures.Resident, figures.Allocated);
        Line("allocator_frag_ratio", Ratio(active, used));
        Line("allocator_frag_bytes", active - used);
        Line("allocator_rss_ratio", Ratio(resident, active));
        Line("allocator_rss_bytes", resident - active);
        Line("rss_overhead_ratio", "1.00");
        Line("rss_overhead_bytes", 0);
    }

    private void Persistence()
    {
        var (saves, loader) = (_server.Saves, _server.Loader);
        Line("loading", loader.IsLoading ? 1 : 0);
        Line("async_loading", 0);
        Forks();
        Line("rdb_changes_since_last_save", _server.Observer.Dirty);
        Line("rdb_bgsave_in_progress", saves.IsRunning ? 1 : 0);
        Line("rdb_last_save_time", saves.LastSaveSeconds);
        Line("rdb_last_bgsave_status", saves.Fault is null ? "ok" : "err");
        Line("rdb_last_bgsave_time_sec", saves.LastDurationSeconds);
        Line("rdb_current_bgsave_time_sec", saves.CurrentDurationSeconds);
        Line("rdb_saves", saves.Count);
        Line("rdb_last_cow_size", saves.LastKeptBytes);
        Line("rdb_last_load_keys_expired", loader.KeysExpired);
        Line("rdb_last_load_keys_loaded", loader.KeysLoaded);
        AppendOnly();
        Loading();
    }

    private void AppendOnly()
    {
        var (aof, rewrites) = (_server.Aof, _server.Aof.Rewrites);
        Line("aof_enabled", aof.State == AofState.Off ? 0 : 1);
        Line("aof_rewrite_in_progress", rewrites.IsRunning ? 1 : 0);
        Line("aof_rewrite_scheduled", rewrites.IsScheduled ? 1 : 0);
        Line("aof_last_rewrite_time_sec", rewrites.LastDurationSeconds);
        Line("aof_current_rewrite_time_sec", rewrites.CurrentDurationSeconds);
        Line("aof_last_bgrewrite_status", rewrites.LastSucceeded ? "ok" : "err");
        Line("aof_rewrites", rewrites.Count);
        Line("aof_rewrites_consecutive_failures", rewrites.ConsecutiveFailures);
        Line("aof_last_write_status", aof.HasWriteFault ? "err" : "ok");
        Line("aof_last_cow_size", rewrites.LastKeptBytes);
        Line("module_fork_in_progress", 0);
        Line("module_fork_last_cow_size", 0);
        if (aof.State == AofState.Off) return;
        Line("aof_current_size", aof.CurrentBytes);
        Line("aof_base_size", aof.BaseBytes);
        Line("aof_pending_rewrite", 0);
        Line("aof_buffer_length", aof.BufferBytes);
        Line("aof_pending_bio_fsync", aof.PendingSyncs);
        Line("aof_delayed_fsync", aof.DelayedSyncs);
    }

    private void Loading()
    {
        var loader = _server.Loader;
        if (!loader.IsLoading) return;
        var remaining = Math.Max(0, loader.TotalBytes - loader.LoadedBytes);
        var eta = loader.ElapsedSeconds < 1 ? 1 : (long)(loader.ElapsedSeconds * remaining / (loader.LoadedBytes + 1));
        Line("loading_start_time", loader.StartedSeconds);
        Line("loading_total_bytes", loader.TotalBytes);
        Line("loading_rdb_used_mem", loader.UsedMemory);
        Line("loading_loaded_bytes", loader.LoadedBytes);
        Line("loading_loaded_perc", Invariant($"{(loader.TotalBytes == 0 ? 0 : loader.LoadedBytes * 100.0 / loader.TotalBytes):F2}"));
        Line("loading_eta_seconds", eta);
    }

    // Where Redis speaks of one forked child, several forks may live here: progress is the oldest one's.
    private void Forks()
    {
        var snapshots = _server.Snapshots;
        var oldest = snapshots.Running.Count == 0 ? null : snapshots.Running[0];
        var (done, total) = oldest is null ? (0, 0) : (oldest.Progress.KeysDone, oldest.Progress.KeysTotal);
        Line("current_cow_peak", oldest is null ? 0 : snapshots.CopiedBytes);
        Line("current_cow_size", oldest is null ? 0 : snapshots.CopiedBytes);
        Line("current_cow_size_age", 0);
        Line("current_fork_perc", Invariant($"{(total == 0 ? 0 : done * 100.0 / total):F2}"));
        Line("current_save_keys_processed", done);
        Line("current_save_keys_total", total);
        Line("live_forks", snapshots.Running.Count);
        Line("fork_shared_bytes", snapshots.SharedBytes);
        Line("fork_copied_bytes", snapshots.CopiedBytes);
    }

    private void Stats()
    {
        Traffic();
        ExpiredAndEvicted();
        LookupsAndForks();
        Defragmentation();
        TrackedKeys();
        RepliesAndBuffers();
        EventLoop();
        DeniedAccess();
    }

    private void Traffic()
    {
        var statistics = _server.Statistics;
        Line("total_connections_received", statistics.ConnectionsReceived);
        Line("total_commands_processed", statistics.Commands);
        Line("instantaneous_ops_per_sec", (long)statistics.CommandRate.PerSecond);
        Line("total_net_input_bytes", statistics.BytesReceived);
        Line("total_net_output_bytes", statistics.BytesSent);
        Line("total_net_repl_input_bytes", 0);
        Line("total_net_repl_output_bytes", 0);
        Line("instantaneous_input_kbps", Invariant($"{statistics.InputRate.PerSecond / 1024:F2}"));
        Line("instantaneous_output_kbps", Invariant($"{statistics.OutputRate.PerSecond / 1024:F2}"));
        Line("instantaneous_input_repl_kbps", "0.00");
        Line("instantaneous_output_repl_kbps", "0.00");
        Line("rejected_connections", statistics.ConnectionsRejected);
        Line("sync_full", 0);
        Line("sync_partial_ok", 0);
        Line("sync_partial_err", 0);
    }

    private void ExpiredAndEvicted()
    {
        Line("expired_subkeys", _server.Observer.ExpiredFields);
        Line("expired_keys", _server.Observer.ExpiredKeys);
        Line("expired_stale_perc", Invariant($"{_server.Expiry.StalePercent:F2}"));
        Line("expired_time_cap_reached_count", _server.Expiry.TimeCapReached);
        Line("expire_cycle_cpu_milliseconds", _server.Expiry.SpentMs);
        Line("expire_backlog_keys", _server.Keyspace.ExpiryBacklog);
        Line("expire_backlog_milliseconds", _server.Expiry.DelayMs);
        Line("evicted_keys", _server.Observer.EvictedKeys);
        Line("evicted_clients", _server.Statistics.EvictedClients);
        Line("evicted_scripts", 0);
        Line("total_eviction_exceeded_time", _server.Memory.ExceededMs);
        Line("current_eviction_exceeded_time", _server.Memory.CurrentlyExceededMs);
    }

    private void LookupsAndForks()
    {
        Line("keyspace_hits", _server.Keyspace.Hits);
        Line("keyspace_misses", _server.Keyspace.Misses);
        Line("pubsub_channels", _server.Subscriptions.All(ChannelKind.Channel).Count);
        Line("pubsub_patterns", _server.Subscriptions.All(ChannelKind.Pattern).Count);
        Line("pubsubshard_channels", _server.Subscriptions.All(ChannelKind.Shard).Count);
        Line("latest_fork_usec", _server.Statistics.LatestForkMicros);
        Line("total_forks", _server.Statistics.Forks);
        Line("migrate_cached_sockets", 0);
        Line("slave_expires_tracked_keys", 0);
    }

    private void TrackedKeys()
    {
        Line("tracking_total_keys", _server.Tracking.KeyCount);
        Line("tracking_total_items", _server.Tracking.PairCount);
        Line("tracking_total_prefixes", _server.Tracking.PrefixCount);
    }

    private void RepliesAndBuffers()
    {
        var statistics = _server.Statistics;
        Line("unexpected_error_replies", statistics.UnexpectedErrors);
        Line("total_error_replies", statistics.ErrorReplies);
        Line("total_reads_processed", statistics.Reads);
        Line("total_writes_processed", statistics.Writes);
        Line("io_threaded_reads_processed", 0);
        Line("io_threaded_writes_processed", 0);
        Line("client_query_buffer_limit_disconnections", statistics.QueryBufferLimitDisconnections);
        Line("client_output_buffer_limit_disconnections", statistics.OutputBufferLimitDisconnections);
        Line("reply_buffer_shrinks", _server.ReplyBuffers.Shrinks);
        Line("reply_buffer_expands", _server.ReplyBuffers.Expansions);
    }

    private void EventLoop()
    {
        var (statistics, figures) = (_server.Statistics, _server.Loop.Figures);
        Line("eventloop_cycles", figures.Turns);
        Line("eventloop_duration_sum", figures.DurationMicros);
        Line("eventloop_duration_cmd_sum", Micros(_server.Commands.All.Sum(TotalTicks) - _server.Dispatch.NestedTicks));
        Line("eventloop_longest_turn_cpu_usec", figures.LongestTurnCpuMicros);
        Line("instantaneous_eventloop_cycles_per_sec", (long)statistics.TurnRate.PerSecond);
        Line("instantaneous_eventloop_duration_usec", (long)(statistics.TurnDuration.PerSecond / 1000));
    }

    private void DeniedAccess()
    {
        Line("acl_access_denied_auth", _server.AclLog.CountOf(AclDenial.Auth));
        Line("acl_access_denied_cmd", _server.AclLog.CountOf(AclDenial.Command));
        Line("acl_access_denied_key", _server.AclLog.CountOf(AclDenial.Key));
        Line("acl_access_denied_channel", _server.AclLog.CountOf(AclDenial.Channel));
        Line("acl_access_denied_db", _server.AclLog.CountOf(AclDenial.Database));
    }

    // Of the allocator's own defragmentation, whose work compaction does here without a directive.
    private void Defragmentation()
    {
        Line("active_defrag_hits", 0);
        Line("active_defrag_misses", 0);
        Line("active_defrag_key_hits", 0);
        Line("active_defrag_key_misses", 0);
        Line("total_active_defrag_time", 0);
        Line("current_active_defrag_time", 0);
    }

    private void Replication()
    {
        Line("role", "master");
        Line("connected_slaves", 0);
        if (_server.Config is { MinReplicasToWrite: > 0, MinReplicasMaxLagSeconds: > 0 }) Line("min_slaves_good_slaves", 0);
        Line("master_failover_state", "no-failover");
        Line("master_replid", _server.ReplicationId);
        Line("master_replid2", new string('0', 40));
        Line("master_repl_offset", 0);
        Line("second_repl_offset", -1);
        Line("repl_backlog_active", 0);
        Line("repl_backlog_size", _server.Config.ReplBacklogSize);
        Line("repl_backlog_first_byte_offset", 0);
        Line("repl_backlog_histlen", 0);
    }

    private void Cpu()
    {
        using var process = Process.GetCurrentProcess();
        Line("used_cpu_sys", Invariant($"{process.PrivilegedProcessorTime.TotalSeconds:F6}"));
        Line("used_cpu_user", Invariant($"{process.UserProcessorTime.TotalSeconds:F6}"));
        Line("used_cpu_sys_children", "0.000000");
        Line("used_cpu_user_children", "0.000000");
        if (OperatingSystem.IsLinux()) LoopThreadCpu();
    }

    private void Debug()
    {
        Line("eventloop_duration_aof_sum", Micros(_server.Statistics.AofTicks));
        Line("eventloop_duration_cron_sum", Micros(_server.Statistics.CronTicks));
        Line("eventloop_duration_max", _server.Loop.Figures.LongestTurnMicros);
        Line("eventloop_cmd_per_cycle_max", _server.Statistics.MostCommandsInTurn);
    }

    private void CommandStatistics()
    {
        foreach (var command in _server.Commands.All) CommandStatistics(command);
    }

    private void CommandStatistics(Command command)
    {
        if (command.Calls + command.RejectedCalls + command.FailedCalls > 0)
        {
            var micros = command.Ticks / (Stopwatch.Frequency / 1_000_000);
            var perCall = command.Calls == 0 ? 0 : (double)micros / command.Calls;
            Line(
                $"cmdstat_{command.FullName}",
                Invariant($"calls={command.Calls},usec={micros},usec_per_call={perCall:F2},rejected_calls={command.RejectedCalls},failed_calls={command.FailedCalls}"));
        }

        foreach (var sub in command.Subcommands) CommandStatistics(sub);
    }

    private void Errors()
    {
        foreach (var (code, count) in _server.Statistics.ErrorsByCode) Line($"errorstat_{code}", $"count={count}");
    }

    private void Latencies()
    {
        if (!_server.Config.LatencyTracking) return;
        foreach (var command in _server.Commands.All) Latencies(command);
    }

    private void Latencies(Command command)
    {
        if (command.Latencies is { } latencies)
        {
            var percentiles = _server.Config.LatencyTrackingInfoPercentiles.Select(at => Invariant($"p{at:0.######}={latencies.NanosAt(at) / 1000.0:F3}"));
            Line($"latency_percentiles_usec_{command.FullName}", string.Join(',', percentiles));
        }

        foreach (var sub in command.Subcommands) Latencies(sub);
    }

    private void Keyspace()
    {
        for (var index = 0; index < _server.Keyspace.DatabaseCount; index++)
        {
            var database = _server.Keyspace[index];
            if (database.Count == 0) continue;
            Line($"db{index}", $"keys={database.Count},expires={database.ExpiresCount},avg_ttl={database.AverageTtlMs},subexpiry={database.ExpiringHashes}");
        }
    }


    private static long TotalTicks(Command command) => command.Ticks + command.Subcommands.Sum(TotalTicks);

    private static long Micros(long ticks) => ticks / (Stopwatch.Frequency / 1_000_000);

    private static string Ratio(long part, long whole) => Invariant($"{(whole == 0 ? 0 : (double)part / whole):F2}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Bytes(string name, long bytes)
    {
        Line(name, bytes);
        Line(name + "_human", Human(bytes));
    }

    private static string Human(long bytes) => bytes switch
    {
        < 1L << 10 => $"{bytes}B",
        < 1L << 20 => Invariant($"{bytes / 1024.0:F2}K"),
        < 1L << 30 => Invariant($"{bytes / (double)(1 << 20):F2}M"),
        < 1L << 40 => Invariant($"{bytes / (double)(1 << 30):F2}G"),
        _ => Invariant($"{bytes / (double)(1L << 40):F2}T"),
    };

    private void Line(string name, long value) => _text.Append(name).Append(':').Append(value).Append("\r\n");

    private void Line(string name, string value) => _text.Append(name).Append(':').Append(value).Append("\r\n");
}
