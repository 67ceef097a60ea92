using System.Diagnostics;
using System.Net.Sockets;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Persistence;

/// <summary>Where a file stands among those that are loaded.</summary>
internal enum AofPlace
{
    /// <summary>Others follow: it must be whole.</summary>
    Earlier,

    /// <summary>It may have been cut short by a crash.</summary>
    Last,
}

// Replays one file of an append-only file: a snapshot, if the file begins with one, and then requests, run by a client without a connection.
//
// Nothing expires meanwhile: whoever wrote the file wrote down what went, and when, so a request must find what its first run found.
//
// What a crash leaves at the end of the last file is a request of which the end is missing, or a transaction without EXEC, or zeros where the
// file system had made room for bytes that never came. With aof-load-truncated the file is cut behind the last whole request or transaction, and
// what is cut is kept in a file beside it. Anything else that is no request is refused, with its offset, unless it is at most
// aof-load-corrupt-tail-max-size bytes from there to the end.

/// <summary>Loads a file of an append-only file.</summary>
internal sealed class AofLoad(RedisServer server, string path, AofPlace place) : LoadPart
{
    private const int RequestsPerLook = 32;

    private readonly PerKeyDelay _delay = new(server.Config.KeyLoadDelayMicros);
    private long _length;
    private long _valid;
    private long _requests;
    private FileStream? _stream;
    private AofReader? _reader;
    private RdbInput? _input;
    private RdbFileReader? _snapshot;
    private Socket? _socket;
    private Client? _client;

    /// <inheritdoc/>
    internal override string FilePath => path;

    /// <inheritdoc/>
    internal override long TotalBytes => _length;

    /// <inheritdoc/>
    internal override long LoadedBytes => _snapshot is { IsComplete: false } ? _input!.Offset : _reader?.Offset ?? 0;

    /// <inheritdoc/>
    internal override long KeysLoaded => _snapshot?.KeysLoaded ?? 0;

    /// <summary>Whether a file begins with a snapshot; it stands at its beginning before and after. Throws IOException.</summary>
    internal static bool BeginsWithSnapshot(Stream file)
    {
        Span<byte> magic = stackalloc byte[5];
        var begins = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("REDIS"u8);
        file.Position = 0;
        return begins;
    }

    /// <inheritdoc/>
    internal override void Open()
    {
        _stream = OpenStream();
        _length = _stream.Length;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _client = new Client(server, _socket, id: -1, listener: null) { User = server.Users.Superuser, IsAuthenticated = true, Flags = ClientFlags.DenyBlocking };
        server.Keyspace.ExpiredKeys = ExpiredKeys.Show;
        if (BeginsWithSnapshot(_stream)) BeginSnapshot();
        else BeginRequests(0);
    }

    /// <inheritdoc/>
    internal override bool ReadSlice(long budgetMicros, long mostBytes)
    {
        if (_snapshot is { IsComplete: false })
        {
            Guarded(() => _snapshot.ReadSlice(budgetMicros, mostBytes));
            if (!_snapshot.IsComplete) return false;
            BeginRequests(_input!.Offset);
        }

        return ReadRequests(budgetMicros, mostBytes);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (server.Keyspace.ExpiredKeys == ExpiredKeys.Show) server.Keyspace.ExpiredKeys = ExpiredKeys.Hide;
        _stream?.Dispose();
        _socket?.Dispose();
    }

