using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>A stream, or the place where one would be. Dies with the next write to another key.</summary>
public ref struct StreamRef : ICollectionRef<StreamRef>
{
    private EntryRef _entry;

    /// <summary>Opens an entry that is missing or holds a stream.</summary>
    public StreamRef(EntryRef entry)
    {
        Invariant.Check(!entry.Exists || entry.Type == Type);
        _entry = entry;
    }

    /// <inheritdoc/>
    public static DataType Type => DataType.Stream;

    /// <summary>Whether there is a stream; it may have no entries.</summary>
    public readonly bool Exists => _entry.Exists;

    /// <summary>Its key.</summary>
    public readonly ReadOnlySpan<byte> Key => _entry.Key;

    /// <summary>The stream, for reading; it must exist.</summary>
    public readonly StreamLog Log => _entry.Collection<StreamValue>().Log;

    /// <summary>What limits the nodes of streams.</summary>
    public readonly CollectionLimits Limits => _entry.Database.Keyspace.Limits;

    /// <summary>Opens an entry that is missing or holds one.</summary>
    public static StreamRef Open(EntryRef entry) => new(entry);

    /// <summary>The stream, for writing; it is made when it is missing. O(1).</summary>
    public StreamLog OpenOrCreate()
    {
        if (_entry.Exists) return _entry.WritableCollection<StreamValue>().Log;
        return _entry.SetCollection(ValueForm.Stream, new StreamValue(_entry.Database.Keyspace.Pages)).Log;
    }

    /// <summary>Tells of a change that is none of the value: to what the stream remembers, or to its groups.</summary>
    public readonly void SignalChanged()
    {
        CountMemory();
        _entry.SignalChanged();
    }

    /// <summary>Tells those who wait for the stream that they should look again.</summary>
    public readonly void SignalReady() => _entry.SignalReady();

    /// <summary>Tells of changes, as many as Redis would count.</summary>
    public readonly void SignalModified(long changes = 1)
    {
        CountMemory();
        _entry.SignalModified(changes);
    }

    private readonly void CountMemory()
    {
        if (_entry.Exists) _entry.Collection<StreamValue>().CountMemory();
    }
}
