using KestrelFree.Server.Config;
using Serilog.Events;
using Serilog.Parsing;

namespace KestrelFree.Server.Logging;

/// <summary>Log lines as Serilog events and back: messages are text, never templates, since keys and commands may contain braces.</summary>
internal static class LogEvents
{
    private const string Role = "Role";
    private const string Raw = "Raw";
    private const string Flushed = "Flushed";

    /// <summary>An ordinary line.</summary>
    public static LogEvent Line(LogRole role, LogLevel level, string message) => Event(level, message, new(Role, new ScalarValue(role)));

    /// <summary>Text to be written as it is.</summary>
    public static LogEvent RawText(string text) => Event(LogLevel.Warning, text, new(Raw, new ScalarValue(true)));

    /// <summary>No line at all: sets the signal when everything before it has been written.</summary>
    public static LogEvent FlushMark(ManualResetEventSlim flushed) => Event(LogLevel.Warning, "", new(Flushed, new ScalarValue(flushed)));

    /// <summary>The line's role.</summary>
    public static LogRole RoleOf(LogEvent logEvent) => (Property(logEvent, Role) as LogRole?) ?? LogRole.Master;

    /// <summary>Whether the text is to be written as it is.</summary>
    public static bool IsRaw(LogEvent logEvent) => logEvent.Properties.ContainsKey(Raw);

    /// <summary>The signal of a flush mark; null for lines.</summary>
    public static ManualResetEventSlim? FlushedSignal(LogEvent logEvent) => Property(logEvent, Flushed) as ManualResetEventSlim;

    /// <summary>The line's level in Redis's terms.</summary>
    public static LogLevel LevelOf(LogEvent logEvent) => logEvent.Level switch
    {
        LogEventLevel.Verbose => LogLevel.Debug,
        LogEventLevel.Debug => LogLevel.Verbose,
        LogEventLevel.Information => LogLevel.Notice,
        _ => LogLevel.Warning,
    };

    private static LogEventLevel SerilogLevelOf(LogLevel level) => level switch
    {
        LogLevel.Debug => LogEventLevel.Verbose,
        LogLevel.Verbose => LogEventLevel.Debug,
        LogLevel.Notice => LogEventLevel.Information,
        _ => LogEventLevel.Warning,
    };

    private static object? Property(LogEvent logEvent, string name) =>
        logEvent.Properties.TryGetValue(name, out var value) ? ((ScalarValue)value).Value : null;

    private static LogEvent Event(LogLevel level, string message, LogEventProperty property)
    {
        var template = new MessageTemplate(message, [new TextToken(message)]);
        return new LogEvent(DateTimeOffset.Now, SerilogLevelOf(level), null, template, [property]);
    }
}
