using KestrelFree.Protocol;
using KestrelFree.Server.Commands.Docs;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>COMMAND and its subcommands: the command table as clients and proxies read it.</summary>
internal static class CommandCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("command", All)
        {
            Arity = -1, Flags = Loading | Stale, Categories = AclCategory.Connection, Since = "2.8.13", Group = "server",
            Tips = ["nondeterministic_output_order"],
            Summary = "Describes every command.", Complexity = "O(n) for n commands",
            Subcommands =
            [
                Subcommand("count", Count, 2, "2.8.13", "Counts the commands."),
                Subcommand("docs", Document, -2, "7.0.0", "Documents some commands, or all.", "nondeterministic_output_order"),
                Subcommand("getkeys", GetKeys, -3, "2.8.13", "Finds the keys in a command."),
                Subcommand("getkeysandflags", GetKeysAndFlags, -3, "7.0.0", "Finds the keys in a command, and what it does to them."),
                Subcommand("help", Help, 2, "5.0.0", "Lists the subcommands."),
                Subcommand("info", Describe, -2, "2.8.13", "Describes some commands.", "nondeterministic_output_order"),
                Subcommand("list", List, -2, "7.0.0", "Names the commands.", "nondeterministic_output_order"),
            ],
        },
    ];

    private static CommandSpec Subcommand(
        string name, CommandHandler handler, int arity, string since, string summary, params string[] tips) =>
        new(name, handler)
        {
            Arity = arity, Flags = Loading | Stale, Categories = AclCategory.Connection, Since = since, Group = "server", Tips = tips,
            Summary = summary, Complexity = ComplexityOf(name),
        };

    private static string ComplexityOf(string name) => name switch
    {
        "count" or "help" => "O(1)",
        "getkeys" or "getkeysandflags" => "O(n) for n arguments",
        _ => "O(n) for n commands",
    };

    private static void Count(Client client, in ArgVector args) => client.Reply.Integer(client.Server.Commands.All.Count);

    private static void All(Client client, in ArgVector args) => DescribeAll(client);

    private static void Describe(Client client, in ArgVector args)
    {
        if (args.Count == 2)
        {
            DescribeAll(client);
            return;
        }

        client.Reply.ArrayHeader(args.Count - 2);
        for (var i = 2; i < args.Count; i++) CommandReply.Write(client.Reply, FindByFullName(client.Server.Commands, args[i]));
    }

    private static void DescribeAll(Client client)
    {
        client.Reply.ArrayHeader(client.Server.Commands.All.Count);
        foreach (var command in client.Server.Commands.All) CommandReply.Write(client.Reply, command);
    }

    private static Command? FindByFullName(CommandTable table, ReadOnlySpan<byte> name)
    {
        var bar = name.IndexOf((byte)'|');
        return bar < 0 ? table.Find(name) : table.Find(name[..bar])?.FindSubcommand(name[(bar + 1)..]);
    }

    private static void Document(Client client, in ArgVector args)
    {
        if (args.Count == 2)
        {
            client.Reply.MapHeader(client.Server.Commands.All.Count);
            foreach (var command in client.Server.Commands.All) DocsReply.Write(client.Reply, command);
            return;
        }

        // Unlike COMMAND INFO it leaves out what it does not know.
        var marker = client.Reply.BeginDeferred();
        var documented = 0;
        for (var i = 2; i < args.Count; i++)
        {
            if (FindByFullName(client.Server.Commands, args[i]) is not { } command) continue;
            DocsReply.Write(client.Reply, command);
            documented++;
        }

        client.Reply.EndDeferredMap(marker, documented);
    }

    private static void GetKeys(Client client, in ArgVector args)
    {
        var request = args.From(2);
        if (!TryFindKeysOrReply(client, request, out var keys)) return;
        client.Reply.ArrayHeader(keys.Count);
        foreach (var key in keys) client.Reply.Bulk(request[key.Index]);
    }

    private static void GetKeysAndFlags(Client client, in ArgVector args)
    {
        var request = args.From(2);
        if (!TryFindKeysOrReply(client, request, out var keys)) return;
        client.Reply.ArrayHeader(keys.Count);
        foreach (var key in keys)
        {
            client.Reply.ArrayHeader(2);
            client.Reply.Bulk(request[key.Index]);
            CommandReply.WriteKeySpecFlags(client.Reply, key.Flags);
        }
    }

    private static bool TryFindKeysOrReply(Client client, in ArgVector request, out List<FoundKey> keys)
    {
        keys = [];
        var command = client.Server.Dispatch.Resolve(request, out _);
        if (command is null) client.Reply.Error("ERR Invalid command specified"u8);
        else if (!KeyFinders.HasKeys(command.Spec)) client.Reply.Error("ERR The command has no key arguments"u8);
        else if (!command.Spec.Admits(request.Count)) client.Reply.Error("ERR Invalid number of arguments specified for command"u8);
        else if (KeyFinders.TryFind(command.Spec, request, keys) || (command.Flags & NoMandatoryKeys) != 0) return true;
        else client.Reply.Error("ERR Invalid arguments specified for command"u8);
        return false;
    }

    private static void List(Client client, in ArgVector args)
    {
        if (!TryFilterOrReply(client, args, out var filter)) return;
        var marker = client.Reply.BeginDeferred();
        var listed = 0;
        foreach (var command in client.Server.Commands.All) listed += ListWithSubcommands(client.Reply, command, filter);
        client.Reply.EndDeferredArray(marker, listed);
    }

    private static int ListWithSubcommands(ReplyWriter reply, Command command, Predicate<Command> filter)
    {
        var listed = 0;
        if (filter(command))
        {
            reply.Bulk(command.FullName);
            listed++;
        }

        foreach (var sub in command.Subcommands) listed += ListWithSubcommands(reply, sub, filter);
        return listed;
    }

    private static bool TryFilterOrReply(Client client, in ArgVector args, out Predicate<Command> filter)
    {
        filter = static _ => true;
        if (args.Count == 2) return true;
        if (args.Count == 5 && args[2].Is("filterby"u8))
        {
            var wanted = args[4].ToArray();
            if (args[3].Is("module"u8)) filter = static _ => false;
            else if (args[3].Is("aclcat"u8)) filter = command => CommandReply.HasCategory(command, wanted);
            else if (args[3].Is("pattern"u8)) filter = command => CommandReply.Matches(command, wanted);
            else return SyntaxErrorReplied(client);
            return true;
        }

        return SyntaxErrorReplied(client);
    }

    private static bool SyntaxErrorReplied(Client client)
    {
        client.Reply.Error(SharedReplies.SyntaxError);
        return false;
    }

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "COMMAND",
        "(no subcommand)", "    Describe every command.",
        "COUNT", "    Count the commands.",
        "DOCS [<command-name> ...]", "    Document the named commands, or every command.",
        "GETKEYS <full-command>", "    Find the keys in a command.",
        "GETKEYSANDFLAGS <full-command>", "    Find the keys in a command, and what it does to them.",
        "INFO [<command-name> ...]", "    Describe the named commands, or every command.",
        "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <glob>)]", "    Name every command, or those that a filter admits.");
}
