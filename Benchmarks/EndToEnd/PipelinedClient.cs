using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>A client that sends requests in pipelines, counts their one-line replies, and in between asks single questions.</summary>
internal sealed class PipelinedClient : IDisposable
{
    private const int PipelineRequests = 500;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _received = new byte[1 << 16];
    private byte[] _requests = new byte[1 << 16];
    private int _length;
    private int _awaited;

    /// <summary>Connects to a port of this machine.</summary>
    public PipelinedClient(int port) => _socket.Connect(IPAddress.Loopback, port);

    /// <summary>Adds a request whose reply is one line; a full pipeline goes out and its replies are awaited.</summary>
    public void Send(params ReadOnlySpan<string> arguments)
    {
        Append(arguments);
        if (++_awaited == PipelineRequests) Drain();
    }

    /// <summary>Sends what is left and awaits the replies; throws when one is an error.</summary>
    public void Drain()
    {
        Flush();
        while (_awaited > 0)
        {
            var part = _received.AsSpan(0, _socket.Receive(_received));
            if (part.IsEmpty || part.Contains((byte)'-'))
                throw new InvalidOperationException($"the server answers {Encoding.Latin1.GetString(part)}");
            _awaited -= part.Count((byte)'\n');
        }
    }

    /// <summary>Adds a request whose reply is an integer, for <see cref="DrainIntegers"/>.</summary>
    public void SendForInteger(params ReadOnlySpan<string> arguments)
    {
        Append(arguments);
        _awaited++;
    }

    /// <summary>Sends what is left and hands out the integers that come back, in their order.</summary>
    public void DrainIntegers(List<long> integers)
    {
        Flush();
        integers.Clear();
        for (var length = 0; _awaited > 0;)
        {
            length += _socket.Receive(_received.AsSpan(length));
            var rest = _received.AsSpan(0, length);
            for (var end = rest.IndexOf((byte)'\n'); end >= 0; end = rest.IndexOf((byte)'\n'))
            {
                if (rest[0] != ':' || !Utf8Parser.TryParse(rest[1..], out long integer, out _))
                    throw new InvalidOperationException($"the server answers {Encoding.Latin1.GetString(rest[..end])}");
                integers.Add(integer);
                _awaited--;
                rest = rest[(end + 1)..];
            }

            rest.CopyTo(_received);
            length = rest.Length;
        }
    }

    /// <summary>Has the server say nothing until <see cref="BeHeard"/>.</summary>
    public void BeUnheard() => SendUnheard("CLIENT", "REPLY", "OFF");

    /// <summary>Adds a request to which there is no reply.</summary>
    public void SendUnheard(params ReadOnlySpan<string> arguments)
    {
        Append(arguments);
        if (_length >= _received.Length) Flush();
    }

    /// <summary>Ends what <see cref="BeUnheard"/> began, once all that was sent has been executed.</summary>
    public void BeHeard() => Ask("CLIENT", "REPLY", "ON");

    /// <summary>Asks and answers the payload of a line or a bulk string; "" for nil.</summary>
    public string Ask(params ReadOnlySpan<string> arguments)
    {
        Append(arguments);
        Flush();
        var length = 0;
        while (true)
        {
            var count = _socket.Receive(_received.AsSpan(length));
            if (count == 0) throw new InvalidOperationException("the server closes the connection");
            length += count;
            var end = _received.AsSpan(0, length).IndexOf("\r\n"u8);
            if (end < 0) continue;
            if (_received[0] != '$') return Encoding.Latin1.GetString(_received, 1, end - 1);
            if (!Utf8Parser.TryParse(_received.AsSpan(1, end - 1), out int bytes, out _))
                throw new InvalidOperationException("the server answers no length");
            if (bytes < 0 || length >= end + bytes + 4)
                return bytes < 0 ? "" : Encoding.Latin1.GetString(_received, end + 2, bytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Append(ReadOnlySpan<string> arguments)
    {
        Append($"*{arguments.Length}\r\n");
        foreach (var argument in arguments)
            Append($"${argument.Length}\r\n{argument}\r\n");
    }

    private void Append(string text)
    {
        if (_length + text.Length > _requests.Length)
            Array.Resize(ref _requests, Math.Max(_requests.Length * 2, _length + text.Length));
        _length += Encoding.Latin1.GetBytes(text, _requests.AsSpan(_length));
    }

    private void Flush()
    {
        for (var sent = 0; sent < _length;)
            sent += _socket.Send(_requests.AsSpan(sent, _length - sent));
        _length = 0;
    }
}
