namespace KestrelFree.Storage.Keyspaces;

/// <summary>What an entry is to look like, but for its key: form and place of the value, bytes of the value field, expiry or none.</summary>
internal readonly record struct EntryLayout(ValueForm Form, ValuePlace Place, int ValueBytes, long Expiry)
{
    /// <summary>Whether it expires.</summary>
    public bool HasExpiry => Expiry != Entry.NoExpiry;

    /// <summary>Its first byte.</summary>
    public byte Shape => Entry.Shape(Form, Place, HasExpiry);

    /// <summary>Bytes of the whole entry with a key field of so many.</summary>
    public int BytesWith(int keyBytes) => Entry.HeaderBytes + (HasExpiry ? Entry.ExpiryBytes : 0) + keyBytes + ValueBytes;

    /// <summary>An integer.</summary>
    public static EntryLayout Integer(long expiry) => new(ValueForm.String, ValuePlace.Integer, sizeof(long), expiry);

    /// <summary>Bytes in the entry.</summary>
    public static EntryLayout Inline(ValueForm form, int bytes, long expiry) => new(form, ValuePlace.Inline, bytes, expiry);

    /// <summary>A run or an object.</summary>
    public static EntryLayout Reference(ValueForm form, ValuePlace place, long expiry) => new(form, place, Entry.ReferenceBytes, expiry);
}
