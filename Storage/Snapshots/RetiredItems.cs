namespace KestrelFree.Storage.Snapshots;

/// <summary>What an item is, and so who allocated it.</summary>
internal enum ItemKind : byte
{
    /// <summary>A segment's head.</summary>
    Head,

    /// <summary>An entry block of 1 KB.</summary>
    NarrowBlock,

    /// <summary>An entry block of 2 KB.</summary>
    WideBlock,

    /// <summary>A run of a medium value or a long key.</summary>
    Run,

    /// <summary>A slot of a heap object.</summary>
    Object,
}

/// <summary>An item that nobody but forks needs.</summary>
internal readonly record struct RetiredItem(uint Id, uint Birth, ItemKind Kind);

/// <summary>A bag of retired items, in pages, so that it grows without copying. O(1).</summary>
internal sealed class RetiredItems
{
    private const int PageItems = 1024;

    private readonly Stack<RetiredItem[]> _full = new();
    private RetiredItem[] _page = [];
    private int _count;

    /// <summary>Whether nothing is left.</summary>
    public bool IsEmpty => _count == 0 && _full.Count == 0;

    /// <summary>Adds an item.</summary>
    public void Add(RetiredItem item)
    {
        if (_count == _page.Length)
        {
            if (_count != 0) _full.Push(_page);
            _page = new RetiredItem[PageItems];
            _count = 0;
        }

        _page[_count++] = item;
    }

    /// <summary>Takes an item out, in no particular order.</summary>
    public bool TryTake(out RetiredItem item)
    {
        if (_count == 0 && _full.TryPop(out RetiredItem[]? page))
        {
            _page = page;
            _count = PageItems;
        }

        item = _count == 0 ? default : _page[--_count];
        return item.Id != 0;
    }
}
