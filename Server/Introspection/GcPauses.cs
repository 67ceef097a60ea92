namespace KestrelFree.Server.Introspection;

/// <summary>
/// The longest pause that garbage collection has cost, as far as samples see it: the cron looks at the latest collection of each kind, so of
/// several collections of one kind between two samples it sees the last.
/// </summary>
internal sealed class GcPauses
{
    private static readonly GCKind[] Kinds = [GCKind.Ephemeral, GCKind.FullBlocking, GCKind.Background];

    private readonly long[] _seen = new long[Kinds.Length];

    /// <summary>The longest pause seen, in microseconds.</summary>
    internal long LongestMicros { get; private set; }

    /// <summary>Looks at the collections since the last sample.</summary>
    internal void Sample()
    {
        for (var i = 0; i < Kinds.Length; i++)
        {
            var latest = GC.GetGCMemoryInfo(Kinds[i]);
            if (latest.Index == _seen[i]) continue;
            _seen[i] = latest.Index;
            foreach (var pause in latest.PauseDurations) LongestMicros = Math.Max(LongestMicros, (long)pause.TotalMicroseconds);
        }
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void Reset() => LongestMicros = 0;
}
