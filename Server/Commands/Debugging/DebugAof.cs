using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Persistence;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>DEBUG's subcommands on the append-only file.</summary>
internal static class DebugAof
{
    private const int MicrosPerMs = 1000;

    /// <summary>DEBUG AOF-FLUSH-SLEEP: writes become slow.</summary>
    internal static void FlushSleep(Client client, in ArgVector args)
    {
        if (!ArgumentParsing.TryIntegerOrReply(client, args[2], out var micros)) return;
        client.Server.Aof.WritePauseMs = (int)Math.Clamp(micros / MicrosPerMs, 0, int.MaxValue);
        client.Reply.Ok();
    }

    /// <summary>DEBUG LOADAOF: what is on disk takes the place of what is in memory; everybody waits.</summary>
    internal static void Load(Client client, in ArgVector args)
    {
        var server = client.Server;
        if (server.Loader.IsLoading)
        {
            client.Reply.Error("LOADING Redis is loading the dataset in memory"u8);
            return;
        }

        var changes = server.Observer.Dirty;
        server.Aof.FlushNow();
        server.Keyspace.FlushAll(FlushMode.Sync);
        string? fault = null;
        var parts = AofParts.Of(server);
        if (parts.Count > 0)
        {
            server.Loader.Begin(parts, error => fault = error);
            server.Loader.Finish();
        }

        server.Observer.CountSaved(server.Observer.Dirty - changes);
        if (fault is not null)
        {
            client.Reply.Error($"ERR Error trying to load the AOF files, check server logs. {fault}");
            return;
        }

        server.Log.Notice("Append Only File loaded by DEBUG LOADAOF");
        client.Reply.Ok();
    }
}
