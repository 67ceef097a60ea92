using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Introspection;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>LATENCY: what blocked the loop, and how long commands take.</summary>
internal static class LatencyCommands
{
    private static readonly string[] PerNode = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];
    private static readonly string[] Summed = ["request_policy:all_nodes", "response_policy:agg_sum"];

    internal static readonly CommandSpec[] Table =
    [
        new("latency",
        [
            Subcommand("doctor", Doctor, 2, "2.8.13", "Tells in words what blocked the server.", PerNode),
            Subcommand("graph", Graph, 3, "2.8.13", "Draws an event's samples.", PerNode),
            new("help", Help) { Arity = 2, Flags = Loading | Stale, Since = "2.8.13", Group = "server", Summary = "Lists the subcommands.", Complexity = "O(1)" },
            Subcommand("histogram", Histogram, -2, "7.0.0", "Returns how long the calls of commands took.", PerNode),
            Subcommand("history", History, 3, "2.8.13", "Returns an event's samples.", PerNode),
            Subcommand("latest", Latest, 2, "2.8.13", "Returns the latest sample of every event.", PerNode),
            Subcommand("reset", Reset, -2, "2.8.13", "Forgets samples.", Summed),
        ])
        {
            Arity = -2, Since = "2.8.13", Group = "server", Summary = "A container for commands about latency.",
        },
    ];

    private static CommandSpec Subcommand(string name, CommandHandler handler, int arity, string since, string summary, string[] tips) => new(name, handler)
    {
        Arity = arity, Flags = Admin | NoScript | Loading | Stale, Since = since, Group = "server", Summary = summary, Tips = tips,
        Complexity = name == "histogram" ? "O(n) for n commands" : "O(1)",
    };

    private static void Latest(Client client, in ArgVector args)
    {
        var all = client.Server.Latency.Series;
        client.Reply.ArrayHeader(all.Count);
        foreach (var (what, series) in all)
        {
            client.Reply.ArrayHeader(4);
            client.Reply.Bulk(what);
            client.Reply.Integer(series.Latest.UnixSeconds);
            client.Reply.Integer(series.Latest.Milliseconds);
            client.Reply.Integer(series.MaxMs);
        }
    }

    private static void History(Client client, in ArgVector args)
    {
        if (!client.Server.Latency.Series.TryGetValue(Encoding.Latin1.GetString(args[2]), out var series))
        {
            client.Reply.EmptyArray();
            return;
        }

        var samples = series.Samples.ToArray();
        client.Reply.ArrayHeader(samples.Length);
        foreach (var sample in samples)
        {
            client.Reply.ArrayHeader(2);
            client.Reply.Integer(sample.UnixSeconds);
            client.Reply.Integer(sample.Milliseconds);
        }
    }

    private static void Reset(Client client, in ArgVector args)
    {
        var reset = args.Count == 2 ? client.Server.Latency.Reset() : 0;
        for (var i = 2; i < args.Count; i++) reset += client.Server.Latency.Reset(Encoding.Latin1.GetString(args[i]));
        client.Reply.Integer(reset);
    }

    private static void Graph(Client client, in ArgVector args)
    {
        var what = Encoding.Latin1.GetString(args[2]);
        if (!client.Server.Latency.Series.TryGetValue(what, out var series))
        {
            client.Reply.Error(Encoding.Latin1.GetBytes($"ERR No samples available for event '{what}'"));
            return;
        }

        client.Reply.Verbatim("txt"u8, Encoding.Latin1.GetBytes(LatencyGraph.Draw(what, series, client.Server.Clock.NowMs / 1000)));
    }

    private static void Doctor(Client client, in ArgVector args) =>
        client.Reply.Verbatim("txt"u8, Encoding.Latin1.GetBytes(LatencyDoctor.Report(client.Server)));

    private static void Histogram(Client client, in ArgVector args)
    {
        var marker = client.Reply.BeginDeferred();
        var shown = 0;
        if (args.Count == 2)
        {
            foreach (var command in client.Server.Commands.All) shown += Write(client.Reply, command);
        }

        for (var i = 2; i < args.Count; i++)
        {
            if (Find(client.Server.Commands, args[i]) is { } command) shown += Write(client.Reply, command);
        }

        client.Reply.EndDeferredMap(marker, shown);
    }

    private static Command? Find(CommandTable commands, ReadOnlySpan<byte> fullName)
    {
        var bar = fullName.IndexOf((byte)'|');
        return bar < 0 ? commands.Find(fullName) : commands.Find(fullName[..bar])?.FindSubcommand(fullName[(bar + 1)..]);
    }

    // A command and its subcommands, those that were called.
    private static int Write(ReplyWriter reply, Command command)
    {
        var written = 0;
        if (command.Latencies is { } latencies)
        {
            reply.Bulk(command.FullName);
            Write(reply, latencies);
            written++;
        }

        foreach (var sub in command.Subcommands) written += Write(reply, sub);
        return written;
    }

    private static void Write(ReplyWriter reply, LatencyHistogram latencies)
    {
        reply.MapHeader(2);
        reply.Bulk("calls"u8);
        reply.Integer(latencies.Count);
        reply.Bulk("histogram_usec"u8);
        var rows = latencies.Cumulative().ToArray();
        reply.MapHeader(rows.Length);
        foreach (var (micros, count) in rows)
        {
            reply.Integer(micros);
            reply.Integer(count);
        }
    }

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "LATENCY",
        "DOCTOR", "    Tell in words what blocked the server.",
        "GRAPH <event>", "    Draw the samples of an event.",
        "HISTOGRAM [<command> ...]", "    Reply how many calls of the commands took how long; of all commands by default.",
        "HISTORY <event>", "    Reply the samples of an event.",
        "LATEST", "    Reply the latest sample of every event.",
        "RESET [<event> ...]", "    Forget the samples of events; of all events by default.");
}
