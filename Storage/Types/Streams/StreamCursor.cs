using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>The order in which a stream's entries are read.</summary>
public enum StreamOrder
{
    /// <summary>From the oldest on.</summary>
    Forward,

    /// <summary>From the newest back.</summary>
    Backward,
}

/// <summary>
/// Reads the entries of a stream between two ids, both included. O(log n) to begin with, O(bytes) per entry. The stream must stand still.
/// </summary>
public ref struct StreamCursor
{
    private readonly PageStore _pages;
    private readonly StreamNodes _nodes;
    private readonly StreamId _first;
    private readonly StreamId _last;
    private readonly StreamOrder _order;
    private StreamNode _node;
    private bool _hasNode;
    private ReadOnlySpan<byte> _bytes;
    private int _firstEntry;
    private int _masterFields;
    private int _masterFieldsAt;

    // Forward: where the next element to be read is, and how many elements of the current entry are before the next one's.
    private int _at;
    private long _left;
    private int _fieldsLeft;
    private bool _hasMasterFields;
    private int _masterField;

    internal StreamCursor(PageStore pages, StreamNodes nodes, StreamId first, StreamId last, StreamOrder order)
    {
        _pages = pages;
        _nodes = nodes;
        _first = first;
        _last = last;
        _order = order;
    }

    /// <summary>The id of the current entry.</summary>
    public StreamId Id { get; private set; }

    /// <summary>How many fields the current entry has.</summary>
    public int FieldCount { get; private set; }

    internal int EntryOffset { get; private set; }

    internal readonly StreamNode Node => _node;

    /// <summary>Goes to the next entry; false behind the last.</summary>
    public bool MoveNext()
    {
        if (_first > _last || (!_hasNode && !TryEnter(isFirst: true))) return false;
        while (true)
        {
            bool stepped = _order == StreamOrder.Forward ? TryStepForward() : TryStepBackward();
            if (!stepped)
            {
                if (!TryEnter(isFirst: false)) return false;
                continue;
            }

            long flags = ReadHead();
            if (_order == StreamOrder.Forward ? Id > _last : Id < _first) return false;
            if ((flags & StreamListpack.Deleted) == 0 && Id >= _first && Id <= _last) return true;
        }
    }

    /// <summary>Reads the current entry's next field and its value; false behind the last.</summary>
    public bool TryReadField(out ListpackValue field, out ListpackValue value)
    {
        field = value = default;
        if (_fieldsLeft == 0) return false;
        _fieldsLeft--;
        if (_hasMasterFields)
        {
            field = Listpack.Get(_bytes, _masterField);
            _masterField = Listpack.After(_bytes, _masterField);
        }
        else
        {
            field = Read();
        }

        value = Read();
        return true;
    }

    private ListpackValue Read()
    {
        ListpackValue value = ListpackElement.Read(_bytes, _at, out int bytes);
        _at += bytes;
        _left--;
        return value;
    }

    private bool TryEnter(bool isFirst)
    {
        if (!TryFindNode(isFirst, out StreamNode node)) return false;
        _node = node;
        _hasNode = true;
        StreamListpack listpack = node.Read(_pages);
        _bytes = listpack.Bytes;
        _masterFields = listpack.FieldCount;
        _masterFieldsAt = listpack.FieldsOffset;
        _firstEntry = listpack.FirstEntry;
        _left = 0;
        _at = _order == StreamOrder.Forward ? _firstEntry : Listpack.EndOffset(_bytes);
        EntryOffset = _at;
        return true;
    }

    private readonly bool TryFindNode(bool isFirst, out StreamNode node)
    {
        if (isFirst)
        {
            // The node of an id is the last that does not begin behind it.
            return _nodes.TryAtOrBefore(_order == StreamOrder.Forward ? _first : _last, out node)
                || (_order == StreamOrder.Forward && _nodes.TryFirst(out node));
        }

        node = default;
        if (_order == StreamOrder.Forward)
            return _node.MasterId.TryNext(out StreamId next) && _nodes.TryAtOrAfter(next, out node);
        return _node.MasterId.TryPrevious(out StreamId previous) && _nodes.TryAtOrBefore(previous, out node);
    }

    private bool TryStepForward()
    {
        for (; _left > 0; _left--)
            _at = Listpack.After(_bytes, _at);
        EntryOffset = _at;
        return _at < Listpack.EndOffset(_bytes);
    }

    private bool TryStepBackward()
    {
        if (EntryOffset <= _firstEntry) return false;
        int at = Listpack.Previous(_bytes, EntryOffset);
        for (long elements = Listpack.Get(_bytes, at).Integer; elements > 0; elements--)
            at = Listpack.Previous(_bytes, at);
        EntryOffset = _at = at;
        return true;
    }

    private long ReadHead()
    {
        long flags = Read().Integer;
        ulong ms = unchecked(_node.MasterId.Ms + (ulong)Read().Integer);
        Id = new StreamId(ms, unchecked(_node.MasterId.Seq + (ulong)Read().Integer));
        _hasMasterFields = (flags & StreamListpack.SameFields) != 0;
        FieldCount = _hasMasterFields ? _masterFields : (int)Read().Integer;
        _fieldsLeft = FieldCount;
        _masterField = _hasMasterFields ? _masterFieldsAt : 0;
        _left = 1 + (_hasMasterFields ? FieldCount : 2L * FieldCount);
        return flags;
    }
}
