using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

// --export-json FILE and --import-json FILE, with the configuration of the server whose data it is about; no server listens meanwhile.
//
//     export    what a start would load, the append-only file or the dump, is written to FILE; nothing else is touched
//     import    FILE becomes the dump file, which must not be there yet, nor, with appendonly, an append-only file: the next start loads it, and
//               makes it the base of an append-only file

/// <summary>Carries a data set between a server's files and a file of JSON.</summary>
internal sealed class JsonTransfer : IDisposable
{
    private readonly JsonTransferOptions _options;
    private readonly ServerLog _log;
    private readonly RedisServer _server;

    internal JsonTransfer(JsonTransferOptions options, ServerConfig config, ServerLog log)
    {
        _options = options;
        _log = log;

        // A tail that is not whole is the server's to cut, when it starts.
        config.Set("aof-load-truncated", ["no"]);
        _server = new RedisServer(config, log);
        LiveSettings.ConnectData(_server);
    }

    /// <summary>Does it; the exit code of the process.</summary>
    internal int Run()
    {
        try
        {
            _server.Aof.Folder.Load();
            return (_options.Direction == JsonTransferDirection.Export ? TryExport() : TryImport()) ? 0 : 1;
        }
        catch (Exception e) when (e is LoadException or IOException or UnauthorizedAccessException)
        {
            _log.Warning(e is LoadException ? e.Message : SystemErrorText.Of(e));
            return 1;
        }
        finally
        {
            _log.Flush(TimeSpan.FromSeconds(1));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _server.Dispose();

    private bool HasAppendOnlyFile => _server.Config.AppendOnly && !_server.Aof.Folder.Manifest.IsEmpty;

    private bool TryExport()
    {
        var path = _server.Saves.FilePath;
        if (!HasAppendOnlyFile && !File.Exists(path))
        {
            _log.Warning($"There is nothing to export: neither an append-only file that is on, nor {path}");
            return false;
        }

        if (!TryLoad(HasAppendOnlyFile ? AofParts.Of(_server) : [new RdbLoad(_server, path, KnownKeys.Refuse)])) return false;
        var settings = _server.Saves.SettingsNow();
        settings = settings with { Writer = file => new JsonFileWriter(file, settings.Options) };
        var target = Path.GetFullPath(_options.FilePath);
        using var snapshot = _server.Keyspace.Fork();
        if (!new RdbFileSave(target, $"{target}.part", settings, _log).Run(snapshot, static () => true)) return false;
        _log.Notice($"{snapshot.KeyCount} keys exported to {target}");
        return true;
    }

    private bool TryImport()
    {
        var path = _server.Saves.FilePath;
        var inTheWay = HasAppendOnlyFile ? _server.Aof.Folder.FolderPath : File.Exists(path) ? path : null;
        if (inTheWay is not null)
        {
            _log.Warning($"Nothing is imported: there is data in {inTheWay} already. Move it away first.");
            return false;
        }

        return TryLoad([new JsonLoad(_server, Path.GetFullPath(_options.FilePath))]) && _server.Saves.Save() is null;
    }

    private bool TryLoad(IReadOnlyList<LoadPart> parts)
    {
        string? fault = null;
        _server.Loader.Begin(parts, error => fault = error);
        _server.Loader.Finish();
        return fault is null;
    }
}
