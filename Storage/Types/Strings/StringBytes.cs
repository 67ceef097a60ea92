using KestrelFree.Storage.Encodings;

namespace KestrelFree.Storage.Types;

/// <summary>An existing string of the keyspace that is edited as bytes; it does not signal (see <see cref="EntryRef.SignalModified"/>).</summary>
public ref struct StringBytes : IPackedBytes
{
    private EntryRef _entry;

    /// <summary>Edits the string of an entry, which is none that is stored as an integer. Its encoding is raw from then on.</summary>
    public StringBytes(EntryRef entry)
    {
        _entry = entry;
        _entry.OpenString(_entry.StringLength);
    }

    /// <inheritdoc/>
    public readonly ReadOnlySpan<byte> Bytes => _entry.StringBytes;

    /// <summary>The entry, as fresh as the last edit.</summary>
    public readonly EntryRef Entry => _entry;

    /// <inheritdoc/>
    public Span<byte> Splice(int offset, int removed, int inserted)
    {
        int oldLength = _entry.StringLength;
        int newLength = checked(oldLength - removed + inserted);
        // What follows moves while the string has its larger size.
        Span<byte> bytes = _entry.OpenString(Math.Max(oldLength, newLength));
        if (removed == inserted) return bytes;
        bytes[(offset + removed)..oldLength].CopyTo(bytes[(offset + inserted)..]);
        return newLength >= oldLength ? bytes : _entry.OpenString(newLength);
    }
}
