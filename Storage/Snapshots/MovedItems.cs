namespace KestrelFree.Storage.Snapshots;

// RENAME and MOVE hand a run or an object from one entry to another. A fork made before still finds it through the old entry, and so at the old
// key's place in the walk; but whoever writes to or frees it afterwards knows the new key only. If that comes earlier in the walk, the walker may
// have passed the new place and not the old. So the old place is remembered, and what is moved counts as walked only when both are passed.
//
// What a collection consists of moves with it; that its nodes stay is CollectionValue's affair.
//
// The alternative, to copy what is moved while a fork needs it, would make renaming a value of 100 MB cost 100 MB.
//
// Kept until the item is freed or no fork lives, which is longer than necessary and never too short.

/// <summary>The places in the walks of live forks that moved items were at before. O(1).</summary>
internal sealed class MovedItems
{
    private readonly Dictionary<ulong, long> _lastPositions = [];

    /// <summary>Whether there are none, as is usual.</summary>
    public bool IsEmpty => _lastPositions.Count == 0;

    /// <summary>Notes that an item leaves a place.</summary>
    public void Add(ItemKind kind, uint id, long lastPosition)
    {
        ref long noted = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_lastPositions, Key(kind, id), out _);
        noted = Math.Max(noted, lastPosition);
    }

    /// <summary>The reach of an item whose key is at one place, and may have been at others.</summary>
    public Reach Widen(ItemKind kind, uint id, Reach reach) =>
        _lastPositions.TryGetValue(Key(kind, id), out long noted) && noted > reach.LastPosition ? reach with { LastPosition = noted } : reach;

    /// <summary>Forgets an item that is freed: its id may be another's next.</summary>
    public void Remove(ItemKind kind, uint id) => _lastPositions.Remove(Key(kind, id));

    /// <summary>Forgets all, when no fork lives.</summary>
    public void Clear() => _lastPositions.Clear();

    private static ulong Key(ItemKind kind, uint id) => ((ulong)kind << 32) | id;
}
