using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>Which way a sorted set is read.</summary>
public enum ZsetOrder
{
    /// <summary>From the lowest score up.</summary>
    Ascending,

    /// <summary>From the highest score down.</summary>
    Descending,
}

/// <summary>
/// A cursor over the elements of a sorted set from a rank on, before the first when it is new. O(log n) to begin, O(1) a step. Dies with the
/// next write to the keyspace.
/// </summary>
public ref struct ZsetElements
{
    private readonly ZsetOrder _order;
    private readonly bool _isPacked;
    private readonly ReadOnlySpan<byte> _listpack;
    private readonly bool _isWithin;
    private ListpackReader _reader;
    private bool _hasMoved;
    private ScoreCursor _cursor;

    internal ZsetElements(EntryView entry, long rank, ZsetOrder order)
        : this(
            entry.Form == ValueForm.ZsetListpack ? entry.PackedBytes : default,
            entry.Form == ValueForm.ZsetListpack ? null : entry.Collection<ZsetTree>().Order,
            rank,
            order)
    {
    }

    internal ZsetElements(ReadOnlySpan<byte> listpack, ScoreTree? tree, long rank, ZsetOrder order)
    {
        _order = order;
        _isPacked = tree == null;
        if (tree != null)
        {
            _cursor = new ScoreCursor(tree, order == ZsetOrder.Ascending ? rank : tree.Count - 1 - rank);
            return;
        }

        _listpack = listpack;
        _reader = new ListpackReader(listpack);
        _isWithin = rank >= 0 && _reader.MoveTo(order == ZsetOrder.Ascending ? rank * 2 : -2 - rank * 2);
    }

    /// <summary>The member of this step.</summary>
    public readonly ListpackValue Member => _isPacked ? _reader.Current : ListpackValue.OfString(_cursor.Member);

    /// <summary>Its score.</summary>
    public readonly double Score => _isPacked ? PackedZset.ScoreOf(_listpack, _reader.Offset) : _cursor.Score;

    /// <summary>Goes to the next element; false when there is none left.</summary>
    public bool MoveNext()
    {
        if (!_isPacked) return _order == ZsetOrder.Ascending ? _cursor.MoveNext() : _cursor.MovePrevious();
        if (!_hasMoved)
        {
            _hasMoved = true;
            return _isWithin;
        }

        return _order == ZsetOrder.Ascending ? _reader.MoveNext() && _reader.MoveNext() : _reader.MovePrevious() && _reader.MovePrevious();
    }
}
