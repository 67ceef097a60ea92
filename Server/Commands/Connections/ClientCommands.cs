using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>CLIENT ID, INFO, LIST, KILL, SETNAME, UNBLOCK and the rest: clients as an operator sees them.</summary>
internal static class ClientCommands
{
    private const CommandFlags Plain = NoScript | Loading | Stale;

    private static readonly string[] ForAllNodes = ["request_policy:all_nodes", "response_policy:all_succeeded"];

    internal static readonly CommandSpec[] Table =
    [
        new("client",
        [
            Subcommand("caching", ClientTrackingCommands.Caching, 3, Plain, "6.0.0", "Says whether the keys of the next command are tracked."),
            Subcommand("getname", GetName, 2, Plain, "2.6.9", "Returns the connection's name."),
            Subcommand("getredir", ClientTrackingCommands.GetRedirection, 2, Plain, "6.0.0", "Returns the connection that invalidations go to."),
            Subcommand("help", Help, 2, Loading | Stale, "5.0.0", "Lists the subcommands."),
            Subcommand("id", Id, 2, Plain, "5.0.0", "Returns the connection's number."),
            Subcommand("info", Describe, 2, Plain, "6.2.0", "Describes the connection.", "nondeterministic_output"),
            Subcommand("kill", ClientKill.Execute, -3, Admin | Plain, "2.4.0", "Closes connections."),
            Subcommand("list", List, -2, Admin | Plain, "2.4.0", "Describes connections, one a line.", "nondeterministic_output"),
            Subcommand("no-evict", NoEvict, 3, Admin | Plain, "7.0.0", "Spares the connection when clients' memory is over its limit."),
            Subcommand("no-touch", NoTouch, 3, Plain, "7.2.0", "Keeps the connection's reads from refreshing LRU and LFU clocks."),
            Subcommand("pause", ClientPauseCommands.Pause, -3, Admin | Plain, "3.0.0", "Holds commands back for a time."),
            Subcommand("reply", Reply, 3, Plain, "3.2.0", "Turns replies off, on again, or skips one."),
            Subcommand("setinfo", SetInfo, 4, Plain, "7.2.0", "Tells the client library's name or version.", ForAllNodes),
            Subcommand("setname", SetName, 3, Plain, "2.6.9", "Names the connection.", ForAllNodes),
            Subcommand("tracking", ClientTrackingCommands.Tracking, -3, Plain, "6.0.0", "Tells the connection when keys that it has read change, or stops doing so."),
            Subcommand("trackinginfo", ClientTrackingCommands.Describe, 2, Plain, "6.2.0", "Describes the connection's tracking."),
            Subcommand("unblock", Unblock, -3, Admin | Plain, "5.0.0", "Ends the waiting of a blocked connection."),
            Subcommand("unpause", ClientPauseCommands.Unpause, 2, Admin | Plain, "6.2.0", "Lets held commands go on."),
        ])
        {
            Arity = -2, Since = "2.4.0", Group = "connection", Summary = "A container for commands about connections.",
        },
    ];

    /// <summary>True for a text without blanks and control characters; otherwise Redis's error has been replied.</summary>
    internal static bool IsPrintableOrReply(Client client, ReadOnlySpan<byte> text, string what)
    {
        if (text.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0) return true;
        client.Reply.Error($"ERR {what} cannot contain spaces, newlines or special characters.");
        return false;
    }

    private static CommandSpec Subcommand(
        string name, CommandHandler handler, int arity, CommandFlags flags, string since, string summary, params string[] tips) =>
        new(name, handler)
        {
            Arity = arity, Flags = flags, Categories = AclCategory.Connection, Since = since, Group = "connection", Summary = summary, Tips = tips,
            Complexity = name is "kill" or "list" ? "O(n) for n connections" : "O(1)",
        };

    private static void Id(Client client, in ArgVector args) => client.Reply.Integer(client.Id);

    private static void GetName(Client client, in ArgVector args)
    {
        if (client.Name.Length == 0) client.Reply.Null();
        else client.Reply.Bulk(client.Name);
    }

    private static void SetName(Client client, in ArgVector args)
    {
        if (!IsPrintableOrReply(client, args[2], "Client names")) return;
        client.Name = args[2].ToArray();
        client.Reply.Ok();
    }

    private static void SetInfo(Client client, in ArgVector args)
    {
        var isName = args[2].Is("lib-name"u8);
        if (!isName && !args[2].Is("lib-ver"u8))
        {
            client.Reply.Error([.. "ERR Unrecognized option '"u8, .. args[2], (byte)'\'']);
            return;
        }

        if (!IsPrintableOrReply(client, args[3], Encoding.Latin1.GetString(args[2]))) return;
        if (isName) client.LibraryName = args[3].ToArray();
        else client.LibraryVersion = args[3].ToArray();
        client.Reply.Ok();
    }

    private static void Describe(Client client, in ArgVector args) =>
        client.Reply.Verbatim("txt"u8, Encoding.Latin1.GetBytes(ClientDescription.Of(client) + "\n"));

    private static void List(Client client, in ArgVector args)
    {
        var text = new StringBuilder();
        var isDone = AreIdsOnly(args) ? AppendByIdOrReply(client, args, text) : AppendFittingOrReply(client, args, text);
        if (isDone) client.Reply.Verbatim("txt"u8, Encoding.Latin1.GetBytes(text.ToString()));
    }

    private static bool AppendFittingOrReply(Client client, in ArgVector args, StringBuilder text)
    {
        // What is no filter at all comes before what is wrong with a filter's value, as in Redis, which takes one filter only.
        if (!ClientFilters.AreFilters(args, 2))
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return false;
        }

