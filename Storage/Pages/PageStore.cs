using System.Runtime.CompilerServices;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Pages;

/// <summary>
/// All memory that entries live in, shared by every database of a keyspace: heads, blocks, runs and heap objects, and the rule by which they are
/// freed while forks live (<see cref="ForkEpochs"/>).
/// </summary>
internal sealed class PageStore
{
    public const int NarrowBytes = 1024;
    public const int WideBytes = 2048;
    private const int ItemsPerCheck = 64;

    private readonly Queue<ForkEpoch> _ended = new();
    private readonly MovedItems _moved = new();
    private readonly nint[] _addresses;

    public PageStore(HugePages hugePages)
    {
        Chunks = new ChunkPool(hugePages);
        _addresses = Chunks.Addresses;
        Heads = new BlockAllocator(Chunks, SegmentHead.Bytes, 1);
        Narrow = new BlockAllocator(Chunks, NarrowBytes, 1);
        Wide = new BlockAllocator(Chunks, NarrowBytes, WideBytes / NarrowBytes);
        Runs = new RunAllocator(Chunks);
        Discarded = new DiscardedCollections(this);
        Merge = new SegmentMerge(this);
    }

    public ChunkPool Chunks { get; }

    public BlockAllocator Heads { get; }

    public BlockAllocator Narrow { get; }

    public BlockAllocator Wide { get; }

    public RunAllocator Runs { get; }

    public ObjectSlots Objects { get; } = new();

    /// <summary>The arrays of big values.</summary>
    public LargeArrays Arrays { get; } = new();

    public ForkEpochs Forks { get; } = new();

    /// <summary>Merges segments of collections as they shrink.</summary>
    public SegmentMerge Merge { get; }

    /// <summary>Collections that wait for being freed.</summary>
    public DiscardedCollections Discarded { get; }

    /// <summary>What a scan chooses entries with.</summary>
    public ScanSelection Selection { get; } = new();

    /// <summary>Bytes that only forks keep from being freed.</summary>
    public long RetiredBytes { get; private set; }

    /// <summary>Bytes that were ever kept for forks: what was copied before it was written to, and what would have been freed. Only grows.</summary>
    public long KeptBytes { get; private set; }

    /// <summary>Bytes of the live entries of all tables, without what they refer to.</summary>
    public long EntryBytes { get; set; }

    /// <summary>Bytes of collections that are made of managed objects, as they tell of them.</summary>
    public long ManagedBytes { get; set; }

    /// <summary>
    /// Bytes of blocks that entries of databases gave up and that are not handed out again yet: holes, which new keys will fill.
    /// </summary>
    public long DeadBytes { get; set; }

    /// <summary>
    /// What all that lies here takes, those holes not counted, nor what waits to be freed; what only forks keep is counted. Directories are not. O(1).
    /// </summary>
    public long UsedBytes =>
        Heads.UsedBytes + Narrow.UsedBytes + Wide.UsedBytes - DeadBytes + Runs.UsedBytes + Objects.ArrayBytes + ManagedBytes - Discarded.PendingBytes;

    /// <summary>Bytes of the chunks, slabs and pages that everything lies in, whether or not it uses all of them.</summary>
    public long FootprintBytes => Heads.ChunkBytes + Narrow.ChunkBytes + Wide.ChunkBytes + Runs.SlabsBytes + Objects.PagesBytes;

    /// <summary>Whether anything waits for a fork to end, or to be freed after one.</summary>
    public bool HasPendingFrees => RetiredBytes != 0 || !Discarded.IsEmpty;

    /// <summary>A segment's head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref SegmentHead Head(uint id) =>
        ref Unsafe.As<byte, SegmentHead>(ref BlockAllocator.At(_addresses, id, SegmentHead.Bytes));

    /// <summary>A byte of a block of either size: both follow one rule of address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte Block(uint id) => ref BlockAllocator.At(_addresses, id, NarrowBytes);

    /// <summary>Frees an item, now if no fork needs it, else when the last that does has ended.</summary>
    public void Retire(ItemKind kind, uint id, Reach reach)
    {
        if (Forks.Newest == 0)
        {
            Free(kind, id);
            return;
        }

        uint birth = BirthOf(kind, id);
        if (!Forks.IsNeeded(birth, ReachOf(kind, id, reach)))
        {
            Free(kind, id);
            return;
        }

        long bytes = BytesOf(kind, id);
        RetiredBytes += bytes;
        KeptBytes += bytes;
        Forks.NewestThatSees(birth, reach.AsOf)!.Retired.Add(new RetiredItem(id, birth, kind));
    }

    /// <summary>Whether an item may be written in place; what every fork has walked already is re-born on the way.</summary>
    public bool TryMakePrivate(ItemKind kind, uint id, Reach reach)
    {
        uint birth = BirthOf(kind, id);
        if (!Forks.IsShared(birth)) return true;
        if (Forks.IsNeeded(birth, ReachOf(kind, id, reach))) return false;
        SetBirth(kind, id, Forks.Current);
        return true;
    }

