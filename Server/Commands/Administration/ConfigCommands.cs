using KestrelFree.Protocol;
using KestrelFree.Server.Config;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>CONFIG GET, SET, REWRITE and RESETSTAT: the configuration of the running server.</summary>
internal static class ConfigCommands
{
    private const CommandFlags ForAdmins = Admin | NoScript | Loading | Stale;

    private static readonly string[] ForAllNodes = ["request_policy:all_nodes", "response_policy:all_succeeded"];

    internal static readonly CommandSpec[] Table =
    [
        new("config",
        [
            Subcommand("get", Get, -3, ForAdmins, "2.0.0", "Returns the values of directives."),
            Subcommand("help", Help, 2, Loading | Stale, "5.0.0", "Lists the subcommands."),
            Subcommand("resetstat", ResetStat, 2, ForAdmins, "2.0.0", "Sets the statistics of INFO back.", ForAllNodes),
            Subcommand("rewrite", Rewrite, 2, ForAdmins, "2.8.0", "Brings the configuration file up to date.", ForAllNodes),
            Subcommand("set", Set, -4, ForAdmins, "2.0.0", "Sets directives, all or none.", ForAllNodes),
        ])
        {
            Arity = -2, Since = "2.0.0", Group = "server", Summary = "A container for commands about the configuration.",
        },
    ];

    /// <summary>DEBUG CONFIG-REWRITE-FORCE-ALL: rewrites the file with every directive.</summary>
    internal static void RewriteAll(Client client) => Rewrite(client, RewriteScope.All);

    private static CommandSpec Subcommand(
        string name, CommandHandler handler, int arity, CommandFlags flags, string since, string summary, params string[] tips) =>
        new(name, handler)
        {
            Arity = arity, Flags = flags, Since = since, Group = "server", Summary = summary, Tips = tips,
            Complexity = name is "get" or "set" ? "O(n) for n directives" : "O(1)",
        };

    private static void Get(Client client, in ArgVector args)
    {
        var rows = ConfigGet.Collect(client.Server.Config, Texts(args));
        client.Reply.MapHeader(rows.Count);
        foreach (var (name, value) in rows)
        {
            client.Reply.Bulk(ByteText.ToBytes(name));
            client.Reply.Bulk(ByteText.ToBytes(value));
        }
    }

    private static void Set(Client client, in ArgVector args)
    {
        var server = client.Server;
        var origin = client.Is(ClientFlags.Local) ? ClientOrigin.Local : ClientOrigin.Remote;
        var phase = server.Loader.IsLoading ? ServerPhase.Loading : ServerPhase.Running;
        Answer(client, ConfigSet.Execute(server.Config, server.Log, Texts(args), phase, origin));
    }

    private static void Rewrite(Client client, in ArgVector args) => Rewrite(client, RewriteScope.Changed);

    private static void Rewrite(Client client, RewriteScope scope) =>
        Answer(client, ConfigRewrite.Execute(client.Server.Config, client.Server.Log, scope));

    private static void ResetStat(Client client, in ArgVector args)
    {
        client.Server.Statistics.Reset();
        client.Server.Keyspace.ResetStatistics();
        client.Server.Commands.ResetStatistics();
        client.Server.Dispatch.ResetStatistics();
        client.Server.AclLog.ResetStatistics();
        client.Server.Observer.ResetStatistics();
        client.Server.Expiry.ResetStatistics();
        client.Server.Memory.ResetStatistics();
        client.Server.Saves.ResetStatistics();
        client.Server.ReplyBuffers.ResetStatistics();
        client.Server.Loop.Figures.Reset();
        client.Reply.Ok();
    }

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "CONFIG",
        "GET <pattern> [<pattern> ...]", "    Names and values of the directives that match.",
        "SET <directive> <value> [<directive> <value> ...]", "    Set directives, all or none of them.",
        "RESETSTAT", "    Set the statistics of INFO back.",
        "REWRITE", "    Write what has changed into the configuration file.");

    private static void Answer(Client client, ConfigReply reply)
    {
        if (reply.Error is { } error) client.Reply.Error(ByteText.ToBytes(error));
        else client.Reply.Ok();
    }

    // The arguments after CONFIG and its subcommand.
    private static string[] Texts(in ArgVector args)
    {
        var texts = new string[args.Count - 2];
        for (var i = 0; i < texts.Length; i++) texts[i] = ByteText.From(args[i + 2]);
        return texts;
    }
}
