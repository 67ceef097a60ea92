using KestrelFree.Storage.Keyspaces;

namespace KestrelFree.Storage;

// Which key goes when memory is full.
//
// To know the least recently used of all keys would take a list through all entries, 16 bytes a key and two cache misses a read. So, as in
// Redis, some keys are looked at, and the best of them goes. Redis takes maxmemory-samples keys for each that it evicts, one cache miss or two
// each. Here a random segment is looked at as a whole: its entries lie together in some ten blocks, so that its 150 keys cost about as much as
// ten taken at random. Of so many keys more than one may go: one for every KeysPerSample * maxmemory-samples that were seen. The choice is then
// among four times as many keys as Redis's, for less. (Six times as many took 42 % of the time of SETs that each evict. On a Zipf(0.99) trace
// four hit 88.1 and 90.1 % by LRU and LFU, three 87.9 and 90.1 %, redis-server 83.9 and 86.4 %.)
//
//     round:   segments of each database -> score of each key -> the 16 best of all rounds so far (EvictionPool)
//     evict:   the best of the pool, if it still is what it was: not used since, not deleted
//
// Where few keys expire and only these may go, the directory knows the segments that have any (their earliest expiry), so the others are not
// looked at. The bounds found wrong on the way are corrected.
//
// A hash decides what segment a key is in, so the keys of a segment are a fair sample. Segments are drawn by a random hash: one that happens to
// hold few keys is drawn as often as a neighbour with many, but gives up fewer.

/// <summary>By what a key is chosen to go.</summary>
public enum EvictionOrder
{
    /// <summary>The one unused (or, as the access clocks have it, unchanged) for longest.</summary>
    Oldest,

    /// <summary>The one used least.</summary>
    LeastFrequent,

    /// <summary>The one that would expire first.</summary>
    ShortestLived,

    /// <summary>Any.</summary>
    Random,
}

/// <summary>Which keys may go.</summary>
public enum EvictionCandidates
{
    /// <summary>All.</summary>
    All,

    /// <summary>Those that expire.</summary>
    Expiring,
}

/// <summary>How keys are chosen to go.</summary>
/// <param name="Order">By what.</param>
/// <param name="Candidates">Among which.</param>
/// <param name="Samples">maxmemory-samples: the more, the better the choice, and the dearer.</param>
public readonly record struct EvictionRule(EvictionOrder Order, EvictionCandidates Candidates, int Samples);

/// <summary>Gives up keys, one at a time. Loop thread only.</summary>
public sealed class Eviction
{
    private const int KeysPerSample = 4;

    private readonly Database[] _databases;
    private readonly AccessClock _access;
    private readonly Random _dice;
    private readonly EvictionPool _pool = new();
    private EvictionRule _rule;
    private int _seen;
    private int _left;
    private int _nextDatabase;

    internal Eviction(Database[] databases, AccessClock access, Random dice)
    {
        _databases = databases;
        _access = access;
        _dice = dice;
    }

    /// <summary>Evicts a key by a rule; false when none may go. Some microseconds, but O(segments) where nearly all are empty.</summary>
    public bool TryEvict(in EvictionRule rule)
    {
        if (rule != _rule)
        {
            _rule = rule;
            _pool.Clear();
            _left = 0;
        }

        return rule.Order == EvictionOrder.Random ? TryEvictAny() : TryEvictBest();
    }

    private bool TryEvictBest()
    {
        while (true)
        {
            if (_left <= 0 || _pool.IsEmpty) Look();
            if (_pool.IsEmpty) return false;
            while (_pool.TryTakeBest(out EvictionPool.Candidate candidate))
            {
                _left--;
                if (TryEvict(candidate)) return true;
            }
        }
    }

    // One round: every database takes part, so that none is spared.
    private void Look()
    {
        _seen = 0;
        foreach (Database database in _databases)
        {
            if (CountOf(database) == 0) continue;
            int wanted = _rule.Samples * KeysPerSample;
            ulong hash = RandomHash();
            for (int visits = 0, before = _seen; visits < _rule.Samples && _seen - before < wanted; visits++)
            {
                if (!TryLookAt(database, ref hash)) break;
            }
        }

        _left = Math.Clamp(_seen / (_rule.Samples * KeysPerSample), 1, EvictionPool.Capacity / 2);
    }

    private long CountOf(Database database) => _rule.Candidates == EvictionCandidates.All ? database.Count : database.ExpiresCount;

    private ulong RandomHash() => (ulong)_dice.NextInt64(long.MinValue, long.MaxValue);