    /// <summary>Moves an object that is private to another slot, which is returned.</summary>
    public uint MoveObject(uint id)
    {
        if (!_moved.IsEmpty) _moved.Remove(ItemKind.Object, id);
        return Objects.Move(id, Forks.Current);
    }

    /// <summary>Notes that a run or an object passes from the entry of one key, whose reach this is, to that of another.</summary>
    public void NoteMove(ItemKind kind, uint id, Reach reach)
    {
        if (Forks.IsShared(BirthOf(kind, id))) _moved.Add(kind, id, reach.LastPosition);
    }

    /// <summary>Ends a fork; its items are freed by <see cref="DrainRetired"/>.</summary>
    public void EndFork(ForkEpoch fork)
    {
        Forks.End(fork);
        if (Forks.Newest == 0) _moved.Clear();
        if (!fork.Retired.IsEmpty) _ended.Enqueue(fork);
    }

    /// <summary>Frees what ended forks leave behind, until the budget is spent; true while there is more.</summary>
    public bool DrainRetired(in TimeBudget budget)
    {
        while (_ended.TryPeek(out ForkEpoch? fork))
        {
            for (int i = 0; i < ItemsPerCheck; i++)
            {
                if (!fork.Retired.TryTake(out RetiredItem item))
                {
                    _ended.Dequeue();
                    break;
                }

                PassOn(item, fork.Id);
            }

            if (budget.IsSpent) return _ended.Count != 0;
        }

        return false;
    }

    /// <summary>Gives memory that nothing lies in back to the system, a slice at least, until the budget is spent; true while there may be more.</summary>
    public bool DiscardIdle(in TimeBudget budget)
    {
        while (Chunks.HasIdle || Runs.HasIdle || Arrays.HasIdle)
        {
            if (Chunks.HasIdle) Chunks.DiscardSlice();
            else if (Runs.HasIdle) Runs.DiscardOne();
            else Arrays.DiscardSlice();
            if (budget.IsSpent) return true;
        }

        return false;
    }

    /// <summary>Chooses chunks and slabs to be emptied; see <see cref="BlockAllocator"/> and <see cref="RunAllocator"/>. O(chunks).</summary>
    public void BeginEvacuation(EvacuationScope scope)
    {
        Heads.BeginEvacuation(scope);
        Narrow.BeginEvacuation(scope);
        Wide.BeginEvacuation(scope);
        Runs.BeginEvacuation(scope);
        Objects.BeginEvacuation(scope);
    }

    /// <summary>Puts what could not be emptied back to use.</summary>
    public void EndEvacuation()
    {
        Heads.EndEvacuation();
        Narrow.EndEvacuation();
        Wide.EndEvacuation();
        Runs.EndEvacuation();
        Objects.EndEvacuation();
    }

    // Who may still read an item, given the reach of its key's segment.
    private Reach ReachOf(ItemKind kind, uint id, Reach ofKey) => _moved.IsEmpty ? ofKey : _moved.Widen(kind, id, ofKey);

    private void PassOn(RetiredItem item, uint endedFork)
    {
        ForkEpoch? older = Forks.NewestThatSees(item.Birth, endedFork - 1);
        if (older != null)
        {
            older.Retired.Add(item);
            return;
        }

        RetiredBytes -= BytesOf(item.Kind, item.Id);
        Free(item.Kind, item.Id);
    }

    private void Free(ItemKind kind, uint id)
    {
        if (!_moved.IsEmpty) _moved.Remove(kind, id);
        if (kind == ItemKind.Run) Runs.Free(id);
        else if (kind == ItemKind.Object) FreeObject(id);
        else BlocksOf(kind).Free(id);
    }

    private void FreeObject(uint id)
    {
        if (Objects[id] is byte[] array) Arrays.Give(array);
        Objects.Free(id);
    }

    private uint BirthOf(ItemKind kind, uint id) => kind switch
    {
        ItemKind.Run => Runs.BirthOf(id),
        ItemKind.Object => Objects.BirthOf(id),
        _ => BlocksOf(kind).BirthOf(id),
    };

    private void SetBirth(ItemKind kind, uint id, uint epoch)
    {
        if (kind == ItemKind.Run) Runs.SetBirth(id, epoch);
        else if (kind == ItemKind.Object) Objects.SetBirth(id, epoch);
        else BlocksOf(kind).SetBirth(id, epoch);
    }

    /// <summary>What an item takes.</summary>
    public long HeldBytes(ItemKind kind, uint id) => BytesOf(kind, id);

    private long BytesOf(ItemKind kind, uint id) => kind switch
    {
        ItemKind.Run => Runs.CapacityOf(id),
        ItemKind.Object => Objects.BytesOf(id),
        _ => BlocksOf(kind).BlockBytes,
    };

    /// <summary>The allocator of heads or of blocks.</summary>
    public BlockAllocator BlocksOf(ItemKind kind) => kind switch
    {
        ItemKind.Head => Heads,
        ItemKind.NarrowBlock => Narrow,
        _ => Wide,
    };
}
