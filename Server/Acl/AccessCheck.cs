using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Acl;

// Judges requests of users that may not do everything. Dispatch asks when a request comes, before it is queued by MULTI; EXEC asks again for each
// queued one, since rights may have changed; a blocked client's request goes through Dispatch again when it is woken.
//
// Keys come from the command's key specifications, with what it does to them: access needs the right to read; insert, update and delete the right
// to write; neither (EXISTS, TTL) some right to the key. A request whose keys cannot be told is badly formed, and its command says so.

/// <summary>Tells whether users may run requests, and replies when they may not. O(patterns * keys).</summary>
internal sealed class AccessCheck
{
    private const int NoArgument = 0;

    private readonly RedisServer _server;
    private readonly List<FoundKey> _keys = [];
    private readonly List<UsedDatabase> _databases = [];

    internal AccessCheck(RedisServer server) => _server = server;

    /// <summary>Judges a request.</summary>
    /// <param name="user">Who asks.</param>
    /// <param name="command">The command.</param>
    /// <param name="args">The request; it has as many arguments as the command takes.</param>
    /// <param name="selectedDatabase">The database that is selected.</param>
    internal AclVerdict Judge(User user, Command command, in ArgVector args, int selectedDatabase)
    {
        if (user.IsUnrestricted) return default;
        Collect(command, args, selectedDatabase);
        var worst = new AclVerdict(AclDenial.Command, NoArgument);
        foreach (var selector in user.Selectors)
        {
            var verdict = Judge(selector, command, args);
            if (verdict.IsAdmitted) return verdict;
            if (verdict.Denial > worst.Denial || (verdict.Denial == worst.Denial && verdict.Argument > worst.Argument)) worst = verdict;
        }

        return worst;
    }

    /// <summary>Judges a request of a client, and logs it when it is refused.</summary>
    /// <param name="client">Who asks.</param>
    /// <param name="command">The command.</param>
    /// <param name="args">The request; it has as many arguments as the command takes.</param>
    /// <param name="selectedDatabase">The database that will be selected when it runs.</param>
    /// <param name="context">Where it was made.</param>
    internal AclVerdict Judge(Client client, Command command, in ArgVector args, int selectedDatabase, AclContext context)
    {
        var verdict = Judge(client.User, command, args, selectedDatabase);
        if (!verdict.IsAdmitted) _server.AclLog.AddDenied(client, command, args, verdict, context);
        return verdict;
    }

    /// <summary>
    /// Whether a selector that admits a request also has access to every key there may be: what a request needs whose keys cannot be told.
    /// </summary>
    internal bool MayUseEveryKey(Client client, Command command, in ArgVector args, KeyAccess access)
    {
        if (client.User.IsUnrestricted) return true;
        Collect(command, args, client.Database.Index);
        foreach (var selector in client.User.Selectors)
        {
            if (selector.AllowsEveryKey(access) && Judge(selector, command, args).IsAdmitted) return true;
        }

        return false;
    }

    /// <summary>The error of a refused request, without its code.</summary>
    internal static byte[] Describe(User user, Command command, AclVerdict verdict) => verdict.Denial switch
    {
        AclDenial.Command => CommandDenied(user, command),
        AclDenial.Key => "No permissions to access a key"u8.ToArray(),
        AclDenial.Channel => "No permissions to access a channel"u8.ToArray(),
        _ => "No permissions to access database"u8.ToArray(),
    };

    /// <summary>The same for administrators, who may know which key it was.</summary>
    internal static byte[] DescribeInDetail(User user, Command command, in ArgVector args, AclVerdict verdict)
    {
        var subject = args[verdict.Argument];
        return verdict.Denial switch
        {
            AclDenial.Command => CommandDenied(user, command),
            AclDenial.Key => [.. "User "u8, .. user.Name, .. " has no permissions to access the '"u8, .. subject, .. "' key"u8],
            AclDenial.Channel => [.. "User "u8, .. user.Name, .. " has no permissions to access the '"u8, .. subject, .. "' channel"u8],
            _ => [.. "User "u8, .. user.Name, .. " has no permissions to access database "u8, .. subject],
        };
    }

    /// <summary>The rights that a command needs to a key that it uses in some way.</summary>
    internal static KeyAccess AccessOf(KeySpecFlags flags)
    {
        const KeySpecFlags writing = KeySpecFlags.Insert | KeySpecFlags.Delete | KeySpecFlags.Update;
        var access = (flags & KeySpecFlags.Access) != 0 ? KeyAccess.Read : KeyAccess.None;
        return (flags & writing) != 0 ? access | KeyAccess.Write : access;
    }

    private static byte[] CommandDenied(User user, Command command) =>
        [.. "User "u8, .. user.Name, .. " has no permissions to run the '"u8, .. System.Text.Encoding.Latin1.GetBytes(command.FullName), .. "' command"u8];

    // The same for all selectors.
    private void Collect(Command command, in ArgVector args, int selectedDatabase)
    {
        _keys.Clear();
        KeyFinders.FindAll(command.Spec, args, _keys);
        _databases.Clear();
        DatabaseFinders.Find(command.Spec, args, selectedDatabase, _databases);
    }

    private AclVerdict Judge(AclSelector selector, Command command, in ArgVector args)
    {
        // What is served before authentication is open to everybody.
        if ((command.Flags & CommandFlags.NoAuth) == 0 && !selector.Commands.Allows(command, args)) return new AclVerdict(AclDenial.Command, NoArgument);
        foreach (var (argument, index) in _databases)
        {
            var isAllowed = index == UsedDatabase.Every ? selector.HasAllDatabases : selector.AllowsDatabase(index);
            if (!isAllowed) return new AclVerdict(AclDenial.Database, argument);
        }

        if (!selector.HasAllKeys && DeniedKey(selector, args) is var key and not 0) return new AclVerdict(AclDenial.Key, key);
        if (!selector.HasAllChannels && DeniedChannel(selector, command, args) is var channel and not 0) return new AclVerdict(AclDenial.Channel, channel);
        return default;
    }

    private int DeniedKey(AclSelector selector, in ArgVector args)
    {
        foreach (var (index, flags) in _keys)
        {
            if (!selector.AllowsKey(args[index], AccessOf(flags))) return index;
        }

        return NoArgument;
    }

    private static int DeniedChannel(AclSelector selector, Command command, in ArgVector args)
    {
        var channels = command.Spec.Channels;
        var end = channels switch { ChannelArguments.None => 0, ChannelArguments.First => Math.Min(2, args.Count), _ => args.Count };
        for (var i = 1; i < end; i++)
        {
            var isAllowed = channels == ChannelArguments.Patterns ? selector.AllowsChannelPattern(args[i]) : selector.AllowsChannel(args[i]);
            if (!isAllowed) return i;
        }

        return NoArgument;
    }
}
