using System.Numerics;
using System.Runtime.CompilerServices;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// The bytes of a segment: where an entry goes, and how the bytes of those that are gone come back.
//
// Entries are appended to the current block. When that is full, in this order:
//   1. the tail of another block that has room;
//   2. once half a block of the segment is dead: the deadest block is compacted, if that gains an eighth of a block;
//   3. a new block, up to 32;
//   4. a compaction that gains enough, however little;
//   5. 1 KB blocks are exchanged for 2 KB ones if entries average over 100 bytes;
//   6. otherwise the segment is full by bytes, and splits.
//
// A compaction copies the live entries of one block to a new block (so it never writes to a block that a fork sees) and needs no hashes: slots stay,
// only their offsets change. It costs a third of a microsecond and gains at least 128 bytes.
//
// Appending to a block that a fork sees needs no copy: the fork reads entries only through the offsets in its own head, and none
// of these point behind the end that it had. Everything else that writes to a block goes through MakeBlockPrivate.

/// <summary>Hands out and takes back the bytes of one segment at a time.</summary>
internal sealed class SegmentSpace(PageStore pages, HoleFilling filling)
{
    private const int WideFromAverage = 100;
    private const int None = -1;

    /// <summary>Reserves bytes for an entry; false when the segment cannot take them. May move other entries of the segment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReserve(ref SegmentHead head, int bytes, Reach reach, out int offset)
    {
        int block = head.Current;
        int end = head.Ends[block];
        if ((head.Blocks[block] == 0 || end + bytes > head.BlockBytes) && !MakeRoom(ref head, bytes, reach))
        {
            offset = 0;
            return false;
        }

        block = head.Current;
        offset = SegmentHead.OffsetAt(block, head.Ends[block]);
        head.Ends[block] += (ushort)bytes;
        head.EndBytes += bytes;
        pages.EntryBytes += bytes;
        return true;
    }

    /// <summary>The entry at an offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte EntryAt(scoped ref SegmentHead head, int offset) =>
        ref Unsafe.Add(ref pages.Block(head.Blocks[SegmentHead.BlockOf(offset)]), SegmentHead.PositionOf(offset));

    /// <summary>Takes back bytes of a block; one without live bytes is freed.</summary>
    public void Release(ref SegmentHead head, int block, int bytes, Reach reach)
    {
        int dead = head.Dead[block] + bytes;
        pages.EntryBytes -= bytes;
        NoteHoles(bytes);
        head.Dead[block] = (ushort)dead;
        head.DeadBytes += bytes;
        if (dead == head.Ends[block]) DropBlock(ref head, block, reach);
    }

    /// <summary>Makes sure that no fork sees a block before it is written to.</summary>
    public void MakeBlockPrivate(ref SegmentHead head, int block, Reach reach)
    {
        uint old = head.Blocks[block];
        if (pages.TryMakePrivate(KindOf(head.Width), old, reach)) return;
        uint copy = AllocateBlock(head.Width);
        Unsafe.CopyBlock(ref pages.Block(copy), ref pages.Block(old), (uint)head.BlockBytes);
        head.Blocks[block] = copy;
        pages.Retire(KindOf(head.Width), old, reach);
    }

    /// <summary>Frees all blocks of a segment.</summary>
    public void DropBlocks(ref SegmentHead head, Reach reach)
    {
        pages.EntryBytes -= head.LiveBytes;
        NoteHoles(-head.DeadBytes);
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
        {
            if (head.Blocks[block] != 0) pages.Retire(KindOf(head.Width), head.Blocks[block], reach);
        }
    }

    /// <summary>Exchanges 1 KB blocks for 2 KB ones if the entries are large enough for it.</summary>
    public bool TryWiden(ref SegmentHead head, Reach reach)
    {
        if (head.Width == BlockWidth.Wide || head.LiveBytes <= WideFromAverage * head.Count) return false;
        Repack(ref head, BlockWidth.Wide, reach);
        return true;
    }

    /// <summary>
    /// Copies the entries of a segment to fewer blocks, narrow ones where wide ones no longer suit, if that frees an eighth of its blocks or more.
    /// </summary>
    public void Squeeze(ref SegmentHead head, Reach reach)
    {
        BlockWidth width = WidthFor(head.Count, head.LiveBytes);
        int blockBytes = PageStore.NarrowBytes << (int)width;
        // However badly they pack, so many bytes fit into the blocks that a segment may have.
        if (head.Count == 0 || head.LiveBytes > (SegmentHead.MaxBlocks - 1) * (blockBytes - Entry.MaxBytes)) return;
        int perBlock = blockBytes - head.LiveBytes / head.Count / 2;
        int needed = (head.LiveBytes + perBlock - 1) / perBlock * blockBytes;
        int used = BlockCount(ref head) * head.BlockBytes;
        if (used - needed >= Math.Max(PageStore.NarrowBytes, used / 8)) Repack(ref head, width, reach);
    }

    /// <summary>The width that suits so many entries of so many bytes.</summary>
    public static BlockWidth WidthFor(int entries, int bytes) =>
        bytes > WideFromAverage * entries ? BlockWidth.Wide : BlockWidth.Narrow;

