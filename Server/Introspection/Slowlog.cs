using System.Diagnostics;
using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Networking;

namespace KestrelFree.Server.Introspection;

/// <summary>A command that took long.</summary>
/// <param name="Id">Its number, unique over the life of the server.</param>
/// <param name="UnixSeconds">When it ended.</param>
/// <param name="Micros">How long it ran; waiting does not count.</param>
/// <param name="Arguments">The request, trimmed, its secrets taken out.</param>
/// <param name="Address">The client's address.</param>
/// <param name="ClientName">The client's name, empty when it has none.</param>
internal sealed record SlowlogEntry(long Id, long UnixSeconds, long Micros, byte[][] Arguments, string Address, byte[] ClientName);

/// <summary>The last commands that took at least slowlog-log-slower-than microseconds, slowlog-max-len of them.</summary>
internal sealed class Slowlog
{
    private const int MaxArguments = 32;
    private const int MaxArgumentBytes = 128;

    private static readonly long TicksPerMicro = Stopwatch.Frequency / 1_000_000;

    private readonly RedisServer _server;
    private readonly LinkedList<SlowlogEntry> _entries = new();
    private long _nextId;

    internal Slowlog(RedisServer server) => _server = server;

    /// <summary>How many commands it holds.</summary>
    internal int Count => _entries.Count;

    /// <summary>The commands, the latest first.</summary>
    internal IEnumerable<SlowlogEntry> Entries => _entries;

    /// <summary>Keeps a command if it took long enough and may be shown.</summary>
    internal void Push(Client client, Command command, in ArgVector args, long ticks)
    {
        var threshold = _server.Config.SlowlogLogSlowerThanUs;
        var micros = ticks / TicksPerMicro;
        if (threshold < 0 || micros < threshold || (command.Flags & CommandFlags.SkipSlowlog) != 0 || _server.Config.SlowlogMaxLen == 0) return;
        _entries.AddFirst(new SlowlogEntry(_nextId++, _server.Clock.NowMs / 1000, micros, Trimmed(command, args), client.Address, client.Name));
        Trim();
    }

    /// <summary>Forgets what exceeds slowlog-max-len.</summary>
    internal void Trim()
    {
        while (_entries.Count > _server.Config.SlowlogMaxLen) _entries.RemoveLast();
    }

    /// <summary>SLOWLOG RESET.</summary>
    internal void Clear() => _entries.Clear();

    // The last place of a long request tells how many arguments are left out.
    private static byte[][] Trimmed(Command command, in ArgVector args)
    {
        var kept = new byte[Math.Min(args.Count, MaxArguments)][];
        for (var i = 0; i < kept.Length; i++) kept[i] = Trimmed(Redaction.Shown(command, args, i));
        if (args.Count > MaxArguments) kept[^1] = Encoding.ASCII.GetBytes($"... ({args.Count - MaxArguments + 1} more arguments)");
        return kept;
    }

    private static byte[] Trimmed(ReadOnlySpan<byte> argument) => argument.Length <= MaxArgumentBytes
        ? argument.ToArray()
        : [.. argument[..MaxArgumentBytes], .. Encoding.ASCII.GetBytes($"... ({argument.Length - MaxArgumentBytes} more bytes)")];
}
