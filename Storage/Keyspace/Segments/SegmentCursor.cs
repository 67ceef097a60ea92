using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>
/// Visits every segment under a directory's top once, in the order of their hashes. The directory must not change meanwhile: it belongs to a fork
/// or to a table that is torn down. The memory of a segment may be reused once the cursor has moved on.
/// </summary>
internal struct SegmentCursor(DirectoryLeaf[] top)
{
    private readonly int _topBits = System.Numerics.BitOperations.Log2((uint)top.Length);
    private int _leaf;
    private int _place;

    /// <summary>Moves to the next segment: the id of its first head and the lowest hash that it is for. Tables without any entry have none.</summary>
    public bool TryMoveNext(PageStore pages, out uint head, out ulong prefix)
    {
        while (_leaf < top.Length)
        {
            DirectoryLeaf leaf = top[_leaf];
            if (_place < leaf.Heads.Length)
            {
                head = leaf.Heads[_place];
                prefix = PrefixOf(leaf);
                // An empty table has one place without a head.
                _place += head == 0 ? 1 : 1 << (leaf.Depth + leaf.Bits - pages.Head(head).Depth);
                if (head != 0) return true;
                continue;
            }

            _leaf += 1 << (_topBits - leaf.Depth);
            _place = 0;
        }

        head = 0;
        prefix = 0;
        return false;
    }

    private readonly ulong PrefixOf(DirectoryLeaf leaf)
    {
        ulong ofLeaf = _topBits == 0 ? 0 : (ulong)_leaf << (64 - _topBits);
        int bits = leaf.Depth + leaf.Bits;
        return ofLeaf | (bits == 0 ? 0 : (ulong)_place << (64 - bits));
    }
}