    private FileStream OpenStream()
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0, Options = FileOptions.SequentialScan });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"Fatal error: can't open the append log file {path} for reading: {SystemErrorText.Of(e)}", e);
        }
    }

    private void BeginSnapshot()
    {
        server.Log.Notice("Reading RDB base file on AOF loading...");
        _input = new RdbInput(_stream!, path) { Refilled = server.Loader.PauseWithinValue };
        _snapshot = new RdbFileReader(server.Keyspace, server.Config.SanitizeDumpPayload == SanitizeDumpPayload.Yes ? PayloadCheck.Deep : PayloadCheck.Shallow)
        {
            ExpiredKeys = ExpiredKeys.Show,
            VerifiesChecksum = server.Config.RdbChecksum,
        };
        Guarded(() => _snapshot.Begin(_input));
    }

    private void Guarded(Action read)
    {
        try
        {
            read();
        }
        catch (RdbException e)
        {
            throw new LoadException($"Error reading the RDB preamble of the AOF file {path}, AOF loading aborted: offset {e.Offset}, {e.Message}", e);
        }
    }

    private void BeginRequests(long offset)
    {
        if (_snapshot is not null)
        {
            server.Saves.Functions = [.. _snapshot.Functions];
            server.Loader.CountKeys(_snapshot.KeysLoaded, _snapshot.KeysExpired);
        }

        _valid = offset;
        _reader = new AofReader(_stream!, path, offset);
    }

    private bool ReadRequests(long budgetMicros, long mostBytes)
    {
        var began = Stopwatch.GetTimestamp();
        var offsetBefore = _reader!.Offset;
        while (true)
        {
            for (var i = 0; i < RequestsPerLook; i++)
            {
                if (!ReadNext(_reader)) return true;
            }

            if (_reader.Offset - offsetBefore >= mostBytes || Stopwatch.GetElapsedTime(began).TotalMicroseconds >= budgetMicros) return false;
        }
    }

    // False at the end of the file.
    private bool ReadNext(AofReader reader)
    {
        switch (reader.Next())
        {
            case AofToken.Request:
                Replay(reader.Arguments);
                if (!_client!.Is(ClientFlags.Multi)) _valid = reader.Offset;
                return true;
            case AofToken.Annotation:
                return true;
            case AofToken.Incomplete:
                EndOfFile(reader);
                return false;
            default:
                Refuse(reader);
                return false;
        }
    }

    private void Replay(in ArgVector args)
    {
        var client = _client!;
        var command = server.Dispatch.ResolveReplayed(args);
        if (command?.Spec.Handler is null || !command.Spec.Admits(args.Count))
            throw new LoadException($"Unknown command '{ByteText.From(args[0])}' reading the append only file {path}, offset {_reader!.TokenOffset}");
        _requests++;
        if (client.Transaction is { } transaction && command.Spec.Name != "exec")
        {
            transaction.Queue(command, args);
            return;
        }

        var errors = client.Reply.ErrorsWritten;
        client.LastCommand = command;
        command.Spec.Handler(client, args);
        if (client.Reply.ErrorsWritten != errors) Complain(command, client.Reply.Buffer.ToArray());
        client.Reply.Buffer.Release();
        if (server.Config.KeyLoadDelayMicros != 0) _delay.PassUnless(static () => false);
    }

    // What was written has succeeded once; that it fails now says that the file does not tell all.
    private void Complain(Command command, ReadOnlySpan<byte> reply)
    {
        server.Statistics.UnexpectedErrors++;
        server.Log.Warning(
            $"== CRITICAL == This server is sending an error to its AOF-loading-client: '{FirstErrorIn(reply)}' after processing the command '{command.FullName}' at offset " +
            $"{_reader!.TokenOffset} of {path}");
        if (server.Config.PropagationErrorBehavior == PropagationErrorBehavior.Panic)
            throw new LoadException($"This server panicked sending an error to its AOF-loading-client after processing the command '{command.FullName}' (propagation-error-behavior)");
    }

    private static string FirstErrorIn(ReadOnlySpan<byte> reply)
    {
        // EXEC's reply has it somewhere.
        var begin = reply[0] == '-' ? 0 : reply.IndexOf("\r\n-"u8) + 2;
        var text = reply[begin..];
        var end = text.IndexOf((byte)'\r');
        return ByteText.From(text[..(end < 0 ? text.Length : end)]);
    }

    private void EndOfFile(AofReader reader)
    {
        var isInTransaction = _client!.Is(ClientFlags.Multi);
        if (reader.Offset == _length && !isInTransaction)
        {
            server.Log.Verbose($"Replayed {_requests} requests of {path}");
            return;
        }

        if (isInTransaction) server.Log.Warning($"Revert incomplete MULTI/EXEC transaction from AOF file {path}");
        if (place != AofPlace.Last) throw new LoadException($"Fatal error: the truncated file {path}, valid up to offset {_valid}, is not the last file");
        if (!server.Config.AofLoadTruncated)
        {
            throw new LoadException(
                $"Unexpected end of file reading the append only file {path}, valid up to offset {_valid}. You can: 1) Make a backup of your AOF file, then use --check-aof --fix " +
                "<filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.");
        }

        server.Log.Warning($"!!! Warning: short read while loading the AOF file {path}!!!");
        server.Log.Warning("AOF loaded anyway because aof-load-truncated is enabled");
        Cut();
    }

    private void Refuse(AofReader reader)
    {
        var most = server.Config.AofLoadCorruptTailMaxSize;
        if (place == AofPlace.Last && server.Config.AofLoadTruncated && _length - _valid <= most)
        {
            server.Log.Warning($"!!! Warning: corrupt tail of {_length - _valid} bytes from offset {_valid} on in the AOF file {path}!!!");
            server.Log.Warning($"AOF loaded anyway because aof-load-corrupt-tail-max-size is {most}");
            Cut();
            return;
        }

        throw new LoadException(
            $"Bad file format reading the append only file {path}, offset {reader.TokenOffset}: make a backup of your AOF file, then use --check-aof --fix <filename.manifest>");
    }

    private void Cut()
    {
        TransactionCommands.End(_client!);
        var kept = AofTail.Cut(path, _valid);
        server.Log.Warning($"Truncating the AOF {path} at offset {_valid}; the {_length - _valid} bytes behind it are kept in {kept}");
    }
}
