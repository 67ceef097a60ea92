using System.Collections;
using System.Net.Sockets;

namespace KestrelFree.Server.Loop;

// The list that Socket.Select is given.
//
// Select reads every socket through the list's indexer, then calls RemoveAt for each one that is not ready, and what is left is the answer.
// With List<Socket> that is O(n^2) and the list must be filled again before the next call. Here RemoveAt swaps with the last
// entry of the visible window and shrinks the window by one, so a call leaves only a permutation behind:
//
//      _order      [ slot slot slot | slot slot ... | slot ]
//                    ready            not ready       outside the window
//                  ^ _start         ^ _start + Count
//
//   slot -> socket and pollable    _sockets[slot], _pollables[slot]
//   slot -> place in _order        _placeOf[slot]
//
// Invariant: _order[0.._total) and _placeOf are inverse to each other for every slot in use; slots not in use are in _free.
// Nothing is boxed and nothing is allocated except when the list grows.
//
// The window exists because Select refuses more than 65,536 sockets a list: a longer list is shown to it one window at a time.

/// <summary>Watched sockets as the IList that Socket.Select shrinks to the ready ones, without moving or refilling anything.</summary>
internal sealed class SelectList : IList
{
    /// <summary>What Socket.Select accepts at most in one list.</summary>
    internal const int MaxWindow = 65_536;

    private Socket?[] _sockets = new Socket?[64];
    private Pollable?[] _pollables = new Pollable?[64];
    private int[] _order = new int[64];
    private int[] _placeOf = new int[64];
    private int[] _free = new int[64];
    private int _freeCount;
    private int _usedSlots;
    private int _start;

    /// <summary>How many sockets the list holds.</summary>
    internal int Total { get; private set; }

    /// <summary>How many sockets Select sees, and after it how many of them are ready.</summary>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public bool IsFixedSize => false;

    /// <inheritdoc/>
    public bool IsReadOnly => false;

    /// <inheritdoc/>
    public bool IsSynchronized => false;

    /// <inheritdoc/>
    public object SyncRoot => this;

    /// <inheritdoc/>
    public object? this[int index]
    {
        get => _sockets[_order[_start + index]];
        set => throw new NotSupportedException();
    }

    /// <summary>Adds a socket and answers its slot. Amortised O(1).</summary>
    internal int Add(Pollable pollable)
    {
        var slot = _freeCount > 0 ? _free[--_freeCount] : NewSlot();
        _sockets[slot] = pollable.Socket;
        _pollables[slot] = pollable;
        _order[Total] = slot;
        _placeOf[slot] = Total++;
        return slot;
    }

    /// <summary>Gives a slot back. O(1).</summary>
    internal void Release(int slot)
    {
        var place = _placeOf[slot];
        var last = _order[--Total];
        _order[place] = last;
        _placeOf[last] = place;
        _sockets[slot] = null;
        _pollables[slot] = null;
        _free[_freeCount++] = slot;
        Count = 0;
    }

    /// <summary>Shows Select the sockets from <paramref name="start"/> on, at most <see cref="MaxWindow"/> of them.</summary>
    internal void ShowWindow(int start)
    {
        _start = Math.Min(start, Total);
        Count = Math.Min(Total - _start, MaxWindow);
    }

    /// <summary>The pollable behind the visible entry at <paramref name="index"/>.</summary>
    internal Pollable PollableAt(int index) => _pollables[_order[_start + index]]!;

    /// <summary>The pollable at a place of the whole list, whatever the window shows.</summary>
    internal Pollable At(int place) => _pollables[_order[place]]!;

    /// <summary>Hides the visible entry at <paramref name="index"/> behind the window's end. O(1).</summary>
    public void RemoveAt(int index)
    {
        var last = _start + --Count;
        var place = _start + index;
        if (place == last) return;

        var slot = _order[place];
        var other = _order[last];
        _order[place] = other;
        _order[last] = slot;
        _placeOf[other] = place;
        _placeOf[slot] = last;
    }

    /// <inheritdoc/>
    public void Clear() => Count = 0;

    int IList.Add(object? value) => throw new NotSupportedException();

    bool IList.Contains(object? value) => throw new NotSupportedException();

    int IList.IndexOf(object? value) => throw new NotSupportedException();

    void IList.Insert(int index, object? value) => throw new NotSupportedException();

    void IList.Remove(object? value) => throw new NotSupportedException();

    void ICollection.CopyTo(Array array, int index) => throw new NotSupportedException();

    IEnumerator IEnumerable.GetEnumerator() => throw new NotSupportedException();

    private int NewSlot()
    {
        if (_usedSlots == _order.Length)
        {
            var size = _usedSlots * 2;
            Array.Resize(ref _sockets, size);
            Array.Resize(ref _pollables, size);
            Array.Resize(ref _order, size);
            Array.Resize(ref _placeOf, size);
            Array.Resize(ref _free, size);
        }

        return _usedSlots++;
    }
}
