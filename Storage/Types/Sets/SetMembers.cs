using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>A cursor over the members of a set, before the first when it is new. The set must not be written to meanwhile.</summary>
public ref struct SetMembers
{
    private readonly ReadOnlySpan<byte> _packed;
    private readonly ValueForm _form;
    private TableCursor _table;
    private int _at;
    private int _next;

    internal SetMembers(ValueForm form, ReadOnlySpan<byte> packed, MemberTable? table)
    {
        _form = form;
        _packed = packed;
        if (table != null) _table = new TableCursor(table.Table);
        _next = form == ValueForm.SetListpack ? Listpack.HeaderBytes : 0;
    }

    /// <summary>Over the set of an entry, which may be one of a fork.</summary>
    internal static SetMembers Of(EntryView entry) => entry.Form == ValueForm.SetTable
        ? new SetMembers(entry.Form, default, entry.Collection<MemberTable>())
        : new SetMembers(entry.Form, entry.PackedBytes, null);

    /// <summary>The member of this step.</summary>
    public readonly ListpackValue Current => _form switch
    {
        ValueForm.SetTable => ListpackValue.OfString(_table.Entry.Key),
        ValueForm.SetIntset => new ListpackValue(IntSet.Get(_packed, _at)),
        _ => Listpack.Get(_packed, _at),
    };

    /// <summary>Where the member is in a packed set: its offset in a listpack, its index in an intset.</summary>
    internal readonly int Position => _at;

    /// <summary>Goes to the next member; false when there is none left.</summary>
    public bool MoveNext()
    {
        if (_form == ValueForm.SetTable) return _table.MoveNext();
        _at = _next;
        if (_form == ValueForm.SetIntset) return _next++ < IntSet.Count(_packed);
        if (_at == Listpack.EndOffset(_packed)) return false;
        _next = Listpack.After(_packed, _at);
        return true;
    }
}
