namespace KestrelFree.Storage;

/// <summary>What the 24-bit access clock of an entry holds.</summary>
public enum AccessPolicy
{
    /// <summary>The second of the last use.</summary>
    Lru,

    /// <summary>The second of the last write.</summary>
    Lrm,

    /// <summary>The minute of the last decay, 16 bits, and a logarithmic counter of uses, 8 bits.</summary>
    Lfu,
}

/// <summary>
/// Computes access clocks, as Redis does: LRU in seconds modulo 2^24; LFU as a counter that starts at 5, grows with a probability of
/// 1/(uses * factor + 1) and loses one for every so many minutes unused.
/// </summary>
internal sealed class AccessClock(Clock clock, Random dice)
{
    private const int LfuInitial = 5;
    private const uint Mask24 = 0xffffff;
    private const uint Mask16 = 0xffff;

    /// <summary>What the clock holds.</summary>
    public AccessPolicy Policy { get; set; }

    /// <summary>lfu-log-factor.</summary>
    public int LfuLogFactor { get; set; } = 10;

    /// <summary>lfu-decay-time, in minutes.</summary>
    public int LfuDecayMinutes { get; set; } = 1;

    /// <summary>A clock that stands at a time, for what reads a snapshot.</summary>
    public static AccessClock StandingAt(long nowMs, AccessPolicy policy, int lfuDecayMinutes) =>
        new(new ManualClock(nowMs), new Random(0)) { Policy = policy, LfuDecayMinutes = lfuDecayMinutes };

    private uint Seconds => (uint)(clock.NowMs / 1000) & Mask24;

    private uint Minutes => (uint)(clock.NowMs / 60_000) & Mask16;

    /// <summary>The clock of a new entry.</summary>
    public uint Initial() => Policy != AccessPolicy.Lfu ? Seconds : (Minutes << 8) | LfuInitial;

    /// <summary>The clock of an entry that has not been used for so many seconds; under LFU that of a new one.</summary>
    public uint Unused(long seconds) => Policy != AccessPolicy.Lfu ? (uint)(Seconds - seconds) & Mask24 : Initial();

    /// <summary>The clock of an entry whose counter stands at a number; under LRU that of a new one.</summary>
    public uint Used(int counter) => Policy == AccessPolicy.Lfu ? (Minutes << 8) | (uint)(byte)counter : Initial();

    /// <summary>The clock of an entry that is used.</summary>
    public uint Touched(uint old)
    {
        if (Policy != AccessPolicy.Lfu) return Seconds;
        int counter = Frequency(old);
        if (counter < byte.MaxValue)
        {
            double weight = Math.Max(0, counter - LfuInitial) * (double)LfuLogFactor + 1;
            if (dice.NextDouble() < 1 / weight) counter++;
        }

        return (Minutes << 8) | (uint)counter;
    }

    /// <summary>Milliseconds since an entry was used (LRU).</summary>
    public long IdleMs(uint access) => ((Seconds - access) & Mask24) * 1000L;

    /// <summary>Minutes since the counter of an entry changed, or was to (LFU).</summary>
    public uint MinutesSince(uint access) => (Minutes - (access >> 8)) & Mask16;

    /// <summary>The counter of an entry, decayed (LFU).</summary>
    public int Frequency(uint access)
    {
        int counter = (int)(access & 0xff);
        if (LfuDecayMinutes == 0) return counter;
        uint periods = ((Minutes - (access >> 8)) & Mask16) / (uint)LfuDecayMinutes;
        return Math.Max(0, counter - (int)periods);
    }
}
