using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>A cursor over the elements of a list, towards either end. The list must not be written to meanwhile. A step is O(1), O(log n) between nodes.</summary>
public ref struct ListElements
{
    private readonly Quicklist? _quicklist;
    private readonly ListEnd _towards;
    private ReadOnlySpan<byte> _node;
    private bool _isPlain;
    private int _offset;
    private long _nodeFirst;
    private int _nodeCount;
    private long _left;

    /// <summary>The elements of an entry that holds a list, from an index on.</summary>
    internal ListElements(EntryView entry, long index, ListEnd towards)
    {
        _towards = towards;
        long count;
        if (entry.Form == ValueForm.ListListpack)
        {
            _node = entry.PackedBytes;
            count = Listpack.Count(_node);
            _nodeCount = (int)count;
        }
        else
        {
            _quicklist = entry.Collection<Quicklist>();
            count = _quicklist.Count;
        }

        if (index < 0 || index >= count)
            return;
        _left = towards == ListEnd.Tail ? count - index : index + 1;
        if (_quicklist == null)
            _offset = Listpack.Seek(_node, index);
        else
            Enter(index);
    }

    /// <summary>The element that it is at.</summary>
    public ListpackValue Current { get; private set; }

    /// <summary>Goes to the next element; false behind the last.</summary>
    public bool MoveNext()
    {
        if (_left == 0)
            return false;
        _left--;
        if (_offset == Listpack.None)
            Enter(_towards == ListEnd.Tail ? _nodeFirst + _nodeCount : _nodeFirst - 1);
        if (_isPlain)
        {
            Current = ListpackValue.OfString(_node);
            _offset = Listpack.None;
            return true;
        }

        Current = ListpackElement.Read(_node, _offset, out int entryBytes);
        if (_towards == ListEnd.Head)
            _offset = Listpack.Previous(_node, _offset);
        else
            _offset = _offset + entryBytes == _node.Length - 1 ? Listpack.None : _offset + entryBytes;
        return true;
    }

    private void Enter(long index)
    {
        ref readonly QuicklistNode node = ref _quicklist!.Find(index, out _nodeFirst);
        _node = node.Span(_quicklist.Pages);
        _nodeCount = node.Count;
        _isPlain = node.IsPlain;
        _offset = _isPlain ? 0 : Listpack.Seek(_node, index - _nodeFirst);
    }
}
