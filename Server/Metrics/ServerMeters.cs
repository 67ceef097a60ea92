using System.Diagnostics.Metrics;

namespace KestrelFree.Server.Metrics;

// The same figures as instruments of System.Diagnostics.Metrics, for what listens within the process (dotnet-counters, an OpenTelemetry agent that is
// injected). Instruments are observed on the listener's thread: each reader loads single numbers that the loop writes, which on the platforms
// that .NET runs on are whole, and at most a moment old. Nothing is paid for until somebody listens.

/// <summary>The meter named KestrelFree.</summary>
internal sealed class ServerMeters : IDisposable
{
    /// <summary>The meter's name.</summary>
    internal const string Name = "KestrelFree";

    private readonly Meter _meter = new(Name, ServerVersion.Own);

    internal ServerMeters(RedisServer server)
    {
        foreach (var metric in MetricsTable.Rows)
        {
            if (metric.Type == MetricType.Counter) _meter.CreateObservableCounter(metric.Name, () => metric.Read(server), description: metric.Help);
            else _meter.CreateObservableGauge(metric.Name, () => metric.Read(server), description: metric.Help);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
