using System.Diagnostics;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage;

/// <summary>
/// All databases as they were when <see cref="Keyspace.Fork"/> was called, whatever has happened to them since. Made and released on the loop's
/// thread; its walk may run on another. Everything that it keeps from being freed stays until it is released.
/// </summary>
public sealed class Snapshot : IDisposable
{
    private readonly PageStore _pages;
    private readonly ForkEpoch _fork;
    private readonly FrozenTable[] _tables;
    private bool _isWalked;
    private bool _isReleased;

    internal Snapshot(PageStore pages, Database[] databases)
    {
        long began = Stopwatch.GetTimestamp();
        _pages = pages;
        _tables = new FrozenTable[databases.Length];
        var described = new SnapshotDatabase[databases.Length];
        for (int i = 0; i < databases.Length; i++)
        {
            Database database = databases[i];
            _tables[i] = new FrozenTable(i, database.Table.Ordinal, database.Table.Directory.Top);
            described[i] = new SnapshotDatabase(i, database.Count, database.ExpiresCount);
            KeyCount += database.Count;
        }

        // Walks go by ordinal, which is what positions are made of; SWAPDB may have put tables out of order.
        if (!IsSorted(_tables)) Array.Sort(_tables, static (a, b) => a.Ordinal.CompareTo(b.Ordinal));
        Databases = described;
        _fork = pages.Forks.Begin();
        ForkMicros = (long)Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    }

    /// <summary>How long the fork took, in microseconds: all that a client may have waited for it.</summary>
    public long ForkMicros { get; }

    /// <summary>How many keys each database had.</summary>
    public IReadOnlyList<SnapshotDatabase> Databases { get; }

    /// <summary>How many keys all databases had.</summary>
    public long KeyCount { get; }

    /// <summary>The walk over all keys; there is only one, since what was walked is given up.</summary>
    public SnapshotWalk Walk()
    {
        Invariant.Check(!_isWalked && !_isReleased);
        _isWalked = true;
        return new SnapshotWalk(_pages, _fork, _tables);
    }

    /// <summary>Gives up what the fork kept; its memory comes back in <see cref="Keyspace.RunMaintenance"/>. Only after the walk has ended.</summary>
    public void Release()
    {
        if (_isReleased) return;
        _isReleased = true;
        _pages.EndFork(_fork);
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    private static bool IsSorted(FrozenTable[] tables)
    {
        for (int i = 1; i < tables.Length; i++)
        {
            if (tables[i].Ordinal < tables[i - 1].Ordinal) return false;
        }

        return true;
    }
}

/// <summary>A database at the time of a fork.</summary>
public readonly record struct SnapshotDatabase(int Index, long Count, long ExpiresCount);

/// <summary>A table as a fork saw it.</summary>
internal readonly record struct FrozenTable(int DatabaseIndex, int Ordinal, DirectoryLeaf[] Top);
