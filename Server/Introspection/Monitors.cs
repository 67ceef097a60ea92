using System.Buffers;
using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Introspection;

/// <summary>The clients that MONITOR shows every command to, each in a line that is encoded once for all of them.</summary>
internal sealed class Monitors
{
    private const CommandFlags Unshown = CommandFlags.SkipMonitor | CommandFlags.Admin;
    private const int LongestEscape = 4;
    private const int PieceBytes = 4096;
    private const int KeptLineBytes = 1 << 20;

    // However it is escaped, an array holds it.
    private const int MostShownBytes = 256 << 20;

    private readonly RedisServer _server;
    private readonly List<Client> _clients = [];
    private ArrayBufferWriter<byte> _line = new();

    internal Monitors(RedisServer server) => _server = server;

    /// <summary>Whether anybody watches.</summary>
    internal bool IsWatched { get; private set; }

    /// <summary>Shows a client all commands from now on.</summary>
    internal void Add(Client client)
    {
        client.Flags |= ClientFlags.Monitor;
        _clients.Add(client);
        IsWatched = true;
        _server.Dispatch.FollowObservers();
    }

    /// <summary>Shows a client no more commands; O(monitors).</summary>
    internal void Remove(Client client)
    {
        if (!client.Is(ClientFlags.Monitor)) return;
        client.Flags &= ~ClientFlags.Monitor;
        _clients.Remove(client);
        IsWatched = _clients.Count != 0;
        _server.Dispatch.FollowObservers();
    }

    /// <summary>Shows a command that has run; what administers the server is not shown.</summary>
    internal void Feed(Client client, Command command, in ArgVector args)
    {
        if ((command.Flags & Unshown) == 0) Show(client, command, args);
    }

    /// <summary>Shows a command whatever it is: a script shows itself before the commands that it runs.</summary>
    internal void Show(Client client, Command command, in ArgVector args)
    {
        _line.ResetWrittenCount();
        WriteHead(client);
        var left = MostShownBytes;
        for (var i = 0; i < args.Count; i++)
        {
            if (i > 0) _line.Write(" "u8);
            var argument = Redaction.Shown(command, args, i);
            var shown = argument[..Math.Min(argument.Length, left)];
            left -= shown.Length;
            WriteQuoted(shown);
            if (shown.Length < argument.Length) Encoding.Latin1.GetBytes($"... ({argument.Length - shown.Length} more bytes)", _line);
        }

        _line.Write("\r\n"u8);
        var shared = SharedReply.Create(_line.WrittenSpan);
        foreach (var monitor in _clients)
        {
            if (!monitor.IsSilent) _server.Pushes.PushAtOnce(monitor, shared);
        }

        if (_line.Capacity > KeptLineBytes) _line = new ArrayBufferWriter<byte>();
    }

    private void WriteHead(Client client)
    {
        var micros = _server.Clock.NowMicros;
        var head = $"+{micros / 1_000_000}.{micros % 1_000_000:D6} [{client.Database.Index} {(client.Is(ClientFlags.UnixSocket) ? "unix:" : "")}{client.Address}] ";
        Encoding.Latin1.GetBytes(head, _line);
    }

    private void WriteQuoted(ReadOnlySpan<byte> argument)
    {
        _line.Write("\""u8);
        for (; argument.Length > PieceBytes; argument = argument[PieceBytes..]) WritePiece(argument[..PieceBytes]);
        WritePiece(argument);
        _line.Write("\""u8);
    }

    private void WritePiece(ReadOnlySpan<byte> bytes)
    {
        var room = _line.GetSpan(bytes.Length * LongestEscape + LongestEscape);
        var length = 0;
        foreach (var value in bytes) length += WriteEscaped(room[length..], value);
        _line.Advance(length);
    }

    private static int WriteEscaped(Span<byte> room, byte value)
    {
        var letter = value switch
        {
            (byte)'\\' or (byte)'"' => value,
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            (byte)'\a' => (byte)'a',
            (byte)'\b' => (byte)'b',
            _ => (byte)0,
        };
        if (letter == 0 && value is >= (byte)' ' and <= (byte)'~')
        {
            room[0] = value;
            return 1;
        }

        room[0] = (byte)'\\';
        room[1] = letter != 0 ? letter : (byte)'x';
        if (letter != 0) return 2;
        room[2] = HexDigit(value >> 4);
        room[3] = HexDigit(value & 15);
        return 4;
    }

    private static byte HexDigit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);
}
