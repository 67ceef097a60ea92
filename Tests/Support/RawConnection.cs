using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace KestrelFree.Tests.Support;

/// <summary>A client that sends raw bytes and hands back raw replies, one frame at a time; every wait has a limit.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly TimeSpan _patience;
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>Connects; throws SocketException when nobody listens.</summary>
    public RawConnection(EndPoint server, TimeSpan? patience = null)
    {
        _patience = patience ?? Eventually.Patience;
        var protocol = server is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified;
        _socket = new Socket(server.AddressFamily, SocketType.Stream, protocol);
        try
        {
            _socket.Connect(server);
            if (protocol == ProtocolType.Tcp) _socket.NoDelay = true;
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>The socket itself, for tests that misuse it.</summary>
    public Socket Socket => _socket;

    /// <summary>The client's own address as the server prints it.</summary>
    public string LocalAddress => _socket.LocalEndPoint!.ToString()!;

    /// <summary>Sends bytes as they are.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[_socket.Send(bytes)..];
    }

    /// <summary>Sends one multibulk request.</summary>
    public void SendRequest(params IReadOnlyList<string> arguments) => Send(RequestBytes.Of(arguments));

    /// <summary>Sends one multibulk request and returns the text of its reply (see <see cref="ReplyText"/>).</summary>
    public string Ask(params IReadOnlyList<string> arguments)
    {
        SendRequest(arguments);
        return ReadText();
    }

    /// <summary>Sends a request written as a line, quotes as in redis-cli, and returns the text of its reply.</summary>
    public string AskLine(string line) => Ask(ByteText.SplitArguments(line));

    /// <summary>The payload of a bulk or verbatim reply to a request, as text; anything else as it reads.</summary>
    public string AskPayload(params IReadOnlyList<string> arguments)
    {
        SendRequest(arguments);
        var frame = ReadReply();
        var head = frame.AsSpan().IndexOf("\r\n"u8) + 2;
        return frame[0] is (byte)'$' or (byte)'=' && head < frame.Length ? ByteText.Text(frame.AsSpan()[head..^2]) : ReplyText.Render(frame);
    }

    /// <summary>The text of the next reply.</summary>
    public string ReadText() => ReplyText.Render(ReadReply());

    /// <summary>The bytes of exactly one reply.</summary>
    /// <exception cref="TimeoutException">The reply did not come; says what did.</exception>
    /// <exception cref="EndOfStreamException">The server closed the connection first; says what came before.</exception>
    public byte[] ReadReply()
    {
        var watch = Stopwatch.StartNew();
        int length;
        while (!ReplyFrames.TryMeasure(_buffer.AsSpan(_start, _end - _start), out length))
        {
            if (!ReceiveMore(watch))
                throw new EndOfStreamException($"The server closed the connection after {Received()}.");
        }

        var frame = _buffer.AsSpan(_start, length).ToArray();
        _start += length;
        return frame;
    }

    /// <summary>The next reply, or null when the server closed the connection (or reset it) instead.</summary>
    public byte[]? ReadReplyOrClosed()
    {
        try
        {
            return ReadReply();
        }
        catch (EndOfStreamException)
        {
            return null;
        }
    }

    /// <summary>Everything until the server closes the connection; fails when it keeps it open.</summary>
    public byte[] ReadToEnd()
    {
        var watch = Stopwatch.StartNew();
        while (ReceiveMore(watch))
        {
        }

        var rest = _buffer.AsSpan(_start, _end - _start).ToArray();
        _start = _end;
        return rest;
    }

    /// <summary>The bytes that have come by now, without waiting, and whether the server has closed the connection behind them.</summary>
    public byte[] ReadAvailable(out bool isClosed)
    {
        isClosed = false;
        while (!isClosed && _socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
            isClosed = !ReceiveMore(Stopwatch.StartNew());

        var available = _buffer.AsSpan(_start, _end - _start).ToArray();
        _start = _end;
        return available;
    }

    /// <summary>Whether bytes or the end of the connection come within a time.</summary>
    public bool HasInput(TimeSpan wait) => _start < _end || _socket.Poll(wait, SelectMode.SelectRead);

    /// <summary>Whether the server has closed the connection by now; false while unread bytes or nothing wait.</summary>
    public bool IsClosedByServer(TimeSpan wait)
    {
        if (_start < _end || !_socket.Poll(wait, SelectMode.SelectRead)) return false;

        try
        {
            return _socket.Available == 0 && _socket.Receive(new byte[1], SocketFlags.Peek) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Tells the server that no more requests follow; replies can still be read.</summary>
    public void CloseSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes with a reset in place of the orderly end.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();

    private bool ReceiveMore(Stopwatch watch)
    {
        MakeRoom();
        var left = _patience - watch.Elapsed;
        if (left <= TimeSpan.Zero || !_socket.Poll(left, SelectMode.SelectRead))
            throw new TimeoutException($"No whole reply within {_patience.TotalSeconds:0.#} s from {_socket.RemoteEndPoint}; received {Received()}.");

        var count = _socket.Receive(_buffer.AsSpan(_end), SocketFlags.None, out var error);
        if (error is not (SocketError.Success or SocketError.ConnectionReset or SocketError.ConnectionAborted))
            throw new SocketException((int)error);

        _end += count;
        return count > 0;
    }

    private void MakeRoom()
    {
        if (_start == _end) _start = _end = 0;

        if (_end == _buffer.Length) Array.Resize(ref _buffer, 2 * _buffer.Length);
    }

    private string Received()
    {
        var bytes = _buffer.AsSpan(_start, _end - _start);
        return bytes.Length <= 1000 ? ByteText.Quote(bytes) : $"{ByteText.Quote(bytes[..1000])} and {bytes.Length - 1000} more bytes";
    }
}
