using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>MONITOR: shows the connection every command that runs, until it closes or calls RESET.</summary>
internal static class MonitorCommand
{
    internal static readonly CommandSpec[] Table =
    [
        new("monitor", Monitor)
        {
            Arity = 1, Flags = Admin | NoScript | Loading | Stale, Since = "1.0.0", Group = "server",
            Summary = "Shows the connection every command that runs.",
        },
    ];

    private static void Monitor(Client client, in ArgVector args)
    {
        // A client that is a monitor already is not even answered.
        if (client.Is(ClientFlags.DenyBlocking)) client.Reply.Error("ERR MONITOR isn't allowed for DENY BLOCKING client"u8);
        else if (!client.Is(ClientFlags.Monitor))
        {
            client.Server.Monitors.Add(client);
            client.Reply.Ok();
        }
    }
}
