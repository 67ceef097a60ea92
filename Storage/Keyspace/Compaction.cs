using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Keyspaces;

// Gives memory back after much was deleted or made smaller. Frees alone return only chunks that happen to run empty, which after deleting nine
// keys of ten at random are none.
//
//     resting --(worth it)--> merging --(all segments seen)--> moving --(all segments seen)--> resting
//
//   merging   every segment is merged with its neighbours if they are small (SegmentMerge), and squeezed into fewer blocks
//   moving    the sparsest chunks and slabs are chosen, and every segment's head, blocks, runs and long keys moved out of them (Evacuation)
//
// Before a segment comes what is below its keys: the tables of large sets, hashes and sorted sets are compacted segment by segment as databases
// are, and the nodes of lists and of score trees moved. A collection keeps how far a phase has come in it (CompactionProgress), so that the next
// slice goes on there. One whose shell a fork has yet to read is passed over. Streams are the collector's.
//
// Merging comes first since it frees most by itself, and since what it copies goes to the lowest chunks with room: less is left to be moved.
//
// Worth it means: what is alive takes less than 60 % of the chunks and slabs it lies in, and there are 16 MB to win. A server in a steady state
// is well above (75 to 90 %), whatever the sizes of its entries. What is alive is known by counters, not by looking: nothing here costs a server
// that has nothing to give back. After a pass that changed little, the next one waits until another quarter is gone, a fork has ended, or
// the footprint has grown: what cannot be helped is not tried again and again, and a long series of deletes costs a few passes, not hundreds.
//
// It all happens in slices: a step is one segment, some 10 microseconds. Between slices commands run, so the position is kept as a hash, which
// stays meaningful however segments split and merge meanwhile; a database swapped under the walk is visited late or twice, at worst not in this pass.
//
// Live forks: what they have yet to read is left alone throughout, so a pass during a save gains little, and the end of a fork allows another.

/// <summary>Decides when memory is worth being given back, and works at it in slices.</summary>
internal sealed class Compaction(PageStore pages, Database[] databases)
{
    private const long MinGainBytes = 16L << 20;
    private const double WorthwhileShare = 0.6;

    // Heads, the unused ends of blocks: what entries need besides their own bytes.
    private const double BytesPerEntryByte = 1.25;

    private enum Phase
    {
        Resting,
        Merging,
        Moving,
    }

    private readonly SegmentMerge _merge = new(pages);
    private readonly Evacuation _evacuation = new(pages);
    private Phase _phase;
    private EvacuationScope _scope;
    private int _database;
    private ulong _hash;
    private long _visit;
    private long _footprintBefore;
    private long _settledFootprint;
    private long _settledNeed;
    private long _settledForks = -1;

    /// <summary>Completed passes.</summary>
    public long Passes { get; private set; }

    private long Need => (long)(pages.EntryBytes * BytesPerEntryByte) + pages.Runs.UsedBytes + pages.Objects.UsedBytes + pages.RetiredBytes;

    /// <summary>Works until the budget is spent, one segment at least; true while there is more to do.</summary>
    public bool Run(in TimeBudget budget)
    {
        if (_phase == Phase.Resting)
        {
            if (!IsWorthIt()) return false;
            Start(EvacuationScope.Sparse);
        }

        while (Step(budget))
        {
            if (budget.IsSpent) return true;
        }

        return _phase != Phase.Resting || IsWorthIt();
    }

    /// <summary>Starts a pass, whether or not it is worth it, unless one is under way.</summary>
    public void Start(EvacuationScope scope)
    {
        if (_phase != Phase.Resting) return;
        _scope = scope;
        _footprintBefore = pages.FootprintBytes;
        _phase = Phase.Merging;
        _visit++;
    }

    private bool IsWorthIt()
    {
        long need = Need, footprint = pages.FootprintBytes;
        if (need > footprint * WorthwhileShare || footprint - need < MinGainBytes) return false;
        bool isSettled = _settledForks == pages.Forks.Ended
            && need >= _settledNeed - _settledNeed / 4
            && footprint < _settledFootprint + Math.Max(_settledFootprint / 4, MinGainBytes);
        return !isSettled;
    }

