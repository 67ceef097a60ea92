using System.Security.Cryptography;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

// All databases of a server, on pages that they share.
//
//     Keyspace -> Database (a number, expiry, events)
//                   -> Table (entries of one database)
//                        -> Directory -> SegmentHead -> blocks of Entry bytes
//                                                          -> runs (medium values, long keys), objects (big values)
//     PageStore: heads, blocks, runs, objects; ForkEpochs: what forks still need of them
//
// Reading the source in that order, downwards, works best; each file opens with its layout and invariants.
//
// One thread, the loop's, calls everything here. A SnapshotWalk alone may run on another.

/// <summary>The databases, what they have in common, and forks of them all.</summary>
public sealed class Keyspace
{
    private const int FreedAtOnce = 1000;

    private readonly PageStore _pages;
    private readonly KeyHasher _hasher;
    private readonly PrefetchBatch _prefetch;
    private readonly MemberPrefetch _memberPrefetch = new();
    private readonly Database[] _databases;
    private readonly ExpiryHorizon _horizon = new();
    private readonly ExpirySweep _sweep;
    private readonly Compaction _compaction;
    private readonly Queue<TableTeardown> _discarded = new();
    private long _headsCounted = -1;
    private long _flushedKeys;
    private long _discardedBytes;
    private long _directoryBytes;

    /// <summary>Makes empty databases.</summary>
    public Keyspace(KeyspaceOptions options)
    {
        _pages = new PageStore(options.HugePages);
        Clock = options.Clock;
        Events = options.Events ?? NoKeyspaceEvents.Instance;
        Dice = options.Seed is long seed ? new Random((int)seed ^ (int)(seed >> 32)) : new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        Access = new AccessClock(options.Clock, Dice);
        _hasher = NewHasher(options, Dice);
        _prefetch = new PrefetchBatch(_hasher);
        SetBuilder = new SetBuilder(this);
        HashBuilder = new HashBuilder(this);
        _databases = new Database[options.Databases];
        for (int i = 0; i < _databases.Length; i++)
            _databases[i] = new Database(this, i, NewTable(i));
        _sweep = new ExpirySweep(_databases, _horizon);
        _compaction = new Compaction(_pages, _databases);
        Eviction = new Eviction(_databases, Access, Dice);
    }

    /// <summary>How many keys a batch can prefetch.</summary>
    public static int PrefetchCapacity => PrefetchBatch.Capacity;

    /// <summary>How many databases there are.</summary>
    public int DatabaseCount => _databases.Length;

    /// <summary>A database by its number.</summary>
    public Database this[int index] => _databases[index];

    /// <summary>What time it is.</summary>
    public Clock Clock { get; }

    /// <summary>Who hears of changes.</summary>
    public IKeyspaceEvents Events { get; set; }

    /// <summary>What becomes of keys whose time has come.</summary>
    public ExpiredKeys ExpiredKeys { get; set; }

    /// <summary>Whether the command that runs marks the keys it looks up as used (CLIENT NO-TOUCH).</summary>
    public Touch Touching { get; set; } = Touch.Yes;

    /// <summary>What time it is for those who judge whether something has expired: none at all while expired keys are shown.</summary>
    internal long ExpiryNowMs => ExpiredKeys == ExpiredKeys.Show ? long.MinValue : Clock.NowMs;

    /// <summary>What the access clocks of keys hold.</summary>
    public AccessPolicy AccessPolicy
    {
        get => Access.Policy;
        set => Access.Policy = value;
    }

    /// <summary>How slowly the LFU counter grows.</summary>
    public int LfuLogFactor
    {
        get => Access.LfuLogFactor;
        set => Access.LfuLogFactor = value;
    }

    /// <summary>After how many minutes unused the LFU counter loses one.</summary>
    public int LfuDecayMinutes
    {
        get => Access.LfuDecayMinutes;
        set => Access.LfuDecayMinutes = value;
    }

    /// <summary>Look-ups for reading that found their key.</summary>
    public long Hits { get; private set; }

    /// <summary>Look-ups for reading that did not.</summary>
    public long Misses { get; private set; }

    /// <summary>Keys that were deleted since their time had come.</summary>
    public long ExpiredCount { get; private set; }

    /// <summary>When the next key expires, in unix ms, or a bound before it; long.MaxValue when none does. O(1).</summary>
    public long EarliestExpiryMs => _horizon.EarliestMs;

    /// <summary>An estimate of the keys past their time that the active expire cycle has yet to reach; 0 when it keeps up. O(1).</summary>
    public long ExpiryBacklog => _sweep.Backlog;

    /// <summary>Live forks.</summary>
    public int ForkCount => _pages.Forks.Live.Count;

    /// <summary>Bytes that were ever kept for forks, beside what replaced them: the price of all forks so far. Only grows.</summary>
    public long ForkKeptBytes => _pages.KeptBytes;

