using KestrelFree.Storage;

namespace KestrelFree.Tests.Storage;

/// <summary>
/// Forks that a script of random operations holds, each with the model as it was when it began. Every other one is walked on a thread of its own
/// while the script goes on; the others stand still until their end.
/// </summary>
internal sealed class HeldForks<TModel>(Keyspace keyspace, Random random, Action<SnapshotWalk, TModel> assertSame) : IDisposable
{
    private readonly List<(Snapshot Snapshot, TModel Frozen, Task? Walk)> _forks = [];

    /// <summary>How many are held.</summary>
    public int Count => _forks.Count;

    /// <summary>Forks the keyspace, of which this is a model that no longer changes.</summary>
    public Snapshot Begin(TModel frozen)
    {
        var snapshot = keyspace.Fork();
        var walk = random.Next(2) == 0 ? snapshot.Walk() : null;
        _forks.Add((snapshot, frozen, walk == null ? null : Task.Run(() => assertSame(walk, frozen))));
        return snapshot;
    }

    /// <summary>Ends one of them. It was, or most often is now, compared with its model.</summary>
    public void EndOne() => End(random.Next(_forks.Count));

    /// <summary>Ends them all, the oldest first.</summary>
    public void EndAll()
    {
        while (_forks.Count != 0)
            End(0);
    }

    public void Dispose()
    {
        foreach ((var snapshot, _, var walk) in _forks)
        {
            walk?.Wait();
            snapshot.Dispose();
        }
    }

    private void End(int index)
    {
        (var snapshot, var frozen, var walk) = _forks[index];
        _forks.RemoveAt(index);
        if (walk != null) walk.GetAwaiter().GetResult();
        else if (random.Next(4) != 0) assertSame(snapshot.Walk(), frozen);
        snapshot.Release();
    }
}
