using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

/// <summary>Loads a file of JSON; see <see cref="JsonFileWriter"/>.</summary>
internal sealed class JsonLoad(RedisServer server, string path) : LoadPart
{
    private FileStream? _stream;
    private JsonFileReader? _reader;

    /// <inheritdoc/>
    internal override string FilePath => path;

    /// <inheritdoc/>
    internal override long TotalBytes => _stream?.Length ?? 0;

    /// <inheritdoc/>
    internal override long LoadedBytes => _reader?.Offset ?? 0;

    /// <inheritdoc/>
    internal override long KeysLoaded => _reader?.KeysLoaded ?? 0;

    /// <inheritdoc/>
    internal override void Open()
    {
        _stream = new FileStream(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });
        _reader = new JsonFileReader(server.Keyspace, _stream, path);
    }

    /// <inheritdoc/>
    internal override bool ReadSlice(long budgetMicros, long mostBytes)
    {
        try
        {
            if (!_reader!.ReadSlice(budgetMicros, mostBytes)) return false;
        }
        catch (JsonFileException e)
        {
            throw new LoadException(e.Message, e);
        }

        server.Saves.Functions = [.. _reader.Functions];
        server.Loader.CountKeys(_reader.KeysLoaded, _reader.KeysExpired);
        server.Log.Notice($"Done loading JSON, keys loaded: {_reader.KeysLoaded}, keys expired: {_reader.KeysExpired}.");
        return true;
    }

    /// <inheritdoc/>
    public override void Dispose() => _stream?.Dispose();
}
