namespace KestrelFree.Benchmarks.Storage;

/// <summary>Finds the collector's longest pause between two points; looks at each collection, as long as it is asked often enough.</summary>
internal sealed class PauseWatch
{
    private static readonly GCKind[] Kinds = [GCKind.Ephemeral, GCKind.FullBlocking, GCKind.Background];

    private TimeSpan _started;
    private long _first;

    /// <summary>The longest pause since <see cref="Start"/>, in milliseconds.</summary>
    public double LongestMs { get; private set; }

    /// <summary>Which kind of collection that pause was of.</summary>
    public string LongestOf { get; private set; } = "";

    /// <summary>Collections since <see cref="Start"/>.</summary>
    public long Collections => GC.CollectionCount(0) - _first;

    /// <summary>Begins anew.</summary>
    public void Start()
    {
        _first = GC.CollectionCount(0);
        LongestMs = 0;
        LongestOf = "";
        _started = GC.GetTotalPauseDuration();
    }

    /// <summary>Looks at the latest collection of each kind.</summary>
    public void Look()
    {
        if (GC.GetTotalPauseDuration() == _started) return;
        foreach (var kind in Kinds)
        {
            var collection = GC.GetGCMemoryInfo(kind);
            foreach (var pause in collection.PauseDurations)
                Note(pause.TotalMilliseconds, $" ({kind}, gen {collection.Generation})");
        }
    }

    private void Note(double milliseconds, string kind)
    {
        if (milliseconds <= LongestMs) return;
        LongestMs = milliseconds;
        LongestOf = kind;
    }
}
