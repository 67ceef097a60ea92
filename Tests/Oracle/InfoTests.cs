using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>INFO against the oracle: its sections, their fields, and the counts that a known history must give.</summary>
internal sealed class InfoTests() : OracleFixture("--appendonly", "yes", "--appendfsync", "no")
{
    // Fields of 7.0 that we do not report, by the reason.
    private static readonly Dictionary<string, string[]> Without = new()
    {
        ["names the C compiler that built it"] = ["gcc_version", "atomicvar_api"],
        ["counts a check that every payload gets here"] = ["dump_payload_sanitizations"],
    };

    // Fields that 7.0 does not have, by section: those of 7.2 and 7.4 first, then our own.
    private static readonly Dictionary<string, string[]> Added = new()
    {
        ["server"] = ["server_name", "kestrel_free_version", "dotnet_version", "listener0"],
        ["clients"] = ["pubsub_clients", "watching_clients", "total_watched_keys", "total_blocking_keys", "total_blocking_keys_on_nokey"],
        ["memory"] =
        [
            "allocator_muzzy", "mem_overhead_db_hashtable_rehashing",
            "mem_limit_of_cgroup", "gc_heap_bytes", "gc_pause_total_usec", "gc_pause_longest_usec", "gc_collections",
        ],
        ["persistence"] = ["async_loading", "rdb_saves", "aof_rewrites_consecutive_failures", "live_forks", "fork_shared_bytes", "fork_copied_bytes"],
        ["stats"] =
        [
            "expired_subkeys", "evicted_scripts", "client_query_buffer_limit_disconnections", "client_output_buffer_limit_disconnections",
            "eventloop_cycles", "eventloop_duration_sum", "eventloop_duration_cmd_sum", "instantaneous_eventloop_cycles_per_sec", "instantaneous_eventloop_duration_usec",
            "acl_access_denied_auth", "acl_access_denied_cmd", "acl_access_denied_key", "acl_access_denied_channel",
            "expire_backlog_keys", "expire_backlog_milliseconds", "eventloop_longest_turn_cpu_usec", "acl_access_denied_db",
        ],
    };

    private static readonly string[] Stable =
    [
        "redis_mode", "arch_bits", "role", "connected_slaves", "loading", "rdb_bgsave_in_progress", "aof_enabled", "aof_rewrite_in_progress", "cluster_enabled", "master_failover_state",
        "keyspace_hits", "keyspace_misses", "expired_keys", "evicted_keys", "blocked_clients", "tracking_clients", "maxmemory", "maxmemory_human", "maxmemory_policy", "hz", "configured_hz",
        "total_error_replies", "rejected_connections", "rdb_changes_since_last_save", "second_repl_offset", "repl_backlog_active", "async_loading", "pubsub_channels",
        "connected_clients", "maxclients", "aof_last_write_status", "rdb_last_bgsave_status", "repl_backlog_size", "lazyfree_pending_objects",
    ];

    private static readonly string[] History =
    [
        "SET a 1", "GET a", "GET missing", "GET a", "INCR a", "APPEND a x", "INCR a", "MSET b 1 c 2", "MGET a b nosuch", "EXISTS a nosuch", "DEL b", "SET", "GET a b", "nosuch", "CLIENT nosuch", "STRLEN a",
        "TYPE nosuch", "SELECT 3", "SET k v", "SET v v EX 100000", "SELECT 99", "SELECT 0", "CONFIG SET maxmemory abc", "SET k v BADOPTION", "DECRBY a 1", "INCRBY b abc", "AUTH x", "HELLO 9",
    ];

    [TestCase("server")]
    [TestCase("clients")]
    [TestCase("memory")]
    [TestCase("persistence")]
    [TestCase("stats")]
    [TestCase("replication")]
    [TestCase("cpu")]
    [TestCase("cluster")]
    [TestCase("keyspace")]
    public void A_section_has_the_oracles_fields_in_its_order_and_form_and_known_others(string section)
    {
        var (ours, theirs) = (InfoLines(Pair.Ours, section), InfoLines(Pair.Oracle, section));

        string[] added = [.. Added.GetValueOrDefault(section, [])];
        string[] without = [.. Without.Values.SelectMany(names => names)];
        Assert.That(
            ours.Where(line => !without.Contains(line.Name) && !added.Contains(line.Name)).Select(line => $"{line.Name}: {FormOf(line)}"),
            Is.EqualTo(theirs.Where(line => !without.Contains(line.Name) && !added.Contains(line.Name)).Select(line => $"{line.Name}: {FormOf(line)}")));
        if (KestrelFreeProcess.IsOurs) Assert.That(ours.Select(line => line.Name), Is.SupersetOf(added));
    }

    [Test]
    public void A_field_that_only_some_settings_have_comes_with_them()
    {
        foreach (var server in new[] { Pair.Ours, Pair.Oracle })
        {
            using var client = server.Connect();
            client.Ask("CONFIG", "SET", "min-replicas-to-write", "2");
            Assert.That(client.AskPayload("INFO", "replication"), Does.Contain("\r\nconnected_slaves:0\r\nmin_slaves_good_slaves:0\r\n"));
            client.Ask("CONFIG", "SET", "min-replicas-to-write", "0");
        }
    }

