using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace KestrelFree.Storage.Snapshots;

// How a fork in user space stays untouched, without locks and without copying anything when it is made.
//
// Time is cut into epochs by the forks: making one starts the next epoch, whose number is the fork's id. Everything that a
// fork can reach (directory tops and leaves, segment heads, entry blocks, runs, big arrays) has a *birth*, the epoch in which it was
// allocated. An item belongs to a fork if it was there when the fork was made:
//
//     item is seen by fork f    <=>  birth < f.Id  and f is alive
//     item may be written       <=>  no live fork sees it      (birth >= Newest: one compare)
//
// What may not be written is replaced by a copy, born now, before its first write; the original is *retired*. What may not be freed is retired
// too: it waits on the list of the newest fork that sees it. When that fork ends, each item on its list moves to the next older
// fork that still sees it, or is freed, in slices (freeing 50,000 blocks at once took 2-23 ms). That exactness matters with overlapping forks (a
// save, an AOF rewrite, a replica's sync): what was born after the older fork does not wait for it.
//
// Forks are walked in the order of hashes, database by database, by one thread each. The walker publishes its position with a release
// store once it is done with a segment, so the loop can tell what a fork no longer needs: then the item is not copied but *re-born*
// in place (30 % fewer copies). The test is on the last position of the whole live segment, since a live segment may be part of
// what the walker sees as one, or (after a merge) several of them.
//
// Nothing has to be unmarked when a fork ends: births of the past are simply older than no live fork.
//
// Threads: the loop only, but for ForkEpoch.Position, which the walking thread writes.

/// <summary>The live forks, and what they still need.</summary>
internal sealed class ForkEpochs
{
    private readonly List<ForkEpoch> _live = [];

    /// <summary>The epoch that new items are born in.</summary>
    public uint Current { get; private set; } = 1;

    /// <summary>The newest live fork's id; 0 when there is none.</summary>
    public uint Newest { get; private set; }

    /// <summary>How many forks have ended.</summary>
    public long Ended { get; private set; }

    /// <summary>The live forks, oldest first.</summary>
    public IReadOnlyList<ForkEpoch> Live => _live;

    /// <summary>Whether an item born in <paramref name="birth"/> belongs to a live fork. O(1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsShared(uint birth) => birth < Newest;

    /// <summary>Whether a live fork that sees the item has yet to walk it. O(forks).</summary>
    public bool IsNeeded(uint birth, Reach reach)
    {
        for (int i = _live.Count - 1; i >= 0 && _live[i].Id > birth; i--)
        {
            if (_live[i].Id <= reach.AsOf && !_live[i].HasPassed(reach.LastPosition)) return true;
        }

        return false;
    }

    /// <summary>The newest live fork that sees an item, or null. O(forks).</summary>
    public ForkEpoch? NewestThatSees(uint birth, uint asOf)
    {
        for (int i = _live.Count - 1; i >= 0 && _live[i].Id > birth; i--)
        {
            if (_live[i].Id <= asOf) return _live[i];
        }

        return null;
    }

    /// <summary>Starts a fork's epoch.</summary>
    public ForkEpoch Begin()
    {
        var fork = new ForkEpoch(++Current);
        _live.Add(fork);
        Newest = fork.Id;
        return fork;
    }

    /// <summary>Ends a fork: what only it needed can be freed.</summary>
    public void End(ForkEpoch fork)
    {
        bool removed = _live.Remove(fork);
        Invariant.Check(removed);
        Ended++;
        Newest = _live.Count == 0 ? 0 : _live[^1].Id;
    }
}

/// <summary>One live fork: its id, how far it was walked, and what waits for its end.</summary>
internal sealed class ForkEpoch(uint id)
{
    private long _position;

    /// <summary>The number of the epoch that the fork began.</summary>
    public uint Id { get; } = id;

    /// <summary>Retired items that this fork is the newest to see.</summary>
    public RetiredItems Retired { get; } = new();

    /// <summary>Everything before this position was walked. Written by the walking thread, with release.</summary>
    public void Publish(long position)
    {
        Debug.Assert(position >= _position);
        Volatile.Write(ref _position, position);
    }

    /// <summary>Whether the walk has gone beyond a position.</summary>
    public bool HasPassed(long position) => Volatile.Read(ref _position) > position;
}

/// <summary>
/// Who may still reach an item: forks up to <paramref name="AsOf"/> that have not walked beyond <paramref name="LastPosition"/>.
/// </summary>
internal readonly record struct Reach(long LastPosition, uint AsOf)
{
    private const int OrdinalShift = 40;
    private const int HashShift = 64 - OrdinalShift;

    /// <summary>The position of the segment of so many leading bits that a hash falls into, by its last hash.</summary>
    public static Reach OfSegment(int ordinal, ulong hash, int depth) =>
        new(Position(ordinal, hash | (ulong.MaxValue >> depth)), uint.MaxValue);

    /// <summary>Where a hash of a table lies in the order of the walk.</summary>
    public static long Position(int ordinal, ulong hash) => ((long)ordinal << OrdinalShift) | (long)(hash >> HashShift);
}
