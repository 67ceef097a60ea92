using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// What the keyspace holds for a stream. Its listpacks are in runs and arrays of the page store, which counts their bytes, and are retired by
// hand. The trees over them, groups and what these have pending are managed objects that know their births: whatever was born before the newest
// fork is copied, and the collector frees it. PageStore is told here what they take, each time that the stream is opened and each time that a
// change is signalled.

/// <summary>A stream's shell.</summary>
internal sealed class StreamValue : CollectionValue
{
    private const int BytesPerNode = 40;
    private const int BytesPerPending = 110;
    private const int BytesPerConsumer = 256;
    private const int BytesPerGroup = 560;
    private const int BytesOfItsTrees = 340; // which grow roots with the first consumer
    private const int NodesPerCheck = 16;

    private readonly PageStore _pages;
    private long _counted;

    /// <summary>A stream without entries.</summary>
    public StreamValue(PageStore pages)
        : this(pages, new StreamLog(pages))
    {
    }

    /// <summary>A stream of these entries and groups.</summary>
    public StreamValue(PageStore pages, StreamLog log)
    {
        _pages = pages;
        Log = log;
    }

    /// <summary>Its entries and groups.</summary>
    public StreamLog Log { get; }

    /// <inheritdoc/>
    public override long Count => Log.Length;

    /// <inheritdoc/>
    public override int ShellBytes => 500;

    /// <inheritdoc/>
    public override long MemoryBytes => Log.NodeBytes + ManagedBytes;

    /// <summary>What of it is not in pages, roughly.</summary>
    public long ManagedBytes =>
        Log.NodeCount * BytesPerNode + Log.GroupCount * BytesPerGroup + Math.Min(Log.GroupCount, Log.Tally.Consumers) * BytesOfItsTrees
        + Log.Tally.Consumers * BytesPerConsumer + Log.Tally.Pending * BytesPerPending;

    /// <inheritdoc/>
    public override CollectionValue Copy()
    {
        var copy = new StreamValue(_pages, Log.DeepCopy());
        copy.CountMemory();
        return copy;
    }

    /// <inheritdoc/>
    public override void Open(Reach reach)
    {
        Log.Reach = reach;
        CountMemory();
    }

    /// <summary>Counts what has been added to it or taken from it since.</summary>
    public void CountMemory() => CountMemory(ManagedBytes);

    /// <inheritdoc/>
    public override bool MoveNodes(ref long position, in TimeBudget budget)
    {
        for (int looked = 1; Log.Nodes.TryAt(position, out StreamNode node); looked++)
        {
            if (node.Kind == ItemKind.Run && _pages.Runs.IsLeaving(node.Id) && _pages.TryMakePrivate(ItemKind.Run, node.Id, Log.Reach))
                Log.MoveNode(node);
            position++;
            if (looked % NodesPerCheck == 0 && budget.IsSpent) return position >= Log.NodeCount;
        }

        return true;
    }

    /// <inheritdoc/>
    public override Teardown TearDown() => new Release(this);

    /// <inheritdoc/>
    public override void Check(KeyspaceCheck check) => Log.Check(check);

    /// <inheritdoc/>
    protected override CollectionValue CloneShell() => new StreamValue(_pages, Log.Clone()) { _counted = _counted };

    // Shells are counted where they are held.
    private void CountMemory(long bytes)
    {
        _pages.ManagedBytes += bytes - _counted;
        _counted = bytes;
    }

    // Retires the listpacks one after the other; the collector frees the rest.
    private sealed class Release(StreamValue stream) : Teardown
    {
        private readonly StreamNodes _nodes = stream.Log.Nodes.Clone();
        private long _next;

        public override bool Run(in TimeBudget budget)
        {
            while (_nodes.TryAt(_next, out StreamNode node))
            {
                stream._pages.Retire(node.Kind, node.Id, _nodes.Reach);
                if (++_next % NodesPerCheck == 0 && _next < _nodes.Totals.Nodes && budget.IsSpent) return false;
            }

            stream.CountMemory(0);
            return true;
        }
    }
}
