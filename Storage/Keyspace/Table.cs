using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// The contents of one database: an extendible hash of segments (SegmentHead) behind a directory (Directory), over pages shared by all databases
// (PageStore). This file finds, inserts, resizes and removes entries and splits segments. It knows keys, shapes and sizes, not what a
// value means (BytesValues), nor that keys expire or that anybody listens (Database).
//
// A write has three steps, and the order matters while a fork lives:
//   1. Find: reads only.
//   2. MakeWritable: top, leaf, head and block are copied as far as a fork sees them, and the place is looked up again in the copies.
//   3. The write itself, which may reserve bytes in the segment (moving its other entries), or split it (moving it away: the place is
//      found again).
// Bytes are reserved before anything is given up, so a place is never half-written.
//
// Splitting puts every entry of a chain into one of two new segments by the next bit of its hash, which is computed again from the key (about
// three hashes per insert, amortised; storing them would cost 8 bytes a key). It touches some 230 entries: about 10 us, the longest pause of any
// write. The depth of a segment is capped at a little more than an even spread needs; beyond it heads are chained.

/// <summary>The entries of one database. All operations O(1) amortised, a split O(entries of a segment).</summary>
internal sealed class Table
{
    private const int MaxDepth = 36;
    private const int DepthBeyondEven = 8;
    private const int RehashFrom = SegmentHead.SplitAt / 4;
    private const int NestedOrdinal = -1;

    private readonly PageStore _pages;
    private readonly ForkEpochs _forks;
    private readonly KeyHasher _hasher;
    private readonly SegmentSpace _space;
    private int _overflowHeads;

    /// <summary>
    /// An empty table; <paramref name="ordinal"/> is its place in the order of a fork's walk, and its expiries show on the horizon.
    /// </summary>
    public Table(PageStore pages, KeyHasher hasher, int ordinal, ExpiryHorizon? horizon = null)
    {
        _pages = pages;
        _forks = pages.Forks;
        _hasher = hasher;
        _space = new SegmentSpace(pages, ordinal == NestedOrdinal ? HoleFilling.OneKey : HoleFilling.AnyKey);
        Ordinal = ordinal;
        Directory = new Directory(pages.Forks);
        Expiries = new ExpiryTotals(horizon);
    }

    private Table(Table original)
    {
        _pages = original._pages;
        _forks = original._forks;
        _hasher = original._hasher;
        _space = original._space;
        _overflowHeads = original._overflowHeads;
        Ordinal = original.Ordinal;
        Directory = original.Directory.Clone();
        Count = original.Count;
        ExpiringHashes = original.ExpiringHashes;
        Expiries = original.Expiries.Clone();
        AreKeysReferredTo = original.AreKeysReferredTo;
    }

    /// <summary>The pages that all tables share.</summary>
    public PageStore Pages => _pages;

    /// <summary>Who hashes its keys.</summary>
    public KeyHasher Hasher => _hasher;

    /// <summary>Whether something else refers to its long keys, which then stay where they are.</summary>
    public bool AreKeysReferredTo { get; init; }

    /// <summary>The bytes of its segments.</summary>
    public SegmentSpace Space => _space;

    /// <summary>The entry at a place that a cursor told, before the next write to the table.</summary>
    public ref byte EntryAt(ulong place)
    {
        ref SegmentHead head = ref _pages.Head((uint)(place >> 32));
        return ref _space.EntryAt(ref head, head.OffsetOf((int)(uint)place));
    }

    /// <summary>Its directory.</summary>
    public Directory Directory { get; }

    /// <summary>Its place in the order of a fork's walk.</summary>
    public int Ordinal { get; }

    /// <summary>Entries.</summary>
    public long Count { get; private set; }

    /// <summary>Entries that are hashes of which a field expires.</summary>
    public long ExpiringHashes { get; private set; }

    /// <summary>What is known of the entries that expire.</summary>
    public ExpiryTotals Expiries { get; }

