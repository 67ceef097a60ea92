using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>The sets that one command combines. Packed ones are copied (what they are copied for reads all of them), tables referred to.</summary>
public sealed class SetOperands
{
    private readonly List<SetOperand> _sets = [];

    /// <summary>How many sets there are, missing ones not counted.</summary>
    public int Count => _sets.Count;

    /// <summary>A set.</summary>
    public SetOperand this[int index] => _sets[index];

    /// <summary>Whether the first set that was named is there, and so is the first here.</summary>
    public bool HasFirst { get; private set; }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _sets.Clear();
        HasFirst = false;
    }

    /// <summary>Adds a set, unless it is missing, that was named at an index. Nothing may be written to it while it is used.</summary>
    public void Add(SetRef set, int index)
    {
        if (!set.Exists) return;
        HasFirst |= index == 0;
        _sets.Add(SetOperand.Of(set.Entry));
    }

    /// <summary>Puts the smallest first.</summary>
    public void SortByCount() => _sets.Sort(static (a, b) => a.Count.CompareTo(b.Count));

    /// <summary>Leaves the first where it is and puts the largest first of the others.</summary>
    public void SortOthersByCountDown() => _sets.Sort(1, _sets.Count - 1, Comparer<SetOperand>.Create(static (a, b) => b.Count.CompareTo(a.Count)));

    /// <summary>Whether a member is in every set but the first.</summary>
    public bool OthersAllContain(ListpackValue member)
    {
        for (int i = 1; i < _sets.Count; i++)
        {
            if (!_sets[i].Contains(member)) return false;
        }

        return true;
    }

    /// <summary>Whether a member is in a set other than the first.</summary>
    public bool AnotherContains(ListpackValue member)
    {
        for (int i = 1; i < _sets.Count; i++)
        {
            if (_sets[i].Contains(member)) return true;
        }

        return false;
    }
}

/// <summary>One of several sets that a command reads at once.</summary>
public readonly struct SetOperand
{
    private readonly byte[] _packed;
    private readonly MemberTable? _table;

    internal SetOperand(ValueForm form, byte[] packed, MemberTable? table, long count)
    {
        Form = form;
        _packed = packed;
        _table = table;
        Count = count;
    }

    /// <summary>What an entry holds, which is a set.</summary>
    internal static SetOperand Of(EntryRef entry)
    {
        long count = new SetRef(entry).Count;
        return entry.Form == ValueForm.SetTable
            ? new SetOperand(entry.Form, [], entry.Collection<MemberTable>(), count)
            : new SetOperand(entry.Form, entry.PackedBytes.ToArray(), null, count);
    }

    /// <summary>The number of members.</summary>
    public long Count { get; }

    /// <summary>All members.</summary>
    public SetMembers Members => new(Form, _packed, _table);

    internal ValueForm Form { get; }

    /// <summary>Whether there is such a member.</summary>
    public bool Contains(ListpackValue member)
    {
        if (Form == ValueForm.SetIntset)
            return member.TryGetInteger(out long integer) && IntSet.Contains(_packed, integer);
        ReadOnlySpan<byte> text = member.GetText(stackalloc byte[ListpackValue.MaxIntegerText]);
        return _table?.Contains(text) ?? Listpack.Find(_packed, text) != Listpack.None;
    }
}
