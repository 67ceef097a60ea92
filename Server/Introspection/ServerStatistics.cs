using System.Text;

namespace KestrelFree.Server.Introspection;

/// <summary>What the server counts of itself; CONFIG RESETSTAT sets it back.</summary>
internal sealed class ServerStatistics
{
    private const int MaxErrorCodes = 128;
    private const int MaxErrorCodeLength = 64;

    private readonly SortedDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _errorCounts =
        new Dictionary<string, long>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    private long _commandsBefore;

    /// <summary>Connections accepted.</summary>
    internal long ConnectionsReceived { get; set; }

    /// <summary>Connections refused: too many clients, or protected mode.</summary>
    internal long ConnectionsRejected { get; set; }

    /// <summary>Commands executed.</summary>
    internal long Commands { get; set; }

    /// <summary>Bytes received from clients.</summary>
    internal long BytesReceived { get; set; }

    /// <summary>Bytes sent to clients.</summary>
    internal long BytesSent { get; set; }

    /// <summary>Receives from clients' sockets.</summary>
    internal long Reads { get; set; }

    /// <summary>Sends to clients' sockets.</summary>
    internal long Writes { get; set; }

    /// <summary>Error replies.</summary>
    internal long ErrorReplies { get; private set; }

    /// <summary>Error replies to whoever repeats what has succeeded before: a load of the append-only file.</summary>
    internal long UnexpectedErrors { get; set; }

    /// <summary>Clients closed because they sent more than client-query-buffer-limit without completing a request.</summary>
    internal long QueryBufferLimitDisconnections { get; set; }

    /// <summary>Clients closed because their pending replies exceeded client-output-buffer-limit.</summary>
    internal long OutputBufferLimitDisconnections { get; set; }

    /// <summary>Clients closed because all together exceeded maxmemory-clients.</summary>
    internal long EvictedClients { get; set; }

    /// <summary>The most memory that was ever in use, in bytes.</summary>
    internal long PeakMemory { get; set; }

    /// <summary>Forks made.</summary>
    internal long Forks { get; private set; }

    /// <summary>How long the last fork took, in microseconds.</summary>
    internal long LatestForkMicros { get; private set; }

    /// <summary>Commands per second, over the last 1.6 seconds.</summary>
    internal RateMeter CommandRate { get; } = new();

    /// <summary>Bytes received per second, over the last 1.6 seconds.</summary>
    internal RateMeter InputRate { get; } = new();

    /// <summary>Bytes sent per second, over the last 1.6 seconds.</summary>
    internal RateMeter OutputRate { get; } = new();

    /// <summary>Loop turns per second, over the last 1.6 seconds.</summary>
    internal RateMeter TurnRate { get; } = new();

    /// <summary>Microseconds that a turn of the loop takes, over the last 16 samples; turns stand in the place of milliseconds.</summary>
    internal RateMeter TurnDuration { get; } = new();

    /// <summary>The most commands that one turn of the loop has executed.</summary>
    internal long MostCommandsInTurn { get; private set; }

    /// <summary>How long the periodic work has taken, in ticks of the monotonic clock.</summary>
    internal long CronTicks { get; set; }

    /// <summary>How long the loop has taken to write and, where it does so itself, sync the append-only file, in the same ticks.</summary>
    internal long AofTicks { get; set; }

    /// <summary>What garbage collection has cost.</summary>
    internal GcPauses GcPauses { get; } = new();

    /// <summary>How many error replies began with each code, in order of the codes.</summary>
    internal IEnumerable<KeyValuePair<string, long>> ErrorsByCode
    {
        get
        {
            _errors.Clear();
            foreach (var (code, count) in _errorCounts.Dictionary) _errors.Add(code, count);
            return _errors;
        }
    }

    /// <summary>Counts an error reply by its code, the text up to the first space.</summary>
    internal void CountError(ReadOnlySpan<byte> text)
    {
        ErrorReplies++;
        var space = text.IndexOf((byte)' ');
        var code = space < 0 ? text : text[..space];
        if (code.Length > MaxErrorCodeLength) code = code[..MaxErrorCodeLength];
        Span<char> key = stackalloc char[MaxErrorCodeLength];
        var length = Encoding.Latin1.GetChars(code, key);
        _errorCounts.TryGetValue(key[..length], out var count);
        if (count > 0 || _errorCounts.Dictionary.Count < MaxErrorCodes) _errorCounts[key[..length]] = count + 1;
    }

    /// <summary>Notes that a turn of the loop ends.</summary>
    internal void EndTurn()
    {
        var executed = Commands - _commandsBefore;
        if (executed > MostCommandsInTurn) MostCommandsInTurn = executed;
        _commandsBefore = Commands;
    }

    /// <summary>Counts a fork.</summary>
    internal void CountFork(long micros)
    {
        Forks++;
        LatestForkMicros = micros;
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void Reset()
    {
        ConnectionsReceived = ConnectionsRejected = Commands = BytesReceived = BytesSent = Reads = Writes = ErrorReplies = 0;
        QueryBufferLimitDisconnections = OutputBufferLimitDisconnections = 0;
        Forks = LatestForkMicros = EvictedClients = UnexpectedErrors = 0;
        _errorCounts.Dictionary.Clear();
        GcPauses.Reset();
        CommandRate.Reset();
        InputRate.Reset();
        OutputRate.Reset();
        TurnRate.Reset();
        TurnDuration.Reset();
        MostCommandsInTurn = CronTicks = AofTicks = _commandsBefore = 0;
    }
}
