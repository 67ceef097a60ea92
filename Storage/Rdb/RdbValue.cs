using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage;

// A value on its way from the RDB format into the keyspace. It has been read and checked whole before the keyspace is touched, so that corrupt data
// changes nothing: bytes (a string, or a packed collection) are a span that lives until the reader's next call, larger collections are objects.

/// <summary>A value that was read and not yet stored. It has to be stored or discarded.</summary>
internal readonly ref struct RdbValue
{
    private readonly ValueForm _form;
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly CollectionValue? _collection;

    /// <summary>A string, or a packed collection.</summary>
    public RdbValue(ValueForm form, ReadOnlySpan<byte> bytes)
    {
        _form = form;
        _bytes = bytes;
    }

    /// <summary>A collection: an object, or bytes if there is none.</summary>
    public RdbValue(ValueForm form, CollectionValue? collection, ReadOnlySpan<byte> bytes)
    {
        _form = form;
        _collection = collection;
        _bytes = bytes;
    }

    private RdbValue(bool isEmpty) => IsEmpty = isEmpty;

    /// <summary>A collection without elements, which no key can hold.</summary>
    public static RdbValue Empty => new(isEmpty: true);

    /// <summary>Whether it is <see cref="Empty"/>, and so cannot be stored.</summary>
    public bool IsEmpty { get; }

    /// <summary>Puts the value in the place of whatever the key holds.</summary>
    public void StoreInto(scoped ref EntryRef entry, Expiry expiry)
    {
        Invariant.Check(!IsEmpty);
        if (_form <= ValueForm.RawString)
        {
            entry.SetString(_bytes, expiry);
            return;
        }

        if (_collection is null) entry.SetPacked(_form, _bytes, expiry);
        else entry.SetCollection(_form, _collection, expiry);
        if (_form is ValueForm.HashListpackEx or ValueForm.HashTable) entry.NoteFieldExpiry();
        entry.SignalModified();
    }

    /// <summary>Frees a value that is not stored.</summary>
    public void Discard(Database database)
    {
        if (_collection is not null)
            database.Table.Pages.Discarded.Add(_collection, new Reach(long.MaxValue, uint.MaxValue));
    }
}
