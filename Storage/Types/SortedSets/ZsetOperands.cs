using KestrelFree.Storage.Encodings;
using KestrelFree.Storage.Keyspaces;
using KestrelFree.Storage.Types;

namespace KestrelFree.Storage;

/// <summary>
/// The sets and sorted sets that one command combines. Packed ones are copied (what they are copied for reads all of them), large ones referred to:
/// nothing may be written to them meanwhile.
/// </summary>
public sealed class ZsetOperands
{
    private readonly List<ZsetOperand> _operands = [];

    /// <summary>How many there are, missing ones included.</summary>
    public int Count => _operands.Count;

    /// <summary>One of them.</summary>
    public ZsetOperand this[int index] => _operands[index];

    /// <summary>The elements of all.</summary>
    public long TotalCount
    {
        get
        {
            long total = 0;
            foreach (ZsetOperand operand in _operands)
                total += operand.Count;
            return total;
        }
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => _operands.Clear();

    /// <summary>Adds what an entry holds: a set, a sorted set or nothing.</summary>
    public void Add(EntryRef entry) => _operands.Add(new ZsetOperand(entry));

    /// <summary>Gives one the number that its scores are multiplied by.</summary>
    public void SetWeight(int index, double weight) => _operands[index] = _operands[index] with { Weight = weight };

    /// <summary>Puts the smallest first; equal ones stay as they are.</summary>
    public void SortByCount()
    {
        // Few mostly, and stable, which List.Sort is not: sums of doubles depend on the order.
        for (int i = 1; i < _operands.Count; i++)
        {
            ZsetOperand moving = _operands[i];
            int at = i;
            for (; at > 0 && _operands[at - 1].Count > moving.Count; at--)
                _operands[at] = _operands[at - 1];
            _operands[at] = moving;
        }
    }
}

/// <summary>A set or sorted set that is one of several read at once; the members of a set have a score of 1.</summary>
public readonly record struct ZsetOperand
{
    private readonly SetOperand _set;
    private readonly byte[]? _packed;
    private readonly ZsetTree? _tree;

    internal ZsetOperand(EntryRef entry)
    {
        Weight = 1;
        if (!entry.Exists) return;
        if (entry.Type == DataType.Set)
        {
            _set = SetOperand.Of(entry);
            Count = _set.Count;
            return;
        }

        if (entry.Form == ValueForm.ZsetTree) _tree = entry.Collection<ZsetTree>();
        else _packed = entry.PackedBytes.ToArray();
        Count = _tree?.Count ?? PackedZset.Count(_packed);
    }

    /// <summary>The number of elements; 0 for what is missing.</summary>
    public long Count { get; }

    /// <summary>What its scores are multiplied by.</summary>
    public double Weight { get; init; }

    /// <summary>All its elements; there must be some.</summary>
    public ZsetOperandElements Elements => IsSet ? new ZsetOperandElements(_set.Members) : new ZsetOperandElements(new ZsetElements(_packed, _tree?.Order, 0, ZsetOrder.Ascending));

    private bool IsSet => _packed == null && _tree == null;

    /// <summary>The score of a member, without the weight.</summary>
    public bool TryGetScore(ReadOnlySpan<byte> member, out double score)
    {
        score = 1;
        if (Count == 0) return false;
        if (IsSet) return _set.Contains(ListpackValue.OfString(member));
        if (_tree != null) return _tree.TryGetScore(member, out score);
        int at = PackedZset.Find(_packed, member);
        if (at != Listpack.None) score = PackedZset.ScoreOf(_packed, at);
        return at != Listpack.None;
    }
}

/// <summary>A cursor over the elements of an operand, before the first when it is new.</summary>
public ref struct ZsetOperandElements
{
    private readonly bool _isSet;
    private SetMembers _members;
    private ZsetElements _elements;

    internal ZsetOperandElements(SetMembers members)
    {
        _isSet = true;
        _members = members;
    }

    internal ZsetOperandElements(ZsetElements elements) => _elements = elements;

    /// <summary>The member of this step.</summary>
    public readonly ListpackValue Member => _isSet ? _members.Current : _elements.Member;

    /// <summary>Its score.</summary>
    public readonly double Score => _isSet ? 1 : _elements.Score;

    /// <summary>Goes to the next element; false when there is none left.</summary>
    public bool MoveNext() => _isSet ? _members.MoveNext() : _elements.MoveNext();
}
