using System.Buffers;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// What ZUNION and its relatives build is a member table without an order. To put it into one, scores are sorted together with the places of their
// entries, and then members among equal scores. A tree that is filled from this grows at its end, which costs a third of filling it at random; and
// a reply needs no tree at all.

/// <summary>
/// Members of a table in the order of their scores, and of themselves among equal scores. O(n log n) to begin; the table must not be written to
/// meanwhile.
/// </summary>
public ref struct SortedMembers : IDisposable
{
    private readonly Table? _table;
    private readonly double[] _scores = [];
    private readonly ulong[] _places = [];
    private readonly int _count;
    private int _at = -1;

    internal SortedMembers(Table? table)
    {
        _table = table;
        if (table == null || table.Count == 0) return;
        _count = (int)table.Count;
        _scores = ArrayPool<double>.Shared.Rent(_count);
        _places = ArrayPool<ulong>.Shared.Rent(_count);
        int at = 0;
        for (var cursor = new TableCursor(table); cursor.MoveNext(); at++)
        {
            _places[at] = cursor.Place;
            _scores[at] = ZsetTree.ScoreOf(ref table.EntryAt(cursor.Place));
        }

        _scores.AsSpan(0, _count).Sort(_places.AsSpan(0, _count));
        SortTies();
    }

    /// <summary>The member of this step.</summary>
    public readonly ListpackValue Member => ListpackValue.OfString(Name);

    /// <summary>Its score.</summary>
    public readonly double Score => ZsetTree.ScoreOf(ref Entry);

    /// <summary>The bytes of the member.</summary>
    internal readonly ReadOnlySpan<byte> Name => Keyspaces.Entry.Key(_table!.Pages, ref Entry);

    /// <summary>Its entry in the table.</summary>
    internal readonly ref byte Entry => ref _table!.EntryAt(_places[_at]);

    /// <summary>Goes to the next member; false when there is none left.</summary>
    public bool MoveNext() => ++_at < _count;

    /// <summary>Gives back what it took to sort.</summary>
    public readonly void Dispose()
    {
        if (_count == 0) return;
        ArrayPool<double>.Shared.Return(_scores);
        ArrayPool<ulong>.Shared.Return(_places);
    }

    private readonly void SortTies()
    {
        int end;
        for (int start = 0; start < _count; start = end)
        {
            for (end = start + 1; end < _count && _scores[end] == _scores[start]; end++)
            {
            }

            if (end - start > 1) _places.AsSpan(start, end - start).Sort(new ByMember(_table!));
        }
    }

    private readonly struct ByMember(Table table) : IComparer<ulong>
    {
        public int Compare(ulong x, ulong y) => KeyAt(x).SequenceCompareTo(KeyAt(y));

        private ReadOnlySpan<byte> KeyAt(ulong place) => Keyspaces.Entry.Key(table.Pages, ref table.EntryAt(place));
    }
}
