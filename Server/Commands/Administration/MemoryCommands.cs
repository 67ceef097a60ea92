using KestrelFree.Protocol;
using KestrelFree.Server.Introspection;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>MEMORY: what keys take, and where the memory of the server is.</summary>
internal static class MemoryCommands
{
    // As many as Redis looks at unless told otherwise.
    private const long DefaultSamples = 5;

    private static readonly string[] PerShard = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

    internal static readonly CommandSpec[] Table =
    [
        new("memory",
        [
            Subcommand("doctor", Doctor, "Tells in words what is wrong with the use of memory, if anything.", PerShard),
            new("help", Help) { Arity = 2, Flags = Loading | Stale, Since = "4.0.0", Group = "server", Summary = "Lists the subcommands.", Complexity = "O(1)" },
            Subcommand("malloc-stats", AllocatorStatistics, "Returns the allocator's figures as text.", PerShard),
            Subcommand("purge", Purge, "Gives memory that is not in use back to the system.", ["request_policy:all_shards", "response_policy:all_succeeded"]),
            Subcommand("stats", Statistics, "Returns where the memory is.", PerShard),
            new("usage", Usage)
            {
                Arity = -3, Flags = ReadOnly, Since = "4.0.0", Group = "server", Summary = "Returns how many bytes a key and its value take.",
                Complexity = "O(n) for n samples", Keys = [KeySpec.One(2, KeySpecFlags.ReadOnly)],
            },
        ])
        {
            Arity = -2, Since = "4.0.0", Group = "server", Summary = "A container for commands about the use of memory.", Complexity = "Depends on the subcommand",
        },
    ];

    private static CommandSpec Subcommand(string name, CommandHandler handler, string summary, string[] tips) => new(name, handler)
    {
        Arity = 2, Since = "4.0.0", Group = "server", Summary = summary, Tips = tips, Complexity = name == "stats" ? "O(n) for n segments of 150 keys" : "O(1)",
    };

    private static void Usage(Client client, in ArgVector args)
    {
        var samples = DefaultSamples;
        for (var i = 3; i < args.Count; i += 2)
        {
            if (i + 1 == args.Count || !AsciiText.EqualsIgnoreCase(args[i], "samples"u8))
            {
                client.Reply.Error(SharedReplies.SyntaxError);
                return;
            }

            if (!ArgumentParsing.TryIntegerOrReply(client, args[i + 1], out samples)) return;
            if (samples >= 0) continue;
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        // As in Redis, a key past its time that still takes memory is measured too.
        var entry = client.Database.PeekStored(args[2]);
        if (entry.Exists) client.Reply.Integer(entry.MeasureMemory(samples));
        else client.Reply.Null();
    }

    private static void Statistics(Client client, in ArgVector args)
    {
        var server = client.Server;
        var figures = MemoryFigures.Of(server);
        var reply = client.Reply;
        var databases = Enumerable.Range(0, server.Keyspace.DatabaseCount).Where(index => server.Keyspace[index].Count > 0).ToArray();
        var numbers = figures.Numbers.ToArray();
        reply.MapHeader(numbers.Length + databases.Length);
        foreach (var (name, value) in numbers.TakeWhile(number => number.Name != MemoryFigures.AfterDatabases)) Write(name, value);
        foreach (var index in databases)
        {
            reply.Bulk($"db.{index}");
            reply.MapHeader(2);
            Write("overhead.hashtable.main", MemoryFigures.DirectoryBytesOf(server.Keyspace[index]));
            // A key's expiry is part of its entry.
            Write("overhead.hashtable.expires", 0L);
        }

        foreach (var (name, value) in numbers.SkipWhile(number => number.Name != MemoryFigures.AfterDatabases)) Write(name, value);

        void Write(string name, object value)
        {
            reply.Bulk(name);
            if (value is double ratio) reply.Double(ratio);
            else reply.Integer((long)value);
        }
    }

    private static void Doctor(Client client, in ArgVector args) => WriteText(client, MemoryDoctor.Examine(MemoryFigures.Of(client.Server)));

    private static void AllocatorStatistics(Client client, in ArgVector args) => WriteText(client, MemoryFigures.AllocatorText(client.Server));

    private static void WriteText(Client client, string text) => client.Reply.Verbatim("txt"u8, System.Text.Encoding.UTF8.GetBytes(text));

    // The work is done in slices, as all upkeep is: the reply does not wait for it.
    private static void Purge(Client client, in ArgVector args)
    {
        client.Server.Keyspace.Compact();
        client.Reply.Ok();
    }

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "MEMORY",
        "DOCTOR", "    Tell what is wrong with the use of memory.",
        "MALLOC-STATS", "    Show the figures of the allocator.",
        "PURGE", "    Give memory that is not in use back to the system, in the background.",
        "STATS", "    Show where the memory is.",
        "USAGE <key> [SAMPLES <count>]", "    Show how many bytes the key and its value take. Of a large collection <count> parts are measured",
        "    (default: 5), or all of them if it is 0.");
}
