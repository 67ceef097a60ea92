using System.Text;
using KestrelFree.Server.Config;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Sinks.Async;

namespace KestrelFree.Server.Logging;

/// <summary>
/// The end of the queue: formats events and writes them, on the queue's own thread. It tells how many lines the queue had to drop, once a
/// second at most. A target that fails loses the line: there is nobody left to tell.
/// </summary>
internal sealed class LogSink(LogFormat format, LogTarget target) : ILogEventSink, IAsyncLogEventSinkMonitor, IDisposable
{
    private const long ReportEveryMs = 1000;

    private static readonly RedisLine AsRedisLine = new();
    private static readonly JsonLine AsJsonLine = new();

    private readonly StringWriter _text = new();
    private volatile int _format = (int)format;
    private IAsyncLogEventSinkInspector? _queue;
    private long _droppedReported;
    private long _reportedAtMs;

    /// <summary>How lines are written; any thread may change it.</summary>
    public LogFormat Format
    {
        get => (LogFormat)_format;
        set => _format = (int)value;
    }

    private ITextFormatter Formatter => Format == LogFormat.Json ? AsJsonLine : AsRedisLine;

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        var flushed = LogEvents.FlushedSignal(logEvent);
        if (flushed is not null || Environment.TickCount64 - _reportedAtMs >= ReportEveryMs) ReportDropped();
        if (flushed is null) Write(logEvent);
        else flushed.Set();
    }

    /// <inheritdoc/>
    public void StartMonitoring(IAsyncLogEventSinkInspector inspector) => _queue = inspector;

    /// <inheritdoc/>
    public void StopMonitoring(IAsyncLogEventSinkInspector inspector)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        target.Dispose();
        _text.Dispose();
    }

    private void ReportDropped()
    {
        var dropped = (_queue?.DroppedMessagesCount ?? 0) - _droppedReported;
        if (dropped <= 0) return;
        _droppedReported += dropped;
        _reportedAtMs = Environment.TickCount64;
        Write(LogEvents.Line(LogRole.Master, LogLevel.Warning, $"{dropped} log lines were dropped: the log was not taken off fast enough."));
    }

    private void Write(LogEvent logEvent)
    {
        var text = _text.GetStringBuilder().Clear();
        Formatter.Format(logEvent, _text);
        try
        {
            target.Write(Encoding.UTF8.GetBytes(text.ToString()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
        }
    }
}
