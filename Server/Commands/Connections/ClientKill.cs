using KestrelFree.Protocol;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>CLIENT KILL in both forms: one address, or filters that all have to fit.</summary>
internal static class ClientKill
{
    internal static void Execute(Client client, in ArgVector args)
    {
        if (args.Count == 3)
        {
            var killed = Kill(client, ClientFilters.OfAddress(args[2]));
            if (killed == 0) client.Reply.Error("ERR No such client"u8);
            else client.Reply.Ok();
            return;
        }

        var filters = new ClientFilters { SkipCaller = true };
        if (filters.TryReadOrReply(client, args, 2)) client.Reply.Integer(Kill(client, filters));
    }

    private static int Kill(Client caller, ClientFilters filters)
    {
        var killed = 0;
        Client? next;
        for (var candidate = caller.Server.Clients.Oldest; candidate is not null; candidate = next)
        {
            next = candidate.Next;
            if (!filters.Fit(caller, candidate)) continue;
            killed++;
            if (candidate == caller) caller.Flags |= ClientFlags.CloseAfterReply;
            else caller.Server.Clients.Free(candidate);
        }

        return killed;
    }
}
