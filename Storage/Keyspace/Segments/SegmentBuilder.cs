using System.Runtime.CompilerServices;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

/// <summary>Fills a new segment with entries copied from others (a split, a merge), chaining further heads if one does not hold them all.</summary>
internal ref struct SegmentBuilder(PageStore pages, SegmentSpace space, int depth, BlockWidth width)
{
    private uint _last;

    /// <summary>The first head; 0 until <see cref="Start"/>.</summary>
    public uint First { get; private set; }

    /// <summary>Heads beyond the first.</summary>
    public int Overflow { get; private set; }

    /// <summary>The earliest expiry of the entries added.</summary>
    public long Earliest { get; private set; } = Directory.Never;

    /// <summary>Makes the first head.</summary>
    public void Start() => First = _last = NewHead();

    /// <summary>Copies an entry whose key has this hash.</summary>
    public void Add(ref byte entry, ulong hash)
    {
        ref SegmentHead head = ref pages.Head(_last);
        int slot = head.FindFreeSlot(hash);
        int bytes = Entry.Bytes(ref entry);
        // Nobody else sees a segment under construction, so nothing of it is ever retired to a fork.
        if (slot == SegmentHead.NoSlot || !space.TryReserve(ref head, bytes, new Reach(0, 0), out int offset))
        {
            head = ref Chain();
            slot = head.FindFreeSlot(hash);
            bool reserved = space.TryReserve(ref head, bytes, new Reach(0, 0), out offset);
            Invariant.Check(reserved);
        }

        head.Occupy(slot, hash, offset);
        Unsafe.CopyBlockUnaligned(ref space.EntryAt(ref head, offset), ref entry, (uint)bytes);
        Earliest = Math.Min(Earliest, FieldExpiries.EarliestWithKey(pages, ref entry));
    }

    private ref SegmentHead Chain()
    {
        uint next = NewHead();
        pages.Head(_last).Next = next;
        _last = next;
        Overflow++;
        return ref pages.Head(next);
    }

    private readonly uint NewHead()
    {
        uint id = pages.Heads.Allocate(pages.Forks.Current);
        pages.Head(id).Clear(depth, width);
        return id;
    }
}
