using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Commands;

/// <summary>CLIENT PAUSE and UNPAUSE.</summary>
internal static class ClientPauseCommands
{
    /// <summary>CLIENT PAUSE timeout [WRITE|ALL].</summary>
    internal static void Pause(Client client, in ArgVector args)
    {
        var mode = PauseMode.All;
        if (args.Count > 4)
        {
            HelpReply.PointTo(client, "CLIENT", args[1]);
            return;
        }

        if (args.Count == 4 && args[3].Is("write"u8)) mode = PauseMode.Write;
        else if (args.Count == 4 && !args[3].Is("all"u8))
        {
            client.Reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL"u8);
            return;
        }

        if (!ArgumentParsing.TryTimeoutMsOrReply(client, args[2], out var timeoutMs)) return;
        client.Server.Pause.Begin(mode, client.Server.Clock.NowMs + timeoutMs);
        client.Reply.Ok();
    }

    /// <summary>CLIENT UNPAUSE.</summary>
    internal static void Unpause(Client client, in ArgVector args)
    {
        client.Server.Pause.End();
        client.Reply.Ok();
    }
}
