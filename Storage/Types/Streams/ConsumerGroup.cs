using KestrelFree.Storage.Snapshots;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>An entry that was delivered and not acknowledged.</summary>
/// <param name="Consumer">Whom it was delivered to.</param>
/// <param name="DeliveredMs">When it was last, in Unix milliseconds.</param>
/// <param name="Deliveries">How often.</param>
public readonly record struct PendingEntry(byte[] Consumer, long DeliveredMs, long Deliveries);

/// <summary>When an entry was delivered, and which: the order in which entries become old.</summary>
/// <param name="Ms">When, in Unix milliseconds.</param>
/// <param name="Id">The entry.</param>
public readonly record struct DeliveryTime(long Ms, StreamId Id) : IComparable<DeliveryTime>
{
    /// <summary>What comes before all deliveries.</summary>
    public static DeliveryTime Start => new(long.MinValue, StreamId.Min);

    /// <summary>Whether one comes before the other.</summary>
    public static bool operator <(DeliveryTime left, DeliveryTime right) => left.CompareTo(right) < 0;

    /// <summary>Whether one comes after the other.</summary>
    public static bool operator >(DeliveryTime left, DeliveryTime right) => left.CompareTo(right) > 0;

    /// <summary>Whether one does not come after the other.</summary>
    public static bool operator <=(DeliveryTime left, DeliveryTime right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one does not come before the other.</summary>
    public static bool operator >=(DeliveryTime left, DeliveryTime right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public int CompareTo(DeliveryTime other) => Ms != other.Ms ? Ms.CompareTo(other.Ms) : Id.CompareTo(other.Id);

    /// <summary>The position right behind this one; false when there is none.</summary>
    internal bool TryNext(out DeliveryTime next)
    {
        bool isLater = !Id.TryNext(out StreamId id);
        next = new DeliveryTime(isLater ? Ms + 1 : Ms, id);
        return !isLater || Ms < long.MaxValue;
    }
}

/// <summary>A member of a consumer group.</summary>
public sealed class Consumer
{
    internal Consumer(byte[] name, long number, long nowMs, ForkEpochs forks)
    {
        Name = name;
        Number = number;
        SeenMs = nowMs;
        Birth = forks.Current;
        Pending = new OrderedTree<StreamId, byte>(forks);
    }

    private Consumer(Consumer other, uint birth)
    {
        Name = other.Name;
        Number = other.Number;
        SeenMs = other.SeenMs;
        ActiveMs = other.ActiveMs;
        Birth = birth;
        Pending = other.Pending.Clone();
    }

    /// <summary>Its name.</summary>
    public byte[] Name { get; }

    /// <summary>When it last asked for something, in Unix milliseconds.</summary>
    public long SeenMs { get; set; }

    /// <summary>When it last got something, in Unix milliseconds; -1 if never.</summary>
    public long ActiveMs { get; set; } = -1;

    /// <summary>How many entries it has not acknowledged.</summary>
    public long PendingCount => Pending.Count;

    /// <summary>What its group calls it: one number for as long as it is there.</summary>
    internal long Number { get; }

    internal uint Birth { get; }

    internal OrderedTree<StreamId, byte> Pending { get; }

    /// <summary>The first id from one on that it has not acknowledged. O(log n).</summary>
    public bool TryPendingFrom(StreamId from, out StreamId id) => Pending.TryAtOrAfter(from, out id, out _);

    internal Consumer Clone(uint birth) => new(this, birth);
}

// A group is written through the stream (StreamLog.WritableGroup), which copies it where a fork sees it; its trees copy their own nodes, and a
// consumer is copied by GetOrAddConsumer. A pending entry has its consumer's number: an object that is copied has no lasting identity, and a million
// references would be for the collector to follow.
//
// Pending entries are kept by id and, for those who take over what has been idle for long, by the time of their delivery too. Since times mostly grow,
// that second tree is appended to on its right and emptied from its left: both ends are full nodes, and its cost is 24 bytes an entry.

/// <summary>A consumer group of a stream: how far it has read, its consumers, and what they have not acknowledged.</summary>
public sealed class ConsumerGroup
{
    /// <summary>How many entries were read, when that is not known.</summary>
    public const long UnknownEntriesRead = -1;

    private readonly ForkEpochs _forks;
    private readonly GroupTally _tally;
    private readonly OrderedTree<StreamId, Delivery> _pending;
    private readonly OrderedTree<DeliveryTime, byte> _byTime;
    private readonly OrderedTree<long, byte[]> _names;
    private readonly OrderedTree<ByteName, Consumer> _consumers;

    internal ConsumerGroup(byte[] name, ForkEpochs forks, GroupTally tally)
    {
        _forks = forks;
        _tally = tally;
        Name = name;
        Birth = forks.Current;
        _pending = new OrderedTree<StreamId, Delivery>(forks);
        _byTime = new OrderedTree<DeliveryTime, byte>(forks);
        _names = new OrderedTree<long, byte[]>(forks);
        _consumers = new OrderedTree<ByteName, Consumer>(forks);
    }

    private ConsumerGroup(ConsumerGroup other)
    {
        _forks = other._forks;
        _tally = other._tally;
        Name = other.Name;
        LastId = other.LastId;
        EntriesRead = other.EntriesRead;
        Birth = _forks.Current;
        _pending = other._pending.Clone();
        _byTime = other._byTime.Clone();
        _names = other._names.Clone();
        _consumers = other._consumers.Clone();
    }

    /// <summary>Its name.</summary>
    public byte[] Name { get; }

    /// <summary>The last id that was delivered.</summary>
    public StreamId LastId { get; set; }

    /// <summary>How many entries were ever read, or <see cref="UnknownEntriesRead"/>.</summary>
    public long EntriesRead { get; set; } = UnknownEntriesRead;

    /// <summary>How many entries are delivered and not acknowledged.</summary>
    public long PendingCount => _pending.Count;

    /// <summary>How many consumers it has.</summary>
    public long ConsumerCount => _consumers.Count;

    /// <summary>When the entry was delivered that has been pending for longest, in Unix milliseconds; the greatest number when none is pending. O(log n).</summary>
    public long OldestDeliveryMs => _byTime.TryFirst(out DeliveryTime first, out _) ? first.Ms : long.MaxValue;

    internal uint Birth { get; }

    /// <summary>A consumer, for reading; null when there is none. O(log n).</summary>
    public Consumer? FindConsumer(ReadOnlySpan<byte> name) => _consumers.TryFind(new NameProbe(name), out Consumer consumer) ? consumer : null;

    /// <summary>All consumers, by name. O(n).</summary>
    public Consumer[] Consumers()
    {
        var all = new Consumer[_consumers.Count];
        bool found = _consumers.TryFirst(out ByteName name, out Consumer consumer);
        for (int i = 0; found; i++)
        {
            all[i] = consumer;
            found = _consumers.TryAtOrAfter(new ByteName([.. name.Bytes, 0]), out name, out consumer);
        }

        return all;
    }

    /// <summary>A consumer, for writing, which is made when it is not there. O(log n).</summary>
    public Consumer GetOrAddConsumer(ReadOnlySpan<byte> name, long nowMs, out bool added)
    {
        Consumer? found = FindConsumer(name);
        added = found == null;
        if (found != null && !_forks.IsShared(found.Birth)) return found;
        Consumer consumer = found?.Clone(_forks.Current) ?? AddConsumer(name, nowMs);
        _consumers.Set(new ByteName(consumer.Name), consumer);
        return consumer;
    }

    /// <summary>Takes a consumer away with all that it has pending; returns how many that were, or -1 when there is none. O(m log n).</summary>
    public long RemoveConsumer(ReadOnlySpan<byte> name)
    {
        Consumer? consumer = FindConsumer(name);
        if (consumer == null) return -1;
        bool found = consumer.Pending.TryFirst(out StreamId id, out _);
        while (found)
        {
            _pending.TryGet(id, out Delivery delivery);
            _pending.Remove(id);
            _byTime.Remove(new DeliveryTime(delivery.DeliveredMs, id));
            found = id.TryNext(out StreamId next) && consumer.Pending.TryAtOrAfter(next, out id, out _);
        }

        _consumers.Remove(new ByteName(consumer.Name));
        _names.Remove(consumer.Number);
        _tally.Consumers--;
        _tally.Pending -= consumer.PendingCount;
        return consumer.PendingCount;
    }

    /// <summary>Finds what is known of a delivered entry. O(log n).</summary>
    public bool TryGetPending(StreamId id, out PendingEntry entry)
    {
        bool found = _pending.TryGet(id, out Delivery delivery);
        entry = found ? EntryOf(delivery) : default;
        return found;
    }

    /// <summary>Finds the first delivered entry from an id on, of all consumers or of one. O(log n).</summary>
    public bool TryPendingFrom(StreamId from, Consumer? consumer, out StreamId id, out PendingEntry entry)
    {
        entry = default;
        Delivery delivery = default;
        bool found = consumer == null
            ? _pending.TryAtOrAfter(from, out id, out delivery)
            : consumer.TryPendingFrom(from, out id) && _pending.TryGet(id, out delivery);
        if (found) entry = EntryOf(delivery);
        return found;
    }

    /// <summary>Finds the delivery that follows another one: by time, and by id among those of one time. O(log n).</summary>
    public bool TryNextDelivery(ref DeliveryTime delivery) => delivery.TryNext(out DeliveryTime next) && _byTime.TryAtOrAfter(next, out delivery, out _);

    /// <summary>The first and the last id that are pending; false when none is.</summary>
    public bool TryPendingRange(out StreamId first, out StreamId last)
    {
        last = default;
        return _pending.TryFirst(out first, out _) && _pending.TryLast(out last, out _);
    }

    /// <summary>Notes a delivery to a consumer, and takes the entry from whoever had it. O(log n).</summary>
    public void Deliver(StreamId id, Consumer consumer, long deliveredMs, long deliveries)
    {
        bool isPending = _pending.TryGet(id, out Delivery old);
        if (isPending && old.Consumer != consumer.Number) Forget(id, old);
        if (isPending && old.DeliveredMs != deliveredMs) _byTime.Remove(new DeliveryTime(old.DeliveredMs, id));
        if (!isPending || old.DeliveredMs != deliveredMs) _byTime.Set(new DeliveryTime(deliveredMs, id), 0);
        if (!isPending) _tally.Pending++;
        _pending.Set(id, new Delivery(consumer.Number, deliveredMs, deliveries));
        consumer.Pending.Set(id, 0);
    }

    /// <summary>Acknowledges an entry; false when it is not pending. O(log n).</summary>
    public bool Acknowledge(StreamId id)
    {
        if (!_pending.TryGet(id, out Delivery delivery)) return false;
        _pending.Remove(id);
        _byTime.Remove(new DeliveryTime(delivery.DeliveredMs, id));
        _tally.Pending--;
        Forget(id, delivery);
        return true;
    }

    internal ConsumerGroup Clone() => new(this);

    internal ConsumerGroup DeepCopy(GroupTally tally)
    {
        var copy = new ConsumerGroup(Name, _forks, tally) { LastId = LastId, EntriesRead = EntriesRead };
        foreach (Consumer consumer in Consumers())
        {
            Consumer its = copy.GetOrAddConsumer(consumer.Name, consumer.SeenMs, out _);
            its.ActiveMs = consumer.ActiveMs;
            bool found = consumer.Pending.TryFirst(out StreamId id, out _);
            while (found)
            {
                _pending.TryGet(id, out Delivery delivery);
                copy.Deliver(id, its, delivery.DeliveredMs, delivery.Deliveries);
                found = id.TryNext(out StreamId next) && consumer.Pending.TryAtOrAfter(next, out id, out _);
            }
        }

        return copy;
    }

    internal void Check()
    {
        _pending.Check();
        _byTime.Check();
        _consumers.Check();
        long pending = 0;
        foreach (Consumer consumer in Consumers())
        {
            consumer.Pending.Check();
            Invariant.Check(_names.TryGet(consumer.Number, out byte[] name) && name == consumer.Name);
            pending += consumer.PendingCount;
        }

        Invariant.Check(pending == PendingCount && _byTime.Count == PendingCount && _names.Count == _consumers.Count);
        DeliveryTime at = DeliveryTime.Start;
        while (TryNextDelivery(ref at))
            Invariant.Check(_pending.TryGet(at.Id, out Delivery delivery) && delivery.DeliveredMs == at.Ms);
    }

    private Consumer AddConsumer(ReadOnlySpan<byte> name, long nowMs)
    {
        var consumer = new Consumer(name.ToArray(), _names.TryLast(out long last, out _) ? last + 1 : 0, nowMs, _forks);
        _names.Set(consumer.Number, consumer.Name);
        _tally.Consumers++;
        return consumer;
    }

    private PendingEntry EntryOf(Delivery delivery) => new(NameOf(delivery), delivery.DeliveredMs, delivery.Deliveries);

    private byte[] NameOf(Delivery delivery)
    {
        bool found = _names.TryGet(delivery.Consumer, out byte[] name);
        Invariant.Check(found);
        return name;
    }

    private void Forget(StreamId id, Delivery delivery) => GetOrAddConsumer(NameOf(delivery), 0, out _).Pending.Remove(id);

    // What is known of a pending entry, without a reference.
    private readonly record struct Delivery(long Consumer, long DeliveredMs, long Deliveries);
}

/// <summary>What the groups of a stream have together; only for reckoning memory, so that forks need no copy of it.</summary>
internal sealed class GroupTally
{
    /// <summary>Pending entries.</summary>
    public long Pending { get; set; }

    /// <summary>Consumers.</summary>
    public long Consumers { get; set; }
}
