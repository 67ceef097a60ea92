using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace KestrelFree.Tests.Support;

/// <summary>A client that speaks TLS, and hands back raw replies; it trusts every server.</summary>
internal sealed class TlsConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly SslStream _stream;
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>Connects and shakes hands; throws what SslStream throws when the server does not want to.</summary>
    public TlsConnection(EndPoint server, X509Certificate2? certificate = null, SslProtocols protocols = SslProtocols.None, int pieceBytes = int.MaxValue)
    {
        _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        try
        {
            _socket.Connect(server);
            _stream = new SslStream(new PiecewiseStream(_socket, pieceBytes));
            _stream.AuthenticateAsClient(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ClientCertificates = certificate is null ? null : [certificate],
                EnabledSslProtocols = protocols,
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            });
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>The socket itself, for tests that misuse it.</summary>
    public Socket Socket => _socket;

    /// <summary>The version agreed upon.</summary>
    public SslProtocols Protocol => _stream.SslProtocol;

    /// <summary>The cipher agreed upon.</summary>
    public TlsCipherSuite Cipher => _stream.NegotiatedCipherSuite;

    /// <summary>What the server calls itself.</summary>
    public string ServerName => _stream.RemoteCertificate!.Subject;

    /// <summary>Sends bytes.</summary>
    public void Send(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    /// <summary>Sends one multibulk request and returns the text of its reply.</summary>
    public string Ask(params IReadOnlyList<string> arguments)
    {
        Send(RequestBytes.Of(arguments));
        return ReplyText.Render(ReadReply());
    }

    /// <summary>The bytes of exactly one reply; throws EndOfStreamException when the server closed the connection.</summary>
    public byte[] ReadReply()
    {
        int length;
        while (!ReplyFrames.TryMeasure(_buffer.AsSpan(_start, _end - _start), out length)) ReceiveMore();
        var frame = _buffer.AsSpan(_start, length).ToArray();
        _start += length;
        return frame;
    }

    /// <summary>Whether the server has ended the connection in order or not; waits for it.</summary>
    public bool IsClosed()
    {
        try
        {
            return _stream.Read(new byte[1]) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private void ReceiveMore()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, 2 * _buffer.Length);
        var count = _stream.Read(_buffer.AsSpan(_end));
        if (count == 0) throw new EndOfStreamException("The server closed the connection.");
        _end += count;
    }

    // Sends in pieces, each with a packet of its own.
    private sealed class PiecewiseStream(Socket socket, int pieceBytes) : NetworkStream(socket)
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            for (var end = offset + count; offset < end;) offset += Socket.Send(buffer, offset, Math.Min(pieceBytes, end - offset), SocketFlags.None);
        }
    }
}