    /// <summary>Keys of flushed databases, and large collections, that <see cref="RunMaintenance"/> has yet to free. O(flushes).</summary>
    public long LazyFreePending
    {
        get
        {
            long pending = _pages.Discarded.PendingCount;
            foreach (TableTeardown teardown in _discarded)
                pending += teardown.Entries;
            return pending;
        }
    }

    /// <summary>The same, of those that it has freed. A large collection of a flushed database counts beside its key.</summary>
    public long LazyFreedCount => _flushedKeys + _pages.Discarded.FreedCount;

    /// <summary>Memory by the keyspace's own counters: single numbers, so other threads may ask too. O(databases).</summary>
    public KeyspaceMemory Memory => KeyspaceMemory.Of(_pages, _databases, _discardedBytes);

    /// <summary>
    /// <see cref="KeyspaceMemory.DataBytes"/> alone, for who asks before every command. O(1), O(databases) after a segment has split or merged.
    /// </summary>
    public long DataBytes
    {
        get
        {
            // Directories change only when segments come or go.
            if (_pages.Heads.Used != _headsCounted)
            {
                _headsCounted = _pages.Heads.Used;
                _directoryBytes = 0;
                foreach (Database database in _databases)
                    _directoryBytes += database.Table.Directory.Bytes;
            }

            return _discardedBytes == 0 ? _pages.UsedBytes - _pages.RetiredBytes + _directoryBytes : Memory.DataBytes;
        }
    }

    /// <summary>Chooses keys to give up.</summary>
    public Eviction Eviction { get; }

    /// <summary>Up to which size collections are packed.</summary>
    public CollectionLimits Limits { get; } = new();

    /// <summary>A set to be built; one at a time.</summary>
    public SetBuilder SetBuilder { get; }

    /// <summary>The sets that a command combines; one command at a time.</summary>
    public SetOperands SetOperands { get; } = new();

    /// <summary>The sets and sorted sets that the running command combines.</summary>
    public ZsetOperands ZsetOperands { get; } = new();

    /// <summary>Passes of compaction that were completed.</summary>
    public long Compactions => _compaction.Passes;

    internal HashBuilder HashBuilder { get; }

    internal AccessClock Access { get; }

    internal ListCompression ListCompression => field ??= new ListCompression();

    internal PackedBuffer Scratch { get; } = new();

    // An element on its way from one key to another, which Scratch does not survive.
    internal PackedBuffer Carried { get; } = new();

    // Part of a value that is being loaded, while others may be served, see RdbInput.Refilled.
    internal PackedBuffer LoadScratch { get; } = new();

    // Where in a listpack elements were found.
    internal List<int> Offsets { get; } = [];

    internal PageStore Pages => _pages;

    internal KeyHasher Hasher => _hasher;

    internal Random Dice { get; }

    /// <summary>Sets the counters of look-ups and expired keys to zero.</summary>
    public void ResetStatistics() => Hits = Misses = ExpiredCount = _flushedKeys = _pages.Discarded.FreedCount = 0;

    /// <summary>Empties all databases.</summary>
    public void FlushAll(FlushMode mode)
    {
        foreach (Database database in _databases)
            database.Flush(mode);
    }

    /// <summary>Exchanges the contents of two databases. O(1).</summary>
    public void Swap(int first, int second)
    {
        Database a = _databases[first], b = _databases[second];
        (a.Table, b.Table) = (b.Table, a.Table);
        Events.Swapped(a, b);
    }

    /// <summary>Freezes all databases as they are now, for one walk over them. O(databases); see <see cref="ForkEpochs"/>.</summary>
    public Snapshot Fork() => new(_pages, _databases);

    /// <summary>
    /// Frees for a time what forks and flushes leave behind, gives memory back to the system and compacts what is sparse; true while there is more.
    /// </summary>
    public bool RunMaintenance(long budgetMicros)
    {
        var budget = new TimeBudget(budgetMicros);
        while (_discarded.TryPeek(out TableTeardown? teardown))
        {
            long before = teardown.PendingBytes;
            bool isDone = teardown.Run(budget);
            _discardedBytes -= isDone ? before : before - teardown.PendingBytes;
            if (!isDone) return true;
            _discarded.Dequeue();
            _flushedKeys += teardown.Entries;
        }

        if (_pages.Discarded.Drain(budget) || _pages.DrainRetired(budget) || _pages.DiscardIdle(budget)) return true;
        return _compaction.Run(budget);
    }

    /// <summary>
    /// Deletes keys past their time until the budget is spent (a segment's at least); true if there may be more of them. Costs a segment each
    /// (some microseconds), and a bit for 500 segments without any. Does nothing while expired keys are only hidden.
    /// </summary>
    public bool ExpireCycle(long budgetMicros) => ExpiredKeys == ExpiredKeys.Delete && _sweep.Run(Clock.NowMs, new TimeBudget(budgetMicros));

