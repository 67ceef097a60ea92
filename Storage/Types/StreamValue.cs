using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// What the keyspace holds for a stream. All below it are managed objects that know their births, so nothing is retired or freed by hand, and the reach
// of its key does not matter: whatever was born before the newest fork is copied.
//
// PageStore counts the bytes of what lies in pages; of streams it is told here, each time that one is opened and
// each time that a change is signalled.

/// <summary>A stream's shell.</summary>
internal sealed class StreamValue : CollectionValue
{
    private const int BytesPerNode = 96;
    private const int BytesPerPending = 64;
    private const int BytesPerConsumer = 256;

    private readonly PageStore _pages;
    private long _counted;

    /// <summary>A stream without entries.</summary>
    public StreamValue(PageStore pages)
        : this(pages, new StreamLog(pages.Forks))
    {
    }

    private StreamValue(PageStore pages, StreamLog log)
    {
        _pages = pages;
        Log = log;
    }

    /// <summary>Its entries and groups.</summary>
    public StreamLog Log { get; }

    /// <inheritdoc/>
    public override long Count => Log.Length;

    /// <inheritdoc/>
    public override long MemoryBytes =>
        Log.NodeBytes + Log.NodeCount * BytesPerNode + Log.Tally.Consumers * BytesPerConsumer + Log.Tally.Pending * BytesPerPending;

    /// <inheritdoc/>
    public override CollectionValue Copy()
    {
        var copy = new StreamValue(_pages, Log.DeepCopy());
        copy.CountMemory();
        return copy;
    }

    /// <summary>Counts its memory; births alone tell who may still read a node.</summary>
    public override void Open(Reach reach) => CountMemory();

    /// <summary>Counts what has been added to it or taken from it since.</summary>
    public void CountMemory() => CountMemory(MemoryBytes);

    /// <inheritdoc/>
    public override Teardown TearDown() => new Release(this);

    /// <inheritdoc/>
    public override void Check(KeyspaceCheck check) => Log.Check();

    /// <inheritdoc/>
    protected override CollectionValue CloneShell() => new StreamValue(_pages, Log.Clone()) { _counted = _counted };

    // Shells are counted where they are held.
    private void CountMemory(long bytes)
    {
        _pages.ManagedBytes += bytes - _counted;
        _counted = bytes;
    }

    // The collector frees it.
    private sealed class Release(StreamValue stream) : Teardown
    {
        public override bool Run(in TimeBudget budget)
        {
            stream.CountMemory(0);
            return true;
        }
    }
}
