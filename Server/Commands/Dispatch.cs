using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Config;
using KestrelFree.Server.Networking;
using KestrelFree.Server.PubSub;
using KestrelFree.Server.Tracking;

namespace KestrelFree.Server.Commands;

// From a request to a call: finds the command and asks an ordered list of guards, each of which either admits the request or replies why not.
// The order is Redis's, because clients see it: an unknown command is reported before missing authentication, a wrong number of arguments
// before a protected command.

/// <summary>Admits requests and has them executed.</summary>
internal sealed class Dispatch
{
    private const int MaxQuotedBytes = 128;

    private readonly RedisServer _server;
    private readonly CommandTable _table;
    private readonly Call _call;
    private ReplyMark _silentFrom;

    internal Dispatch(RedisServer server, CommandTable table)
    {
        _server = server;
        _table = table;
        _call = new Call(server);
    }

    /// <summary>Executes one request of a client, or replies why it is refused.</summary>
    internal void Process(Client client, in ArgVector args)
    {
        if (_call.HasObservers) _server.Tracking.GiveUpKeys();
        if (client.IsSilent) BeginSilence(client);
        ExecuteOrReject(client, args);
        if (client.IsSilent) EndSilence(client);

        if (_call.HasObservers) _server.Tracking.TellOwnChanges(client);
        if (_server.Pushes.HasWaiting) _server.Pushes.Flush(client);
        if (_call.HasObservers) ClientSideCaching.EndRequest(client);
        if (client.IsAny(ClientFlags.ReplySkip | ClientFlags.ReplySkipNext) && client.Blocked is null) EndReplySkip(client);
        if (_server.KeyWaits.HasReady) _server.KeyWaits.Serve();
    }

    /// <summary>CLIENT REPLY OFF|SKIP: what the client's request writes from here on is taken back; messages are none of it.</summary>
    internal void BeginSilence(Client client) => _silentFrom = client.Reply.Buffer.Mark();

    /// <summary>Takes back what the client's request has written since its silence began: the request has ended, or the silence by CLIENT REPLY ON.</summary>
    internal void EndSilence(Client client)
    {
        client.Reply.Buffer.Rollback(_silentFrom);
        _server.Pushes.FlushReplies(client);
    }

    /// <summary>Notes that a request has been answered, for CLIENT REPLY SKIP to count.</summary>
    internal static void EndReplySkip(Client client)
    {
        var skipsNext = client.Is(ClientFlags.ReplySkipNext);
        client.Flags &= ~(ClientFlags.ReplySkip | ClientFlags.ReplySkipNext);
        if (skipsNext) client.Flags |= ClientFlags.ReplySkip;
    }

    private void ExecuteOrReject(Client client, in ArgVector args)
    {
        if (IsForeignProtocol(client, args)) return;

        var command = Resolve(args, out var container);
        client.LastCommand = command;
        if (command is null)
        {
            client.Reply.Error(container is null ? UnknownCommand(args) : UnknownSubcommand(args));
            AbortTransaction(client);
            return;
        }

        if (!Admits(client, command, args))
        {
            command.RejectedCalls++;
            AbortTransaction(client);
            // Whoever watches has seen MULTI, and is to see that the transaction is over.
            if (command.Spec.Name == "exec" && _server.Monitors.IsWatched) _server.Monitors.Feed(client, command, args);
            return;
        }

        if (_server.Pause.Mode != PauseMode.None && _server.Pause.TryHold(client, command, args)) return;
        if (client.Is(ClientFlags.Multi) && IsQueued(command))
        {
            // What will not run is not kept.
            if (!client.Transaction!.IsAborted && !client.Is(ClientFlags.DirtyWatch)) client.Transaction.Queue(command, args);
            client.Reply.Queued();
            return;
        }

        _call.Execute(client, command, args);
    }

    /// <summary>Executes a request that was admitted when it was queued by MULTI.</summary>
    internal void ExecuteQueued(Client client, Command command, in ArgVector args) => _call.ExecuteWithin(client, command, args);

    /// <summary>How long commands have run within others, in ticks of the monotonic clock: EXEC's time counts them too.</summary>
    internal long NestedTicks => _call.NestedTicks;

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics() => _call.ResetStatistics();

    /// <summary>Notes that observers of commands have come or gone.</summary>
    internal void FollowObservers() => _call.HasObservers = _server.Monitors.IsWatched || _server.Tracking.IsActive;

    /// <inheritdoc cref="Call.CountUnblocked"/>
    internal void CountUnblocked(Client client, BlockedOperation operation) => _call.CountUnblocked(client, operation);