    /// <summary>Starts a compaction, whether or not it seems worth it; <see cref="RunMaintenance"/> does it.</summary>
    public void Compact() => _compaction.Start(EvacuationScope.Sparse);

    /// <summary>Starts one that moves everything.</summary>
    internal void CompactEverything() => _compaction.Start(EvacuationScope.Everything);

    /// <summary>
    /// Hashes a key that is about to be looked up and asks for what leads to its segment; see <see cref="PrefetchEntries"/>. Keys of a database
    /// other than that of the batch's first are passed over.
    /// </summary>
    public void PrefetchKey(Database database, ReadOnlySpan<byte> key) => _prefetch.Add(database, key);

    /// <summary>
    /// Asks for the entries of all keys since the last call. Look-ups of these keys then find them in the cache, and their hashes are remembered.
    /// Worth it from two keys on; the keys of a whole pipelined batch are best.
    /// </summary>
    public void PrefetchEntries() => _prefetch.Complete();

    /// <summary>
    /// Asks for what leads to a member of a large set, hash or sorted set, once the entries of keys were asked for; does nothing for other keys. See
    /// <see cref="PrefetchMembers"/>.
    /// </summary>
    public void PrefetchMember(Database database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> member)
    {
        ulong hash = _prefetch.HashOf(key);
        if (!_memberPrefetch.IsOpenFor(hash)) _memberPrefetch.Open(hash, MembersOf(database, hash, key));
        _memberPrefetch.Add(member);
    }

    /// <summary>Asks for the entries of all members since the last call.</summary>
    public void PrefetchMembers()
    {
        _memberPrefetch.Complete();
        _prefetch.Rewind();
    }

    /// <summary>Checks every structure against itself. O(everything); throws <see cref="InvariantException"/>.</summary>
    public void Validate() => KeyspaceCheck.Run(_databases, _pages, _discarded.Count == 0);

    /// <summary><see cref="Validate"/>, in debug builds.</summary>
    [System.Diagnostics.Conditional("DEBUG")]
    public void AssertValid() => Validate();

    internal ulong HashOf(ReadOnlySpan<byte> key) => _prefetch.HashOf(key);

    /// <summary>Whether <see cref="IKeyspaceEvents.Missed"/> is raised.</summary>
    public bool TellsMisses { get; set; }

    /// <summary>Whether <see cref="IKeyspaceEvents.Added"/> is raised.</summary>
    public bool TellsAdditions { get; set; }

    internal void CountLookup(bool found)
    {
        if (found) Hits++;
        else Misses++;
    }

    internal void CountExpired() => ExpiredCount++;

    internal Table NewTable(int ordinal) => new(_pages, _hasher, ordinal, _horizon);

    internal void Discard(Table table, FlushMode mode)
    {
        _prefetch.Clear();
        var teardown = new TableTeardown(table, PendingBytesOf(table));
        if (mode == FlushMode.Async || table.Count > FreedAtOnce || !teardown.Run(new TimeBudget(TimeBudget.Unlimited)))
        {
            _discarded.Enqueue(teardown);
            _discardedBytes += teardown.PendingBytes;
        }
    }

    // By the share of keys: exact for the only database that has any.
    private long PendingBytesOf(Table table)
    {
        long keys = 0;
        foreach (Database database in _databases)
            keys += database.Count;
        return keys == 0 ? 0 : (long)(Memory.DataBytes * ((double)table.Count / keys));
    }

    private static KeyHasher NewHasher(KeyspaceOptions options, Random dice)
    {
        SipHash hash = options.Seed == null ? SipHash.UnderRandomKey() : new SipHash((ulong)dice.NextInt64(), (ulong)dice.NextInt64());
        return new KeyHasher(hash, options.HashMask);
    }

    private Table? MembersOf(Database database, ulong hash, ReadOnlySpan<byte> key)
    {
        EntryPlace place = default;
        if (!database.Table.Find(hash, key, ref place) || !ValueForms.IsCollection(Entry.Form(ref place.Entry)))
            return null;
        return ((CollectionValue)_pages.Objects[Entry.Reference(ref place.Entry)]).Members as Table;
    }
}

/// <summary>How a keyspace is made.</summary>
public sealed record KeyspaceOptions
{
    /// <summary>Databases.</summary>
    public int Databases { get; init; } = 16;

    /// <summary>What time it is.</summary>
    public Clock Clock { get; init; } = new SystemClock();

    /// <summary>Who hears of changes.</summary>
    public IKeyspaceEvents? Events { get; init; }

    /// <summary>Whether memory asks for huge pages.</summary>
    public HugePages HugePages { get; init; } = HugePages.Advise;

    /// <summary>What hash key and dice are made from; null for real randomness.</summary>
    public long? Seed { get; init; }

    /// <summary>Bits of the hash that are used: for tests that need collisions.</summary>
    internal ulong HashMask { get; init; } = ulong.MaxValue;
}
