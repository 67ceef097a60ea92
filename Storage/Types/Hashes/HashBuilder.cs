using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>
/// A hash that no key holds yet: what is read from a file or a payload. It grows through the encodings as a stored one does (see
/// <see cref="HashRef"/>).
/// </summary>
internal sealed class HashBuilder(Keyspace keyspace)
{
    private PackedBuffer _packed = new();
    private ValueForm _form;
    private MemberTable? _table;

    private CollectionLimits Limits => keyspace.Limits;

    /// <summary>Begins an empty hash that is to hold so many fields, in one of the two packed forms if they fit.</summary>
    public HashBuilder Start(ValueForm form, ulong expected)
    {
        Invariant.Check(_table == null && ValueForms.IsPacked(form));
        _form = form;
        _packed.Set(Listpack.Empty);
        if (expected > (ulong)Limits.HashMaxListpackEntries) BecomeTable();
        return this;
    }

    /// <summary>Adds a field, which expires at a time in unix ms (-1: never); false if it is there.</summary>
    public bool Add(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expiryMs)
    {
        Expiry expiry = expiryMs < 0 ? Expiry.None : Expiry.At(expiryMs);
        if (_table == null && !FitsPacked(field, value)) BecomeTable();
        return _table?.Set(field, value, expiry) ?? PackedHash.Set(ref _packed, _form, field, value, expiry);
    }

    /// <summary>Hands the hash over: a table, or bytes that live until the next hash is built.</summary>
    public MemberTable? Take(out ValueForm form, out ReadOnlySpan<byte> packed)
    {
        MemberTable? table = _table;
        form = table == null ? _form : ValueForm.HashTable;
        packed = _packed.Bytes;
        _table = null;
        return table;
    }

    /// <summary>Lets go of the fields.</summary>
    public void Discard()
    {
        if (_table != null) keyspace.Pages.Discarded.Add(_table, default);
        _table = null;
    }

    private bool FitsPacked(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value) =>
        field.Length <= Limits.HashMaxListpackValue && value.Length <= Limits.HashMaxListpackValue
        && Listpack.CanGrow(_packed.Bytes, (long)field.Length + value.Length);

    private void BecomeTable()
    {
        var table = new MemberTable(keyspace.Pages, keyspace.Hasher);
        Span<byte> fieldText = stackalloc byte[ListpackValue.MaxIntegerText];
        Span<byte> valueText = stackalloc byte[ListpackValue.MaxIntegerText];
        for (var fields = new HashFields(_form, _packed.Bytes); fields.MoveNext();)
            table.Set(fields.Field.GetText(fieldText), fields.Value.GetText(valueText), fields.ExpiryMs < 0 ? Expiry.None : Expiry.At(fields.ExpiryMs));
        _table = table;
    }
}
