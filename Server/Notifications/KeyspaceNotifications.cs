using KestrelFree.Server.Config.Kinds;
using KestrelFree.Storage;

namespace KestrelFree.Server.Notifications;

// What commands tell of their effects: an event such as "set" or "lpush" on a key, for subscribers of __keyspace@N__:key and
// __keyevent@N__:event. The names are the commands' own, so handlers send them; what happens without a command (a key expires) is sent by
// KeyspaceObserver. Nothing is formatted unless notify-keyspace-events asks for the class and somebody receives.

/// <summary>Passes on the keyspace events that notify-keyspace-events asks for.</summary>
internal sealed class KeyspaceNotifications
{
    private const NotifyClasses Channels = NotifyClasses.Keyspace | NotifyClasses.Keyevent;

    /// <summary>The classes that are asked for; none unless a kind of channel is among them.</summary>
    internal NotifyClasses Classes { get; private set; }

    /// <summary>Who publishes what passes; null while nobody can.</summary>
    internal INotificationReceiver? Receiver { get; set; }

    /// <summary>Follows notify-keyspace-events.</summary>
    internal void Enable(NotifyClasses classes) => Classes = (classes & Channels) == 0 ? NotifyClasses.None : classes;

    /// <summary>Tells of an event on a key. O(1) when nobody asked for its class.</summary>
    /// <param name="type">The one class that the event belongs to.</param>
    /// <param name="what">Its name, such as "set".</param>
    /// <param name="database">Where the key is.</param>
    /// <param name="key">The key.</param>
    internal void Notify(NotifyClasses type, ReadOnlySpan<byte> what, Database database, ReadOnlySpan<byte> key)
    {
        if ((Classes & type) != 0) Receiver?.Publish(Classes, what, database.Index, key);
    }
}

/// <summary>Publishes keyspace events.</summary>
internal interface INotificationReceiver
{
    /// <summary>Publishes an event under the key, under its own name, or both, as <paramref name="channels"/> says.</summary>
    void Publish(NotifyClasses channels, ReadOnlySpan<byte> what, int databaseIndex, ReadOnlySpan<byte> key);
}