    [TestCase("")]
    [TestCase("all")]
    [TestCase("everything")]
    [TestCase("default")]
    public void The_sections_come_in_the_oracles_order(string which)
    {
        Assert.That(Headings(Pair.Ours, which), Is.EqualTo(Headings(Pair.Oracle, which)));
    }

    [Test]
    public void The_same_history_gives_the_same_counts()
    {
        var theirs = AfterHistory(Pair.Oracle);

        var ours = AfterHistory(Pair.Ours);

        Assert.That(Differences(theirs, ours), Is.Empty, "field: oracle's, ours");
    }

    [Test]
    public void We_are_7_4_to_clients_and_ourselves_to_people()
    {
        if (!KestrelFreeProcess.IsOurs) Assert.Ignore("another server is under test");

        var server = Info(Pair.Ours, "server");

        Assert.That(server, Does.ContainKey("redis_version").WithValue("7.4.1").And.ContainKey("server_name").WithValue("kestrel-free"));
        Assert.That(server, Does.ContainKey("process_id").WithValue($"{Pair.Ours.Pid}").And.ContainKey("tcp_port").WithValue($"{Pair.Ours.Port}"));
    }

    private static Dictionary<string, string> AfterHistory(ServerProcess server)
    {
        using var client = server.Connect();
        client.Ask("FLUSHALL");
        client.Ask("CONFIG", "RESETSTAT");
        foreach (var line in History)
            client.AskLine(line);

        // What the history did, without the questions that come now: they count themselves.
        var errors = Fields(client.AskPayload("INFO", "errorstats")).ToDictionary();
        var figures = Fields(client.AskPayload("INFO", "everything"));
        var commands = figures.Where(field => field.Key.StartsWith("cmdstat_", StringComparison.Ordinal)).Select(field => KeyValuePair.Create(field.Key, WithoutTimes(field.Value)));
        var keyspace = figures.Where(field => field.Key.StartsWith("db", StringComparison.Ordinal)).Select(field => KeyValuePair.Create(field.Key, field.Value.Split(",avg_ttl")[0]));
        return figures.Where(field => Stable.Contains(field.Key)).Concat(errors).Concat(commands).Concat(keyspace).ToDictionary();
    }

    private static string WithoutTimes(string value) => string.Join(',', value.Split(',').Where(part => !part.StartsWith("usec", StringComparison.Ordinal)));

    private static IEnumerable<string> Differences(Dictionary<string, string> theirs, Dictionary<string, string> ours) =>
        theirs.Keys.Union(ours.Keys).Order(StringComparer.Ordinal)
            .Where(name => theirs.GetValueOrDefault(name) != ours.GetValueOrDefault(name))
            .Select(name => $"{name}: {theirs.GetValueOrDefault(name, "-")}, {ours.GetValueOrDefault(name, "-")}");

    private static Dictionary<string, string> Info(ServerProcess server, string section)
    {
        using var client = server.Connect();
        return Fields(client.AskPayload("INFO", section));
    }

    private static List<(string Name, string Value)> InfoLines(ServerProcess server, string section)
    {
        using var client = server.Connect();
        client.Ask("SET", "k", "v");
        return [.. client.AskPayload("INFO", section).Split("\r\n").Where(line => line.Contains(':', StringComparison.Ordinal)).Select(line => line.Split(':', 2)).Select(pair => (pair[0], pair[1]))];
    }

    /// <summary>How a value is written, which those who parse it rely on.</summary>
    private static string FormOf((string Name, string Value) line)
    {
        // What is hexadecimal may happen to have digits only.
        if (line.Name is "redis_git_sha1" or "redis_build_id" or "run_id" or "master_replid" or "master_replid2") return "text";
        if (line.Name is "used_memory_dataset_perc" or "used_memory_peak_perc") return line.Value.EndsWith('%') ? "percentage" : line.Value;
        if (line.Name.EndsWith("_human", StringComparison.Ordinal)) return "BKMGT".Contains(line.Value[^1], StringComparison.Ordinal) ? "size" : line.Value;
        var point = line.Value.IndexOf('.', StringComparison.Ordinal);
        if (line.Value.All(letter => char.IsAsciiDigit(letter) || letter is '-' or '.') && line.Value.Count(letter => letter == '.') < 2) return point < 0 ? "integer" : $"number with {line.Value.Length - point - 1} decimals";
        return line.Name.StartsWith("db", StringComparison.Ordinal) ? string.Join(',', line.Value.Split(',').Take(3).Select(part => part.Split('=')[0])) : "text";
    }

    private static Dictionary<string, string> Fields(string info) =>
        info.Split("\r\n").Where(line => line.Contains(':', StringComparison.Ordinal)).Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>The sections' headings.</summary>
    private static IEnumerable<string> Headings(ServerProcess server, string which)
    {
        using var client = server.Connect();
        string[] request = which == "" ? ["INFO"] : ["INFO", which];
        return client.AskPayload(request).Split("\r\n").Where(line => line.StartsWith('#'));
    }
}
