using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>
/// A cursor over the elements of a list, towards either end. The list must not be written to meanwhile. A step is O(1), O(log n) between nodes.
/// </summary>
public ref struct ListElements
{
    private readonly Quicklist? _quicklist;
    private readonly ListEnd _towards;
    private byte[]? _buffer;
    private ReadOnlySpan<byte> _node;
    private bool _isPlain;
    private int _offset;
    private long _nodeFirst;
    private int _nodeCount;
    private readonly long _count;
    private long _left;

    /// <summary>The elements of an entry that holds a list, from an index on.</summary>
    internal ListElements(EntryView entry, long index, ListEnd towards)
    {
        _towards = towards;
        if (entry.Form == ValueForm.ListListpack)
        {
            _node = entry.PackedBytes;
            _count = _nodeCount = Listpack.Count(_node);
        }
        else
        {
            _quicklist = entry.Collection<Quicklist>();
            _count = _quicklist.Count;
        }

        if (index < 0 || index >= _count) return;
        _left = towards == ListEnd.Tail ? _count - index : index + 1;
        Enter(index);
    }

    /// <summary>The element that it is at.</summary>
    public ListpackValue Current { get; private set; }

    /// <summary>Goes to the next element; false behind the last.</summary>
    public bool MoveNext()
    {
        if (_left == 0) return false;
        _left--;
        if (_offset == Listpack.None) Enter(_towards == ListEnd.Tail ? _count - _left - 1 : _left);
        if (_isPlain)
        {
            Current = ListpackValue.OfString(_node);
            _offset = Listpack.None;
            return true;
        }

        Current = ListpackElement.Read(_node, _offset, out int entryBytes);
        if (_towards == ListEnd.Head) _offset = Listpack.Previous(_node, _offset);
        else _offset = _offset + entryBytes == _node.Length - 1 ? Listpack.None : _offset + entryBytes;
        return true;
    }

    /// <summary>
    /// Goes over all elements that are left, at most so many, in one node: those that <see cref="MoveNext"/> would give one by one. False, and
    /// nowhere else, where the next is no part of a listpack, and when none is left. Only towards the tail.
    /// </summary>
    public bool TryTakeRun(long most, out ListpackRun run)
    {
        run = default;
        if (_left == 0 || _towards == ListEnd.Head) return false;
        long next = _count - _left;
        if (_offset == Listpack.None) Enter(next);
        if (_isPlain) return false;
        int taken = (int)Math.Min(most, _nodeFirst + _nodeCount - next);
        run = new ListpackRun(_node, _offset, taken);
        _left -= taken;
        _offset = Listpack.None;
        return true;
    }

    private void Enter(long index)
    {
        if (_quicklist == null)
        {
            _offset = Listpack.Seek(_node, index);
            return;
        }

        ref readonly QuicklistNode node = ref _quicklist.Find(index, out _nodeFirst);
        _node = ListCompression.Read(_quicklist.Pages, node, ref _buffer);
        _nodeCount = node.Count;
        _isPlain = node.IsPlain;
        _offset = _isPlain ? 0 : Listpack.Seek(_node, index - _nodeFirst);
    }
}
