using KestrelFree.Server.Config;
using KestrelFree.Server.Logging;
using Serilog.Core;
using Serilog.Events;

namespace KestrelFree.Tests.Server.Logging;

/// <summary>A log that keeps its lines as "mark message", for assertions.</summary>
internal sealed class CapturedLog : ILogEventSink, IDisposable
{
    private readonly List<string> _lines = [];

    public CapturedLog()
        : this(LogLevel.Debug)
    {
    }

    public CapturedLog(LogLevel level) => Log = ServerLog.To(this, level);

    public ServerLog Log { get; }

    public string[] Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    public void Emit(LogEvent logEvent)
    {
        if (LogEvents.FlushedSignal(logEvent) is { } flushed)
        {
            flushed.Set();
            return;
        }

        lock (_lines)
            _lines.Add($"{".-*#"[(int)LogEvents.LevelOf(logEvent)]} {logEvent.MessageTemplate.Text}");
    }

    public void Dispose() => Log.Dispose();
}
