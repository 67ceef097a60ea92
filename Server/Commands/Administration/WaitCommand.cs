using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>WAIT: blocks until enough replicas have acknowledged the client's writes. A master without replicas waits for its timeout.</summary>
internal static class WaitCommand
{
    internal static readonly CommandSpec[] Table =
    [
        new("wait", Wait)
        {
            Arity = 3, Flags = CommandFlags.Blocking, Categories = AclCategory.Connection, Since = "3.0.0", Group = "generic",
            Tips = ["request_policy:all_shards", "response_policy:agg_min"],
            Summary = "Waits until replicas have acknowledged the connection's writes.", Complexity = "O(1)",
        },
    ];

    private static void Wait(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[1], out var wanted)) return;
        if (!ArgumentParsing.TryTimeoutMsOrReply(client, args[2], out var timeoutMs)) return;
        if (AcknowledgedReplicas >= wanted) client.Reply.Integer(AcknowledgedReplicas);
        else client.Server.Blocked.Block(client, new WaitingForReplicas(), timeoutMs);
    }

    // Replication will count the replicas whose acknowledged offset has passed the client's last write.
    private const int AcknowledgedReplicas = 0;

    private sealed class WaitingForReplicas : BlockedOperation
    {
        internal override void ReplyTimeout(Client client) => client.Reply.Integer(AcknowledgedReplicas);
    }
}
