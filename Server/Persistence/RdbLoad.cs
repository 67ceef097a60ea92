using System.Globalization;
using KestrelFree.Server.Config;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

/// <summary>Loads an RDB file.</summary>
internal sealed class RdbLoad(RedisServer server, string path, KnownKeys knownKeys) : LoadPart
{
    private readonly PerKeyDelay _delay = new(server.Config.KeyLoadDelayMicros);
    private FileStream? _stream;
    private RdbInput? _input;
    private RdbFileReader? _reader;

    /// <inheritdoc/>
    internal override string FilePath => path;

    /// <inheritdoc/>
    internal override long TotalBytes => _stream?.Length ?? 0;

    /// <inheritdoc/>
    internal override long LoadedBytes => _input?.Offset ?? 0;

    /// <inheritdoc/>
    internal override long KeysLoaded => _reader?.KeysLoaded ?? 0;

    /// <inheritdoc/>
    internal override long UsedMemory => _reader is not null && _reader.Aux.TryGetValue("used-mem", out var text) && long.TryParse(text, out var bytes) ? bytes : 0;

    /// <inheritdoc/>
    internal override void Open()
    {
        _stream = new FileStream(path, new FileStreamOptions { Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0, Options = FileOptions.SequentialScan });
        _input = new RdbInput(_stream, path) { Refilled = server.Loader.PauseWithinValue };
        var config = server.Config;
        _reader = new RdbFileReader(server.Keyspace, config.SanitizeDumpPayload == SanitizeDumpPayload.Yes ? PayloadCheck.Deep : PayloadCheck.Shallow)
        {
            KnownKeys = knownKeys,
            MostBytes = _stream.Length,
            VerifiesChecksum = config.RdbChecksum && !server.Loader.SkipsChecksums,
            AuxRead = LogAux,
            EmptyKeyRead = key => server.Log.Notice($"rdbLoadObject skipping empty key: {(server.Config.HideUserDataFromLog ? "*redacted*" : ByteText.From(key))}"),
            BeforeKey = config.KeyLoadDelayMicros == 0 ? null : () => _delay.PassUnless(static () => false),
        };
        Guarded(() => _reader.Begin(_input));
    }

    /// <inheritdoc/>
    internal override bool ReadSlice(long budgetMicros, long mostBytes)
    {
        Guarded(() => _reader!.ReadSlice(budgetMicros, mostBytes));
        if (!_reader!.IsComplete) return false;
        server.Saves.Functions = [.. _reader.Functions];
        if (_reader.Functions.Count > 0)
            server.Log.Warning($"The RDB file holds {_reader.Functions.Count} libraries of functions. They are kept and saved again, but they cannot run in this version.");
        server.Loader.CountKeys(_reader.KeysLoaded, _reader.KeysExpired);
        var empty = _reader.KeysEmpty > 0 ? $", empty keys skipped: {_reader.KeysEmpty}" : "";
        server.Log.Notice($"Done loading RDB, keys loaded: {_reader.KeysLoaded}, keys expired: {_reader.KeysExpired}{empty}.");
        return true;
    }

    /// <inheritdoc/>
    public override void Dispose() => _stream?.Dispose();

    private void Guarded(Action read)
    {
        try
        {
            read();
        }
        catch (RdbException e)
        {
            server.Log.Warning(e.Kind switch
            {
                RdbFault.Short => "Short read or OOM loading DB. Unrecoverable error, aborting now.",
                RdbFault.Checksum => $"Wrong RDB checksum: RDB CRC error, {e.Message}. Aborting now.",
                _ => $"Bad file format reading the RDB file: {e.Message}",
            });
            throw new LoadException($"Internal error in RDB reading offset {e.Offset} -> {e.Message}", e);
        }
    }

    private void LogAux(string name, string value)
    {
        const double megabyte = 1024 * 1024;
        if (name == "redis-ver") server.Log.Notice($"Loading RDB produced by version {value}");
        else if (name == "ctime" && long.TryParse(value, CultureInfo.InvariantCulture, out var created)) server.Log.Notice($"RDB age {Math.Max(0, (server.Clock.NowMs / 1000) - created)} seconds");
        else if (name == "used-mem" && long.TryParse(value, CultureInfo.InvariantCulture, out var bytes)) server.Log.Notice($"RDB memory usage when created {(bytes / megabyte).ToString("F2", CultureInfo.InvariantCulture)} Mb");
        else if (name == "aof-base" && value == "1") server.Log.Notice("RDB is base AOF");
        else if (name.StartsWith('%')) server.Log.Notice($"RDB '{name}': {value}");
    }
}
