using System.Net.Sockets;
using System.Text;
using KestrelFree.Server.Loop;

namespace KestrelFree.Server.Metrics;

// One scrape: a request of HTTP/1.x is received up to its empty line, answered, and the connection closed. GET and HEAD of /metrics are all
// there is. A request may take 8 KB and ten seconds; whoever needs more is closed, and so is a body.

/// <summary>A connection to metrics-port.</summary>
internal sealed class MetricsConnection : Pollable
{
    private const int LargestRequestBytes = 8 * 1024;

    private readonly MetricsEndpoint _endpoint;
    private readonly byte[] _request = new byte[LargestRequestBytes];
    private int _received;
    private byte[] _response = [];
    private int _sent;

    /// <summary>The timer that ends its patience.</summary>
    internal long TimerId { get; set; }

    internal MetricsConnection(MetricsEndpoint endpoint, Socket socket)
        : base(socket) => _endpoint = endpoint;

    /// <inheritdoc/>
    public override void OnReadable()
    {
        var received = Socket.Receive(_request.AsSpan(_received), SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock) return;
        _received += Math.Max(received, 0);
        if (received <= 0 || _response.Length > 0)
        {
            _endpoint.Close(this);
            return;
        }

        var end = _request.AsSpan(0, _received).IndexOf("\r\n\r\n"u8);
        if (end < 0 && _received < LargestRequestBytes) return;
        _response = end < 0 ? Response("431 Request Header Fields Too Large", "", "") : Answer(Encoding.Latin1.GetString(_request, 0, _request.AsSpan().IndexOf("\r\n"u8)));
        OnWritable();
    }

    /// <inheritdoc/>
    public override void OnWritable()
    {
        var sent = Socket.Send(_response.AsSpan(_sent), SocketFlags.None, out var error);
        _sent += Math.Max(sent, 0);
        if (error is not (SocketError.Success or SocketError.WouldBlock) || _sent == _response.Length) _endpoint.Finish(this);
        else _endpoint.AwaitWritable(this);
    }

    private byte[] Answer(string requestLine)
    {
        var words = requestLine.Split(' ');
        if (words.Length != 3 || !words[2].StartsWith("HTTP/1.", StringComparison.Ordinal)) return Response("400 Bad Request", "", "");
        if (words[0] is not ("GET" or "HEAD")) return Response("405 Method Not Allowed", "Allow: GET, HEAD\r\n", "");
        if (words[1].Split('?')[0] != "/metrics") return Response("404 Not Found", "", "Metrics are at /metrics.\n");
        var text = _endpoint.Text();
        var response = Response("200 OK", $"Content-Type: {MetricsText.ContentType}\r\n", text);
        return words[0] == "GET" ? response : response[..^Encoding.UTF8.GetByteCount(text)];
    }

    private static byte[] Response(string status, string headers, string body) =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}");
}
