using System.Diagnostics;

namespace KestrelFree.Server.Persistence;

/// <summary>
/// A pause per key, as rdb-key-save-delay and key-load-delay want it for tests: n microseconds after each, or of -n one microsecond after every
/// n keys.
/// </summary>
internal sealed class PerKeyDelay(long micros)
{
    private const long LongestSleepMs = 10;
    private const long MicrosPerMs = 1000;

    private long _keys;

    /// <summary>Pauses; false as soon as <paramref name="isEnded"/> says so. Costs nothing without a delay.</summary>
    internal bool PassUnless(Func<bool> isEnded)
    {
        if (micros == 0) return !isEnded();
        if (micros < 0 && ++_keys % -micros != 0) return !isEnded();
        var began = Stopwatch.GetTimestamp();
        var wanted = Math.Max(micros, 1);
        while (!isEnded())
        {
            var left = wanted - (long)Stopwatch.GetElapsedTime(began).TotalMicroseconds;
            if (left <= 0) return true;
            if (left >= MicrosPerMs) Thread.Sleep((int)Math.Min(left / MicrosPerMs, LongestSleepMs));
            else Thread.SpinWait(100);
        }

        return false;
    }
}
