namespace KestrelFree.Server.Metrics;

/// <summary>How a metric moves.</summary>
internal enum MetricType
{
    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Only goes up, until the server restarts or CONFIG RESETSTAT.</summary>
    Counter,
}

/// <summary>A figure of the server that is one number.</summary>
/// <param name="Name">Its name without a counter's "_total".</param>
/// <param name="Type">How it moves.</param>
/// <param name="Help">What it tells, as a sentence.</param>
/// <param name="Read">Reads it.</param>
internal sealed record Metric(string Name, MetricType Type, string Help, Func<RedisServer, double> Read);
