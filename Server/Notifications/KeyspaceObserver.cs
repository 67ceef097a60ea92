using KestrelFree.Server.Blocking;
using KestrelFree.Server.Commands;
using KestrelFree.Server.Config;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Server.Tracking;
using KestrelFree.Server.Transactions;
using KestrelFree.Storage;

namespace KestrelFree.Server.Notifications;

// The one place where the server learns of changes to the keyspace. Whatever follows from a change hangs here: today the count of changes
// since the last save (dirty) and of expired and evicted keys, watched keys, clients that wait for keys, clients that have cached them,
// notifications, propagation.

/// <summary>Receives every change of the keyspace.</summary>
internal sealed class KeyspaceObserver(ServerConfig config) : IKeyspaceEvents
{
    private long _saved;

    /// <summary>Where events go that clients may have asked for.</summary>
    internal KeyspaceNotifications Notifications { get; } = new();

    /// <summary>Whose transactions depend on keys.</summary>
    internal WatchedKeys? Watches { get; set; }

    /// <summary>Who is woken by changes.</summary>
    internal KeyWaits? KeyWaits { get; set; }

    /// <summary>Who keeps copies of the data.</summary>
    internal Propagation? Propagation { get; set; }

    /// <summary>Changes by commands since the server started; only grows.</summary>
    internal long Changes { get; private set; }

    /// <summary>Who has cached keys.</summary>
    internal ClientSideCaching? Tracking { get; set; }

    /// <summary>Knows whose request runs.</summary>
    internal RequestPump? Requests { get; set; }

    /// <summary>Changes by commands since the last save; what expires or is evicted is no reason to save.</summary>
    internal long Dirty => Changes - _saved;

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
        Changes += changes;
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        if (Tracking is { IsActive: true }) Tracking.Invalidate(key, Requests?.Current);
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
    }

    /// <inheritdoc/>
    public void Changed(Database db, ReadOnlySpan<byte> key) => Changes++;

    /// <inheritdoc/>
    public void Deleted(Database db, ReadOnlySpan<byte> key)
    {
        Changes++;
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        if (Tracking is { IsActive: true }) Tracking.Invalidate(key, Requests?.Current);
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
    }

    /// <inheritdoc/>
    public void Renamed(Database from, ReadOnlySpan<byte> key, Database to, ReadOnlySpan<byte> newKey)
    {
        Deleted(from, key);
        Modified(to, newKey);
        // Two keys, but one change.
        Changes--;
    }

    /// <inheritdoc/>
    public void Expired(Database db, ReadOnlySpan<byte> key)
    {
        ExpiredKeys++;
        if (Propagation is { IsListening: true } propagation) propagation.Deleted(db, key, config.LazyFreeLazyExpire);
        // As in Redis, before those who have read the key hear of it; what is evicted is told to them first.
        Notifications.Notify(NotifyClasses.Expired, "expired"u8, db, key);
        if (Watches is { Count: not 0 }) Watches.TouchExpired(db, key);
        if (Tracking is { IsActive: true }) Tracking.Invalidate(key, changer: null);
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
    }

    /// <inheritdoc/>
    public void FieldExpired(Database db, ReadOnlySpan<byte> key, ReadOnlySpan<byte> field)
    {
        if (Propagation is { IsListening: true } propagation) propagation.FieldDeleted(db, key, field);
    }

    /// <inheritdoc/>
    public void FieldsExpired(Database db, ReadOnlySpan<byte> key, long fields, HashFate fate)
    {
        ExpiredFields += fields;
        Notifications.Notify(NotifyClasses.Hash, "hexpired"u8, db, key);
        if (fate == HashFate.Removed) Notifications.Notify(NotifyClasses.Generic, "del"u8, db, key);
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        if (Tracking is { IsActive: true }) Tracking.Invalidate(key, changer: null);
        if (fate == HashFate.Removed && KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
    }

    /// <inheritdoc/>
    public void Evicted(Database db, ReadOnlySpan<byte> key)
    {
        EvictedKeys++;
        if (Propagation is { IsListening: true } propagation) propagation.Deleted(db, key, config.LazyFreeLazyEviction);
        if (Watches is { Count: not 0 }) Watches.Touch(db, key);
        if (Tracking is { IsActive: true }) Tracking.InvalidateEvicted(key);
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
        Notifications.Notify(NotifyClasses.Evicted, "evicted"u8, db, key);
    }

    /// <inheritdoc/>
    public void Flushing(Database db, long keys)
    {
        Changes += keys;
        Watches?.TouchFlushed(db);
        KeyWaits?.SignalReplaced(db);
    }

    /// <inheritdoc/>
    public void Swapped(Database first, Database second)
    {
        Changes++;
        Watches?.TouchSwapped(first, second);
        KeyWaits?.SignalReplaced(first);
        KeyWaits?.SignalReplaced(second);
    }

    /// <inheritdoc/>
    public void Missed(Database db, ReadOnlySpan<byte> key) => Notifications.Notify(NotifyClasses.KeyMiss, "keymiss"u8, db, key);

    /// <inheritdoc/>
    public void Added(Database db, ReadOnlySpan<byte> key) => Notifications.Notify(NotifyClasses.New, "new"u8, db, key);

    /// <inheritdoc/>
    public void KeyReady(Database db, ReadOnlySpan<byte> key)
    {
        if (KeyWaits is { IsWaitedFor: true }) KeyWaits.SignalChanged(db, key);
    }

    /// <summary>What a command tells of its effect on a key; see <see cref="KeyspaceNotifications"/>.</summary>
    internal void Notify(NotifyClasses type, ReadOnlySpan<byte> what, Database db, ReadOnlySpan<byte> key) =>
        Notifications.Notify(type, what, db, key);

    /// <summary>Takes away changes that have been saved.</summary>
    internal void CountSaved(long changes) => _saved += changes;

    /// <summary>CONFIG RESETSTAT.</summary>
    internal void ResetStatistics() => ExpiredKeys = ExpiredFields = EvictedKeys = 0;
}
