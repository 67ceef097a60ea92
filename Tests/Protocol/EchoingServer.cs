using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Tests.Support;

namespace KestrelFree.Tests.Protocol;

// What redis-server answers to any bytes at all, if it knew only ECHO and AUTH: enough to see from outside how it cut the
// bytes into requests and arguments, since an unknown command's error repeats what it was given.

/// <summary>Answers received bytes as redis-server would, with the parser and the writer under test.</summary>
internal sealed class EchoingServer
{
    private const int RepeatedBytes = 128;

    private readonly string? _password;
    private readonly QueryBuffer _query;
    private readonly RequestParser _parser = new();
    private readonly RequestBatch _batch = new();
    private readonly ReplyWriter _reply;
    private bool _isAuthenticated;

    internal EchoingServer(string? password = null)
    {
        var pool = new BufferPool();
        _password = password;
        _isAuthenticated = password is null;
        _query = new QueryBuffer(pool, new ReceiveBuffer());
        _reply = new ReplyWriter(new ReplyBuffer(pool));
    }

    private ParserLimits Limits => _isAuthenticated
        ? ParserLimits.Authenticated(ProtocolLimits.DefaultMaxBulkBytes)
        : ParserLimits.Unauthenticated(ProtocolLimits.DefaultMaxBulkBytes);

    /// <summary>Everything that is answered until the client closes, or is closed for an error.</summary>
    internal byte[] Answer(ReadOnlySpan<byte> bytes, int pieceBytes = int.MaxValue)
    {
        while (!bytes.IsEmpty && _parser.Fault == ProtocolFault.None)
        {
            var room = _query.GetReadSpan(_parser.BytesWanted);
            var count = Math.Min(Math.Min(room.Length, pieceBytes), bytes.Length);
            bytes[..count].CopyTo(room);
            _query.Commit(count);
            bytes = bytes[count..];
            Execute();
            _query.Settle(_parser.BytesWanted);
        }

        return _reply.Buffer.ToArray();
    }

    private void Execute()
    {
        while (_query.Length > 0)
        {
            _batch.Clear();
            var unread = _query.Unread;
            var status = _parser.Parse(unread, _batch, _isAuthenticated ? 16 : 1, Limits);
            for (var i = 0; i < _batch.Count; i++)
                Execute(_batch.GetArgs(i, unread));
            _query.Consume(_parser.Consumed);
            if (status == ParseStatus.ProtocolError) _reply.ProtocolError(_parser);
            if (status != ParseStatus.BatchFull) return;
        }
    }

    private void Execute(ArgVector args)
    {
        if (AsciiText.EqualsIgnoreCase(args[0], "echo"u8)) Echo(args);
        else if (AsciiText.EqualsIgnoreCase(args[0], "auth"u8) && _password is not null) Authenticate(args);
        else _reply.Error(UnknownCommand(args));
    }

    private void Echo(ArgVector args)
    {
        if (args.Count != 2) _reply.Error("ERR wrong number of arguments for 'echo' command");
        else if (!_isAuthenticated) _reply.Error(SharedReplies.AuthenticationRequired);
        else _reply.Bulk(args[1]);
    }

    private void Authenticate(ArgVector args)
    {
        _isAuthenticated |= args.Count == 2 && ByteText.Text(args[1]) == _password;
        if (_isAuthenticated) _reply.Ok();
        else _reply.Error(SharedReplies.WrongPassword);
    }

    private static byte[] UnknownCommand(ArgVector args)
    {
        var repeated = new StringBuilder();
        for (var i = 1; i < args.Count && repeated.Length < RepeatedBytes; i++)
            repeated.Append('\'').Append(Printed(args[i], RepeatedBytes - repeated.Length)).Append("' ");
        return ByteText.Bytes($"ERR unknown command '{Printed(args[0], RepeatedBytes)}', with args beginning with: {repeated}");
    }

    /// <summary>As printf does it: no more than so many bytes, and nothing behind a NUL.</summary>
    private static string Printed(ReadOnlySpan<byte> argument, int atMost)
    {
        var printed = argument[..Math.Min(argument.Length, atMost)];
        var nul = printed.IndexOf((byte)0);
        return ByteText.Text(nul < 0 ? printed : printed[..nul]);
    }
}
