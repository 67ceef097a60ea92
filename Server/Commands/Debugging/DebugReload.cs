using KestrelFree.Protocol;
using KestrelFree.Server.Blocking;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Persistence;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

// What is small is loaded at once. For more the client waits while the loop loads, and others are told that the server is loading, as at start; in a
// transaction, where nobody may wait, it is loaded at once too.

/// <summary>DEBUG RELOAD.</summary>
internal static class DebugReload
{
    private struct Options
    {
        internal bool Merges;
        internal bool KeepsData;
        internal bool KeepsFile;
    }

    internal static void Execute(Client client, in ArgVector args)
    {
        if (!TryParseOrReply(client, args, out var options)) return;
        var server = client.Server;
        if (server.Loader.IsLoading)
        {
            client.Reply.Error("LOADING Redis is loading the dataset in memory"u8);
            return;
        }

        if (!options.KeepsFile && server.Saves.Save() is { } fault)
        {
            client.Reply.Error($"ERR {fault}");
            return;
        }

        var changes = server.Observer.Dirty;
        if (!options.KeepsData) server.Keyspace.FlushAll(FlushMode.Sync);
        server.Observer.CountSaved(server.Observer.Dirty - changes);
        Load(client, options.Merges ? KnownKeys.Replace : KnownKeys.Refuse);
    }

    private static bool TryParseOrReply(Client client, in ArgVector args, out Options options)
    {
        options = default;
        for (var i = 2; i < args.Count; i++)
        {
            if (args[i].Is("merge"u8)) options.Merges = true;
            else if (args[i].Is("noflush"u8)) options.KeepsData = true;
            else if (args[i].Is("nosave"u8)) options.KeepsFile = true;
            else
            {
                client.Reply.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."u8);
                return false;
            }
        }

        return true;
    }

    private static void Load(Client client, KnownKeys knownKeys)
    {
        var server = client.Server;
        WaitingForReload? waiting = null;
        server.Loader.Begin([new RdbLoad(server, server.Saves.FilePath, knownKeys)], error => Ended(client, waiting, error));
        server.Loader.LoadSlice();
        if (!server.Loader.IsLoading) return;
        if (client.Is(ClientFlags.DenyBlocking))
        {
            server.Loader.Finish();
            return;
        }

        waiting = new WaitingForReload();
        server.Blocked.Block(client, waiting, timeoutMs: 0);
    }

    private static void Ended(Client client, WaitingForReload? waiting, string? error)
    {
        if (error is null) client.Server.Log.Notice("DB reloaded by DEBUG RELOAD");
        if (waiting is not null && client.Blocked != waiting) return;
        if (error is null) client.Reply.Ok();
        else client.Reply.Error($"ERR Error trying to load the RDB dump, check server logs. {error}");
        if (waiting is not null) client.Server.Blocked.Unblock(client);
    }

    private sealed class WaitingForReload : BlockedOperation
    {
        internal override void ReplyTimeout(Client client) => client.Reply.Null();
    }
}
