using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using KestrelFree.Storage.Encodings;

namespace KestrelFree.Server.Commands;

// What SORT sorts: copies of the elements, since looking up what a pattern names may delete keys. Their texts lie one behind the other in chunks.
// The server has one, which keeps its room from one SORT to the next unless that was a large one.
//
// The order is Redis's: numbers by value and then by the bytes of the element; texts byte by byte if the result is stored, else as C's strcoll
// compares them in the C locale, up to a NUL. What is equal still keeps its order, whatever the direction; but where a pattern names the weights
// and only a part is asked for, Redis does not keep it, and here it is the same (PartialSort).

/// <summary>The elements of a SORT, each with what it is sorted by.</summary>
internal sealed class SortVector
{
    private const int MostKept = 4096;

    private readonly TextChunks _texts = new();
    private Weighed[] _items = new Weighed[16];

    /// <summary>How many elements there are.</summary>
    internal int Count { get; private set; }

    /// <summary>The text of an element.</summary>
    internal ReadOnlySpan<byte> this[int index] => _texts[_items[index].Element];

    /// <summary>Forgets all elements.</summary>
    internal void Clear()
    {
        Count = 0;
        _texts.Clear();
        if (_items.Length > MostKept) _items = new Weighed[MostKept];
    }

    /// <summary>Adds an element.</summary>
    internal void Add(ListpackValue element)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Count * 2);
        _items[Count] = new Weighed { Element = _texts.Add(element), Index = Count };
        Count++;
    }

    /// <summary>
    /// Sorts the elements by themselves, or by what a pattern names for them, so that those of a range are where they belong; false if numbers
    /// are wanted of which one is none. O(n + m log m) for m elements in the range, and a look-up for each of n.
    /// </summary>
    internal bool TrySort(Client client, SortOptions options, in ArgVector args, int start, int count)
    {
        var areNumbers = true;
        if (options.By != 0) areNumbers = Weigh(client, new SortPattern(args[options.By]), options);
        else if (!options.IsAlpha) areNumbers = Weigh();
        if (!areNumbers) return false;
        var items = _items.AsSpan(0, Count);
        if (count == Count) items.Sort(new Order(_texts, options, TieOrder.AsLoaded));
        else if (count > 0) PartialSort.Sort(items, start, start + count - 1, new Order(_texts, options, options.By == 0 ? TieOrder.AsLoaded : TieOrder.Any));
        return true;
    }

    /// <summary>Reads the score that C's strtod sees in a text.</summary>
    internal static bool TryScore(ReadOnlySpan<byte> text, out double score)
    {
        score = 0;
        text = SortPattern.UpToNul(text);
        // Nothing at all is 0, but blanks alone are no number.
        return text.IsEmpty || Numbers.TryParseDouble(text.TrimStart(" \t\n\v\f\r"u8), out score);
    }

    // Elements for which there is nothing have a score of 0, and come before all texts.
    private bool Weigh(Client client, SortPattern pattern, SortOptions options)
    {
        var areNumbers = true;
        byte[] room = [];
        for (var i = 0; i < Count; i++)
        {
            ref var item = ref _items[i];
            var isFound = pattern.TryFind(client, _texts[item.Element], ref room, out var weight);
            if (options.IsAlpha) item.Weight = isFound ? _texts.Add(weight) : TextPlace.None;
            else if (isFound) areNumbers &= TryScore(weight, out item.Score);
        }

        return areNumbers;
    }

    private bool Weigh()
    {
        var areNumbers = true;
        foreach (ref var item in _items.AsSpan(0, Count)) areNumbers &= TryScore(_texts[item.Element], out item.Score);
        return areNumbers;
    }

    private static bool TryScore(ListpackValue value, out double score)
    {
        if (!value.IsInteger) return TryScore(value.Bytes, out score);
        score = value.Integer;
        return true;
    }

    private readonly record struct TextPlace(int Chunk, int Offset, int Length)
    {
        internal static TextPlace None => new(0, 0, -1);
    }

    private struct Weighed
    {
        internal TextPlace Element;
        internal TextPlace Weight;
        internal double Score;
        internal int Index;
    }

    private enum TieOrder
    {
        AsLoaded,
        Any,
    }

    private readonly struct Order(TextChunks texts, SortOptions options, TieOrder ties) : IComparer<Weighed>
    {
        private readonly bool _isAlpha = options.IsAlpha;
        private readonly bool _isWeighed = options.By != 0;
        private readonly bool _isStored = options.Store != 0;
        private readonly bool _isDescending = options.Direction == SortDirection.Descending;

        public int Compare(Weighed x, Weighed y)
        {
            var order = _isAlpha ? CompareTexts(x, y) : CompareScores(x, y);
            if (order == 0) return ties == TieOrder.Any ? 0 : x.Index.CompareTo(y.Index);
            return _isDescending ? -order : order;
        }

        private int CompareScores(in Weighed x, in Weighed y)
        {
            if (x.Score > y.Score) return 1;
            return x.Score < y.Score ? -1 : texts[x.Element].SequenceCompareTo(texts[y.Element]);
        }

        private int CompareTexts(in Weighed x, in Weighed y)
        {
            if (!_isWeighed) return Compare(texts[x.Element], texts[y.Element]);
            if (x.Weight.Length < 0 || y.Weight.Length < 0) return (x.Weight.Length >= 0).CompareTo(y.Weight.Length >= 0);
            return Compare(texts[x.Weight], texts[y.Weight]);
        }

        private int Compare(ReadOnlySpan<byte> x, ReadOnlySpan<byte> y) =>
            _isStored ? x.SequenceCompareTo(y) : SortPattern.UpToNul(x).SequenceCompareTo(SortPattern.UpToNul(y));
    }

    private sealed class TextChunks
    {
        private const int ChunkBytes = 64 * 1024;

        private readonly List<byte[]> _chunks = [];
        private int _used = ChunkBytes;

        internal ReadOnlySpan<byte> this[TextPlace place] => _chunks[place.Chunk].AsSpan(place.Offset, place.Length);

        internal void Clear()
        {
            if (_chunks.Count > 1 || (_chunks.Count == 1 && _chunks[0].Length > ChunkBytes)) _chunks.Clear();
            _used = _chunks.Count == 0 ? ChunkBytes : 0;
        }

        internal TextPlace Add(ListpackValue value)
        {
            Span<byte> digits = stackalloc byte[ListpackValue.MaxIntegerText];
            var text = value.GetText(digits);
            if (_chunks.Count == 0 || text.Length > _chunks[^1].Length - _used)
            {
                _chunks.Add(new byte[Math.Max(ChunkBytes, text.Length)]);
                _used = 0;
            }

            var place = new TextPlace(_chunks.Count - 1, _used, text.Length);
            text.CopyTo(_chunks[^1].AsSpan(_used));
            _used += text.Length;
            return place;
        }
    }
}