    /// <summary>Of a nested table: the reach of its owner, which all of its items have.</summary>
    public Reach Owner { get; set; }

    /// <summary>Heads in the chains of segments that could not split.</summary>
    public int OverflowHeads => _overflowHeads;

    /// <summary>Bytes of its entries, heads and directory; what entries refer to is not counted. O(1), an estimate by the average segment.</summary>
    public long MemoryBytes => Directory.Bytes + Count * AverageEntryBytes;

    /// <summary>How many entries its segments have room for. O(segments).</summary>
    public long SlotCount()
    {
        long segments = 0;
        var cursor = new SegmentCursor(Directory.Top);
        while (cursor.TryMoveNext(_pages, out _, out _))
            segments++;
        return segments * SegmentHead.SlotCount;
    }

    /// <summary>
    /// An empty table that is the value of a key (see CollectionValue): the walk of a fork reads all of it when it comes to that key.
    /// </summary>
    public static Table Nested(PageStore pages, KeyHasher hasher) => new(pages, hasher, NestedOrdinal);

    /// <summary>The same, for keys that are ordered elsewhere, by references to those that are long.</summary>
    public static Table NestedAndOrdered(PageStore pages, KeyHasher hasher) => new(pages, hasher, NestedOrdinal) { AreKeysReferredTo = true };

    /// <summary>Another table over the same pages, for the keyspace to write to while forks keep this one. O(1).</summary>
    public Table Clone() => new(this);

