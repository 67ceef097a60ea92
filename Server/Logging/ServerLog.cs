using System.Runtime.CompilerServices;
using KestrelFree.Server.Config;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace KestrelFree.Server.Logging;

// The loop must never wait for whoever reads the log. A line is formatted to text by the caller, stamped, put on a bounded queue
// (Serilog.Sinks.Async) and written by the queue's thread; when a stopped reader has filled the pipe and the queue, lines are dropped and
// counted. Redis writes in place instead: simpler, and a log pipe that nobody reads stops the server.
//
//   Debug/Verbose/Notice/Warning -> level check -> LogEvent -> queue of 10,000 -> LogSink -> formatter -> LogTarget
//                                                                              `-> SyslogSink, with syslog-enabled
//
// The level is one int that every thread reads; CONFIG SET loglevel stores another. Before the process exits, Flush waits, within
// a bound, for what was said last.
//
// Any thread may log: the queue is what makes that sound.

/// <summary>The server's log, as seen by one role.</summary>
internal sealed class ServerLog : IDisposable
{
    private const int QueuedLines = 10_000;
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    private readonly Output _output;
    private LogRole _role;

    private ServerLog(Output output, LogRole role)
    {
        _output = output;
        _role = role;
    }

    /// <summary>A log that says nothing.</summary>
    public static ServerLog Silent { get; } = new(new Output(Logger.None, null, LogLevel.Nothing), LogRole.Master);

    /// <summary>Whose lines these are.</summary>
    public LogRole Role
    {
        get => _role;
        set => _role = value;
    }

    /// <summary>The least important level that is logged.</summary>
    public LogLevel Level
    {
        get => _output.Level;
        set => _output.Level = value;
    }

    /// <summary>Opens the log that the configuration describes, and follows CONFIG SET loglevel and log-format from then on.</summary>
    public static ServerLog Open(ServerConfig config)
    {
        LogTarget target = config.LogFile.Length > 0 ? new FileTarget(Path.GetFullPath(config.LogFile)) : new StdoutTarget();
        var syslog = config.SyslogEnabled && !OperatingSystem.IsWindows()
            ? new SyslogSink(SyslogSink.SystemPath, config.SyslogIdent, config.SyslogFacility)
            : null;
        var log = ToQueue(target, config.LogFormat, QueuedLines, config.LogLevel, syslog);
        config.OnApply(changed => log.Follow(changed), "loglevel", "log-format");
        return log;
    }

    /// <summary>A log that hands events to a sink at once, for tests.</summary>
    public static ServerLog To(ILogEventSink sink, LogLevel level) =>
        new(new Output(new LoggerConfiguration().MinimumLevel.Verbose().WriteTo.Sink(sink).CreateLogger(), null, level), LogRole.Master);

    /// <summary>A log that queues lines for a target, and for the system's log where that is wanted.</summary>
    public static ServerLog ToQueue(LogTarget target, LogFormat format, int queuedLines, LogLevel level, SyslogSink? syslog = null)
    {
        var sink = new LogSink(format, target);
        var logger = new LoggerConfiguration()
            .MinimumLevel.Verbose()
            .WriteTo.Async(
                to =>
                {
                    if (syslog is not null) to.Sink(syslog);
                    to.Sink(sink);
                },
                sink,
                queuedLines,
                blockWhenFull: false)
            .CreateLogger();
        return new ServerLog(new Output(logger, sink, level), LogRole.Master);
    }

    /// <summary>The same log for what runs beside the loop.</summary>
    public ServerLog ForChild() => new(_output, LogRole.Child);

    /// <summary>Whether lines of a level are logged. O(1), for any thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsEnabled(LogLevel level) => level >= _output.Level;

    /// <summary>Logs what helps a developer only.</summary>
    public void Debug(string message) => Write(LogLevel.Debug, message);

    /// <summary>Logs what helps a developer only; costs nothing when it is off.</summary>
    public void Debug([InterpolatedStringHandlerArgument("")] ref LogMessage<DebugLevel> message) => Write(ref message);

    /// <summary>Logs a detail.</summary>
    public void Verbose(string message) => Write(LogLevel.Verbose, message);

    /// <summary>Logs a detail; costs nothing when it is off.</summary>
    public void Verbose([InterpolatedStringHandlerArgument("")] ref LogMessage<VerboseLevel> message) => Write(ref message);

    /// <summary>Logs what an operator wants to know.</summary>
    public void Notice(string message) => Write(LogLevel.Notice, message);

    /// <summary>Logs what an operator wants to know; costs nothing when it is off.</summary>
    public void Notice([InterpolatedStringHandlerArgument("")] ref LogMessage<NoticeLevel> message) => Write(ref message);

    /// <summary>Logs what an operator must know.</summary>
    public void Warning(string message) => Write(LogLevel.Warning, message);

    /// <summary>Logs what an operator must know; costs nothing when it is off.</summary>
    public void Warning([InterpolatedStringHandlerArgument("")] ref LogMessage<WarningLevel> message) => Write(ref message);

    /// <summary>Logs text of several lines as it is, at warning.</summary>
    public void Raw(string text) => Raw(LogLevel.Warning, text);

    /// <summary>Logs text of several lines as it is.</summary>
    public void Raw(LogLevel level, string text)
    {
        if (IsEnabled(level)) _output.Logger.Write(LogEvents.RawText(text));
    }

    /// <summary>Waits until everything logged so far is written; false when that took longer than the time given.</summary>
    public bool Flush(TimeSpan patience)
    {
        using var flushed = new ManualResetEventSlim();
        var deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        do
        {
            // A full queue drops the mark too, so it is put again until it gets through.
            _output.Logger.Write(LogEvents.FlushMark(flushed));
            if (flushed.Wait(TimeSpan.FromMilliseconds(Math.Clamp(deadline - Environment.TickCount64, 0, 100))))
                return true;
        }
        while (Environment.TickCount64 < deadline);
        return false;
    }

    /// <summary>Writes what is queued, waiting two seconds at most, and closes the output.</summary>
    public void Dispose()
    {
        if (_output.TryClose() && Flush(ClosePatience)) (_output.Logger as Logger)?.Dispose();
    }

    private string? Follow(ServerConfig config)
    {
        Level = config.LogLevel;
        if (_output.Sink is { } sink) sink.Format = config.LogFormat;
        return null;
    }

    private void Write(LogLevel level, string message)
    {
        if (IsEnabled(level)) _output.Logger.Write(LogEvents.Line(_role, level, message));
    }

    private void Write<TLevel>(ref LogMessage<TLevel> message)
        where TLevel : struct, ILevel
    {
        if (message.IsWanted) _output.Logger.Write(LogEvents.Line(_role, TLevel.Level, message.Take()));
    }

    // What all roles share.
    private sealed class Output(Serilog.ILogger logger, LogSink? sink, LogLevel level)
    {
        private volatile int _level = (int)level;
        private int _closed;

        public Serilog.ILogger Logger { get; } = logger;

        public LogSink? Sink { get; } = sink;

        public LogLevel Level
        {
            get => (LogLevel)_level;
            set => _level = (int)value;
        }

        public bool TryClose() => !ReferenceEquals(Logger, Serilog.Core.Logger.None) && Interlocked.Exchange(ref _closed, 1) == 0;
    }
}
