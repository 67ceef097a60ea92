using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage;

/// <summary>
/// One portion of SCAN over a database: the keys from a cursor on, without those past their time. What is there from the first portion to the last is
/// met, whatever is written between two of them (see <see cref="TableScan"/>). Nothing may be written before <see cref="MoveNext"/> has returned
/// false.
/// </summary>
public ref struct KeyScan
{
    private readonly Database _database;
    private readonly ExpiredKeys _expired;
    private TableScan _entries;
    private bool _hasSeenExpired;

    internal KeyScan(Database database, ulong cursor, long count, ExpiredKeys expired)
    {
        _database = database;
        _expired = expired;
        _entries = new TableScan(database.Table, cursor, count);
    }

    /// <summary>Where the next portion begins, once this one has ended; 0 when there is none. Below 2^48.</summary>
    public readonly ulong Cursor => _entries.Cursor;

    /// <summary>The entry of this step; valid until the next.</summary>
    public EntryView Entry => new(_database.Table.Pages, ref _entries.Place.Entry);

    /// <summary>
    /// Goes to the next key; false at the end of the portion. Keys past their time are deleted on the way if that is what becomes of them.
    /// </summary>
    public bool MoveNext()
    {
        while (true)
        {
            while (_entries.MoveNextInSegment())
            {
                if (!_database.IsExpired(ref _entries.Place)) return true;
                _hasSeenExpired = true;
            }

            if (_hasSeenExpired && _expired == ExpiredKeys.Delete) _database.ExpireSegment(_entries.SegmentHash);
            _hasSeenExpired = false;
            if (!_entries.MoveToNextSegment()) return false;
        }
    }
}
