namespace KestrelFree.Storage.Keyspaces;

/// <summary>How many entries of a table expire, and on average when; exact, O(1). Those of a database show on the horizon of all.</summary>
internal sealed class ExpiryTotals(ExpiryHorizon? horizon = null)
{
    private Int128 _sum;

    /// <summary>Entries with an expiry.</summary>
    public long Count { get; private set; }

    /// <summary>A copy.</summary>
    public ExpiryTotals Clone() => new(horizon) { _sum = _sum, Count = Count };

    /// <summary>Counts an entry that expires at a time.</summary>
    public void Add(long unixMs)
    {
        Count++;
        _sum += unixMs;
        horizon?.Note(unixMs);
    }

    /// <summary>Shows an expiry that belongs to no entry on the horizon.</summary>
    public void NoteOnHorizon(long unixMs) => horizon?.Note(unixMs);

    /// <summary>Counts it out.</summary>
    public void Remove(long unixMs)
    {
        Count--;
        _sum -= unixMs;
    }

    /// <summary>The average time left, in ms, of which keys that are overdue take their part; 0 at least.</summary>
    public long AverageTtl(long nowMs) => Count == 0 ? 0 : Math.Max(0, (long)(_sum / Count) - nowMs);
}
