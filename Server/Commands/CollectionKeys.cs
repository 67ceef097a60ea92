using KestrelFree.Protocol;
using KestrelFree.Server.Config.Kinds;
using KestrelFree.Server.Networking;
using KestrelFree.Storage;

namespace KestrelFree.Server.Commands;

/// <summary>How commands come to the collection at a key, whatever its type, and tell of what they did to it.</summary>
internal static class CollectionKeys
{
    /// <summary>Opens the collection at a key for reading, which may be missing; another type is an error and gives false.</summary>
    internal static bool TryReadOrReply<T>(Client client, ReadOnlySpan<byte> key, out T value)
        where T : ICollectionRef<T>, allows ref struct =>
        TryOpenOrReply(client, KeyCommands.LookupRead(client, key), out value);

    /// <summary>Opens the collection at a key for writing, which may be missing; another type is an error and gives false.</summary>
    internal static bool TryWriteOrReply<T>(Client client, ReadOnlySpan<byte> key, out T value)
        where T : ICollectionRef<T>, allows ref struct =>
        TryOpenOrReply(client, client.Database.LookupWrite(key), out value);

    /// <summary>Opens an entry that may be missing; another type is an error and gives false.</summary>
    internal static bool TryOpenOrReply<T>(Client client, EntryRef entry, out T value)
        where T : ICollectionRef<T>, allows ref struct
    {
        if (entry.Exists && entry.Type != T.Type)
        {
            client.Reply.Error(SharedReplies.WrongType);
            value = default!;
            return false;
        }

        value = T.Open(entry);
        return true;
    }

    /// <summary>Tells of what a command did to a collection, and that it is gone if it has lost its last element.</summary>
    internal static void Notify<T>(Client client, ReadOnlySpan<byte> what, scoped in T value)
        where T : ICollectionRef<T>, allows ref struct
    {
        NotifyOnly(client, what, value);
        if (!value.Exists) NotifyGone(client, value);
    }

    /// <summary>
    /// Tells of what a command takes out of a collection, before it signals that: as in Redis, events of some commands come before those who watch or
    /// have read the key hear of it.
    /// </summary>
    /// <param name="client">Whose command it is.</param>
    /// <param name="what">The event.</param>
    /// <param name="value">The collection.</param>
    /// <param name="left">How many elements it keeps; without any it is told to be gone too.</param>
    internal static void NotifyFirst<T>(Client client, ReadOnlySpan<byte> what, scoped in T value, long left)
        where T : ICollectionRef<T>, allows ref struct
    {
        NotifyOnly(client, what, value);
        if (left == 0) NotifyGone(client, value);
    }

    /// <summary>Tells that a collection is gone.</summary>
    internal static void NotifyGone<T>(Client client, scoped in T value)
        where T : ICollectionRef<T>, allows ref struct =>
        client.Server.Observer.Notify(NotifyClasses.Generic, "del"u8, client.Database, value.Key);

    /// <summary>Tells of what a command did to a collection.</summary>
    internal static void NotifyOnly<T>(Client client, ReadOnlySpan<byte> what, scoped in T value)
        where T : ICollectionRef<T>, allows ref struct =>
        client.Server.Observer.Notify(ClassOf(T.Type), what, client.Database, value.Key);

    // A constant where it is called from, since each type has a method of its own.
    private static NotifyClasses ClassOf(DataType type) => type switch
    {
        DataType.List => NotifyClasses.List,
        DataType.Set => NotifyClasses.Set,
        DataType.Hash => NotifyClasses.Hash,
        DataType.SortedSet => NotifyClasses.SortedSet,
        _ => NotifyClasses.Stream,
    };
}
