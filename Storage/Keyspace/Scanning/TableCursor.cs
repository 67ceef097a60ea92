using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// Visits every entry of a table once, in the order of segments. The table must not be written to meanwhile: it is frozen, or its reader does
/// nothing else. O(1) a step; on any thread if the table is frozen.
/// </summary>
internal struct TableCursor(Table table)
{
    private readonly PageStore _pages = table.Pages;
    private SegmentCursor _segments = new(table.Directory.Top);
    private SegmentEntries _entries = new(table.Pages);

    /// <summary>The entry of this step.</summary>
    public readonly EntryView Entry => _entries.Entry;

    /// <summary>Where that is, for <see cref="Table.EntryAt"/>.</summary>
    public readonly ulong Place => _entries.Place;

    /// <summary>Goes to the next entry; false when there is none left.</summary>
    public bool MoveNext()
    {
        while (!_entries.MoveNext())
        {
            if (!_segments.TryMoveNext(_pages, out uint head, out _)) return false;
            _entries.Enter(head);
        }

        return true;
    }
}
