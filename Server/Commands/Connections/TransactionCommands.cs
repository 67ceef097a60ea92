using KestrelFree.Protocol;
using KestrelFree.Server.Acl;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Transactions;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>MULTI, EXEC, DISCARD, WATCH and UNWATCH. Queueing itself is a step of <see cref="Dispatch"/>.</summary>
internal static class TransactionCommands
{
    private const CommandFlags Brief = NoScript | Loading | Stale | Fast | AllowBusy;

    internal static readonly CommandSpec[] Table =
    [
        new("discard", Discard)
        {
            Arity = 1, Flags = Brief, Categories = AclCategory.Transaction, Since = "2.0.0", Group = "transactions",
            Summary = "Forgets the queued requests of a transaction.", Complexity = "O(n) for n queued requests",
        },
        new("exec", Exec)
        {
            Arity = 1, Flags = NoScript | Loading | Stale | SkipSlowlog, Categories = AclCategory.Transaction, Since = "1.2.0", Group = "transactions",
            Summary = "Runs the queued requests of a transaction.", Complexity = "The sum of the queued requests' own",
        },
        new("multi", Multi)
        {
            Arity = 1, Flags = Brief, Categories = AclCategory.Transaction, Since = "1.2.0", Group = "transactions",
            Summary = "Begins a transaction: requests are queued until EXEC.", Complexity = "O(1)",
        },
        new("unwatch", Unwatch)
        {
            Arity = 1, Flags = Brief, Categories = AclCategory.Transaction, Since = "2.2.0", Group = "transactions",
            Summary = "Ends all watches of the connection.", Complexity = "O(n) for n watched keys",
        },
        new("watch", Watch)
        {
            Arity = -2, Flags = Brief, Categories = AclCategory.Transaction, Since = "2.2.0", Group = "transactions",
            Keys = [KeySpec.AllFrom(1, KeySpecFlags.ReadOnly)],
            Summary = "Makes the next EXEC depend on keys staying unchanged.", Complexity = "O(n) for n keys",
        },
    ];

    /// <summary>Ends a client's transaction, if it is in one, and its watches.</summary>
    internal static void End(Client client)
    {
        if (client.Transaction is { } ended)
        {
            ended.Clear();
            client.Server.SpareTransaction = ended;
            client.Transaction = null;
        }

        client.Server.Watches.Unwatch(client);
        client.Flags &= ~(ClientFlags.Multi | ClientFlags.DirtyWatch);
    }

    private static void Multi(Client client, in ArgVector args)
    {
        if (client.Is(ClientFlags.Multi))
        {
            client.Reply.Error("ERR MULTI calls can not be nested"u8);
            return;
        }

        client.Flags |= ClientFlags.Multi;
        client.Transaction = client.Server.SpareTransaction ?? new Transaction();
        client.Server.SpareTransaction = null;
        client.Reply.Ok();
    }

    private static void Discard(Client client, in ArgVector args)
    {
        if (!client.Is(ClientFlags.Multi))
        {
            client.Reply.Error("ERR DISCARD without MULTI"u8);
            return;
        }

        End(client);
        client.Reply.Ok();
    }

    private static void Watch(Client client, in ArgVector args)
    {
        if (client.Is(ClientFlags.Multi))
        {
            client.Reply.Error("ERR WATCH inside MULTI is not allowed"u8);
            return;
        }

        // A client that is marked already will not run its transaction, whatever else it watches.
        if (!client.Is(ClientFlags.DirtyWatch))
        {
            for (var i = 1; i < args.Count; i++) client.Server.Watches.Watch(client, args[i]);
        }

        client.Reply.Ok();
    }

    private static void Unwatch(Client client, in ArgVector args)
    {
        client.Server.Watches.Unwatch(client);
        client.Flags &= ~ClientFlags.DirtyWatch;
        client.Reply.Ok();
    }

    private static void Exec(Client client, in ArgVector args)
    {
        if (client.Transaction is not { } transaction)
        {
            client.Reply.Error("ERR EXEC without MULTI"u8);
            return;
        }

        var changed = client.Server.Watches.HaveChanged(client);
        if (transaction.IsAborted) client.Reply.Error("EXECABORT Transaction discarded because of previous errors."u8);
        else if (changed) client.Reply.NullArray();

        if (transaction.IsAborted || changed) End(client);
        else Run(client, transaction);
    }

    // Rights may have changed since the request was queued, by the transaction itself too.
    private static bool IsPermittedOrReply(Client client, Command command, in ArgVector args)
    {
        var verdict = client.Server.Access.Judge(client, command, args, client.Database.Index, AclContext.Multi);
        if (verdict.IsAdmitted) return true;
        var reason = verdict.Denial switch
        {
            AclDenial.Command => "no permission to execute the command or subcommand",
            AclDenial.Key => "no permission to touch the specified keys",
            AclDenial.Channel => "no permission to access one of the channels used as arguments",
            _ => "no permission to access database",
        };
        client.Reply.Error(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. " +
            $"This command is no longer allowed for the following reason: {reason}");
        return false;
    }

    // Who has killed itself hears of that, and not of what follows.
    private static void SendNoMore(Client client)
    {
        if (!client.IsSilent) client.Server.Dispatch.BeginSilence(client);
        client.Flags |= ClientFlags.ReplyOff;
    }

    // The watches end first: what the transaction itself writes is no reason against it.
    private static void Run(Client client, Transaction transaction)
    {
        client.Server.Watches.Unwatch(client);
        client.Flags |= ClientFlags.DenyBlocking;
        client.Reply.ArrayHeader(transaction.Requests.Count);
        for (var i = 0; i < transaction.Requests.Count; i++)
        {
            var request = transaction.Requests[i];
            var queued = transaction.ArgsOf(request);
            client.QueuedCommand = request.Command;
            if (client.User.IsUnrestricted || IsPermittedOrReply(client, request.Command, queued)) client.Server.Dispatch.ExecuteQueued(client, request.Command, queued);
            if (client.Is(ClientFlags.CloseAfterReply)) SendNoMore(client);
        }

        client.Flags &= ~ClientFlags.DenyBlocking;
        client.QueuedCommand = null;
        End(client);
    }
}
