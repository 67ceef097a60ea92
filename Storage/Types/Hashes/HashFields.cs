using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>A cursor over the fields of a hash that are not past their time, before the first when it is new.</summary>
public ref struct HashFields
{
    private readonly ReadOnlySpan<byte> _listpack;
    private readonly ValueForm _form;
    private readonly long _nowMs;
    private TableCursor _table;
    private int _offset;
    private int _next;

    internal HashFields(HashRef hash, long nowMs)
        : this(hash.Entry.Exists ? hash.Entry.View : default, hash.Entry.Exists, nowMs)
    {
    }

    internal HashFields(EntryView entry, bool exists, long nowMs)
    {
        _nowMs = nowMs;
        if (!exists)
        {
            _form = ValueForm.HashListpack;
            _listpack = Listpack.Empty;
        }
        else if ((_form = entry.Form) == ValueForm.HashTable)
        {
            _table = new TableCursor(entry.Collection<MemberTable>().Table);
        }
        else
        {
            _listpack = entry.PackedBytes;
        }

        _next = Listpack.HeaderBytes;
    }

    /// <summary>Over a listpack that no entry holds, what is past its time included.</summary>
    internal HashFields(ValueForm form, ReadOnlySpan<byte> listpack)
    {
        _form = form;
        _listpack = listpack;
        _nowMs = long.MinValue;
        _next = Listpack.HeaderBytes;
    }

    /// <summary>Over the hash of an entry, which may be one of a fork, what is past its time included.</summary>
    internal static HashFields AllOf(EntryView entry) => new(entry, exists: true, long.MinValue);

    /// <summary>The field of this step.</summary>
    public readonly ListpackValue Field =>
        _form == ValueForm.HashTable ? ListpackValue.OfString(_table.Entry.Key) : Listpack.Get(_listpack, _offset);

    /// <summary>Its value.</summary>
    public readonly ListpackValue Value =>
        _form == ValueForm.HashTable ? _table.Entry.Element : PackedHash.ValueOf(_listpack, _offset);

    /// <summary>When it expires, in unix ms; -1 if it does not.</summary>
    public readonly long ExpiryMs =>
        _form == ValueForm.HashTable ? _table.Entry.ExpiryMs : PackedHash.ExpiryOf(_listpack, _form, _offset);

    /// <summary>Goes to the next field; false when there is none left.</summary>
    public bool MoveNext()
    {
        do
        {
            if (!Advance()) return false;
        }
        while (_form != ValueForm.HashListpack && ExpiryMs is >= 0 and var expiry && expiry < _nowMs);

        return true;
    }

    private bool Advance()
    {
        if (_form == ValueForm.HashTable) return _table.MoveNext();
        _offset = _next;
        if (_offset == Listpack.EndOffset(_listpack)) return false;
        for (int elements = PackedHash.StrideOf(_form); elements > 0; elements--)
            _next = Listpack.After(_listpack, _next);
        return true;
    }
}