    // False at the end of a pass.
    private bool Step(in TimeBudget budget)
    {
        if (_database == databases.Length) return EndPhase();
        Table table = databases[_database].Table;
        if (table.Directory.HeadOf(_hash) == 0)
        {
            _database++;
            _hash = 0;
            return true;
        }

        if (RunCollections(table, _hash, budget) && RunSegment(table, _hash, budget) && Advance(table, ref _hash))
            _database++;
        return true;
    }

    // False if the budget was spent before the segment was done.
    private bool RunSegment(Table table, ulong hash, in TimeBudget budget)
    {
        if (_phase == Phase.Moving) return _evacuation.Run(table, hash, budget);
        _merge.Run(table, hash);
        table.Squeeze(hash);
        return true;
    }

    // What is below the keys of a segment; false if the budget was spent before all was done.
    private bool RunCollections(Table table, ulong hash, in TimeBudget budget)
    {
        if (pages.Objects.Used == 0) return true;
        EntryPlace place = default;
        for (int position = 0; table.TryFindFrom(hash, ref position, ref place); position++)
        {
            if (Entry.Place(ref place.Entry) != ValuePlace.Object || pages.Objects[Entry.Reference(ref place.Entry)] is not CollectionValue value)
                continue;
            if (!RunCollection(value, Entry.Reference(ref place.Entry), table.ReachOf(hash, place.Head.Depth), budget))
                return false;
        }

        return true;
    }

    private bool RunCollection(CollectionValue value, uint slot, Reach reach, in TimeBudget budget)
    {
        ref CompactionProgress progress = ref value.Progress;
        if (progress.Visit != _visit)
            progress = new CompactionProgress { Visit = _visit, AreMembersDone = value.Members == null };
        if (progress.IsDone) return true;
        reach = value.Widen(reach, pages.Forks);
        progress.IsDone = !pages.TryMakePrivate(ItemKind.Object, slot, reach);
        if (progress.IsDone) return true;
        value.Open(reach);
        if (!progress.AreMembersDone && !RunMembers(value.Members!, ref progress, budget)) return false;
        progress.IsDone = _phase == Phase.Merging || value.MoveNodes(ref progress.NextNode, budget);
        return progress.IsDone;
    }

    private bool RunMembers(Table members, ref CompactionProgress progress, in TimeBudget budget)
    {
        while (members.Directory.HeadOf(progress.NextHash) != 0 && RunSegment(members, progress.NextHash, budget))
        {
            progress.AreMembersDone = Advance(members, ref progress.NextHash);
            if (progress.AreMembersDone || budget.IsSpent) return progress.AreMembersDone;
        }

        progress.AreMembersDone = members.Directory.HeadOf(progress.NextHash) == 0;
        return progress.AreMembersDone;
    }

    // Goes on to the next segment; true, and back at the first, behind the last.
    private bool Advance(Table table, ref ulong hash)
    {
        DirectoryLeaf leaf = table.Directory.LeafOf(hash);
        ulong last = hash | (ulong.MaxValue >> pages.Head(table.Directory.HeadOf(hash)).Depth);
        bool isLastOfLeaf = last == (hash | (ulong.MaxValue >> leaf.Depth));
        bool folds = _phase == Phase.Merging && pages.Forks.Newest == 0;
        if (isLastOfLeaf && folds) table.Directory.Fold(hash);
        hash = last + 1;
        if (hash == 0 && folds) table.Directory.FoldTop();
        return hash == 0;
    }

    private bool EndPhase()
    {
        _database = 0;
        if (_phase == Phase.Merging)
        {
            _phase = Phase.Moving;
            _visit++;
            pages.BeginEvacuation(_scope);
            return true;
        }

        pages.EndEvacuation();
        _phase = Phase.Resting;
        Passes++;
        Settle();
        return false;
    }

    private void Settle()
    {
        _settledFootprint = pages.FootprintBytes;
        // A pass that gained a sixteenth may be followed by another at once.
        bool hasGained = _settledFootprint < _footprintBefore - _footprintBefore / 16;
        _settledForks = hasGained ? -1 : pages.Forks.Ended;
        _settledNeed = Need;
    }
}
