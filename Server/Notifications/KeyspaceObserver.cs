using KestrelFree.Server.Blocking;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Transactions;
using KestrelFree.Storage;

namespace KestrelFree.Server.Notifications;

// The one place where the server learns of changes to the keyspace. Whatever follows from a change hangs here: today the count of changes
// since the last save (dirty) and of expired and evicted keys, watched keys, clients that wait for keys, notifications; tracking and
// propagation will.

/// <summary>Receives every change of the keyspace.</summary>
internal sealed class KeyspaceObserver : IKeyspaceEvents
{
    /// <summary>Where events go that clients may have asked for.</summary>
    internal KeyspaceNotifications Notifications { get; } = new();

    /// <summary>Whose transactions depend on keys.</summary>
    internal WatchedKeys? Watches { get; set; }

    /// <summary>Who is woken by changes.</summary>
    internal KeyWaits? KeyWaits { get; set; }

    /// <summary>Changes by commands since the last save; what expires or is evicted is no reason to save.</summary>
    internal long Dirty { get; private set; }

    /// <summary>Keys that expired.</summary>
    internal long ExpiredKeys { get; private set; }

    /// <summary>Fields of hashes that expired.</summary>
    internal long ExpiredFields { get; private set; }

    /// <summary>Keys that were evicted.</summary>
    internal long EvictedKeys { get; private set; }

    /// <inheritdoc/>
    public void Modified(Database db, ReadOnlySpan<byte> key) => Modified(db, key, 1);

    /// <inheritdoc/>
    public void Modified(Database db, ReadOnlySpan<byte> key, long changes)
    {
        Dirty += changes;
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
    }

    /// <inheritdoc/>
    public void Deleted(Database db, ReadOnlySpan<byte> key)
    {
        Dirty++;
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
    }

    /// <inheritdoc/>
    public void Renamed(Database from, ReadOnlySpan<byte> key, Database to, ReadOnlySpan<byte> newKey)
    {
        Deleted(from, key);
        Modified(to, newKey);
        // Two keys, but one change.
        Dirty--;
    }

    /// <inheritdoc/>
    public void Expired(Database db, ReadOnlySpan<byte> key)
    {
        ExpiredKeys++;
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
        Notifications.Notify(NotifyClasses.Expired, "expired"u8, db, key);
    }

    /// <inheritdoc/>
    public void FieldsExpired(Database db, ReadOnlySpan<byte> key, long fields, HashFate fate)
    {
        ExpiredFields += fields;
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        Notifications.Notify(NotifyClasses.Hash, "hexpired"u8, db, key);
        if (fate != HashFate.Removed) return;
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
        Notifications.Notify(NotifyClasses.Generic, "del"u8, db, key);
    }

    /// <inheritdoc/>
    public void Evicted(Database db, ReadOnlySpan<byte> key)
    {
        EvictedKeys++;
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
        Notifications.Notify(NotifyClasses.Evicted, "evicted"u8, db, key);
    }

    /// <inheritdoc/>
    public void Flushing(Database db, long keys)
    {
        Dirty += keys;
        Watches?.TouchFlushed(db);
        KeyWaits?.SignalReplaced(db);
    }

    /// <inheritdoc/>
    public void Swapped(Database first, Database second)
    {
        Dirty++;
        Watches?.TouchSwapped(first, second);
        KeyWaits?.SignalReplaced(first);
        KeyWaits?.SignalReplaced(second);
    }

    /// <inheritdoc/>
    public void KeyReady(Database db, ReadOnlySpan<byte> key)
    {
        // Modified follows, and wakes who waits.
    }

    /// <summary>What a command tells of its effect on a key; see <see cref="KeyspaceNotifications"/>.</summary>
    internal void Notify(NotifyClasses type, ReadOnlySpan<byte> what, Database db, ReadOnlySpan<byte> key) =>
        Notifications.Notify(type, what, db, key);

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics() => ExpiredKeys = ExpiredFields = EvictedKeys = 0;
}