    /// <summary>Finds an entry. O(1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Find(ulong hash, scoped ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        uint id = Directory.HeadOf(hash);
        if (id == 0) return false;
        if (FindIn(id, hash, key, ref place)) return true;
        return _overflowHeads != 0 && FindInChain(_pages.Head(id).Next, hash, key, ref place);
    }

    private long AverageEntryBytes
    {
        get
        {
            uint id = Directory.HeadOf(0);
            if (id == 0) return 0;
            ref SegmentHead head = ref _pages.Head(id);
            return (SegmentHead.Bytes + head.EndBytes) / Math.Max(1, (int)head.Count);
        }
    }

    private bool FindInChain(uint id, ulong hash, scoped ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        for (; id != 0; id = _pages.Head(id).Next)
        {
            if (FindIn(id, hash, key, ref place)) return true;
        }

        return false;
    }

    private bool FindIn(uint id, ulong hash, scoped ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        ref SegmentHead head = ref _pages.Head(id);
        ref byte blocks = ref Unsafe.As<SegmentHead.PerBlock32, byte>(ref head.Blocks);
        CacheLine.Prefetch(ref blocks);
        int group = SegmentHead.GroupOf(hash);
        for (int probes = 0; probes < SegmentHead.GroupCount; probes++, group = (group + 1) & (SegmentHead.GroupCount - 1))
        {
            ref byte line = ref head.Line(group);
            for (uint matches = SegmentHead.Matches(ref line, hash); matches != 0; matches &= matches - 1)
            {
                int index = BitOperations.TrailingZeroCount(matches);
                ref byte entry = ref _space.EntryAt(ref head, SegmentHead.OffsetInLine(ref line, index));
                if (!Entry.HasKey(_pages, ref entry, key)) continue;
                place.Head = ref head;
                place.Entry = ref entry;
                place.Slot = group * SegmentHead.SlotsPerGroup + index;
                return true;
            }

            if (SegmentHead.HasEmpty(ref line)) return false;
        }

        return false;
    }

    /// <summary>
    /// Finds the first entry at or after a position among the slots of the segment of a hash, counted through its chain of heads; false when there
    /// is none.
    /// </summary>
    public bool TryFindFrom(ulong hash, ref int position, ref EntryPlace place)
    {
        uint id = Directory.HeadOf(hash);
        for (int link = position / SegmentHead.SlotCount; id != 0 && link > 0; link--)
            id = _pages.Head(id).Next;
        for (; id != 0; id = _pages.Head(id).Next)
        {
            ref SegmentHead head = ref _pages.Head(id);
            int slot = head.FindOccupied(position % SegmentHead.SlotCount);
            if (slot != SegmentHead.NoSlot)
            {
                position += slot - position % SegmentHead.SlotCount;
                place.Head = ref head;
                place.Slot = slot;
                place.Refresh(_space);
                return true;
            }

            position += SegmentHead.SlotCount - position % SegmentHead.SlotCount;
        }

        return false;
    }

    /// <summary>Asks for the cache line that decides the look-up of a hash.</summary>
    public void PrefetchGroup(ulong hash)
    {
        uint id = Directory.HeadOf(hash);
        if (id == 0) return;
        ref SegmentHead head = ref _pages.Head(id);
        CacheLine.Prefetch(ref head.Line(SegmentHead.GroupOf(hash)));
        // The first line of the block table is all that most segments use.
        CacheLine.Prefetch(ref Unsafe.As<SegmentHead.PerBlock32, byte>(ref head.Blocks));
    }

    /// <summary>Asks for the entry that a hash most likely leads to, once its group has arrived.</summary>
    public void PrefetchEntry(ulong hash)
    {
        uint id = Directory.HeadOf(hash);
        if (id == 0) return;
        ref SegmentHead head = ref _pages.Head(id);
        ref byte line = ref head.Line(SegmentHead.GroupOf(hash));
        uint matches = SegmentHead.Matches(ref line, hash);
        if (matches == 0) return;
        int offset = SegmentHead.OffsetInLine(ref line, BitOperations.TrailingZeroCount(matches));
        ref byte entry = ref _space.EntryAt(ref head, offset);
        CacheLine.Prefetch(ref entry);
        CacheLine.Prefetch(ref Unsafe.Add(ref entry, CacheLine.Bytes - 16));
    }

    /// <summary>Whether a fork sees the block of a found entry.</summary>
    public bool IsSharedWithFork(ref EntryPlace place) =>
        _forks.Newest != 0
        && _forks.IsShared(_pages.BlocksOf(SegmentSpace.KindOf(place.Head.Width)).BirthOf(place.Head.Blocks[place.Block]));

    /// <summary>Who may still read the segment of a hash.</summary>
    public Reach ReachOf(ulong hash, int depth) => Ordinal == NestedOrdinal ? Owner : Reach.OfSegment(Ordinal, hash, depth);

    /// <summary>Prepares a found entry for being written to: whatever a fork sees of it is copied first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MakeWritable(ulong hash, scoped ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        if (_forks.Newest != 0) CopyOnWrite(hash, key, ref place);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CopyOnWrite(ulong hash, scoped ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        MakeHeadsPrivate(hash);
        bool found = Find(hash, key, ref place);
        Invariant.Check(found);
        _space.MakeBlockPrivate(ref place.Head, place.Block, ReachOf(hash, place.Head.Depth));
        place.Refresh(_space);
    }

    /// <summary>Prepares a found entry's head, but not its bytes, for being written to: what removing it needs.</summary>
    private void MakeHeadWritable(ulong hash, scoped ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        if (_forks.Newest == 0) return;
        MakeHeadsPrivate(hash);
        bool found = Find(hash, key, ref place);
        Invariant.Check(found);
    }

    /// <summary>The head at a position of the chain of a segment, prepared for being written to.</summary>
    public uint WritableHead(ulong hash, int position)
    {
        uint id = _forks.Newest == 0 ? Directory.HeadOf(hash) : MakeHeadsPrivate(hash);
        for (; position > 0; position--)
            id = _pages.Head(id).Next;
        return id;
    }

    private uint MakeHeadsPrivate(ulong hash)
    {
        uint first = Directory.HeadOf(hash);
        if (first == 0) return 0;
        int depth = _pages.Head(first).Depth;
        Reach reach = ReachOf(hash, depth);
        // The directory may be written from here on, whether or not the head has to be copied.
        Directory.WritableLeafOf(hash);
        uint previous = 0;
        for (uint id = first; id != 0; id = _pages.Head(previous).Next)
        {
            uint own = PrivateHead(id, reach);
            if (previous != 0) _pages.Head(previous).Next = own;
            else if (own != id) Directory.SetHead(hash, depth, own);
            previous = own;
        }

        return Directory.HeadOf(hash);
    }

    private uint PrivateHead(uint id, Reach reach)
    {
        if (_pages.TryMakePrivate(ItemKind.Head, id, reach)) return id;
        uint copy = _pages.Heads.Allocate(_forks.Current);
        _pages.Head(copy) = _pages.Head(id);
        _pages.Retire(ItemKind.Head, id, reach);
        return copy;
    }

    /// <summary>
    /// Adds an entry for a key that the table does not have, with its key, its expiry if the shape has one, and room for its value;
    /// the value field is for the caller to write.
    /// </summary>
    public void Insert(ulong hash, scoped ReadOnlySpan<byte> key, in EntryLayout layout, ref EntryPlace place)
    {
        int keyBytes = key.Length > Entry.MaxInlineKey ? Entry.LongKeyBytes : key.Length;
        Place(hash, layout.BytesWith(keyBytes), ref place);
        ref byte entry = ref place.Entry;
        Entry.SetLayout(ref entry, layout.Shape, Entry.KeyLengthByte(key.Length), layout.ValueBytes);
        if (key.Length > Entry.MaxInlineKey) Entry.LongKeyOf(ref entry) = LongKeyField.Store(_pages, key, hash);
        else key.CopyTo(MemoryMarshal.CreateSpan(ref Entry.KeyField(ref entry), key.Length));
        Count++;
        if (layout.HasExpiry) SetNewExpiry(hash, ref place, layout.Expiry);
    }

    // Finds a slot and bytes for an entry, growing the table until there are.
    private void Place(ulong hash, int bytes, ref EntryPlace place)
    {
        for (; ; Grow(hash))
        {
            uint id = _forks.Newest == 0 ? Directory.HeadOf(hash) : MakeHeadsPrivate(hash);
            if (id == 0) id = AddFirstHead();
            for (; id != 0; id = _pages.Head(id).Next)
            {
                if (TryPlaceIn(id, hash, bytes, ref place)) return;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPlaceIn(uint id, ulong hash, int bytes, ref EntryPlace place)
    {
        ref SegmentHead head = ref _pages.Head(id);
        int slot = head.FindFreeSlot(hash);
        if (slot == SegmentHead.NoSlot)
        {
            if (head.Tombstones < RehashFrom) return false;
            Rehash(ref head);
            slot = head.FindFreeSlot(hash);
        }

        if (!TryReserve(ref head, hash, bytes, out int offset)) return false;
        head.Occupy(slot, hash, offset);
        place.Head = ref head;
        place.Slot = slot;
        place.Entry = ref _space.EntryAt(ref head, offset);
        return true;
    }

    private bool TryReserve(ref SegmentHead head, ulong hash, int bytes, out int offset)
    {
        Reach reach = ReachOf(hash, head.Depth);
        if (_space.TryReserve(ref head, bytes, reach, out offset)) return true;
        return _space.TryWiden(ref head, reach) && _space.TryReserve(ref head, bytes, reach, out offset);
    }

    private uint AddFirstHead()
    {
        uint id = _pages.Heads.Allocate(_forks.Current);
        _pages.Head(id).Clear(0, BlockWidth.Narrow);
        Directory.SetHead(0, 0, id);
        return id;
    }

    private void Rehash(ref SegmentHead head)
    {
        SegmentHead old = head;
        head.ClearSlots();
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = old.Occupied(group); left != 0; left &= left - 1)
            {
                int offset = old.OffsetOf(group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left));
                ulong hash = Entry.Hash(_hasher, ref _space.EntryAt(ref head, offset));
                head.Occupy(head.FindFreeSlot(hash), hash, offset);
            }
        }
    }

    /// <summary>
    /// Changes the shape and the expiry of an entry and the size of its value field, keeping its key, its access clock and, as far as there is
    /// room, the first bytes of the value field. The place must be writable and is refreshed.
    /// </summary>
    public void Reshape(ulong hash, in EntryLayout layout, ref EntryPlace place)
    {
        ref byte entry = ref place.Entry;
        long oldExpiry = Entry.ExpiryOrNone(ref entry);
        if (layout.HasExpiry == (oldExpiry != Entry.NoExpiry) && Entry.ValueFieldBytes(ref entry) == layout.ValueBytes)
            entry = layout.Shape;
        else
            Resize(hash, layout, ref place);
        if (oldExpiry == layout.Expiry) return;
        if (oldExpiry != Entry.NoExpiry) Expiries.Remove(oldExpiry);
        if (layout.HasExpiry) SetNewExpiry(hash, ref place, layout.Expiry);
    }

    private void Resize(ulong hash, in EntryLayout layout, ref EntryPlace place)
    {
        Span<byte> old = stackalloc byte[Entry.MaxBytes];
        int oldBytes = Entry.Bytes(ref place.Entry);
        old = old[..oldBytes];
        MemoryMarshal.CreateReadOnlySpan(ref place.Entry, oldBytes).CopyTo(old);
        int newBytes = layout.BytesWith(Entry.KeyFieldBytes(ref place.Entry));
        if (newBytes <= oldBytes)
            _space.Release(ref place.Head, place.Block, oldBytes - newBytes, ReachOf(hash, place.Head.Depth));
        else
            Move(hash, oldBytes, newBytes, ref place);
        // A split on the way did not see the entry.
        if (layout.HasExpiry) Directory.NoteExpiry(hash, place.Head.Depth, layout.Expiry);
        CopyReshaped(ref MemoryMarshal.GetReference(old), ref place.Entry, layout);
    }

    // Gives an entry other bytes; its contents are the caller's to write.
    private void Move(ulong hash, int oldBytes, int newBytes, ref EntryPlace place)
    {
        if (TryReserve(ref place.Head, hash, newBytes, out int offset))
        {
            // Making room may have moved the entry itself, so its block is asked for only now.
            int block = place.Block;
            place.Head.SetOffset(place.Slot, offset);
            _space.Release(ref place.Head, block, oldBytes, ReachOf(hash, place.Head.Depth));
            place.Refresh(_space);
            return;
        }

        RemoveSlot(hash, oldBytes, ref place);
        Place(hash, newBytes, ref place);
    }

    private static void CopyReshaped(ref byte from, ref byte to, in EntryLayout layout)
    {
        int keyBytes = Entry.KeyFieldBytes(ref from);
        int valueBytes = Math.Min(Entry.ValueFieldBytes(ref from), layout.ValueBytes);
        Entry.SetLayout(ref to, layout.Shape, Entry.KeyLengthByte(ref from), layout.ValueBytes);
        Entry.SetAccess(ref to, Entry.Access(ref from));
        if (layout.HasExpiry) Entry.SetExpiry(ref to, layout.Expiry);
        Unsafe.CopyBlockUnaligned(ref Entry.KeyField(ref to), ref Entry.KeyField(ref from), (uint)keyBytes);
        Unsafe.CopyBlockUnaligned(ref Entry.ValueField(ref to), ref Entry.ValueField(ref from), (uint)valueBytes);
    }

    /// <summary>Removes an entry whose value was released; its long key goes with it.</summary>
    public void Remove(ulong hash, scoped ReadOnlySpan<byte> key, ref EntryPlace place)
    {
        MakeHeadWritable(hash, key, ref place);
        ref byte entry = ref place.Entry;
        if (Entry.HasExpiry(ref entry)) Expiries.Remove(Entry.Expiry(ref entry));
        if (Entry.IsLongKey(ref entry))
        {
            LongKeyField longKey = Entry.LongKeyOf(ref entry);
            _pages.Retire(longKey.Kind, longKey.Id, ReachOf(hash, place.Head.Depth));
        }

        RemoveSlot(hash, Entry.Bytes(ref entry), ref place);
        Count--;
    }

    private void RemoveSlot(ulong hash, int bytes, ref EntryPlace place)
    {
        int block = place.Block;
        place.Head.Vacate(place.Slot);
        _space.Release(ref place.Head, block, bytes, ReachOf(hash, place.Head.Depth));
    }

    /// <summary>Notes when the fields of a found entry expire, if it is a hash whose fields do. O(1).</summary>
    public void NoteFieldExpiry(ulong hash, ref EntryPlace place)
    {
        long earliest = FieldExpiries.EarliestOf(_pages, ref place.Entry);
        if (earliest == Directory.Never) return;
        Directory.NoteExpiry(hash, place.Head.Depth, earliest);
        Expiries.NoteOnHorizon(earliest);
    }

    /// <summary>Counts an entry that has got its value or been edited, if it is a hash of which a field expires. O(1).</summary>
    public void CountIn(ref byte entry)
    {
        if (FieldExpiries.Exist(_pages, ref entry)) ExpiringHashes++;
    }

    /// <summary>Counts it out, before its value goes or is edited. O(1).</summary>
    public void CountOut(ref byte entry)
    {
        if (FieldExpiries.Exist(_pages, ref entry)) ExpiringHashes--;
    }

    private void SetNewExpiry(ulong hash, ref EntryPlace place, long unixMs)
    {
        Entry.SetExpiry(ref place.Entry, unixMs);
        Expiries.Add(unixMs);
        Directory.NoteExpiry(hash, place.Head.Depth, unixMs);
    }

    /// <summary>Splits the segments of an empty table, which they stay, as often as so many entries would make it. O(entries / 170).</summary>
    public void Presize(long entries)
    {
        const int usualFill = SegmentHead.SplitAt * 3 / 4;
        Invariant.Check(Count == 0);
        if (Directory.HeadOf(0) == 0) AddFirstHead();
        // Segments that deletions have left may be deeper already.
        int depth = (int)Math.Min(BitOperations.Log2((ulong)Math.Max(entries / usualFill, 1)), MaxDepth);
        for (ulong prefix = 0; ; prefix += 1ul << (64 - depth))
        {
            while (_pages.Head(Directory.HeadOf(prefix)).Depth < depth)
                Split(prefix, _pages.Head(Directory.HeadOf(prefix)).Depth);
            if (depth == 0 || prefix == ulong.MaxValue << (64 - depth)) return;
        }
    }

    private void Grow(ulong hash)
    {
        ref SegmentHead head = ref _pages.Head(Directory.HeadOf(hash));
        int cap = Math.Min(MaxDepth, DepthBeyondEven + BitOperations.Log2((ulong)Count / SegmentHead.SplitAt + 1));
        if (head.Depth < cap) Split(hash, head.Depth);
        else ChainHead(ref head);
    }

    private void ChainHead(ref SegmentHead first)
    {
        uint id = _pages.Heads.Allocate(_forks.Current);
        _pages.Head(id).Clear(first.Depth, first.Width);
        _pages.Head(id).Next = first.Next;
        first.Next = id;
        _overflowHeads++;
    }

    private void Split(ulong hash, int depth)
    {
        uint first = Directory.HeadOf(hash);
        Reach reach = ReachOf(hash, depth);
        ulong bit = 1ul << (63 - depth);
        BlockWidth width = SegmentSpace.WidthFor(_pages.Head(first).Count, _pages.Head(first).LiveBytes);
        var low = new SegmentBuilder(_pages, _space, depth + 1, width);
        var high = new SegmentBuilder(_pages, _space, depth + 1, width);
        low.Start();
        high.Start();
        for (uint id = first; id != 0; id = _pages.Head(id).Next)
            Distribute(ref _pages.Head(id), bit, ref low, ref high);

        Directory.Split(hash, depth, low.First, high.First);
        Directory.NoteExpiry(hash & ~bit, depth + 1, low.Earliest);
        Directory.NoteExpiry(hash | bit, depth + 1, high.Earliest);
        _overflowHeads += low.Overflow + high.Overflow;
        RetireChain(first, reach);
    }

    /// <summary>Puts a head, which is a copy, in the place of one of the chain of a hash.</summary>
    public void ReplaceHead(ulong hash, uint old, uint copy)
    {
        uint first = Directory.HeadOf(hash);
        if (first == old)
        {
            Directory.SetHead(hash, _pages.Head(copy).Depth, copy);
            return;
        }

        uint previous = first;
        while (_pages.Head(previous).Next != old)
            previous = _pages.Head(previous).Next;
        _pages.Head(previous).Next = copy;
    }

    /// <summary>
    /// Copies the entries of the segment of a hash to fewer blocks, if that is worth it and no fork needs them where they are. O(entries).
    /// </summary>
    public void Squeeze(ulong hash)
    {
        uint id = Directory.HeadOf(hash);
        Reach reach = ReachOf(hash, _pages.Head(id).Depth);
        for (; id != 0; id = _pages.Head(id).Next)
        {
            ref SegmentHead head = ref _pages.Head(id);
            if (!_space.IsNeeded(ref head, id, reach) && _pages.TryMakePrivate(ItemKind.Head, id, reach))
                _space.Squeeze(ref head, reach);
        }
    }

    /// <summary>
    /// Puts one segment in the place of all those whose hashes share so many leading bits, which may be a single one with a chain. They must lie
    /// in one leaf. O(entries); not while a fork needs any of them.
    /// </summary>
    public void Merge(ulong prefix, int depth, BlockWidth width)
    {
        var merged = new SegmentBuilder(_pages, _space, depth, width);
        merged.Start();
        ulong last = prefix | (ulong.MaxValue >> depth);
        for (ulong hash = prefix; ; hash++)
        {
            uint first = Directory.HeadOf(hash);
            int sourceDepth = _pages.Head(first).Depth;
            for (uint id = first; id != 0; id = _pages.Head(id).Next)
                Distribute(ref _pages.Head(id), 0, ref merged, ref merged);
            RetireChain(first, ReachOf(hash, sourceDepth));
            hash |= ulong.MaxValue >> sourceDepth;
            if (hash == last) break;
        }

        Directory.Merge(prefix, depth, merged.First);
        Directory.NoteExpiry(prefix, depth, merged.Earliest);
        _overflowHeads += merged.Overflow;
    }

    private void Distribute(ref SegmentHead head, ulong bit, ref SegmentBuilder low, ref SegmentBuilder high)
    {
        for (int group = 0; group < SegmentHead.GroupCount; group++)
        {
            for (uint left = head.Occupied(group); left != 0; left &= left - 1)
            {
                int slot = group * SegmentHead.SlotsPerGroup + BitOperations.TrailingZeroCount(left);
                ref byte entry = ref _space.EntryAt(ref head, head.OffsetOf(slot));
                ulong hash = Entry.Hash(_hasher, ref entry);
                if ((hash & bit) == 0) low.Add(ref entry, hash);
                else high.Add(ref entry, hash);
            }
        }
    }

    private void RetireChain(uint first, Reach reach)
    {
        _overflowHeads++;
        for (uint id = first; id != 0;)
        {
            uint next = _pages.Head(id).Next;
            _space.DropBlocks(ref _pages.Head(id), reach);
            _pages.Retire(ItemKind.Head, id, reach);
            _overflowHeads--;
            id = next;
        }
    }
}
