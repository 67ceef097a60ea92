using KestrelFree.Server.Config.Directives;

namespace KestrelFree.Server.Config;

/// <summary>All directives, in the order in which CONFIG GET * and CONFIG REWRITE print them.</summary>
internal static class DirectiveTable
{
    private static readonly Directive[] Ordered = Place(
    [
        .. NetworkDirectives.Rows, .. GeneralDirectives.Rows, .. LoggingDirectives.Rows, .. MemoryDirectives.Rows,
        .. SnapshotDirectives.Rows, .. AppendOnlyDirectives.Rows, .. ReplicationDirectives.Rows, .. ClusterDirectives.Rows,
        .. EncodingDirectives.Rows, .. ObservationDirectives.Rows, .. SecurityDirectives.Rows, .. TlsDirectives.Rows,
        .. HiddenDirectives.Rows,
    ]);

    private static readonly Dictionary<string, Directive> ByName = Index(Ordered);

    /// <summary>The rows in order.</summary>
    public static ReadOnlySpan<Directive> Rows => Ordered;

    /// <summary>Where <see cref="ConfigValues"/> says whether this is a cluster's node.</summary>
    public static int ClusterEnabledSlot { get; } = SlotOf("cluster-enabled");

    /// <summary>The row of a name or alias in any case; null when there is none. O(1).</summary>
    public static Directive? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The slot of a directive that must exist. O(1).</summary>
    public static int SlotOf(string name) => ByName[name].Slot;

    private static Directive[] Place(Directive[] rows)
    {
        for (var slot = 0; slot < rows.Length; slot++)
            rows[slot].PlaceAt(slot);
        return rows;
    }

    private static Dictionary<string, Directive> Index(Directive[] rows)
    {
        var index = new Dictionary<string, Directive>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in rows)
        {
            index.Add(row.Name, row);
            if (row.Alias is { } alias) index.Add(alias, row);
        }

        return index;
    }
}