    /// <summary>Copies all live entries of a segment, in the order of their slots, to as few new blocks as possible.</summary>
    public void Repack(ref SegmentHead head, BlockWidth width, Reach reach)
    {
        SegmentHead old = head;
        head.Blocks = default;
        head.Ends = default;
        head.Dead = default;
        head.DeadBytes = head.EndBytes = 0;
        head.Current = 0;
        head.Width = width;
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = head.Occupied(group); left != 0; left &= left - 1)
            {
                int slot = group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left);
                ref byte entry = ref EntryAt(ref old, head.OffsetOf(slot));
                head.SetOffset(slot, Append(ref head, ref entry, reach));
            }
        }

        DropBlocks(ref old, reach);
    }

    /// <summary>Copies an entry to the end of a segment's bytes, where there must be room; returns its offset.</summary>
    public int Append(ref SegmentHead head, ref byte entry, Reach reach)
    {
        int bytes = Entry.Bytes(ref entry);
        bool reserved = TryReserve(ref head, bytes, reach, out int offset);
        Invariant.Check(reserved);
        Unsafe.CopyBlockUnaligned(ref EntryAt(ref head, offset), ref entry, (uint)bytes);
        return offset;
    }

    /// <summary>Whether a live fork has yet to read a head or one of its blocks. O(blocks), O(1) without forks.</summary>
    public bool IsNeeded(ref SegmentHead head, uint id, Reach reach)
    {
        if (pages.Forks.Newest == 0) return false;
        if (pages.Forks.IsNeeded(pages.Heads.BirthOf(id), reach)) return true;
        BlockAllocator blocks = pages.BlocksOf(KindOf(head.Width));
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
        {
            if (head.Blocks[block] != 0 && pages.Forks.IsNeeded(blocks.BirthOf(head.Blocks[block]), reach)) return true;
        }

        return false;
    }

    /// <summary>What the blocks of a width are.</summary>
    public static ItemKind KindOf(BlockWidth width) => width == BlockWidth.Wide ? ItemKind.WideBlock : ItemKind.NarrowBlock;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool MakeRoom(ref SegmentHead head, int bytes, Reach reach)
    {
        if (TryUseTail(ref head, bytes)) return true;
        int blockBytes = head.BlockBytes;
        if (head.DeadBytes >= blockBytes / 2 && TryCompact(ref head, Math.Max(bytes, blockBytes / 8), reach))
            return true;
        return TryAddBlock(ref head) || TryCompact(ref head, bytes, reach);
    }

    private static int BlockCount(ref SegmentHead head)
    {
        int count = 0;
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
            count += head.Blocks[block] == 0 ? 0 : 1;
        return count;
    }

    private static bool TryUseTail(ref SegmentHead head, int bytes)
    {
        int latestEnd = head.BlockBytes - bytes;
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
        {
            if (head.Ends[block] <= latestEnd && head.Blocks[block] != 0)
            {
                head.Current = (byte)block;
                return true;
            }
        }

        return false;
    }

    private bool TryAddBlock(ref SegmentHead head)
    {
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
        {
            if (head.Blocks[block] != 0) continue;
            head.Blocks[block] = AllocateBlock(head.Width);
            head.Ends[block] = head.Dead[block] = 0;
            head.Current = (byte)block;
            return true;
        }

        return false;
    }

    private bool TryCompact(ref SegmentHead head, int gain, Reach reach)
    {
        int deadest = None;
        int most = gain - 1;
        for (int block = 0; block < SegmentHead.MaxBlocks; block++)
        {
            if (head.Dead[block] <= most) continue;
            most = head.Dead[block];
            deadest = block;
        }

        if (deadest == None) return false;
        Compact(ref head, deadest, reach);
        head.Current = (byte)deadest;
        return true;
    }

    private void Compact(ref SegmentHead head, int block, Reach reach)
    {
        uint old = head.Blocks[block];
        uint target = AllocateBlock(head.Width);
        ref byte from = ref pages.Block(old);
        ref byte to = ref pages.Block(target);
        int end = 0;
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = head.OccupiedIn(group, block); left != 0; left &= left - 1)
            {
                int slot = group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left);
                ref byte entry = ref Unsafe.Add(ref from, SegmentHead.PositionOf(head.OffsetOf(slot)));
                int bytes = Entry.Bytes(ref entry);
                Unsafe.CopyBlockUnaligned(ref Unsafe.Add(ref to, end), ref entry, (uint)bytes);
                head.SetOffset(slot, SegmentHead.OffsetAt(block, end));
                end += bytes;
            }
        }

        Invariant.Check(end == head.Ends[block] - head.Dead[block]);
        NoteHoles(-head.Dead[block]);
        head.DeadBytes -= head.Dead[block];
        head.EndBytes -= head.Dead[block];
        head.Dead[block] = 0;
        head.Ends[block] = (ushort)end;
        head.Blocks[block] = target;
        pages.Retire(KindOf(head.Width), old, reach);
    }

    private void DropBlock(ref SegmentHead head, int block, Reach reach)
    {
        pages.Retire(KindOf(head.Width), head.Blocks[block], reach);
        NoteHoles(-head.Dead[block]);
        head.DeadBytes -= head.Dead[block];
        head.EndBytes -= head.Ends[block];
        head.Blocks[block] = 0;
        head.Ends[block] = head.Dead[block] = 0;
    }

    private void NoteHoles(int bytes)
    {
        if (filling == HoleFilling.AnyKey) pages.DeadBytes += bytes;
    }

    private uint AllocateBlock(BlockWidth width) =>
        (width == BlockWidth.Wide ? pages.Wide : pages.Narrow).Allocate(pages.Forks.Current);
}

/// <summary>Who fills the holes that entries leave in blocks.</summary>
internal enum HoleFilling
{
    /// <summary>Any new key of the database: they are as good as free.</summary>
    AnyKey,

    /// <summary>Nobody but the one key that the table is the value of: they count as its.</summary>
    OneKey,
}
