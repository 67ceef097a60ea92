using System.Security.Cryptography;
using KestrelFree.Protocol;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Config;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>ACL: users and their rights, as an administrator sees and changes them.</summary>
internal static class AclCommands
{
    private const CommandFlags Anybody = NoScript | Loading | Stale;
    private const CommandFlags ForAdmins = Admin | Anybody;
    private const int MaxPasswordBits = 4096;

    private static readonly string[] ForAllNodes = ["request_policy:all_nodes", "response_policy:all_succeeded"];

    internal static readonly CommandSpec[] Table =
    [
        new("acl",
        [
            Subcommand("cat", Categories, -2, Anybody, "Lists the categories, or the commands of one."),
            Subcommand("deluser", DeleteUsers, -3, ForAdmins, "Removes users and disconnects their clients.", ForAllNodes),
            Subcommand("dryrun", DryRun, -4, ForAdmins, "Tells whether a user may run a command, without running it."),
            Subcommand("genpass", GeneratePassword, -2, Anybody, "Makes a password up that nobody guesses."),
            Subcommand("getuser", GetUser, 3, ForAdmins, "Describes a user, right by right."),
            Subcommand("help", Help, 2, Loading | Stale, "Lists the subcommands."),
            Subcommand("list", List, 2, ForAdmins, "Describes all users as lines of the configuration."),
            Subcommand("load", Load, 2, ForAdmins, "Replaces the users by those of the ACL file."),
            Subcommand("log", Log, -2, ForAdmins, "Lists what was refused lately, or forgets it."),
            Subcommand("save", Save, 2, ForAdmins, "Writes the users to the ACL file.", ForAllNodes),
            Subcommand("setuser", SetUser, -3, ForAdmins, "Makes a user or changes its rights.", ForAllNodes),
            Subcommand("users", Users, 2, ForAdmins, "Names all users."),
            Subcommand("whoami", WhoAmI, 2, Anybody, "Names the connection's user."),
        ])
        {
            Arity = -2, Since = "6.0.0", Group = "server", Summary = "A container for commands about users and their rights.",
        },
    ];

    private static CommandSpec Subcommand(string name, CommandHandler handler, int arity, CommandFlags flags, string summary, params string[] tips) =>
        new(name, handler)
        {
            Arity = arity, Flags = flags, Since = name == "dryrun" ? "7.0.0" : "6.0.0", Group = "server", Summary = summary, Tips = tips,
            Complexity = name switch
            {
                "whoami" or "genpass" or "help" => "O(1)",
                "cat" => "O(n) for n commands",
                "dryrun" => "O(n) for n patterns and keys",
                "getuser" or "setuser" => "O(n) for n rules",
                "log" => "O(n) for n entries",
                _ => "O(n) for n users",
            },
        };

    private static void WhoAmI(Client client, in ArgVector args) => client.Reply.Bulk(client.User.Name);

    private static void SetUser(Client client, in ArgVector args)
    {
        if (AclRules.HasBlanks(args[2]))
        {
            client.Reply.Error("ERR Usernames can't contain spaces or null characters"u8);
            return;
        }

        var words = new byte[args.Count - 3][];
        for (var i = 0; i < words.Length; i++) words[i] = args[i + 3].ToArray();
        if (client.Server.Users.TrySet(args[2], words) is { } error) client.Reply.Error(ByteText.ToBytes("ERR " + error));
        else client.Reply.Ok();
    }

    private static void DeleteUsers(Client client, in ArgVector args)
    {
        for (var i = 2; i < args.Count; i++)
        {
            if (!args[i].SequenceEqual("default"u8)) continue;
            client.Reply.Error("ERR The 'default' user cannot be removed"u8);
            return;
        }

        var removed = 0;
        for (var i = 2; i < args.Count; i++) removed += client.Server.Users.Remove(args[i]) ? 1 : 0;
        client.Reply.Integer(removed);
    }

