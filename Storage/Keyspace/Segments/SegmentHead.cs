using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace KestrelFree.Storage.Keyspaces;

// A segment is what the directory points to: up to 224 keys whose hashes share their leading `Depth` bits. It consists of a head
// and of up to 32 blocks of one size (1 KB, or 2 KB where entries average over 100 bytes) that hold the entries themselves.
//
//     head (1,344 bytes, 21 cache lines)
//       0     16 groups, a cache line each:
//               [16 low tags][16 high tags][16 offsets of 16 bits]
//       1024  32 block ids           32 bits each, 0 = no block
//       1152  32 ends                16 bits each: bytes handed out of the block
//       1216  32 dead counts         16 bits each: bytes of those that no entry uses any more
//       1280  counters, depth, the overflow chain
//
//     hash   63 ....................... 24 | 23 .. 16 | 15 .. 8 | 7..4 | 3..0
//            leading bits: the directory   | high tag | low tag |      | group
//
//     offset = block index : 5 | byte within the block : 11
//
// So one line decides a look-up: its group's tags are compared sixteen at a time, and a false match happens once in some 4,000 groups. A low tag of 0
// marks an empty slot, 1 a tombstone; real tags start at 2. A probe that finds no empty slot in its group goes on to the next group; with 224 of
// 256 slots that is rare. A slot whose group still has an empty one is emptied at once when its key goes, else it becomes a tombstone.
//
// Why the block table lies in the head and not in an object: a look-up then waits for two cache misses (head, entry) rather than
// three. Why ends and dead counts do too: deleting touches the head only, so under a fork it copies no block.
//
// Why 256 slots: 64 and 128 were slower to insert into and larger per key, 512 made bigger copies for nothing.
//
// A hash that has no bits left to split by (the directory's depth is capped) chains heads through `Next`. With a keyed hash this does not happen;
// it is there so that nothing an attacker learns can blow up the directory.

/// <summary>The head of a segment; lives in a block of its own.</summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
internal struct SegmentHead
{
    public const int Bytes = 1344;
    public const int GroupCount = 16;
    public const int SlotsPerGroup = 16;
    public const int SlotCount = GroupCount * SlotsPerGroup;
    public const int SplitAt = 224;
    public const int MaxBlocks = 32;
    public const int PositionBits = 11;
    public const int NoSlot = -1;
    private const int GroupBytes = 64;
    private const byte Empty = 0;
    private const byte Tombstone = 1;
    private const byte FirstTag = 2;

    [InlineArray(GroupCount * GroupBytes)]
    private struct GroupBytesArray
    {
        private byte _first;
    }

    /// <summary>A number of 32 bits per block.</summary>
    [InlineArray(MaxBlocks)]
    internal struct PerBlock32
    {
        private uint _first;
    }

    /// <summary>A number of 16 bits per block.</summary>
    [InlineArray(MaxBlocks)]
    internal struct PerBlock16
    {
        private ushort _first;
    }

    private GroupBytesArray _groups;

    /// <summary>Ids of the blocks; 0 where there is none.</summary>
    public PerBlock32 Blocks;

    /// <summary>Bytes handed out of each block.</summary>
    public PerBlock16 Ends;

    /// <summary>Bytes of each block, of those handed out, that no entry uses any more.</summary>
    public PerBlock16 Dead;

    /// <summary>The sum of <see cref="Dead"/>.</summary>
    public int DeadBytes;

    /// <summary>The sum of <see cref="Ends"/>.</summary>
    public int EndBytes;

    /// <summary>The next head of an overflow chain, or 0.</summary>
    public uint Next;

    /// <summary>Keys in this head.</summary>
    public ushort Count;

    /// <summary>Slots that are neither in use nor empty.</summary>
    public ushort Tombstones;

    /// <summary>How many leading bits of the hash are common to all keys here.</summary>
    public byte Depth;

    /// <summary>The block that new entries go to.</summary>
    public byte Current;

    /// <summary>How large the blocks are.</summary>
    public BlockWidth Width;

    /// <summary>Bytes that live entries take.</summary>
    public readonly int LiveBytes => EndBytes - DeadBytes;

    /// <summary>Bytes of one of its blocks.</summary>
    public readonly int BlockBytes => Pages.PageStore.NarrowBytes << (int)Width;

    /// <summary>Makes an empty head of it.</summary>
    public void Clear(int depth, BlockWidth width)
    {
        this = default;
        Depth = (byte)depth;
        Width = width;
    }

    /// <summary>The group that a hash is first looked for in.</summary>
    public static int GroupOf(ulong hash) => (int)hash & (GroupCount - 1);

    /// <summary>The low tag of a hash: never that of an empty slot or a tombstone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte LowTag(ulong hash)
    {
        uint tag = (byte)(hash >> 8);
        return (byte)(tag < FirstTag ? tag + FirstTag : tag);
    }

    /// <summary>The high tag of a hash.</summary>
    public static byte HighTag(ulong hash) => (byte)(hash >> 16);

    /// <summary>The cache line of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining), UnscopedRef]
    public ref byte Line(int group) => ref Unsafe.Add(ref Unsafe.As<SegmentHead, byte>(ref this), group * GroupBytes);

