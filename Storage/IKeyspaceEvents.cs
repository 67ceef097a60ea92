namespace KestrelFree.Storage;

/// <summary>
/// What the keyspace tells the rest of the server: watched keys, tracking, the dirty count, propagation and blocked clients hang on it alone.
/// An implementation must not write to the keyspace from inside a call; a key's span is valid during the call only.
/// </summary>
public interface IKeyspaceEvents
{
    /// <summary>A command has added or changed the value or the expiry of a key.</summary>
    void Modified(Database database, ReadOnlySpan<byte> key);

    /// <summary>
    /// A command has changed the value of a key, as often as is to be counted: once for each of its elements, mostly; 0 for what is counted
    /// elsewhere, as for the other end of a move. Unless an implementation says otherwise, <see cref="Modified(Database, ReadOnlySpan{byte})"/>
    /// is raised, once at least.
    /// </summary>
    void Modified(Database database, ReadOnlySpan<byte> key, long changes)
    {
        do
            Modified(database, key);
        while (--changes > 0);
    }

    /// <summary>
    /// A command has changed what a key keeps besides its value, such as what consumer groups have read of a stream: a reason to save, but none
    /// to tell who watches the key.
    /// </summary>
    void Changed(Database database, ReadOnlySpan<byte> key) { }

    /// <summary>A command has removed a key (<see cref="Modified(Database, ReadOnlySpan{byte})"/> is not raised as well).</summary>
    void Deleted(Database database, ReadOnlySpan<byte> key);

    /// <summary>
    /// A command has given a key and its value another name or another database; what that name held is gone. One change of two keys: unless an
    /// implementation says otherwise, one key is deleted and the other modified.
    /// </summary>
    void Renamed(Database from, ReadOnlySpan<byte> key, Database to, ReadOnlySpan<byte> newKey)
    {
        Deleted(from, key);
        Modified(to, newKey);
    }

    /// <summary>A key was removed since its time had come.</summary>
    void Expired(Database database, ReadOnlySpan<byte> key);

    /// <summary>A field of a hash is about to be removed since its time has come; <see cref="FieldsExpired"/> follows for all of a hash.</summary>
    void FieldExpired(Database database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> field) { }

    /// <summary>Fields of a hash were removed since their time had come, and the key with them if none was left.</summary>
    void FieldsExpired(Database database, ReadOnlySpan<byte> key, long fields, HashFate fate) { }

    /// <summary>A key was removed to make room.</summary>
    void Evicted(Database database, ReadOnlySpan<byte> key);

    /// <summary>A database is about to be emptied of so many keys.</summary>
    void Flushing(Database database, long keys);

    /// <summary>Two databases have exchanged their contents.</summary>
    void Swapped(Database first, Database second);

    /// <summary>A key was looked up to be read and is not there; raised only while <see cref="Keyspace.TellsMisses"/> asks for it.</summary>
    void Missed(Database database, ReadOnlySpan<byte> key) { }

    /// <summary>A key was added; raised only while <see cref="Keyspace.TellsAdditions"/> asks for it, before what else is told of the key.</summary>
    void Added(Database database, ReadOnlySpan<byte> key) { }

    /// <summary>
    /// A key came into being; raised before <see cref="Modified(Database, ReadOnlySpan{byte})"/>. Or who waits for a key that exists should look
    /// at it again.
    /// </summary>
    void KeyReady(Database database, ReadOnlySpan<byte> key);
}

/// <summary>What became of a hash some of whose fields have expired.</summary>
public enum HashFate
{
    /// <summary>It has other fields.</summary>
    Kept,

    /// <summary>These were its last.</summary>
    Removed,
}

/// <summary>The listener of a keyspace that nobody listens to.</summary>
internal sealed class NoKeyspaceEvents : IKeyspaceEvents
{
    public static readonly NoKeyspaceEvents Instance = new();

    public void Modified(Database database, ReadOnlySpan<byte> key) { }

    public void Deleted(Database database, ReadOnlySpan<byte> key) { }

    public void Expired(Database database, ReadOnlySpan<byte> key) { }

    public void Evicted(Database database, ReadOnlySpan<byte> key) { }

    public void Flushing(Database database, long keys) { }

    public void Swapped(Database first, Database second) { }

    public void KeyReady(Database database, ReadOnlySpan<byte> key) { }
}