    private static void GetUser(Client client, in ArgVector args)
    {
        var reply = client.Reply;
        if (client.Server.Users.Find(args[2]) is not { } user)
        {
            reply.Null();
            return;
        }

        reply.MapHeader(3 + FieldsOf(user.Root));
        reply.Bulk("flags"u8);
        var flags = AclDescription.Flags(user).ToArray();
        reply.SetHeader(flags.Length);
        foreach (var flag in flags) reply.Bulk(flag);
        reply.Bulk("passwords"u8);
        reply.ArrayHeader(user.Passwords.Count);
        foreach (var password in user.Passwords) reply.Bulk(password.Hex);
        WriteRights(reply, user.Root);
        reply.Bulk("selectors"u8);
        reply.ArrayHeader(user.Selectors.Count - 1);
        foreach (var selector in user.Selectors.Skip(1))
        {
            reply.MapHeader(FieldsOf(selector));
            WriteRights(reply, selector);
        }
    }

    private static int FieldsOf(AclSelector selector) => selector.HasAllDatabases ? 3 : 4;

    private static void WriteRights(ReplyWriter reply, AclSelector selector)
    {
        WriteField(reply, "commands"u8, selector.Commands.Describe());
        WriteField(reply, "keys"u8, AclDescription.Keys(selector));
        WriteField(reply, "channels"u8, AclDescription.Channels(selector));
        if (!selector.HasAllDatabases) WriteField(reply, "databases"u8, AclDescription.Databases(selector));
    }

    private static void WriteField(ReplyWriter reply, ReadOnlySpan<byte> name, string value)
    {
        reply.Bulk(name);
        reply.Bulk(ByteText.ToBytes(value));
    }

    private static void List(Client client, in ArgVector args)
    {
        client.Reply.ArrayHeader(client.Server.Users.Count);
        foreach (var line in client.Server.Users.Lines) client.Reply.Bulk(ByteText.ToBytes("user " + line));
    }

    private static void Users(Client client, in ArgVector args)
    {
        client.Reply.ArrayHeader(client.Server.Users.Count);
        foreach (var user in client.Server.Users.InOrder) client.Reply.Bulk(user.Name);
    }

    private static void Load(Client client, in ArgVector args)
    {
        if (!HasFileOrReply(client)) return;
        if (client.Server.AclFile.Load() is { } errors) client.Reply.Error(ByteText.ToBytes("ERR " + errors));
        else client.Reply.Ok();
    }

    private static void Save(Client client, in ArgVector args)
    {
        if (!HasFileOrReply(client)) return;
        if (client.Server.AclFile.TrySave()) client.Reply.Ok();
        else client.Reply.Error("ERR There was an error trying to save the ACLs. Please check the server logs for more information"u8);
    }

    private static bool HasFileOrReply(Client client)
    {
        if (client.Server.AclFile.IsConfigured) return true;
        client.Reply.Error(
            "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE "u8 +
            "(assuming you have a Redis configuration file set) in order to store users in the Redis configuration."u8);
        return false;
    }

    private static void Categories(Client client, in ArgVector args)
    {
        if (args.Count > 3) HelpReply.PointTo(client, "ACL", args[1]);
        else if (args.Count == 3) CommandsOfCategory(client, args[2]);
        else
        {
            client.Reply.ArrayHeader(AclCategoryNames.All.Length);
            foreach (var name in AclCategoryNames.All) client.Reply.Bulk(name);
        }
    }

    private static void CommandsOfCategory(Client client, ReadOnlySpan<byte> name)
    {
        var category = AclCategoryNames.IndexOf(name);
        if (category < 0)
        {
            client.Reply.Error([.. "ERR Unknown category '"u8, .. name[..Math.Min(128, name.Length)], (byte)'\'']);
            return;
        }

        var flag = (AclCategory)(1 << category);
        var marker = client.Reply.BeginDeferred();
        var count = 0;
        foreach (var command in client.Server.Commands.Declared.SelectMany(command => command.Subcommands.Prepend(command)))
        {
            if ((command.Spec.AllCategories & flag) == 0) continue;
            client.Reply.Bulk(command.FullName);
            count++;
        }

        client.Reply.EndDeferredArray(marker, count);
    }

    private static void GeneratePassword(Client client, in ArgVector args)
    {
        if (args.Count > 3)
        {
            HelpReply.PointTo(client, "ACL", args[1]);
            return;
        }

        long bits = 256;
        if (args.Count == 3 && !ArgumentParsing.TryIntegerOrReply(client, args[2], out bits)) return;
        if (bits is <= 0 or > MaxPasswordBits)
        {
            client.Reply.Error($"ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to {MaxPasswordBits}");
            return;
        }

        client.Reply.Bulk(RandomNumberGenerator.GetHexString((int)(bits + 3) / 4, lowercase: true));
    }