    /// <summary>A bit for every slot of a group's line whose tags are those of the hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Matches(ref byte line, ulong hash)
    {
        var low = Vector128.Equals(Vector128.LoadUnsafe(ref line), Vector128.Create(LowTag(hash)));
        var high = Vector128.Equals(Vector128.LoadUnsafe(ref line, SlotsPerGroup), Vector128.Create(HighTag(hash)));
        return (low & high).ExtractMostSignificantBits();
    }

    /// <summary>Whether a group's line has an empty slot, where every search ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasEmpty(ref byte line) =>
        Vector128.EqualsAny(Vector128.LoadUnsafe(ref line), Vector128<byte>.Zero);

    /// <summary>The offset in a slot of a group's line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OffsetInLine(ref byte line, int index) =>
        Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref line, 2 * SlotsPerGroup + 2 * index));

    /// <summary>A bit for every slot of a group that holds a key.</summary>
    public uint Occupied(int group) =>
        Vector128.GreaterThanOrEqual(Vector128.LoadUnsafe(ref Line(group)), Vector128.Create(FirstTag)).ExtractMostSignificantBits();

    /// <summary>A bit for every slot of a group that holds a key whose entry lies in a block.</summary>
    public uint OccupiedIn(int group, int block)
    {
        ref byte line = ref Line(group);
        var wanted = Vector128.Create((ushort)block);
        var first = Vector128.Equals(Vector128.LoadUnsafe(ref line, 32).AsUInt16() >>> PositionBits, wanted);
        var second = Vector128.Equals(Vector128.LoadUnsafe(ref line, 48).AsUInt16() >>> PositionBits, wanted);
        uint inBlock = first.ExtractMostSignificantBits() | (second.ExtractMostSignificantBits() << 8);
        return inBlock & Occupied(group);
    }

    /// <summary>The first slot at or after one that holds a key, or <see cref="NoSlot"/>.</summary>
    public int FindOccupied(int slot)
    {
        int index = slot % SlotsPerGroup;
        for (int group = slot / SlotsPerGroup; group < GroupCount; group++, index = 0)
        {
            uint left = Occupied(group) >> index << index;
            if (left != 0) return group * SlotsPerGroup + System.Numerics.BitOperations.TrailingZeroCount(left);
        }

        return NoSlot;
    }

    /// <summary>The offset of a slot's entry.</summary>
    public int OffsetOf(int slot) => OffsetInLine(ref Line(slot / SlotsPerGroup), slot % SlotsPerGroup);

    /// <summary>Points a slot to another place.</summary>
    public void SetOffset(int slot, int offset) =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref Line(slot / SlotsPerGroup), 2 * SlotsPerGroup + 2 * (slot % SlotsPerGroup)), (ushort)offset);

    /// <summary>The block index of an offset.</summary>
    public static int BlockOf(int offset) => offset >> PositionBits;

    /// <summary>The byte within the block of an offset.</summary>
    public static int PositionOf(int offset) => offset & ((1 << PositionBits) - 1);

    /// <summary>The offset of a byte within a block.</summary>
    public static int OffsetAt(int block, int position) => (block << PositionBits) | position;

    /// <summary>The first slot that a hash may take, or <see cref="NoSlot"/> when the head is as full as it may get.</summary>
    public int FindFreeSlot(ulong hash)
    {
        int group = GroupOf(hash);
        for (int i = 0; i < GroupCount; i++, group = (group + 1) & (GroupCount - 1))
        {
            uint free = (~Occupied(group)) & 0xffff;
            if (free == 0) continue;
            int slot = group * SlotsPerGroup + System.Numerics.BitOperations.TrailingZeroCount(free);
            bool reused = Unsafe.Add(ref Line(group), slot % SlotsPerGroup) == Tombstone;
            return reused || Count + Tombstones < SplitAt ? slot : NoSlot;
        }

        return NoSlot;
    }

    /// <summary>Puts a hash into a slot from <see cref="FindFreeSlot"/>.</summary>
    public void Occupy(int slot, ulong hash, int offset)
    {
        ref byte line = ref Line(slot / SlotsPerGroup);
        int index = slot % SlotsPerGroup;
        if (Unsafe.Add(ref line, index) == Tombstone) Tombstones--;
        Unsafe.Add(ref line, index) = LowTag(hash);
        Unsafe.Add(ref line, SlotsPerGroup + index) = HighTag(hash);
        SetOffset(slot, offset);
        Count++;
    }

    /// <summary>Takes the key out of a slot.</summary>
    public void Vacate(int slot)
    {
        ref byte line = ref Line(slot / SlotsPerGroup);
        bool endsSearches = HasEmpty(ref line);
        Unsafe.Add(ref line, slot % SlotsPerGroup) = endsSearches ? Empty : Tombstone;
        if (!endsSearches) Tombstones++;
        Count--;
    }

    /// <summary>Forgets every slot, keeping the blocks.</summary>
    public void ClearSlots()
    {
        _groups = default;
        Count = Tombstones = 0;
    }
}

/// <summary>The size of a segment's blocks.</summary>
internal enum BlockWidth : byte
{
    /// <summary>1 KB.</summary>
    Narrow,

    /// <summary>2 KB, where entries average over 100 bytes.</summary>
    Wide,
}
