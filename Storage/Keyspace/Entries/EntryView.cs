using KestrelFree.Protocol;
using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Pages;

namespace KestrelFree.Storage;

/// <summary>An entry, for reading: a window on its bytes, valid until the next write to the keyspace (or the next step of a walk).</summary>
public readonly ref struct EntryView
{
    private readonly PageStore _pages;
    private readonly ref byte _entry;

    internal EntryView(PageStore pages, ref byte entry)
    {
        _pages = pages;
        _entry = ref entry;
    }

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> Key => Entry.Key(_pages, ref _entry);

    /// <summary>The type of the value.</summary>
    public DataType Type => DataTypes.TypeOf(Entry.Form(ref _entry));

    /// <summary>The type's name in TYPE's reply.</summary>
    public ReadOnlySpan<byte> TypeName => DataTypes.NameOf(Type);

    /// <summary>How the value is stored.</summary>
    public ValueEncoding Encoding => Form <= ValueForm.RawString
        ? DataTypes.StringEncoding(Form, Entry.Place(ref _entry) == ValuePlace.Integer, StringLength)
        : DataTypes.EncodingOf(Form);

    /// <summary>What the value is and how it is stored.</summary>
    internal ValueForm Form => Entry.Form(ref _entry);

    /// <summary>The bytes of a packed collection.</summary>
    internal ReadOnlySpan<byte> PackedBytes
    {
        get
        {
            Invariant.Check(ValueForms.IsPacked(Form));
            return BytesValues.Bytes(_pages, ref _entry);
        }
    }

    /// <summary>Whether the key expires.</summary>
    public bool HasExpiry => Entry.HasExpiry(ref _entry);

    /// <summary>When the key expires, in unix ms; -1 if it does not.</summary>
    public long ExpiryMs => Entry.ExpiryOrNone(ref _entry);

    /// <summary>The 24-bit access clock.</summary>
    internal uint Access => Entry.Access(ref _entry);

    /// <summary>A collection that is an object, for reading.</summary>
    internal T Collection<T>()
        where T : CollectionValue => (T)_pages.Objects[Entry.Reference(ref _entry)];

    /// <summary>The integer of a string that is stored as one.</summary>
    public bool TryGetInteger(out long value)
    {
        bool isInteger = Entry.Place(ref _entry) == ValuePlace.Integer;
        value = isInteger ? Entry.Integer(ref _entry) : 0;
        return isInteger;
    }

    /// <summary>The bytes of a string that is not stored as an integer.</summary>
    public ReadOnlySpan<byte> StringBytes
    {
        get
        {
            Invariant.Check(Type == DataType.String && Entry.Place(ref _entry) != ValuePlace.Integer);
            return BytesValues.Bytes(_pages, ref _entry);
        }
    }

    /// <summary>The length of a string, in the characters that GET replies.</summary>
    public int StringLength => Entry.Place(ref _entry) switch
    {
        ValuePlace.Inline => Entry.ValueFieldBytes(ref _entry),
        ValuePlace.Integer => Numbers.DigitCount(Entry.Integer(ref _entry)),
        _ => Entry.ReferencedLength(ref _entry),
    };

    /// <summary>A string, as the element of a collection that it is.</summary>
    internal ListpackValue Element => TryGetInteger(out long integer) ? new ListpackValue(integer) : ListpackValue.OfString(StringBytes);

    /// <summary>A string's bytes; an integer is printed into <paramref name="scratch"/> (20 bytes at least).</summary>
    public ReadOnlySpan<byte> GetString(Span<byte> scratch) =>
        TryGetInteger(out long integer) ? scratch[..Numbers.FormatInteger(scratch, integer)] : StringBytes;
}
