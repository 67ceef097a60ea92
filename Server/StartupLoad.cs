using System.Globalization;
using KestrelFree.Server.Config;
using KestrelFree.Server.Persistence;
using KestrelFree.Storage;

namespace KestrelFree.Server;

// What the server begins with. With appendonly it is the append-only file; where there is none yet, a dump file is loaded and becomes its base,
// so that turning it on in the configuration never begins with an empty data set. Otherwise it is the dump file.

/// <summary>Loads the data set when the server starts, while the loop turns.</summary>
internal sealed class StartupLoad(RedisServer server, Action<string?> ended)
{
    /// <summary>Begins; <c>ended</c> is told what went wrong, or null, at once where there is nothing to load.</summary>
    internal void Begin()
    {
        if (!TryReadManifest(out var error)) ended(error);
        else if (!server.Config.AppendOnly) LoadDump(() => ended(null));
        else if (AofParts.Of(server) is { Count: > 0 } parts) server.Loader.Begin(parts, AppendOnlyLoaded);
        else LoadDump(OpenAppendOnly);
    }

    private bool TryReadManifest(out string? error)
    {
        error = null;
        try
        {
            server.Aof.Folder.Load();
            if (server.Config.AppendOnly) server.Aof.Folder.UpgradeIfNeeded();
        }
        catch (Exception e) when (e is LoadException or IOException or UnauthorizedAccessException)
        {
            error = e is LoadException ? e.Message : $"Can't read the AOF folder {server.Aof.Folder.FolderPath}: {SystemErrorText.Of(e)}";
            server.Log.Warning(error);
        }

        return error is null;
    }

    private void LoadDump(Action then)
    {
        var path = server.Saves.FilePath;
        if (!File.Exists(path))
        {
            then();
            return;
        }

        server.Loader.Begin([new RdbLoad(server, path, KnownKeys.Refuse)], error =>
        {
            if (error is null)
            {
                LogLoaded("disk");
                then();
            }
            else
            {
                server.Log.Warning("Terminating server after rdb file reading failure.");
                server.Log.Warning("Fatal error loading the DB, check server logs. Exiting.");
                ended(error);
            }
        });
    }

    private void AppendOnlyLoaded(string? error)
    {
        if (error is not null)
        {
            ended(error);
            return;
        }

        LogLoaded("append only file");
        OpenAppendOnly();
    }

    private void OpenAppendOnly() => ended(server.Aof.TryOpenAtStart() ? null : "the append-only file cannot be opened");

    private void LogLoaded(string from) =>
        server.Log.Notice(string.Create(CultureInfo.InvariantCulture, $"DB loaded from {from}: {server.Loader.ElapsedSeconds:F3} seconds"));
}
