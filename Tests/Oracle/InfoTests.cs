using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Oracle;

/// <summary>INFO against the oracle: its sections, their fields, and the counts that a known history must give.</summary>
internal sealed class InfoTests
{
    // Fields of 7.0 that we do not report, by the reason.
    private static readonly Dictionary<string, string[]> Without = new()
    {
        ["names the C compiler that built it"] = ["gcc_version", "atomicvar_api"],
        ["of jemalloc's defragmentation"] =
            ["active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time"],
        ["waits for scripting"] =
        [
            "number_of_cached_scripts", "number_of_functions", "number_of_libraries", "used_memory_functions", "used_memory_lua", "used_memory_lua_human", "used_memory_scripts",
            "used_memory_scripts_eval", "used_memory_scripts_human", "used_memory_vm_eval", "used_memory_vm_functions", "used_memory_vm_total", "used_memory_vm_total_human",
        ],
        ["of modules that fork"] = ["module_fork_in_progress", "module_fork_last_cow_size"],
        ["counts a check that every payload gets here"] = ["dump_payload_sanitizations"],
        ["of I/O threads, of which there are none"] = ["io_threaded_reads_processed", "io_threaded_writes_processed"],
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

    private OraclePair _pair = null!;

    [OneTimeSetUp]
    public void StartServers() => _pair = new OraclePair();

    [OneTimeTearDown]
    public void StopServers() => _pair?.Dispose();

    [TestCase("server")]
    [TestCase("clients")]
    [TestCase("memory")]
    [TestCase("persistence")]
    [TestCase("stats")]
    [TestCase("replication")]
    [TestCase("cpu")]
    [TestCase("cluster")]
    public void A_section_has_the_oracles_fields(string section)
    {
        var ours = Info(_pair.Ours, section);

        var missing = Info(_pair.Oracle, section).Keys.Except(ours.Keys).Except(Without.Values.SelectMany(names => names));
        Assert.That(missing, Is.Empty, $"fields of # {section} that the oracle has");
    }

    [TestCase("")]
    [TestCase("all")]
    [TestCase("everything")]
    [TestCase("default")]
    public void The_sections_come_in_the_oracles_order(string which)
    {
        Assert.That(Headings(_pair.Ours, which), Is.EqualTo(Headings(_pair.Oracle, which)));
    }

    [Test]
    public void The_same_history_gives_the_same_counts()
    {
        var theirs = AfterHistory(_pair.Oracle);

        var ours = AfterHistory(_pair.Ours);

        Assert.That(Differences(theirs, ours), Is.Empty, "field: oracle's, ours");
    }

    [Test]
    public void We_are_7_4_to_clients_and_ourselves_to_people()
    {
        if (!KestrelFreeProcess.IsOurs)
            Assert.Ignore("another server is under test");

        var server = Info(_pair.Ours, "server");

        Assert.That(server, Does.ContainKey("redis_version").WithValue("7.4.1").And.ContainKey("server_name").WithValue("kestrel-free"));
        Assert.That(server, Does.ContainKey("process_id").WithValue($"{_pair.Ours.Pid}").And.ContainKey("tcp_port").WithValue($"{_pair.Ours.Port}"));
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