    private static void DryRun(Client client, in ArgVector args)
    {
        if (client.Server.Users.Find(args[2]) is not { } user)
        {
            client.Reply.Error([.. "ERR User '"u8, .. args[2], .. "' not found"u8]);
            return;
        }

        var request = args.From(3);
        var command = client.Server.Dispatch.Resolve(request, out _);
        if (command is null)
        {
            client.Reply.Error([.. "ERR Command '"u8, .. args[3], .. "' not found"u8]);
            return;
        }

        if (!command.Spec.Admits(request.Count))
        {
            client.Reply.Error($"ERR wrong number of arguments for '{command.FullName}' command");
            return;
        }

        var verdict = client.Server.Access.Judge(user, command, request, client.Database.Index);
        if (verdict.IsAdmitted) client.Reply.Ok();
        else client.Reply.Bulk(AccessCheck.DescribeInDetail(user, command, request, verdict));
    }

    private static void Log(Client client, in ArgVector args)
    {
        if (args.Count > 3)
        {
            HelpReply.PointTo(client, "ACL", args[1]);
            return;
        }

        long count = 10;
        if (args.Count == 3)
        {
            if (args[2].Is("reset"u8))
            {
                client.Server.AclLog.Clear();
                client.Reply.Ok();
                return;
            }

            if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out count)) return;
        }

        var entries = client.Server.AclLog.Entries;
        count = Math.Clamp(count, 0, entries.Count);
        client.Reply.ArrayHeader(count);
        foreach (var entry in entries.Take((int)count)) WriteEntry(client.Reply, entry, client.Server.Clock.NowMs);
    }

    private static void WriteEntry(ReplyWriter reply, AclLogEntry entry, long nowMs)
    {
        reply.MapHeader(10);
        reply.Bulk("count"u8);
        reply.Integer(entry.Count);
        WriteField(reply, "reason"u8, NameOf(entry.Reason));
        WriteField(reply, "context"u8, NameOf(entry.Context));
        reply.Bulk("object"u8);
        reply.Bulk(entry.Subject);
        reply.Bulk("username"u8);
        reply.Bulk(entry.UserName);
        reply.Bulk("age-seconds"u8);
        reply.Double((nowMs - entry.UpdatedMs) / 1000.0);
        WriteField(reply, "client-info"u8, entry.Client);
        reply.Bulk("entry-id"u8);
        reply.Integer(entry.Id);
        reply.Bulk("timestamp-created"u8);
        reply.Integer(entry.CreatedMs);
        reply.Bulk("timestamp-last-updated"u8);
        reply.Integer(entry.UpdatedMs);
    }

    private static string NameOf(AclDenial reason) => reason switch
    {
        AclDenial.Command => "command",
        AclDenial.Key => "key",
        AclDenial.Channel => "channel",
        AclDenial.Auth => "auth",
        _ => "database",
    };

    private static string NameOf(AclContext context) => context switch
    {
        AclContext.TopLevel => "toplevel",
        AclContext.Multi => "multi",
        _ => "lua",
    };

    private static void Help(Client client, in ArgVector args) => HelpReply.Write(
        client,
        "ACL",
        "CAT [<category>]", "    List the categories, or the commands of one.",
        "DELUSER <username> [<username> ...]", "    Remove users and disconnect their clients.",
        "DRYRUN <username> <command> [<arg> ...]", "    Tell whether a user may run a command, without running it.",
        "GETUSER <username>", "    Describe a user, right by right.",
        "GENPASS [<bits>]", "    Make up a password of so many bits, 256 unless told otherwise.",
        "LIST", "    Describe all users as lines of the configuration.",
        "LOAD", "    Replace the users by those of the ACL file.",
        "LOG [<count> | RESET]", "    List what was refused lately, or forget it.",
        "SAVE", "    Write the users to the ACL file.",
        "SETUSER <username> <attribute> [<attribute> ...]", "    Make a user, or change its rights.",
        "USERS", "    Name all users.",
        "WHOAMI", "    Name the connection's user.");
}
