using KestrelFree.Server.Config;
using Serilog.Events;
using Serilog.Formatting;

namespace KestrelFree.Server.Logging;

// The line that supervisors, suites and people's eyes are trained on:
//
//   1234:M 21 Nov 2026 10:00:00.000 * Ready to accept connections tcp
//   pid  | local time               |
//        M master, S replica,       . debug, - verbose, * notice, # warning
//        C child, X Sentinel
//
// Raw text (a crash report) is written as it is.

/// <summary>Writes events in Redis's line format.</summary>
internal sealed class RedisLine : ITextFormatter
{
    /// <summary>One line without its end.</summary>
    public static string Format(DateTimeOffset time, LogRole role, LogLevel level, string message)
    {
        var roleLetter = "MSCX"[(int)role];
        var mark = ".-*#"[(int)level];
        return $"{Environment.ProcessId}:{roleLetter} {time:dd MMM yyyy HH:mm:ss.fff} {mark} {message}";
    }

    /// <inheritdoc/>
    public void Format(LogEvent logEvent, TextWriter output)
    {
        var message = logEvent.MessageTemplate.Text;
        if (LogEvents.IsRaw(logEvent)) output.Write(message);
        else output.Write(Format(logEvent.Timestamp, LogEvents.RoleOf(logEvent), LogEvents.LevelOf(logEvent), message));
        output.Write('\n');
    }
}
