namespace KestrelFree.Server.Introspection;

/// <summary>The rate of a growing counter, averaged over the last sixteen samples, which the cron takes every 100 ms.</summary>
internal sealed class RateMeter
{
    private const int Samples = 16;

    private readonly double[] _rates = new double[Samples];
    private long _lastValue;
    private long _lastMs;
    private int _next;

    /// <summary>The average of the kept samples, per second.</summary>
    internal double PerSecond => _rates.Sum() / Samples;

    /// <summary>Takes a sample: the counter's value at a time in milliseconds.</summary>
    internal void Sample(long value, long nowMs)
    {
        if (_lastMs != 0 && nowMs > _lastMs)
        {
            _rates[_next] = Math.Max(0, value - _lastValue) * 1000.0 / (nowMs - _lastMs);
            _next = (_next + 1) % Samples;
        }

        _lastValue = value;
        _lastMs = nowMs;
    }

    /// <summary>Forgets all samples; the counter starts at 0 again.</summary>
    internal void Reset()
    {
        Array.Clear(_rates);
        _lastValue = 0;
        _lastMs = 0;
    }
}
