using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KestrelFree.Benchmarks.EndToEnd;

/// <summary>A blocking connection of a measurement, which waits for each reply.</summary>
internal sealed class ProbeConnection : IDisposable
{
    private const int LoadBatch = 1000;
    private const int OkBytes = 5;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Connects to a server on this machine.</summary>
    public ProbeConnection(int port) => _socket.Connect(IPAddress.Loopback, port);

    /// <summary>The key of a number: as redis-benchmark makes it of __rand_int__.</summary>
    public static string KeyOf(int number) => string.Create(CultureInfo.InvariantCulture, $"key:{number:D12}");

    /// <summary>Sends a request and returns its reply, which must be one line or one bulk string.</summary>
    public string Ask(params string[] words)
    {
        _socket.Send(Encoding.ASCII.GetBytes($"*{words.Length}\r\n{string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n"))}"));
        var text = "";
        do
            text += Encoding.UTF8.GetString(_buffer, 0, _socket.Receive(_buffer));
        while (!IsWhole(text));
        return text;
    }

    /// <summary>A field of INFO. All of INFO takes a server a millisecond or two: whoever measures turns names the section.</summary>
    public long InfoNumber(string field, string section = "everything")
    {
        var info = Ask("INFO", section);
        var at = info.IndexOf($"\n{field}:", StringComparison.Ordinal) + field.Length + 2;
        return long.Parse(info.AsSpan(at, info.IndexOf('\r', at) - at), CultureInfo.InvariantCulture);
    }

    /// <summary>Sets the keys of the numbers below a bound, in pipelines.</summary>
    public void Load(int keys, int valueBytes)
    {
        var value = new string('x', valueBytes);
        for (var from = 0; from < keys; from += LoadBatch)
        {
            var count = Math.Min(LoadBatch, keys - from);
            var requests = new StringBuilder();
            for (var number = from; number < from + count; number++)
                requests.Append(CultureInfo.InvariantCulture, $"*3\r\n$3\r\nSET\r\n$16\r\n{KeyOf(number)}\r\n${valueBytes}\r\n{value}\r\n");

            _socket.Send(Encoding.ASCII.GetBytes(requests.ToString()));
            for (var left = count * OkBytes; left > 0;)
                left -= _socket.Receive(_buffer, Math.Min(left, _buffer.Length), SocketFlags.None);
        }
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n", StringComparison.Ordinal);
        return end >= 0 && (text[0] != '$' || text[1] == '-' || Encoding.UTF8.GetByteCount(text) >= end + 4 + int.Parse(text.AsSpan(1, end - 1), CultureInfo.InvariantCulture));
    }
}