    /// <summary>Finds the command or subcommand that a request names.</summary>
    /// <param name="args">The request.</param>
    /// <param name="container">The container, when only the subcommand is unknown.</param>
    internal Command? Resolve(in ArgVector args, out Command? container)
    {
        container = null;
        var command = _table.Find(args[0]);
        if (command is null || command.Subcommands.Count == 0 || args.Count == 1) return command;
        container = command;
        return command.FindSubcommand(args[1]);
    }

    /// <summary>
    /// Finds the command of a request that was written to a file, by the name that clients use or by its own, which effects are written with.
    /// </summary>
    internal Command? ResolveReplayed(in ArgVector args) => Resolve(args, out _) ?? _table.FindDeclared(args[0]);

    private bool Admits(Client client, Command command, in ArgVector args) =>
        FitsArity(client, command, args)
        && MayUseProtected(client, command)
        && IsAuthenticated(client, command)
        && (!client.Is(ClientFlags.Multi) || MayBeQueued(client, command))
        && (client.User.IsUnrestricted || IsPermitted(client, command, args))
        && (!_server.Memory.IsSet || HasMemory(client, command))
        && ((!_server.Saves.DeniesWrites && _server.Aof.Fault is null) || MayBeLost(client, command))
        && (!client.Is(ClientFlags.PubSub) || FitsSubscriber(client, command))
        && (!_server.Loader.IsLoading || IsServedWhileLoading(client, command))
        && (!client.Is(ClientFlags.Monitor) || FitsMonitor(client, command));

    // Queueing takes memory too, so nothing is queued while there is none; but a transaction may always be left.
    private bool HasMemory(Client client, Command command)
    {
        if (_server.Memory.Enforce() != EvictionOutcome.Fails) return true;
        var needsMemory = (command.Flags & CommandFlags.DenyOom) != 0
            || (client.Is(ClientFlags.Multi) && command.FullName is not ("exec" or "discard" or "quit" or "reset"))
            || (command.Spec.Name == "exec" && QueuedFlags(client).Any(flags => (flags & CommandFlags.DenyOom) != 0));
        return !needsMemory || Refuse(client, command, "OOM command not allowed when used memory > 'maxmemory'.");
    }

    // A refused EXEC ends its transaction all the same, and says so.
    private static bool Refuse(Client client, Command command, string error) => Refuse(client, command, Encoding.UTF8.GetBytes(error));

    private static bool Refuse(Client client, Command command, byte[] error)
    {
        if (command.Spec.Name == "exec")
        {
            TransactionCommands.End(client);
            var reason = error.AsSpan().StartsWith("ERR "u8) ? error.AsSpan(4) : error;
            error = [.. "EXECABORT Transaction discarded because of: "u8, .. reason];
        }

        client.Reply.Error(error);
        return false;
    }

    // What ends or abandons a transaction runs at once.
    private static bool IsQueued(Command command) =>
        command.FullName is not ("exec" or "discard" or "multi" or "watch" or "quit" or "reset");

    private static void AbortTransaction(Client client)
    {
        if (client.Transaction is { } transaction) transaction.IsAborted = true;
    }

    private static bool MayBeQueued(Client client, Command command)
    {
        if (!client.Is(ClientFlags.Multi) || (command.Flags & CommandFlags.NoMulti) == 0) return true;
        return Refuse(client, command, "ERR Command not allowed inside a transaction");
    }

    // What a transaction selects counts for what is queued behind it.
    private bool IsPermitted(Client client, Command command, in ArgVector args)
    {
        var context = client.Is(ClientFlags.Multi) ? AclContext.Multi : AclContext.TopLevel;
        var database = client.Transaction?.SelectedDatabase ?? client.Database.Index;
        var verdict = _server.Access.Judge(client, command, args, database, context);
        return verdict.IsAdmitted || Refuse(client, command, [.. "NOPERM "u8, .. AccessCheck.Describe(client.User, command, verdict)]);
    }