    // Looks at the next segment from a hash on that has candidates, and moves the hash behind it; false when there is none.
    private bool TryLookAt(Database database, ref ulong hash)
    {
        int before = _seen;
        var segments = new CandidateSegments(database.Table, _rule.Candidates, hash);
        while (_seen == before)
        {
            if (!segments.TryMoveNext(out uint head, out ulong prefix)) return false;
            int first = _seen;
            Visit(database, head);
            if (_seen == first) segments.NoteNone(prefix);
        }

        hash = segments.Next;
        return true;
    }

    private void Visit(Database database, uint first)
    {
        Table table = database.Table;
        ExpirySweep.Prefetch(table, first);
        for (uint id = first; id != 0; id = table.Pages.Head(id).Next)
        {
            ref SegmentHead head = ref table.Pages.Head(id);
            for (int slot = head.FindOccupied(0); slot != SegmentHead.NoSlot; slot = NextSlot(ref head, slot))
            {
                ref byte entry = ref table.Space.EntryAt(ref head, head.OffsetOf(slot));
                if (!IsCandidate(ref entry)) continue;
                _seen++;
                long score = ScoreOf(ref entry);
                if (_pool.Admits(score))
                    _pool.Add(database.Index, Entry.Hash(table.Hasher, ref entry), Entry.Key(table.Pages, ref entry), score);
            }
        }
    }

    private static int NextSlot(ref SegmentHead head, int slot) =>
        slot + 1 == SegmentHead.SlotCount ? SegmentHead.NoSlot : head.FindOccupied(slot + 1);

    private bool IsCandidate(ref byte entry) => _rule.Candidates == EvictionCandidates.All || Entry.HasExpiry(ref entry);

    // The higher, the sooner it goes. Keys used equally often are told apart by when.
    private long ScoreOf(ref byte entry)
    {
        uint access = Entry.Access(ref entry);
        return _rule.Order switch
        {
            EvictionOrder.Oldest => _access.IdleMs(access),
            EvictionOrder.LeastFrequent => ((long)(byte.MaxValue - _access.Frequency(access)) << 16) | _access.MinutesSince(access),
            _ => Entry.HasExpiry(ref entry) ? long.MaxValue - Entry.Expiry(ref entry) : 0,
        };
    }

    private bool TryEvict(in EvictionPool.Candidate candidate)
    {
        Database database = _databases[candidate.Database];
        EntryPlace place = default;
        if (!database.Table.Find(candidate.Hash, candidate.Key, ref place) || !IsCandidate(ref place.Entry))
            return false;
        if (ScoreOf(ref place.Entry) < candidate.Score) return false;
        database.Evict(candidate.Hash, candidate.Key, ref place);
        return true;
    }

    private bool TryEvictAny()
    {
        for (int tries = 0; tries < _databases.Length; tries++)
        {
            _nextDatabase = (_nextDatabase + 1) % _databases.Length;
            Database database = _databases[_nextDatabase];
            EntryPlace place = default;
            if (CountOf(database) == 0 || !TryPickAny(database, ref place)) continue;
            EvictionPool.Candidate candidate = _pool.Keep(
                database.Index, Entry.Hash(database.Table.Hasher, ref place.Entry), Entry.Key(database.Table.Pages, ref place.Entry));
            database.Evict(candidate.Hash, candidate.Key, ref place);
            return true;
        }

        return false;
    }

    private bool TryPickAny(Database database, ref EntryPlace place)
    {
        Table table = database.Table;
        if (_rule.Candidates == EvictionCandidates.All) return RandomEntry.TryPick(table, _dice, ref place);
        var segments = new CandidateSegments(table, _rule.Candidates, RandomHash());
        while (segments.TryMoveNext(out uint head, out ulong prefix))
        {
            int count = 0;
            for (uint id = head; id != 0; id = table.Pages.Head(id).Next)
                PickExpiring(table, id, ref count, ref place);
            if (count != 0) return true;
            segments.NoteNone(prefix);
        }

        return false;
    }

    // Each of the keys seen so far is the one picked with the same probability.
    private void PickExpiring(Table table, uint id, ref int count, ref EntryPlace place)
    {
        ref SegmentHead head = ref table.Pages.Head(id);
        for (int slot = head.FindOccupied(0); slot != SegmentHead.NoSlot; slot = NextSlot(ref head, slot))
        {
            ref byte entry = ref table.Space.EntryAt(ref head, head.OffsetOf(slot));
            if (!Entry.HasExpiry(ref entry) || _dice.Next(++count) != 0) continue;
            place.Head = ref head;
            place.Slot = slot;
            place.Entry = ref entry;
        }
    }
}
