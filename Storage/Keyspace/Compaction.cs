using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage.Keyspaces;

// Gives memory back after much was deleted or made smaller. Frees alone return only chunks that happen to run empty, which after deleting nine keys of
// ten at random are none.
//
//     resting --(worth it)--> merging --(all segments seen)--> moving --(all segments seen)--> resting
//
//   merging   every segment is merged with its neighbours if they are small (SegmentMerge), and squeezed into fewer blocks
//   moving    the sparsest chunks and slabs are chosen, and every segment's head, blocks, runs and long keys moved out of them (Evacuation)
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
            if (!IsWorthIt())
                return false;
            Start(EvacuationScope.Sparse);
        }

        while (Step(budget))
        {
            if (budget.IsSpent)
                return true;
        }

        return _phase != Phase.Resting || IsWorthIt();
    }

    /// <summary>Starts a pass, whether or not it is worth it, unless one is under way.</summary>
    public void Start(EvacuationScope scope)
    {
        if (_phase != Phase.Resting)
            return;
        _scope = scope;
        _footprintBefore = pages.FootprintBytes;
        _phase = Phase.Merging;
    }

    private bool IsWorthIt()
    {
        long need = Need, footprint = pages.FootprintBytes;
        if (need > footprint * WorthwhileShare || footprint - need < MinGainBytes)
            return false;
        bool isSettled = _settledForks == pages.Forks.Ended
            && need >= _settledNeed - _settledNeed / 4
            && footprint < _settledFootprint + Math.Max(_settledFootprint / 4, MinGainBytes);
        return !isSettled;
    }

    // False at the end of a pass.
    private bool Step(in TimeBudget budget)
    {
        if (_database == databases.Length)
            return EndPhase();
        Table table = databases[_database].Table;
        if (table.Directory.HeadOf(_hash) == 0)
        {
            NextDatabase();
            return true;
        }

        if (_phase == Phase.Moving)
        {
            if (_evacuation.Run(table, _hash, budget))
                Advance(table);
            return true;
        }

        _merge.Run(table, _hash);
        table.Squeeze(_hash);
        Advance(table);
        return true;
    }

    private void Advance(Table table)
    {
        DirectoryLeaf leaf = table.Directory.LeafOf(_hash);
        ulong last = _hash | (ulong.MaxValue >> pages.Head(table.Directory.HeadOf(_hash)).Depth);
        bool isLastOfLeaf = last == (_hash | (ulong.MaxValue >> leaf.Depth));
        if (isLastOfLeaf && _phase == Phase.Merging && pages.Forks.Newest == 0)
            table.Directory.Fold(_hash);
        _hash = last + 1;
        if (last == ulong.MaxValue)
            NextDatabase();
    }

    private void NextDatabase()
    {
        Table table = databases[_database++].Table;
        _hash = 0;
        if (_phase == Phase.Merging && pages.Forks.Newest == 0)
            table.Directory.FoldTop();
    }

    private bool EndPhase()
    {
        _database = 0;
        if (_phase == Phase.Merging)
        {
            _phase = Phase.Moving;
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
