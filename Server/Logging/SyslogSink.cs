using System.Globalization;
using System.Net.Sockets;
using System.Text;
using KestrelFree.Server.Config;
using Serilog.Core;
using Serilog.Events;

namespace KestrelFree.Server.Logging;

// syslog(3)'s protocol, spoken to the machine's daemon: one datagram a line to /dev/log (macOS: /var/run/syslog),
//
//   <133>Nov 21 23:10:00 redis[1234]: Ready to accept connections tcp
//    facility * 8 + severity; the time zone is the machine's
//
// which rsyslog, syslog-ng and journald all read. The log's own target gets every line too, as Redis's does. A daemon that is not there, or is
// started again, costs the lines of that time and one attempt a second.

/// <summary>Hands log lines to the system's log daemon.</summary>
internal sealed class SyslogSink(string socketPath, string ident, int facility) : ILogEventSink, IDisposable
{
    private const long RetryEveryMs = 1000;
    private const int MaxMessageChars = 1024;

    private Socket? _socket;
    private long _retryAtMs;

    /// <summary>Where the daemon of this machine listens.</summary>
    internal static string SystemPath => OperatingSystem.IsMacOS() ? "/var/run/syslog" : "/dev/log";

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        if (LogEvents.FlushedSignal(logEvent) is not null) return;
        var text = logEvent.MessageTemplate.Text;
        if (!LogEvents.IsRaw(logEvent)) Send(logEvent, text);
        else foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Send(logEvent, line);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    /// <summary>One line as the daemon reads it.</summary>
    internal string Format(DateTimeOffset time, LogLevel level, string message)
    {
        var priority = (facility * 8) + SeverityOf(level);
        var day = time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2);
        if (message.Length > MaxMessageChars) message = message[..MaxMessageChars];
        return string.Create(CultureInfo.InvariantCulture, $"<{priority}>{time:MMM} {day} {time:HH:mm:ss} {ident}[{Environment.ProcessId}]: {message}");
    }

    private static int SeverityOf(LogLevel level) => level switch
    {
        LogLevel.Debug => 7,
        LogLevel.Verbose => 6,
        LogLevel.Notice => 5,
        _ => 4,
    };

    private void Send(LogEvent logEvent, string message)
    {
        var line = Encoding.UTF8.GetBytes(Format(logEvent.Timestamp, LogEvents.LevelOf(logEvent), message));

        // The second attempt is for a daemon that has been started again since the last line.
        for (var attempt = 0; attempt < 2 && TryConnect(); attempt++)
        {
            try
            {
                _socket!.Send(line);
                return;
            }
            catch (SocketException)
            {
                _socket!.Dispose();
                _socket = null;
            }
        }
    }

    private bool TryConnect()
    {
        if (_socket is not null) return true;
        if (Environment.TickCount64 < _retryAtMs) return false;
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            _socket = socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            _retryAtMs = Environment.TickCount64 + RetryEveryMs;
        }

        return _socket is not null;
    }
}
