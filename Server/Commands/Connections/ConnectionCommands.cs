using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>AUTH, ECHO, HELLO, PING, QUIT, RESET and SELECT: a client and its own connection.</summary>
internal static class ConnectionCommands
{
    private const CommandFlags Anytime = NoScript | Loading | Stale | Fast | NoAuth | AllowBusy;

    internal static readonly CommandSpec[] Table =
    [
        new("auth", Auth)
        {
            Arity = -2, Flags = Anytime, Categories = AclCategory.Connection, Since = "1.0.0", Group = "connection",
            Summary = "Authenticates the connection.", Complexity = "O(n) for n passwords of the user",
        },
        new("echo", Echo)
        {
            Arity = 2, Flags = Loading | Stale | Fast, Categories = AclCategory.Connection, Since = "1.0.0", Group = "connection",
            Summary = "Replies its argument.", Complexity = "O(1)",
        },
        new("hello", Hello)
        {
            Arity = -1, Flags = Anytime, Categories = AclCategory.Connection, Since = "6.0.0", Group = "connection",
            Summary = "Chooses the protocol version, and authenticates and names the connection on the way.", Complexity = "O(1)",
        },
        new("ping", Ping)
        {
            Arity = -1, Flags = Fast, Categories = AclCategory.Connection, Since = "1.0.0", Group = "connection",
            Tips = ["request_policy:all_shards", "response_policy:all_succeeded"],
            Summary = "Replies PONG, or its argument.", Complexity = "O(1)",
        },
        new("quit", Quit)
        {
            Arity = -1, Flags = Anytime, Categories = AclCategory.Connection, Since = "1.0.0", Group = "connection",
            Summary = "Closes the connection once the replies before it have been sent.", Complexity = "O(1)",
        },
        new("reset", Reset)
        {
            Arity = 1, Flags = Anytime, Categories = AclCategory.Connection, Since = "6.2.0", Group = "connection",
            Summary = "Puts the connection back into the state of a new one.", Complexity = "O(1)",
        },
        new("select", Select)
        {
            Databases = DatabaseFinders.First,
            Arity = 2, Flags = Loading | Stale | Fast, Categories = AclCategory.Connection, Since = "1.0.0", Group = "connection",
            Summary = "Selects the database that the following commands work on.", Complexity = "O(1)",
        },
    ];

    private static void Ping(Client client, in ArgVector args)
    {
        if (args.Count <= 2 && client.Is(ClientFlags.PubSub) && client.Reply.Version == 2) PingSubscriber(client, args);
        else if (args.Count == 1) client.Reply.Pong();
        else if (args.Count == 2) client.Reply.Bulk(args[1]);
        else client.Reply.Error("ERR wrong number of arguments for 'ping' command"u8);
    }

    // A RESP2 subscriber tells replies from messages by their shape only, so its pong looks like a message.
    private static void PingSubscriber(Client client, in ArgVector args)
    {
        client.Reply.ArrayHeader(2);
        client.Reply.Bulk("pong"u8);
        client.Reply.Bulk(args.Count == 1 ? default : args[1]);
    }

    private static void Echo(Client client, in ArgVector args) => client.Reply.Bulk(args[1]);

    private static void Select(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryInt32OrReply(client, args[1], out var index)) return;
        if (index < 0 || index >= client.Server.Keyspace.DatabaseCount)
        {
            client.Reply.Error("ERR DB index is out of range"u8);
            return;
        }

        client.Database = client.Server.Keyspace[index];
        client.Reply.Ok();
    }

    private static void Quit(Client client, in ArgVector args)
    {
        client.Reply.Ok();
        client.Flags |= ClientFlags.CloseAfterReply;
    }

    private static void Reset(Client client, in ArgVector args)
    {
        TransactionCommands.End(client);
        client.Server.Subscriptions.UnsubscribeAll(client);
        client.Server.Monitors.Remove(client);
        client.Server.Tracking.Disable(client);
        client.Database = client.Server.Keyspace[0];
        client.Reply.Version = 2;
        client.Name = [];
        client.Flags &= ~(ClientFlags.ReplyOff | ClientFlags.ReplySkipNext | ClientFlags.NoEvict | ClientFlags.NoTouch);
        client.Server.Users.SetDefaultUser(client);
        client.Reply.SimpleString("RESET"u8);
    }

    private static void Auth(Client client, in ArgVector args)
    {
        if (args.Count > 3)
        {
            client.Reply.Error(SharedReplies.SyntaxError);
            return;
        }

        if (args.Count == 2 && client.Server.Users.Default.NeedsNoPassword)
        {
            client.Reply.Error(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"u8);
            return;
        }

        var user = args.Count == 3 ? args[1] : "default"u8;
        if (IsAuthenticatedOrReply(client, user, args[^1], args[0])) client.Reply.Ok();
    }

    private static bool IsAuthenticatedOrReply(Client client, ReadOnlySpan<byte> user, ReadOnlySpan<byte> password, ReadOnlySpan<byte> word)
    {
        if (client.Server.Users.TryAuthenticate(client, user, password, word)) return true;
        client.Reply.Error(SharedReplies.WrongPassword);
        return false;
    }

    private static void Hello(Client client, in ArgVector args)
    {
        long version = 0;
        if (args.Count > 1)
        {
            var error = "ERR Protocol version is not an integer or out of range"u8;
            if (!ArgumentParsing.TryIntegerOrReply(client, args[1], out version, error)) return;
            if (version is < 2 or > 3)
            {
                client.Reply.Error("NOPROTO unsupported protocol version"u8);
                return;
            }
        }

        if (!TryHelloOptionsOrReply(client, args, out var nameArgument)) return;
        if (!client.IsAuthenticated)
        {
            client.Reply.Error(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> "u8 +
                "option can be used to authenticate the client and select the RESP protocol version at the same time"u8);
            return;
        }

        if (nameArgument != 0) client.Name = args[nameArgument].ToArray();
        if (version != 0) client.Reply.Version = (int)version;
        ReplyServerProperties(client);
    }

    /// <summary>Reads AUTH and SETNAME; authentication happens here, the name is set only once all is well.</summary>
    private static bool TryHelloOptionsOrReply(Client client, in ArgVector args, out int nameArgument)
    {
        nameArgument = 0;
        var authArgument = 0;
        for (var i = 2; i < args.Count; i++)
        {
            var following = args.Count - 1 - i;
            if (args[i].Is("auth"u8) && following >= 2)
            {
                authArgument = i + 1;
                i += 2;
            }
            else if (args[i].Is("setname"u8) && following >= 1)
            {
                nameArgument = ++i;
                if (!ClientCommands.IsPrintableOrReply(client, args[i], "Client names")) return false;
            }
            else
            {
                client.Reply.Error([.. "ERR Syntax error in HELLO option '"u8, .. args[i], (byte)'\'']);
                return false;
            }
        }

        return authArgument == 0 || IsAuthenticatedOrReply(client, args[authArgument], args[authArgument + 1], args[0]);
    }

    private static void ReplyServerProperties(Client client)
    {
        var reply = client.Reply;
        reply.MapHeader(7);
        reply.Bulk("server"u8);
        reply.Bulk("redis"u8);
        reply.Bulk("version"u8);
        reply.Bulk(ServerVersion.Redis);
        reply.Bulk("proto"u8);
        reply.Integer(reply.Version);
        reply.Bulk("id"u8);
        reply.Integer(client.Id);
        reply.Bulk("mode"u8);
        reply.Bulk("standalone"u8);
        reply.Bulk("role"u8);
        reply.Bulk("master"u8);
        reply.Bulk("modules"u8);
        reply.EmptyArray();
    }
}
