using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KestrelFree.Storage.Types;

// A node of a ScoreTree, in a run of its own:
//
//     [count : 16][slots : 16][capacity in 64 bytes : 16][level : 8][unused : 8]
//     scores    8 bytes a slot
//     children  4 bytes a slot   handles of nodes one level below      } inner nodes only
//     counts    4 bytes a slot   elements below each child             }
//     ends      2 bytes a slot   where each text ends; the top bit says that it is indirect
//     texts     one after the other
//
// In a leaf (level 0) slot i is the i-th element: its score, and its member as text. A member of over 200 bytes is in the member table's long
// key, and its text is the 8 bytes that refer to it: [handle or slot : 32][length : 32].
//
// In an inner node slot i is a child and a lower bound of all its elements: above all elements of the child before. It is the shortest that
// tells them apart: a score, with the first bytes of a member only where scores are the same. One of over 64 bytes is left out, its slot marked
// indirect: the first element below, whatever it is by now, serves instead. The first bound of the leftmost nodes is never looked at.
//
// Arrays have as many slots as the run has room for with texts of the average length, so a node takes little more than its contents: on growing
// an eighth more, 64 slots at most. Texts are 12.8 KB at most (64 of 200 bytes), so 15 bits address them.

/// <summary>A window on a node's bytes; dies when the node is freed or moves.</summary>
internal readonly ref struct ScoreNode
{
    /// <summary>Elements or children that a node has at most.</summary>
    public const int MaxCount = 64;

    /// <summary>Bytes of a text that refers to a long member.</summary>
    public const int ReferenceBytes = 8;

    private const int HeaderBytes = 8;
    private const int LeafSlotBytes = sizeof(double) + sizeof(ushort);
    private const int InnerSlotBytes = LeafSlotBytes + 2 * sizeof(uint);
    private const int CapacityUnit = 64;
    private const ushort IndirectBit = 0x8000;
    private const ushort EndMask = 0x7fff;

    private readonly Span<byte> _bytes;

    /// <summary>Wraps the bytes of a node, all that its run holds.</summary>
    public ScoreNode(Span<byte> bytes) => _bytes = bytes;

    /// <summary>The node at the first byte of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScoreNode At(ref byte first) =>
        new(MemoryMarshal.CreateSpan(ref first, Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref first, 4)) * CapacityUnit));

    /// <summary>Bytes that a node with so many slots and bytes of text takes.</summary>
    public static int BytesFor(int level, int slots, int textBytes) => HeaderBytes + slots * SlotBytes(level) + textBytes;

    /// <summary>How many slots a node with so many elements gets.</summary>
    public static int SlotsFor(int count) => Math.Min(MaxCount, count + count / 8 + 3);

    /// <summary>Elements or children.</summary>
    public int Count
    {
        get => MemoryMarshal.Read<ushort>(_bytes);
        private set => MemoryMarshal.Write(_bytes, (ushort)value);
    }

    /// <summary>How many it has room for.</summary>
    public int Slots => MemoryMarshal.Read<ushort>(_bytes[2..]);

    /// <summary>Levels below it.</summary>
    public int Level => _bytes[6];

    /// <summary>Whether it holds elements.</summary>
    public bool IsLeaf => Level == 0;

    /// <summary>Bytes of its run.</summary>
    public int Capacity => _bytes.Length;

    /// <summary>The scores of the slots in use.</summary>
    public Span<double> Scores => MemoryMarshal.Cast<byte, double>(_bytes.Slice(HeaderBytes, Slots * sizeof(double)))[..Count];

    /// <summary>The children of an inner node.</summary>
    public Span<uint> Children => Words(0)[..Count];

    /// <summary>Elements below each child of an inner node.</summary>
    public Span<uint> Counts => Words(1)[..Count];

    /// <summary>Bytes of all texts.</summary>
    public int TextBytes => Count == 0 ? 0 : EndOf(Count - 1);

    /// <summary>Elements in it and below it.</summary>
    public uint Total
    {
        get
        {
            if (IsLeaf) return (uint)Count;
            uint total = 0;
            foreach (uint count in Counts)
                total += count;
            return total;
        }
    }

    private Span<ushort> Ends => MemoryMarshal.Cast<byte, ushort>(_bytes.Slice(EndsOffset, Slots * sizeof(ushort)));

    private int EndsOffset => HeaderBytes + Slots * (SlotBytes(Level) - sizeof(ushort));

    private Span<byte> Texts => _bytes[(HeaderBytes + Slots * SlotBytes(Level))..];

    /// <summary>Makes it an empty node.</summary>
    public void Clear(int level, int slots)
    {
        _bytes[..HeaderBytes].Clear();
        MemoryMarshal.Write(_bytes[2..], (ushort)slots);
        MemoryMarshal.Write(_bytes[4..], (ushort)(_bytes.Length / CapacityUnit));
        _bytes[6] = (byte)level;
    }

    /// <summary>Whether a slot's text is indirect.</summary>
    public bool IsIndirect(int index) => (Ends[index] & IndirectBit) != 0;

    /// <summary>The text of a slot, as it is stored.</summary>
    public Span<byte> Text(int index)
    {
        int start = index == 0 ? 0 : EndOf(index - 1);
        return Texts[start..EndOf(index)];
    }

    /// <summary>Whether so many more slots and bytes of text fit.</summary>
    public bool HasRoomFor(int slots, int textBytes) => Count + slots <= Slots && TextBytes + textBytes <= Texts.Length;

    /// <summary>Puts an element or a bound at an index; there must be room. O(bytes behind it).</summary>
    public void Insert(int index, double score, scoped ReadOnlySpan<byte> text, TextKind kind)
    {
        int count = Count;
        Span<byte> texts = Texts;
        int start = index == 0 ? 0 : EndOf(index - 1);
        texts[start..TextBytes].CopyTo(texts[(start + text.Length)..]);
        text.CopyTo(texts[start..]);
        Count = count + 1;
        Span<double> scores = Scores;
        scores[index..count].CopyTo(scores[(index + 1)..]);
        scores[index] = score;
        Span<ushort> ends = Ends;
        for (int i = count; i > index; i--)
            ends[i] = (ushort)(ends[i - 1] + text.Length);
        ends[index] = (ushort)((start + text.Length) | (kind == TextKind.Indirect ? IndirectBit : 0));
    }

    /// <summary>Puts a child at an index, with its bound; there must be room.</summary>
    public void InsertChild(int index, uint child, uint elements, double score, scoped ReadOnlySpan<byte> text, TextKind kind)
    {
        Insert(index, score, text, kind);
        InsertWord(Children, index, child);
        InsertWord(Counts, index, elements);
    }

    /// <summary>Takes an element or a child away. O(bytes behind it).</summary>
    public void RemoveAt(int index)
    {
        int count = Count;
        int start = index == 0 ? 0 : EndOf(index - 1);
        int length = EndOf(index) - start;
        Span<byte> texts = Texts;
        texts[(start + length)..TextBytes].CopyTo(texts[start..]);
        Span<double> scores = Scores;
        scores[(index + 1)..].CopyTo(scores[index..]);
        Span<ushort> ends = Ends;
        for (int i = index; i < count - 1; i++)
            ends[i] = (ushort)(ends[i + 1] - length);
        if (!IsLeaf)
        {
            Children[(index + 1)..].CopyTo(Children[index..]);
            Counts[(index + 1)..].CopyTo(Counts[index..]);
        }

        Count = count - 1;
    }

    /// <summary>Appends a range of another node of its level; there must be room. O(bytes).</summary>
    public void Append(ScoreNode source, int from, int count)
    {
        if (count == 0) return;
        int at = Count;
        int textStart = TextBytes;
        int sourceStart = from == 0 ? 0 : source.EndOf(from - 1);
        source.Texts.Slice(sourceStart, source.TextBytesOf(from, count)).CopyTo(Texts[textStart..]);
        Count = at + count;
        source.Scores.Slice(from, count).CopyTo(Scores[at..]);
        if (!IsLeaf)
        {
            source.Children.Slice(from, count).CopyTo(Children[at..]);
            source.Counts.Slice(from, count).CopyTo(Counts[at..]);
        }

        // The top bit is none of the sum's: no text ends that far.
        Span<ushort> ends = Ends.Slice(at, count);
        source.Ends.Slice(from, count).CopyTo(ends);
        foreach (ref ushort end in ends)
            end = (ushort)(end + textStart - sourceStart);
    }

    /// <summary>Bytes of the texts of a range.</summary>
    public int TextBytesOf(int from, int count) => count == 0 ? 0 : EndOf(from + count - 1) - (from == 0 ? 0 : EndOf(from - 1));

    private static int SlotBytes(int level) => level == 0 ? LeafSlotBytes : InnerSlotBytes;

    private static void InsertWord(Span<uint> words, int index, uint word)
    {
        words[index..^1].CopyTo(words[(index + 1)..]);
        words[index] = word;
    }

    private Span<uint> Words(int which)
    {
        int bytes = Slots * sizeof(uint);
        return MemoryMarshal.Cast<byte, uint>(_bytes.Slice(HeaderBytes + Slots * sizeof(double) + which * bytes, bytes));
    }

    private int EndOf(int index) => Ends[index] & EndMask;
}

/// <summary>What a node's text is.</summary>
internal enum TextKind
{
    /// <summary>The member itself, or the bound.</summary>
    Direct,

    /// <summary>In a leaf, a reference to a long member; in an inner node, nothing: the child's first element is the bound.</summary>
    Indirect,
}
