using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

/// <summary>SAVE, BGSAVE and LASTSAVE.</summary>
internal static class SaveCommands
{
    internal static readonly CommandSpec[] Table =
    [
        new("save", Save)
        {
            Arity = 1, Flags = Admin | NoScript | NoAsyncLoading | NoMulti, Since = "1.0.0", Group = "server",
            Summary = "Saves the data set to disk; everybody waits.", Complexity = "O(n) for n keys",
        },
        new("bgsave", BackgroundSave)
        {
            Arity = -1, Flags = Admin | NoScript | NoAsyncLoading, Since = "1.0.0", Group = "server",
            Summary = "Begins to save the data set to disk, as it is at this moment; nobody waits.", Complexity = "O(1), and O(n) for n keys on another thread",
        },
        new("lastsave", LastSave)
        {
            Arity = 1, Flags = Loading | Stale | Fast, Categories = AclCategory.Admin | AclCategory.Dangerous, Since = "1.0.0", Group = "server", Tips = ["nondeterministic_output"],
            Summary = "Returns when the data set was last saved, as Unix seconds.", Complexity = "O(1)",
        },
    ];

    private static void Save(Client client, in ArgVector args)
    {
        if (client.Server.Saves.IsRunning) client.Reply.Error("ERR Background save already in progress"u8);
        else if (client.Server.Saves.Save() is { } fault) client.Reply.Error($"ERR {fault}");
        else client.Reply.Ok();
    }

    private static void BackgroundSave(Client client, in ArgVector args)
    {
        var saves = client.Server.Saves;
        var mayBeScheduled = args.Count == 2 && args[1].Is("schedule"u8);
        if (args.Count > 2 || (args.Count == 2 && !mayBeScheduled))
        {
            client.Reply.Error(SharedReplies.SyntaxError);
        }
        else if (saves.IsRunning)
        {
            client.Reply.Error("ERR Background save already in progress"u8);
        }
        else if (client.Is(ClientFlags.DenyBlocking) || (client.Server.Aof.Rewrites.IsRunning && mayBeScheduled))
        {
            // In a transaction the data is between two states; a rewrite is waited for as in Redis, which forks once at a time.
            saves.IsScheduled = true;
            client.Reply.SimpleString("Background saving scheduled"u8);
        }
        else if (client.Server.Aof.Rewrites.IsRunning)
        {
            client.Reply.Error(
                "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."u8);
        }
        else
        {
            saves.StartInBackground();
            client.Reply.SimpleString("Background saving started"u8);
        }
    }

    private static void LastSave(Client client, in ArgVector args) => client.Reply.Integer(client.Server.Saves.LastSaveSeconds);
}
