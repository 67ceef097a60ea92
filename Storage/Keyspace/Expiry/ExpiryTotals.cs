namespace KestrelFree.Storage.Keyspaces;

// The sum needs more than 64 bits, and is kept in two numbers rather than an Int128: code with that is not in the compiled image, and the first
// slice of the expire cycle would wait for the compiler.

/// <summary>How many entries of a table expire, and on average when; exact, O(1). Those of a database show on the horizon of all.</summary>
internal sealed class ExpiryTotals(ExpiryHorizon? horizon = null)
{
    private ulong _sumLow;
    private long _sumHigh;

    /// <summary>Entries with an expiry.</summary>
    public long Count { get; private set; }

    /// <summary>A copy.</summary>
    public ExpiryTotals Clone() => new(horizon) { _sumLow = _sumLow, _sumHigh = _sumHigh, Count = Count };

    /// <summary>Counts an entry that expires at a time, which is not negative.</summary>
    public void Add(long unixMs)
    {
        Count++;
        _sumLow += (ulong)unixMs;
        if (_sumLow < (ulong)unixMs) _sumHigh++;
        horizon?.Note(unixMs);
    }

    /// <summary>Shows an expiry that belongs to no entry on the horizon.</summary>
    public void NoteOnHorizon(long unixMs) => horizon?.Note(unixMs);

    /// <summary>Counts it out.</summary>
    public void Remove(long unixMs)
    {
        Count--;
        if (_sumLow < (ulong)unixMs) _sumHigh--;
        _sumLow -= (ulong)unixMs;
    }

    /// <summary>The average time left, in ms, of which keys that are overdue take their part; 0 at least.</summary>
    public long AverageTtl(long nowMs) =>
        Count == 0 ? 0 : Math.Max(0, (long)(new UInt128((ulong)_sumHigh, _sumLow) / (ulong)Count) - nowMs);
}