        var filters = new ClientFilters();
        if (!filters.TryReadOrReply(client, args, 2)) return false;
        for (var listed = client.Server.Clients.Oldest; listed is not null; listed = listed.Next)
        {
            if (filters.Fit(client, listed)) text.Append(ClientDescription.Of(listed)).Append('\n');
        }

        return true;
    }

    // Numbers alone are listed in their order, with repetitions; beside other filters they are one.
    private static bool AreIdsOnly(in ArgVector args)
    {
        if (args.Count <= 3 || !args[2].Is("id"u8)) return false;
        // What is no number behind ID is told so, whatever follows.
        if (!Numbers.TryParseInteger(args[3], out _)) return true;
        for (var i = 3; i < args.Count; i++)
        {
            if (ClientFilters.IsName(args[i])) return false;
        }

        return true;
    }

    private static bool AppendByIdOrReply(Client client, in ArgVector args, StringBuilder text)
    {
        for (var i = 3; i < args.Count; i++)
        {
            if (!ArgumentParsing.TryIntegerOrReply(client, args[i], out var id, "ERR Invalid client ID"u8)) return false;
            if (client.Server.Clients.Find(id) is { } listed) text.Append(ClientDescription.Of(listed)).Append('\n');
        }

        return true;
    }

    private static void Reply(Client client, in ArgVector args)
    {
        if (args[2].Is("on"u8))
        {
            if (client.IsSilent) client.Server.Dispatch.EndSilence(client);
            client.Flags &= ~(ClientFlags.ReplySkip | ClientFlags.ReplyOff);
            client.Reply.Ok();
        }
        else if (args[2].Is("off"u8))
        {
            if (!client.IsSilent) client.Server.Dispatch.BeginSilence(client);
            client.Flags |= ClientFlags.ReplyOff;
        }
        else if (args[2].Is("skip"u8))
        {
            if (!client.Is(ClientFlags.ReplyOff)) client.Flags |= ClientFlags.ReplySkipNext;
        }
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
        }
    }

    private static void NoEvict(Client client, in ArgVector args) => Switch(client, args[2], ClientFlags.NoEvict);

    private static void NoTouch(Client client, in ArgVector args) => Switch(client, args[2], ClientFlags.NoTouch);

    private static void Switch(Client client, ReadOnlySpan<byte> word, ClientFlags flag)
    {
        if (word.Is("on"u8)) client.Flags |= flag;
        else if (word.Is("off"u8)) client.Flags &= ~flag;
        else
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        client.Reply.Ok();
    }

    private static void Unblock(Client client, in ArgVector args)
    {
        if (args.Count > 4)
        {
            HelpReply.PointTo(client, "CLIENT", args[1]);
            return;
        }

        var withError = args.Count == 4 && args[3].Is("error"u8);
        if (args.Count == 4 && !withError && !args[3].Is("timeout"u8))
        {
            client.Reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"u8);
            return;
        }

        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var id)) return;
        var target = client.Server.Clients.Find(id);
        if (target?.Blocked is not { MayTimeOut: true })
        {
            client.Reply.Integer(0);
            return;
        }

        if (withError) client.Server.Blocked.Fail(target, "UNBLOCKED client unblocked via CLIENT UNBLOCK"u8);
        else client.Server.Blocked.TimeOut(target);
        client.Reply.Integer(1);
    }

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "CLIENT",
        "CACHING (YES|NO)", "    Track the keys of the next command or not, with tracking OPTIN or OPTOUT.",
        "GETNAME", "    Reply the connection's name.",
        "GETREDIR", "    Reply the number of the connection that invalidations go to.",
        "ID", "    Reply the connection's number.",
        "INFO", "    Describe the connection.",
        "KILL <ip:port>", "    Close the connection from that address.",
        "KILL <option> <value> [<option> <value> [...]]", "    Close the connections that fit all filters:",
        "    * ID <client-id> [<client-id> ...]", "      With one of those numbers.",
        "    * ADDR (<ip:port>|<unixsocket>:0)", "      From that address.",
        "    * LADDR (<ip:port>|<unixsocket>:0)", "      To that address of the server.",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "      Of that kind.",
        "    * USER <username>", "      Authenticated as that user.",
        "    * NAME <name>, LIB-NAME <name>, LIB-VER <version>, DB <index>, IP <ip>", "      That are described so.",
        "    * FLAGS <letters>", "      With all of those flags.",
        "    * CAPA <letters>", "      With all of those capabilities.",
        "    * NOT-<filter> <value>", "      That do not fit one of the filters above.",
        "    * MAXAGE <seconds>", "      At least that old.",
        "    * IDLE <seconds>", "      That have sent nothing for so long.",
        "    * SKIPME (YES|NO)", "      Whether to spare the calling connection (default: yes).",
        "LIST [<option> <value> [<option> <value> [...]]]", "    Describe the connections that fit all filters, those of KILL (SKIPME: no), one a line.",
        "NO-EVICT (ON|OFF)", "    Spare the connection when clients' memory is over its limit.",
        "NO-TOUCH (ON|OFF)", "    Keep the connection's reads from refreshing LRU and LFU clocks.",
        "PAUSE <timeout> [WRITE|ALL]", "    Hold commands back, or those that write, for so many milliseconds.",
        "REPLY (ON|OFF|SKIP)", "    Turn replies on or off, or skip the next one.",
        "SETINFO <option> <value>", "    Tell the client library's LIB-NAME or LIB-VER.",
        "SETNAME <name>", "    Name the connection.",
        "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
        "    Tell the connection when keys that it has read, or those with a prefix, change.",
        "TRACKINGINFO", "    Describe the connection's tracking.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]", "    End the waiting of a blocked connection.",
        "UNPAUSE", "    Let held commands go on.");
}
