using System.Diagnostics;
using System.Globalization;
using System.Text;
using KestrelFree.Server.Commands;

namespace KestrelFree.Server.Metrics;

// OpenMetrics text, version 1.0: a family is its type, its help and its samples, together; a counter's samples end in _total; the last line is
// the end mark. Label values are escaped, since codes of errors come from scripts and users.

/// <summary>Writes the server's figures for a scrape.</summary>
internal sealed class MetricsText
{
    /// <summary>The type of the content.</summary>
    internal const string ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private static readonly double TicksPerSecond = Stopwatch.Frequency;

    private readonly RedisServer _server;
    private readonly StringBuilder _text = new(16 * 1024);

    private MetricsText(RedisServer server) => _server = server;

    /// <summary>All figures as they are now. O(commands that were called + databases).</summary>
    internal static string Of(RedisServer server)
    {
        var text = new MetricsText(server);
        text.Write();
        return text._text.ToString();
    }

    private void Write()
    {
        Family("redis_instance", "info", "What the server is.");
        _text.Append(CultureInfo.InvariantCulture, $"redis_instance_info{{redis_version=\"{ServerVersion.Redis}\",kestrel_free_version=\"{ServerVersion.Own}\",")
            .Append(CultureInfo.InvariantCulture, $"redis_mode=\"standalone\",role=\"master\",tcp_port=\"{_server.Port}\",maxmemory_policy=\"{_server.Config.Format("maxmemory-policy")}\"}} 1\n");
        foreach (var metric in MetricsTable.Rows)
        {
            Family(metric);
            Sample(metric.Name, metric.Type, "", metric.Read(_server));
        }

        Databases();
        PerCommand();
        PerError();
        _text.Append("# EOF\n");
    }

    private void Databases()
    {
        PerDatabase("redis_db_keys", "Keys of a database.", static database => database.Count);
        PerDatabase("redis_db_keys_expiring", "Keys of a database that have a time to live.", static database => database.ExpiresCount);
        PerDatabase("redis_db_avg_ttl_seconds", "The average time to live of those.", static database => database.AverageTtlMs / 1000.0);
    }

    private void PerDatabase(string name, string help, Func<Storage.Database, double> read)
    {
        Family(name, "gauge", help);
        for (var i = 0; i < _server.Keyspace.DatabaseCount; i++)
        {
            var database = _server.Keyspace[i];
            if (i == 0 || database.Count > 0) Sample(name, MetricType.Gauge, $"{{db=\"db{i}\"}}", read(database));
        }
    }

    private void PerCommand()
    {
        var called = _server.Commands.All.SelectMany(command => command.Subcommands.Append(command))
            .Where(command => command.Calls + command.RejectedCalls + command.FailedCalls > 0).ToArray();
        PerCommand(called, "redis_commands", "Calls of a command.", static command => command.Calls);
        PerCommand(called, "redis_commands_duration_seconds", "Time spent in a command.", static command => command.Ticks / TicksPerSecond);
        PerCommand(called, "redis_commands_rejected_calls", "Calls refused before they ran.", static command => command.RejectedCalls);
        PerCommand(called, "redis_commands_failed_calls", "Calls that failed while they ran.", static command => command.FailedCalls);
    }

    private void PerCommand(Command[] commands, string name, string help, Func<Command, double> read)
    {
        Family(name, "counter", help);
        foreach (var command in commands) Sample(name, MetricType.Counter, $"{{cmd=\"{Escaped(command.FullName)}\"}}", read(command));
    }

    private void PerError()
    {
        Family("redis_errors", "counter", "Error replies by code.");
        foreach (var (code, count) in _server.Statistics.ErrorsByCode) Sample("redis_errors", MetricType.Counter, $"{{err=\"{Escaped(code)}\"}}", count);
    }

    private void Family(Metric metric) => Family(metric.Name, metric.Type == MetricType.Counter ? "counter" : "gauge", metric.Help);

    private void Family(string name, string type, string help) => _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n').Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');

    private void Sample(string name, MetricType type, string labels, double value) =>
        _text.Append(name).Append(type == MetricType.Counter ? "_total" : "").Append(labels).Append(CultureInfo.InvariantCulture, $" {value:R}\n");

    private static string Escaped(string label) => label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
