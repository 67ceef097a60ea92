using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>SLOWLOG: the commands that took long.</summary>
internal static class SlowlogCommands
{
    private const long DefaultCount = 10;
    private const CommandFlags ForAdmins = Admin | Loading | Stale;

    internal static readonly CommandSpec[] Table =
    [
        new("slowlog",
        [
            new("get", Get)
            {
                Arity = -2, Flags = ForAdmins, Since = "2.2.12", Group = "server", Tips = ["request_policy:all_nodes", "nondeterministic_output"],
                Summary = "Returns slow commands, the latest first.", Complexity = "O(n) for n entries",
            },
            new("help", Help) { Arity = 2, Flags = Loading | Stale, Since = "6.2.0", Group = "server", Summary = "Lists the subcommands.", Complexity = "O(1)" },
            new("len", Length)
            {
                Arity = 2, Flags = ForAdmins, Since = "2.2.12", Group = "server",
                Tips = ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
                Summary = "Counts the slow commands that are remembered.", Complexity = "O(1)",
            },
            new("reset", Reset)
            {
                Arity = 2, Flags = ForAdmins, Since = "2.2.12", Group = "server", Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                Summary = "Forgets the slow commands.", Complexity = "O(n) for n entries",
            },
        ])
        {
            Arity = -2, Since = "2.2.12", Group = "server", Summary = "A container for commands about slow commands.",
        },
    ];

    private static void Get(Client client, in ArgVector args)
    {
        if (args.Count > 3)
        {
            HelpReply.PointTo(client, "SLOWLOG", args[1]);
            return;
        }

        var count = DefaultCount;
        if (args.Count == 3 && (!Numbers.TryParseInteger(args[2], out count) || count < -1))
        {
            client.Reply.Error("ERR count should be greater than or equal to -1"u8);
            return;
        }

        var slowlog = client.Server.Slowlog;
        var shown = count < 0 ? slowlog.Count : (int)Math.Min(count, slowlog.Count);
        client.Reply.ArrayHeader(shown);
        foreach (var entry in slowlog.Entries.Take(shown))
        {
            client.Reply.ArrayHeader(6);
            client.Reply.Integer(entry.Id);
            client.Reply.Integer(entry.UnixSeconds);
            client.Reply.Integer(entry.Micros);
            client.Reply.ArrayHeader(entry.Arguments.Length);
            foreach (var argument in entry.Arguments) client.Reply.Bulk(argument);
            client.Reply.Bulk(entry.Address);
            client.Reply.Bulk(entry.ClientName);
        }
    }

    private static void Length(Client client, in ArgVector args) => client.Reply.Integer(client.Server.Slowlog.Count);

    private static void Reset(Client client, in ArgVector args)
    {
        client.Server.Slowlog.Clear();
        client.Reply.Ok();
    }

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "SLOWLOG",
        "GET [<count>]", "    Reply slow commands, the latest first (10 by default, all with -1). Of each:",
        "    its number, its time, how long it ran in microseconds, its arguments,", "    the client's address and the client's name.",
        "LEN", "    Count the slow commands.",
        "RESET", "    Forget the slow commands.");
}
