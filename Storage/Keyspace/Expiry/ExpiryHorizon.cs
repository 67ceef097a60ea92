namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// The earliest expiry of all databases, or a bound below it: one number to compare with the clock every turn. Every new expiry lowers it, only the
/// active expire cycle raises it.
/// </summary>
internal sealed class ExpiryHorizon
{
    /// <summary>Unix ms, or <see cref="Directory.Never"/>.</summary>
    public long EarliestMs { get; set; } = Directory.Never;

    /// <summary>Takes notice of a new expiry.</summary>
    public void Note(long unixMs)
    {
        if (unixMs < EarliestMs) EarliestMs = unixMs;
    }
}
