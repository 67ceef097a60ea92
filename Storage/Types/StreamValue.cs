using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// What the keyspace holds for a stream. All below it are managed objects that know their births, so nothing is retired or freed by hand, and the reach
// of its key does not matter: whatever was born before the newest fork is copied.

/// <summary>A stream's shell.</summary>
internal sealed class StreamValue(StreamLog log, ForkEpochs forks) : CollectionValue
{
    private const int BytesPerNode = 96;
    private const int BytesPerPending = 64;

    /// <summary>A stream without entries.</summary>
    public StreamValue(ForkEpochs forks)
        : this(new StreamLog(forks), forks)
    {
    }

    /// <summary>Its entries and groups.</summary>
    public StreamLog Log => log;

    /// <inheritdoc/>
    public override long Count => log.Length;

    /// <summary>Bytes of all that it consists of, roughly. O(groups).</summary>
    public override long MemoryBytes
    {
        get
        {
            long bytes = ShellBytes + log.NodeBytes + log.NodeCount * BytesPerNode;
            foreach (ConsumerGroup group in log.Groups())
                bytes += ShellBytes * (1 + group.ConsumerCount) + BytesPerPending * group.PendingCount;
            return bytes;
        }
    }

    /// <inheritdoc/>
    public override CollectionValue Copy() => new StreamValue(log.DeepCopy(), forks);

    /// <inheritdoc/>
    public override void Open(Reach reach)
    {
        // Births alone tell who may still read a node.
    }

    /// <inheritdoc/>
    public override Teardown TearDown() => Nothing.ToFree;

    /// <inheritdoc/>
    public override void Check(KeyspaceCheck check) => log.Check();

    /// <inheritdoc/>
    protected override CollectionValue CloneShell() => new StreamValue(log.Clone(), forks);

    private sealed class Nothing : Teardown
    {
        public static readonly Nothing ToFree = new();

        public override bool Run(in TimeBudget budget) => true;
    }
}
