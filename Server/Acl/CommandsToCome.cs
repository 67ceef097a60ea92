namespace KestrelFree.Server.Acl;

/// <summary>
/// Commands of Redis 7.4 that this version does not have. Rules may name them, so that a file of users written for Redis is understood, and are
/// kept for the version that has them.
/// </summary>
internal static class CommandsToCome
{
    private static readonly string[] Commands =
    [
        "asking", "eval", "eval_ro", "evalsha", "evalsha_ro", "failover", "fcall", "fcall_ro", "migrate", "psync", "readonly", "readwrite", "replconf",
        "replicaof", "slaveof", "sync",
    ];

    private static readonly (string Name, string[] Subcommands)[] Containers =
    [
        ("cluster",
        [
            "addslots", "addslotsrange", "bumpepoch", "count-failure-reports", "countkeysinslot", "delslots", "delslotsrange", "failover", "flushslots",
            "forget", "getkeysinslot", "help", "info", "keyslot", "links", "meet", "myid", "myshardid", "nodes", "replicas", "replicate", "reset",
            "saveconfig", "set-config-epoch", "setslot", "shards", "slaves", "slots",
        ]),
        ("function", ["delete", "dump", "flush", "help", "kill", "list", "load", "restore", "stats"]),
        ("script", ["debug", "exists", "flush", "help", "kill", "load"]),
    ];

    private static readonly HashSet<string> Names = new(
        [.. Commands, .. Containers.Select(static container => container.Name), .. Containers.SelectMany(static container => container.Subcommands.Select(name => $"{container.Name}|{name}"))],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Their full names.</summary>
    internal static IReadOnlyCollection<string> All => Names;

    /// <summary>Whether it is the full name of one.</summary>
    internal static bool Include(string fullName) => Names.Contains(fullName);
}
