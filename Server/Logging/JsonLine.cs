using System.Text;
using System.Text.Json;
using Serilog.Events;
using Serilog.Formatting;

namespace KestrelFree.Server.Logging;

/// <summary>Writes events as one JSON object a line, for collectors: time, pid, role, level, message.</summary>
internal sealed class JsonLine : ITextFormatter
{
    /// <inheritdoc/>
    public void Format(LogEvent logEvent, TextWriter output)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("time", logEvent.Timestamp.ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz"));
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteString("role", Word(LogEvents.RoleOf(logEvent)));
            json.WriteString("level", Word(LogEvents.LevelOf(logEvent)));
            json.WriteString("message", logEvent.MessageTemplate.Text);
            json.WriteEndObject();
        }

        output.Write(Encoding.UTF8.GetString(bytes.ToArray()));
        output.Write('\n');
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