    // A RESP2 connection cannot tell replies from messages once it subscribes.
    private static bool FitsSubscriber(Client client, Command command)
    {
        if (!client.Is(ClientFlags.PubSub) || client.Reply.Version != 2) return true;
        if (command.FullName is "ping" or "quit" or "reset" || PushedMessages.RepliesByPush(command)) return true;
        return Refuse(
            client,
            command,
            $"ERR Can't execute '{command.FullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
    }

    // PING is refused as well, so that whoever watches over the server learns of it.
    private bool MayBeLost(Client client, Command command)
    {
        var writes = (command.Flags & CommandFlags.Write) != 0 || (command.Spec.Name == "exec" && QueuedFlags(client).Any(flags => (flags & CommandFlags.Write) != 0));
        if (!writes && command.Spec.Name != "ping") return true;
        if (_server.Aof.Fault is { } fault)
            return Refuse(client, command, $"MISCONF Errors writing to the AOF file: {fault.Reason}. Commands that may modify the data set are disabled. {fault}. They are enabled again as soon as the file can be written.");

        return Refuse(
            client,
            command,
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, " +
            "because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). " +
            $"The last attempt: {_server.Saves.Fault}. Once its cause is removed, the next save that succeeds enables them again.");
    }

    private static bool IsServedWhileLoading(Client client, Command command)
    {
        if ((command.Flags & CommandFlags.Loading) != 0 && (command.Spec.Name != "exec" || QueuedFlags(client).All(flags => (flags & CommandFlags.Loading) != 0))) return true;
        return Refuse(client, command, "LOADING Redis is loading the dataset in memory");
    }

    // A pause does not hold monitors back, so they may not touch what it protects.
    private static bool FitsMonitor(Client client, Command command)
    {
        const CommandFlags touching = CommandFlags.ReadOnly | CommandFlags.Write | CommandFlags.MayReplicate;
        var touches = (command.Flags & touching) != 0 || (command.Spec.Name == "exec" && QueuedFlags(client).Any(flags => (flags & touching) != 0));
        return !touches || Refuse(client, command, "ERR Replica can't interact with the keyspace");
    }

    private static IEnumerable<CommandFlags> QueuedFlags(Client client) => client.Transaction?.Requests.Select(request => request.Command.Flags) ?? [];

    private static bool FitsArity(Client client, Command command, in ArgVector args)
    {
        if (command.Spec.Admits(args.Count)) return true;
        return Refuse(client, command, $"ERR wrong number of arguments for '{command.FullName}' command");
    }

    private bool MayUseProtected(Client client, Command command)
    {
        if ((command.Flags & CommandFlags.Protected) == 0) return true;
        var (name, action) = command.Spec.Name == "debug" ? ("debug", _server.Config.EnableDebugCommand) : ("module", _server.Config.EnableModuleCommand);
        if (action == ProtectedAction.Yes || (action == ProtectedAction.Local && client.Is(ClientFlags.Local))) return true;

        return Refuse(
            client,
            command,
            $"ERR {name.ToUpperInvariant()} command not allowed. If the enable-{name}-command option is set to \"local\", " +
            "you can run it from a local connection, otherwise you need to set this option " +
            "in the configuration file, and then restart the server.");
    }

    private static bool IsAuthenticated(Client client, Command command)
    {
        if (!client.AuthRequired || (command.Flags & CommandFlags.NoAuth) != 0) return true;
        client.Reply.Error(SharedReplies.AuthenticationRequired);
        return false;
    }

    // A browser tricked into talking to the server sends HTTP; what follows its headers must not run as commands.
    private bool IsForeignProtocol(Client client, in ArgVector args)
    {
        var name = args[0];
        if (name.Length is not (4 or 5)) return false;
        if (!AsciiText.EqualsIgnoreCase(name, "post"u8) && !AsciiText.EqualsIgnoreCase(name, "host:"u8)) return false;

        _server.Log.Warning(
            "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an " +
            $"attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from {client.Address} aborted.");
        _server.Clients.CloseAsap(client);
        return true;
    }

    private static byte[] UnknownSubcommand(in ArgVector args) =>
        [.. "ERR unknown subcommand '"u8, .. Quoted(args[1]), .. "'. Try "u8, .. Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(args[0]).ToUpperInvariant()), .. " HELP."u8];

    private static byte[] UnknownCommand(in ArgVector args)
    {
        var text = new List<byte>();
        text.AddRange("ERR unknown command '"u8);
        text.AddRange(Quoted(args[0]));
        text.AddRange("', with args beginning with: "u8);
        var begin = text.Count;
        for (var i = 1; i < args.Count && text.Count - begin < MaxQuotedBytes; i++)
        {
            var room = MaxQuotedBytes - (text.Count - begin);
            var shown = UpToNul(args[i]);
            text.Add((byte)'\'');
            text.AddRange(shown.Length > room ? shown[..room] : shown);
            text.AddRange("' "u8);
        }

        return [.. text];
    }

    private static ReadOnlySpan<byte> Quoted(ReadOnlySpan<byte> argument)
    {
        var shown = UpToNul(argument);
        return shown.Length > MaxQuotedBytes ? shown[..MaxQuotedBytes] : shown;
    }

    // Redis prints arguments as C strings, so clients see them end at the first NUL.
    private static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> argument)
    {
        var nul = argument.IndexOf((byte)0);
        return nul < 0 ? argument : argument[..nul];
    }
}
